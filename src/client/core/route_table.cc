// SPDX-License-Identifier: Apache-2.0
#include "client/core/route_table.h"

#include <algorithm>

#include "client/core/client_core.h"
#include "client/core/errors.h"
#include "model/names.h"
#include "wire/requests/registration.h"

namespace kx::client {
namespace {

constexpr std::int32_t kGetRouteInfo = 105;

bool same(const wire::TopicRoute& a, const wire::TopicRoute& b) {
    // Field by field is field by field of the texts: both are written by one table.
    wire::TopicRoute left = a;
    wire::TopicRoute right = b;
    for (wire::TopicRoute* route : {&left, &right}) {
        std::ranges::sort(route->queue_datas, {}, &wire::QueueData::broker_name);
        std::ranges::sort(route->broker_datas, {}, &wire::BrokerData::broker_name);
    }
    return to_json(left) == to_json(right);
}

}  // namespace

RoutePtr RouteTable::cached(std::string_view topic) const {
    const auto found = entries_.find(topic);
    return found == entries_.end() ? nullptr : found->second.route;
}

void RouteTable::get(const std::string& topic, RouteUse use, std::int32_t new_topic_queues,
                     Callback done) {
    const RoutePtr known = cached(topic);
    if (known && (use == RouteUse::kSend || !known->from_default_topic)) return done(known);
    refresh(topic, use, new_topic_queues, std::move(done));
}

Awaitable<RouteTable::Outcome> RouteTable::get(std::string topic, RouteUse use,
                                               std::int32_t new_topic_queues) {
    return awaiting<Outcome>([this, topic = std::move(topic), use, new_topic_queues](auto done) {
        get(topic, use, new_topic_queues, std::move(done));
    });
}

Awaitable<RouteTable::Outcome> RouteTable::refresh(std::string topic, RouteUse use,
                                                   std::int32_t new_topic_queues) {
    return awaiting<Outcome>([this, topic = std::move(topic), use, new_topic_queues](auto done) {
        refresh(topic, use, new_topic_queues, std::move(done));
    });
}

void RouteTable::refresh(const std::string& topic, RouteUse use, std::int32_t new_topic_queues,
                         Callback done) {
    const auto [at, is_new] = questions_.try_emplace(topic);
    if (use == RouteUse::kSend) {
        at->second.use = use;
        at->second.new_topic_queues = new_topic_queues;
    }
    at->second.waiting.push_back(std::move(done));
    if (is_new) core_.spawn(ask(topic));
}

Awaitable<void> RouteTable::ask(std::string topic) {
    Outcome outcome = client_error("the client is closed");
    while (true) {
        const Question& question = questions_[topic];
        const RouteUse use = question.use;
        outcome = co_await fetch(topic, use, question.new_topic_queues);
        // Somebody who wants to send may have come while a reader's question was under way.
        if (outcome || questions_[topic].use == use) break;
    }
    const std::vector<Callback> waiting = std::move(questions_[topic].waiting);
    questions_.erase(topic);
    for (const Callback& done : waiting) done(outcome);
}

Awaitable<RouteTable::Outcome> RouteTable::fetch(std::string topic, RouteUse use,
                                                 std::int32_t new_topic_queues) {
    bool from_default = false;
    while (true) {
        const std::string asked(from_default ? model::kDefaultTopic : std::string_view(topic));
        wire::GetRoute header;
        header.topic = asked;
        header.accept_standard_json_only = true;
        const auto answer = co_await core_.ask_name_server(net::Call(kGetRouteInfo, header));
        if (!answer) co_return answer.error();
        if (answer->ok()) {
            auto body = from_json<wire::TopicRoute>(answer->body);
            if (!body) {
                co_return kerolox::Error(
                    kerolox::ErrorKind::protocol,
                    fmt::format("the route of {} is unreadable: {}", topic, body.error().text));
            }
            co_return take(topic, std::move(*body), from_default, new_topic_queues);
        }
        const auto code = static_cast<std::int32_t>(answer->code);
        if (answer->code != wire::ResponseCode::kTopicNotExist)
            co_return broker_error(code, answer->remark, {});
        if (use != RouteUse::kSend || from_default) {
            co_return client_error(fmt::format("No route info of this topic: {}", topic), kNoRoute);
        }
        from_default = true;
    }
}

RouteTable::Outcome RouteTable::take(const std::string& topic, wire::TopicRoute answer,
                                     bool from_default, std::int32_t new_topic_queues) {
    if (from_default) {
        // What a broker would give the new topic: at most its template's own number of queues.
        for (wire::QueueData& data : answer.queue_datas) {
            data.read_queue_nums = std::min(new_topic_queues, data.read_queue_nums);
            data.write_queue_nums = data.read_queue_nums;
        }
    }
    auto route = std::make_shared<Route>(make_route(topic, answer));
    route->from_default_topic = from_default;
    for (const RouteBroker& broker : route->brokers) brokers_[broker.name] = broker.addresses;
    Entry& entry = entries_[topic];
    const bool changed = !entry.route || entry.route->from_default_topic != from_default ||
                         !same(entry.answer, answer);
    entry.answer = std::move(answer);
    if (changed) {
        entry.route = route;
        core_.tell_route(topic, route);
    }
    return RoutePtr(entries_[topic].route);
}

Awaitable<void> RouteTable::refresh_all(std::set<std::string> topics) {
    for (const std::string& topic : topics) {
        const RoutePtr known = cached(topic);
        const RouteUse use = known && known->from_default_topic ? RouteUse::kSend : RouteUse::kRead;
        const Outcome outcome = co_await refresh(topic, use);
        if (!outcome && !model::is_retry_topic(topic)) {
            core_.log(kerolox::LogLevel::debug, "client", "the route of {} stays as it was: {}",
                      topic, outcome.error().describe());
        }
    }
}

std::string RouteTable::address_of(std::string_view broker, std::int64_t id) const {
    const auto found = brokers_.find(broker);
    if (found == brokers_.end()) return {};
    const auto address = found->second.find(id);
    return address == found->second.end() ? std::string() : address->second;
}

std::string RouteTable::address_to_read(std::string_view broker, std::int64_t id, bool only) const {
    std::string address = address_of(broker, id);
    if (address.empty() && id > 0) address = address_of(broker, id + 1);
    if (!address.empty() || only) return address;
    const auto found = brokers_.find(broker);
    return found == brokers_.end() || found->second.empty() ? std::string()
                                                            : found->second.begin()->second;
}

std::string RouteTable::broker_at(std::string_view address) const {
    for (const auto& [name, addresses] : brokers_)
        for (const auto& entry : addresses)
            if (entry.second == address) return name;
    return {};
}

void RouteTable::drop_unused_brokers() {
    std::set<std::string_view> used;
    for (const auto& [topic, entry] : entries_)
        for (const RouteBroker& broker : entry.route->brokers) used.insert(broker.name);
    std::erase_if(brokers_, [&](const auto& broker) { return !used.contains(broker.first); });
}

void RouteTable::set_version(std::string_view address, std::int32_t version) {
    versions_[std::string(address)] = version;
}

std::int32_t RouteTable::version_at(std::string_view address) const {
    const auto found = versions_.find(address);
    return found == versions_.end() ? 0 : found->second;
}

}  // namespace kx::client
