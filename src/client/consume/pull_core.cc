// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pull_core.h"

#include <algorithm>

#include "client/consume/pull_call.h"
#include "client/consume/send_back.h"
#include "client/consume/subscription.h"
#include "client/core/heartbeat.h"
#include "client/core/received.h"
#include "net/request.h"

namespace kx::client {
namespace {

constexpr std::int64_t kSendBackTimeoutMs = 3'000;
/// An answer may come so much later than the broker was allowed to wait.
constexpr std::int64_t kAnswerGraceMs = 10'000;

/// Owns the subscription meanwhile.
Awaitable<kerolox::Result<PullReply>> pull_alone(ClientCore& core, PullCall call,
                                                 wire::SubscriptionData subscription) {
    call.subscription = &subscription;
    co_return co_await pull(core, std::move(call));
}

}  // namespace

kerolox::Result<std::shared_ptr<PullCore>> PullCore::create(std::shared_ptr<ClientLease> lease,
                                                            const Settings& settings) {
    std::shared_ptr<PullCore> core(new PullCore(std::move(lease), settings));
    auto begun = core->client_.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

PullCore::PullCore(std::shared_ptr<ClientLease> lease, const Settings& settings)
    : lease_(std::move(lease)),
      kept_client_(lease_->core),
      client_(*kept_client_),
      settings_(settings),
      group_(client_.wire_name(settings.config.consumer_group)),
      started_ms_(client_.clock().wall_ms()),
      offsets_(make_offsets(client_, group_, settings.config.message_model, settings.offset_store)),
      rebalancer_(client_, *this,
                  {group_,
                   settings.config.message_model == ModelChoice::kClustering
                       ? kerolox::GroupModel::clustering
                       : kerolox::GroupModel::broadcasting,
                   settings.strategy ? settings.strategy : kerolox::strategy::average()}) {
    for (const std::string& topic : settings.topics) topics_.insert(client_.wire_name(topic));
}

Awaitable<kerolox::Result<int>> PullCore::begin() {
    const auto self = shared_from_this();
    if (kerolox::Status loaded = offsets_->load(); !loaded) co_return loaded.error();
    if (kerolox::Status added = client_.add_consumer(self); !added) co_return added.error();
    for (const std::string& topic : std::set<std::string>(topics_)) {
        const auto route = co_await client_.routes().get(topic, RouteUse::kRead);
        if (!route) {
            client_.log(kerolox::LogLevel::warn, "consumer", "no route of {} yet: {}",
                        client_.user_name(topic), route.error().describe());
        }
    }
    co_await client_.heartbeat().to_all();
    if (settings_.config.enable_rebalance && settings_.on_assignment) {
        co_await rebalancer_.once();
        client_.spawn(rebalancer_.keep(self));
    }
    co_return 0;
}

// --- any thread ---

kerolox::Status PullCore::usable() const {
    if (closing_.load(std::memory_order_acquire)) return closed_error("consumer");
    return client_.usable();
}

template <class T>
kerolox::Async<T> PullCore::start(Awaitable<kerolox::Result<T>> work) {
    if (kerolox::Status status = usable(); !status) return client_.ready<T>(status.error());
    return client_.run<T>(std::move(work));
}

kerolox::Async<kerolox::PullResult> PullCore::pull(kerolox::PullRequest request) {
    const auto refuse = [this](std::string text) {
        return client_.ready<kerolox::PullResult>(client_error(std::move(text)));
    };
    if (request.queue.topic.empty() || request.queue.broker.empty()) return refuse("mq is null");
    if (request.offset < 0) return refuse("offset < 0");
    if (request.max_messages == 0) return refuse("maxNums <= 0");
    if (request.max_bytes == 0) return refuse("maxSizeInBytes <= 0");
    request.queue = wire_queue(client_, std::move(request.queue));
    auto subscription =
        make_subscription(request.queue.topic, request.filter, client_.clock().wall_ms());
    if (!subscription) {
        kerolox::Error::Detail detail;
        detail.kind = kerolox::ErrorKind::client;
        detail.text = "parse subscription error";
        detail.cause = subscription.error();
        return client_.ready<kerolox::PullResult>(kerolox::Error(std::move(detail)));
    }
    // Tags travel with every pull: the broker needs no newer version of them.
    if (subscription.value().is_tag_type()) subscription.value().sub_version = 0;
    return start(pull_once(std::move(request), std::move(subscription).value()));
}

Awaitable<kerolox::Result<kerolox::PullResult>> PullCore::pull_once(
    kerolox::PullRequest request, wire::SubscriptionData subscription) {
    const auto self = shared_from_this();
    topics_.insert(request.queue.topic);
    const PullConfig& config = settings_.config;
    constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
    PullCall call;
    call.group = group_;
    call.queue = request.queue;
    call.offset = request.offset;
    call.max_messages = static_cast<std::int32_t>(std::min(request.max_messages, kMost));
    call.max_bytes = static_cast<std::int32_t>(std::min(request.max_bytes, kMost));
    call.suspend = request.wait.count() > 0;
    call.suspend_ms = call.suspend ? request.wait.count() : 0;
    call.with_subscription = true;
    if (const auto known = suggested_.find(request.queue); known != suggested_.end())
        call.broker_id = known->second;
    call.timeout_ms = call.suspend ? std::max(config.consumer_timeout_millis_when_suspend,
                                              call.suspend_ms + kAnswerGraceMs)
                                   : config.consumer_pull_timeout_millis;
    auto reply = co_await waits_.until_end(
        client_, pull_alone(client_, std::move(call), std::move(subscription)));
    if (!reply) co_return reply.error();
    suggested_[request.queue] = reply->suggested_broker_id;
    kerolox::PullResult result;
    result.status = reply->status;
    result.next_offset = reply->next_offset;
    result.min_offset = reply->min_offset;
    result.max_offset = reply->max_offset;
    result.messages = make_batch(std::move(reply->messages));
    tell_interceptors(client_, group_, result.messages);
    co_return result;
}

kerolox::Async<std::vector<kerolox::Queue>> PullCore::queues(std::string topic) {
    return start(fetch_queues(std::move(topic)));
}
Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> PullCore::fetch_queues(std::string topic) {
    const auto self = shared_from_this();
    co_return co_await readable_queues_of(client_, std::move(topic));
}

kerolox::Async<std::int64_t> PullCore::committed(kerolox::Queue queue) {
    return start(read_committed(wire_queue(client_, std::move(queue))));
}
Awaitable<kerolox::Result<std::int64_t>> PullCore::read_committed(kerolox::Queue queue) {
    const auto self = shared_from_this();
    co_return co_await offsets_->read(std::move(queue), OffsetSource::kStore);
}

kerolox::Async<void> PullCore::commit(kerolox::Queue queue, std::int64_t offset) {
    if (offset < 0) return client_.ready<void>(client_error("offset < 0"));
    return start(write_committed(wire_queue(client_, std::move(queue)), offset));
}
Awaitable<kerolox::Result<void>> PullCore::write_committed(kerolox::Queue queue,
                                                           std::int64_t offset) {
    const auto self = shared_from_this();
    offsets_->update(queue, offset, false);
    co_return co_await offsets_->write(std::move(queue), offset);
}

kerolox::Async<std::int64_t> PullCore::min_offset(kerolox::Queue queue) {
    return start(ask(&query_min_offset, wire_queue(client_, std::move(queue))));
}
kerolox::Async<std::int64_t> PullCore::max_offset(kerolox::Queue queue) {
    return start(ask(&query_max_offset, wire_queue(client_, std::move(queue))));
}
Awaitable<kerolox::Result<std::int64_t>> PullCore::ask(Question question, kerolox::Queue queue) {
    const auto self = shared_from_this();
    co_return co_await question(client_, std::move(queue));
}

kerolox::Async<std::int64_t> PullCore::offset_at(kerolox::Queue queue, std::int64_t time_ms) {
    return start(ask_at(wire_queue(client_, std::move(queue)), time_ms));
}
Awaitable<kerolox::Result<std::int64_t>> PullCore::ask_at(kerolox::Queue queue,
                                                          std::int64_t time_ms) {
    const auto self = shared_from_this();
    co_return co_await query_offset_at(client_, std::move(queue), time_ms);
}

kerolox::Async<void> PullCore::send_back(kerolox::MessageView message, int delay_level) {
    return start(give_back(std::move(message), delay_level));
}
Awaitable<kerolox::Result<void>> PullCore::give_back(kerolox::MessageView message,
                                                     int delay_level) {
    const auto self = shared_from_this();
    SendBackCall call;
    call.group = group_;
    call.message = std::move(message);
    call.delay_level = delay_level;
    call.max_reconsume_times = settings_.config.max_reconsume_times;
    call.timeout_ms = kSendBackTimeoutMs;
    co_return co_await client::send_back(client_, std::move(call));
}

kerolox::Async<void> PullCore::close(std::chrono::milliseconds grace) {
    closing_.store(true, std::memory_order_release);
    if (!client_.usable()) return client_.ready<void>({});
    auto end = [](std::shared_ptr<PullCore> self,
                  std::int64_t grace_ms) -> Awaitable<kerolox::Result<void>> {
        co_await self->shut(grace_ms);
        co_return kerolox::Result<void>();
    };
    return client_.run<void>(end(shared_from_this(), std::max<std::int64_t>(grace.count(), 0)));
}

// --- the home thread ---

void PullCore::add_topics(std::set<std::string>& topics) const {
    topics.insert(topics_.begin(), topics_.end());
}

void PullCore::add_to_heartbeat(wire::HeartbeatData& heartbeat) const {
    std::vector<wire::SubscriptionData> subscriptions;
    for (const std::string& topic : topics_) {
        auto all = make_subscription(topic, kerolox::Filter::all(), 0);
        if (all) subscriptions.push_back(std::move(all).value());
    }
    heartbeat.consumer_data_set.push_back(active_consumer(group_, settings_.config.message_model,
                                                          client_.config().unit_mode,
                                                          std::move(subscriptions)));
}

void PullCore::on_route(const std::string&, const RoutePtr&) { rebalancer_.wake(); }
void PullCore::rebalance_soon() { rebalancer_.wake(); }

Awaitable<void> PullCore::shut(std::int64_t) {
    const auto self = shared_from_this();
    closing_.store(true, std::memory_order_release);
    if (std::exchange(shut_, true)) co_return;
    rebalancer_.stop();
    waits_.end();
    co_await client_.remove_consumer(group_);
}

void PullCore::reset_offsets(const std::string& topic, std::map<kerolox::Queue, std::int64_t>) {
    client_.log(kerolox::LogLevel::info, "consumer",
                "a reset of {}'s offsets in {} changes nothing: a pull says where it begins",
                client_.user_name(group_), topic);
}

std::map<kerolox::Queue, std::int64_t> PullCore::offsets(std::string_view topic) const {
    auto all = offsets_->all();
    std::erase_if(all, [&](const auto& one) { return !topic.empty() && one.first.topic != topic; });
    return all;
}

kerolox::ConsumerSnapshot PullCore::snapshot() const {
    kerolox::ConsumerSnapshot snapshot;
    snapshot.properties = snapshot_properties(PullConfig::keys(), &settings_.config, started_ms_);
    for (const std::string& topic : topics_)
        snapshot.subscriptions.emplace_back(client_.user_name(topic), kerolox::Filter::all());
    return snapshot;
}

void PullCore::consume_directly(kerolox::MessageView, std::string, net::Responder responder) {
    refuse_direct_consumption(group_, std::move(responder));
}

std::set<std::string> PullCore::subscribed_topics() const { return topics_; }

Awaitable<bool> PullCore::take_share(std::string topic, std::set<kerolox::Queue> mine,
                                     std::vector<kerolox::Queue> all) {
    auto& share = shares_[topic];
    if (share == mine) co_return true;
    share = mine;
    const std::string name(client_.user_name(topic));
    std::vector<kerolox::Queue> own;
    for (const kerolox::Queue& queue : mine) own.push_back(user_queue(client_, queue));
    for (kerolox::Queue& queue : all) queue.topic = name;
    try {
        settings_.on_assignment(name, all, own);
    } catch (...) {
        client_.log(kerolox::LogLevel::error, "consumer", "the assignment listener threw");
    }
    co_return true;
}

Awaitable<void> PullCore::drop_other_topics(std::set<std::string> topics) {
    std::erase_if(shares_, [&](const auto& share) { return !topics.contains(share.first); });
    co_return;
}

}  // namespace kx::client
