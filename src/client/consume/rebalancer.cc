// SPDX-License-Identifier: Apache-2.0
#include "client/consume/rebalancer.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <random>

#include "model/names.h"
#include "wire/bodies/assignment.h"
#include "wire/bodies/lists.h"
#include "wire/requests/clients.h"

namespace kx::client {
namespace {

constexpr std::int32_t kGetConsumerList = 38;
constexpr std::int32_t kQueryAssignment = 400;

std::vector<kerolox::Queue> readable_queues(const Route& route) {
    std::vector<kerolox::Queue> queues;
    for (const RouteQueue& queue : route.subscribe)
        queues.push_back({route.topic, route.brokers[queue.broker].name, queue.id});
    std::ranges::sort(queues);
    return queues;
}

}  // namespace

void QueueOwner::take_pops(const std::string&, std::set<kerolox::Queue>) {}
void QueueOwner::take_mode(const std::string&, bool) {}

Rebalancer::Rebalancer(ClientCore& core, QueueOwner& owner, Options options)
    : core_(core), owner_(owner), options_(std::move(options)), timer_(core.home().context()) {}

Awaitable<void> Rebalancer::keep(std::shared_ptr<void> life) {
    const std::int64_t gap = core_.config().rebalance_min_interval;
    bool balanced = true;
    while (!stopped_) {
        const std::int64_t looked = core_.clock().steady_ms();
        std::int64_t until = looked + (balanced ? core_.config().rebalance_wait_interval : gap);
        if (woken_) until = looked + gap;
        while (!stopped_) {
            const std::int64_t now = core_.clock().steady_ms();
            // Woken: soon, but two looks are apart.
            if (woken_) until = std::min(until, std::max(now, looked + gap));
            if (now >= until) break;
            timer_.expires_after(std::chrono::milliseconds(until - now));
            boost::system::error_code error;
            co_await timer_.async_wait(
                boost::asio::redirect_error(boost::asio::use_awaitable, error));
            if (error && woken_) until = std::max(core_.clock().steady_ms(), looked + gap);
        }
        if (stopped_) break;
        woken_ = false;
        balanced = owner_.is_paused() || co_await once();
    }
}

void Rebalancer::wake() {
    woken_ = true;
    timer_.cancel();
}

void Rebalancer::stop() {
    stopped_ = true;
    timer_.cancel();
}

Awaitable<bool> Rebalancer::once() {
    bool balanced = true;
    const std::set<std::string> topics = owner_.subscribed_topics();
    for (const std::string& topic : topics) {
        if (stopped_) co_return true;
        const bool good = co_await one_topic(topic);
        balanced = balanced && good;
    }
    if (!stopped_) co_await owner_.drop_other_topics(topics);
    co_return balanced;
}

Awaitable<bool> Rebalancer::one_topic(std::string topic) {
    const auto route = co_await core_.routes().get(topic, RouteUse::kRead);
    if (stopped_) co_return true;
    if (!route) {
        // An unknown topic may appear; a name server that says nothing changes nothing.
        if (model::is_retry_topic(topic) || route.error().code() != kNoRoute) co_return true;
        core_.log(kerolox::LogLevel::info, "rebalance", "{}: topic {} has no route", options_.group,
                  topic);
        co_return co_await owner_.take_share(std::move(topic), {}, {});
    }
    std::vector<kerolox::Queue> all = readable_queues(**route);
    if (options_.model == kerolox::GroupModel::broadcasting) {
        std::set<kerolox::Queue> mine(all.begin(), all.end());
        co_return co_await owner_.take_share(std::move(topic), std::move(mine), std::move(all));
    }
    if (owner_.asks_broker() && !(*route)->brokers.empty()) {
        const auto& brokers = (*route)->brokers;
        const std::string address =
            brokers[std::random_device{}() % brokers.size()].address_or_nearest(0);
        const auto done = co_await by_broker(topic, address, all);
        if (done) co_return *done;
    }
    const auto members = co_await member_ids(topic);
    if (stopped_) co_return true;
    if (!members) {
        core_.log(kerolox::LogLevel::info, "rebalance",
                  "{}: the members that share {} are not known: {}", options_.group, topic,
                  members.error().describe());
        co_return model::is_retry_topic(topic);
    }
    if (all.empty()) co_return co_await owner_.take_share(std::move(topic), {}, {});
    kerolox::Result<std::vector<kerolox::Queue>> mine = std::vector<kerolox::Queue>();
    try {
        mine = options_.strategy->allocate(options_.group, core_.id(), all, members.value());
    } catch (const std::exception& error) {
        mine = client_error(error.what());
    } catch (...) {
        mine = client_error("it threw something that is no exception");
    }
    if (!mine) {
        core_.log(kerolox::LogLevel::error, "rebalance", "{}: strategy {} gave no share of {}: {}",
                  options_.group, options_.strategy->name(), topic, mine.error().describe());
        co_return false;
    }
    std::set<kerolox::Queue> share(mine.value().begin(), mine.value().end());
    co_return co_await owner_.take_share(std::move(topic), std::move(share), std::move(all));
}

Awaitable<std::optional<bool>> Rebalancer::by_broker(std::string topic, std::string address,
                                                     std::vector<kerolox::Queue> all) {
    wire::QueryAssignment request;
    request.client_id = core_.id();
    request.consumer_group = options_.group;
    request.strategy_name = options_.strategy->name();
    request.topic = topic;
    const auto answer = co_await core_.call(address, net::Call(kQueryAssignment, to_json(request)),
                                            core_.config().mq_client_api_timeout);
    if (stopped_) co_return true;
    if (answer && answer->code == wire::ResponseCode::kRequestCodeNotSupported)
        co_return std::nullopt;
    const auto body = answer && answer->ok() ? from_json<wire::QueueAssignments>(answer->body)
                                             : Result<wire::QueueAssignments>();
    if (!answer || !answer->ok() || !body) {
        core_.log(kerolox::LogLevel::warn, "rebalance", "{}: {} does not share {} out: {}",
                  options_.group, address, topic,
                  !answer ? answer.error().describe()
                          : (answer->ok() ? body.error().text : answer->remark));
        co_return false;
    }
    if (!body->message_queue_assignments) co_return std::nullopt;
    std::set<kerolox::Queue> pulled;
    std::set<kerolox::Queue> popped;
    for (const wire::QueueAssignment& one : *body->message_queue_assignments) {
        if (!one.message_queue) continue;
        kerolox::Queue queue{one.message_queue->topic, one.message_queue->broker_name,
                             one.message_queue->queue_id};
        (one.mode == "POP" ? popped : pulled).insert(std::move(queue));
    }
    if (popped.empty() != pulled.empty()) owner_.take_mode(topic, pulled.empty());
    owner_.take_pops(topic, std::move(popped));
    co_return co_await owner_.take_share(std::move(topic), std::move(pulled), std::move(all));
}

Awaitable<kerolox::Result<std::vector<std::string>>> Rebalancer::member_ids(std::string topic) {
    const RoutePtr route = core_.routes().cached(topic);
    if (!route || route->brokers.empty())
        co_return client_error(fmt::format("No route info of this topic: {}", topic), kNoRoute);
    const auto& brokers = route->brokers;
    const std::string address =
        brokers[std::random_device{}() % brokers.size()].address_or_nearest(0);
    wire::ConsumerGroupName header;
    header.consumer_group = options_.group;
    const auto answer = co_await core_.call_ok(address, net::Call(kGetConsumerList, header),
                                               core_.config().mq_client_api_timeout);
    if (!answer) co_return answer.error();
    auto body = from_json<wire::ConsumerIdList>(answer->body);
    if (!body) co_return local_error(body.error());
    if (body->consumer_id_list.empty()) co_return client_error("the broker knows no member");
    std::ranges::sort(body->consumer_id_list);
    co_return std::move(body->consumer_id_list);
}

}  // namespace kx::client
