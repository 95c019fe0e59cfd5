// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_core.h"

#include <algorithm>

#include "client/consume/subscription.h"
#include "client/core/received.h"
#include "net/request.h"

namespace kx::client {
namespace {

constexpr std::size_t kPopMessagesMax = 32;
/// One broker is waited for so long while others may have messages.
constexpr std::int64_t kBrokerTurnMs = 1'000;
/// A broker that holds too many waiting requests is not asked again at once.
constexpr std::int64_t kPollingFullPauseMs = 100;
/// Nor one that says at once that it has nothing, though it might have waited.
constexpr std::int64_t kQuickMs = 5;
constexpr std::int64_t kQuickPauseMs = 20;
/// An answer may come so much later than the broker was allowed to wait.
constexpr std::int64_t kPopAnswerGraceMs = 10'000;

/// Owns the subscription meanwhile.
Awaitable<kerolox::Result<PopReply>> pop_alone(ClientCore& core, PopCall call,
                                               wire::SubscriptionData subscription) {
    call.subscription = &subscription;
    co_return co_await pop(core, std::move(call));
}

PopCore::Popped with_handles(const std::string& topic, std::vector<kerolox::MessageView> messages) {
    PopCore::Popped popped;
    popped.reserve(messages.size());
    for (kerolox::MessageView& message : messages) {
        std::string text = message_of(message).pop_check_point;
        popped.push_back(
            {std::move(message), Access::make<kerolox::ReceiptHandle>(topic, std::move(text))});
    }
    return popped;
}

}  // namespace

kerolox::Result<std::shared_ptr<PopCore>> PopCore::create(std::shared_ptr<ClientLease> lease,
                                                          const Settings& settings) {
    std::shared_ptr<PopCore> core(new PopCore(std::move(lease), settings));
    auto begun = core->client_.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

PopCore::PopCore(std::shared_ptr<ClientLease> lease, const Settings& settings)
    : lease_(std::move(lease)),
      kept_client_(lease_->core),
      client_(*kept_client_),
      settings_(settings),
      group_(client_.wire_name(settings.config.consumer_group)),
      started_ms_(client_.clock().wall_ms()) {}

Awaitable<kerolox::Result<int>> PopCore::begin() {
    const auto self = shared_from_this();
    if (kerolox::Status added = client_.add_consumer(self); !added) co_return added.error();
    co_return 0;
}

// --- any thread ---

kerolox::Status PopCore::usable() const {
    if (closing_.load(std::memory_order_acquire)) return closed_error("consumer");
    return client_.usable();
}

template <class T>
kerolox::Async<T> PopCore::start(Awaitable<kerolox::Result<T>> work) {
    if (kerolox::Status status = usable(); !status) return client_.ready<T>(status.error());
    return client_.run<T>(std::move(work));
}

kerolox::Async<PopCore::Popped> PopCore::receive(kerolox::PopRequest request) {
    const auto refuse = [this](std::string text) {
        return client_.ready<Popped>(usage_error(std::move(text)));
    };
    if (request.topic.empty()) return refuse("Topic can not be null or empty.");
    if (request.max_messages == 0 || request.max_messages > kPopMessagesMax)
        return refuse("popBatchNums Out of range [1, 32]");
    if (request.invisible.count() <= 0) return refuse("a message is invisible for some time");
    if (request.wait.count() < 0) return refuse("Timeout must not be negative");
    if (request.queue && request.queue->topic != request.topic)
        return refuse("message's topic not equal mq's topic");
    auto subscription = make_subscription(client_.wire_name(request.topic), request.filter,
                                          client_.clock().wall_ms());
    if (!subscription) return client_.ready<Popped>(subscription.error());
    return start(receive_some(std::move(request), std::move(subscription).value()));
}

/// Where to pop, beginning with whose turn it is: any queue of each broker, or the one queue.
Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> PopCore::places(kerolox::PopRequest request,
                                                                        std::string topic) {
    std::vector<kerolox::Queue> places;
    if (request.queue) {
        places.push_back({topic, request.queue->broker, request.queue->id});
        co_return places;
    }
    const auto route = co_await client_.routes().get(topic, RouteUse::kRead);
    if (!route) co_return route.error();
    std::set<std::string> brokers;
    for (const RouteQueue& queue : (*route)->subscribe)
        brokers.insert((*route)->brokers[queue.broker].name);
    if (brokers.empty()) {
        co_return client_error(fmt::format("No route info of this topic: {}", request.topic),
                               kNoRoute);
    }
    for (const std::string& broker : brokers) places.push_back({topic, broker, -1});
    std::ranges::rotate(places,
                        places.begin() + static_cast<std::ptrdiff_t>(turn_++ % places.size()));
    co_return places;
}

Awaitable<kerolox::Result<PopCore::Popped>> PopCore::receive_some(
    kerolox::PopRequest request, wire::SubscriptionData subscription) {
    const auto self = shared_from_this();
    topics_.insert(subscription.topic);
    const auto found = co_await places(request, subscription.topic);
    if (!found) co_return found.error();
    const std::vector<kerolox::Queue> targets = found.value();
    const std::int64_t deadline = client_.clock().steady_ms() + request.wait.count();
    // With one broker it waits as long as the caller; of several, each is looked at first, then
    // they are waited for by turns.
    bool first_look = targets.size() > 1;
    std::size_t failures = 0;
    for (std::size_t i = 0;; ++i) {
        if (i == targets.size()) first_look = false;
        const std::int64_t left = std::max<std::int64_t>(deadline - client_.clock().steady_ms(), 0);
        if (i >= std::max<std::size_t>(targets.size(), 1) && left == 0) co_return Popped();
        PopCall call;
        call.group = group_;
        call.queue = targets[i % targets.size()];
        call.max_messages = static_cast<std::int32_t>(request.max_messages);
        call.invisible_ms = request.invisible.count();
        call.poll_ms =
            first_look ? 0 : (targets.size() == 1 ? left : std::min(left, kBrokerTurnMs));
        call.from_min = settings_.config.consume_from_where == StartChoice::kFirst;
        call.in_order = settings_.config.consume_orderly;
        call.timeout_ms = call.poll_ms + kPopAnswerGraceMs;
        const bool waits = call.poll_ms > kQuickMs;
        const std::int64_t asked = client_.clock().steady_ms();
        auto reply =
            co_await waits_.until_end(client_, pop_alone(client_, std::move(call), subscription));
        if (!reply) {
            // Others may have messages; when nobody answers, that is the outcome.
            if (closing_.load() || ++failures >= targets.size()) co_return reply.error();
            continue;
        }
        failures = 0;
        if (!reply->messages.empty()) {
            tell_interceptors(client_, group_, make_batch(reply->messages));
            co_return with_handles(request.topic, std::move(reply->messages));
        }
        if (reply->status == PopStatus::kPollingFull)
            co_await client_.sleep(std::min(left, kPollingFullPauseMs));
        else if (waits && reply->status == PopStatus::kNotFound &&
                 client_.clock().steady_ms() - asked < kQuickMs)
            co_await client_.sleep(std::min(left, kQuickPauseMs));
    }
}

kerolox::Async<void> PopCore::ack(const kerolox::ReceiptHandle& handle) {
    auto point = PopCheckPoint::parse(handle.text());
    if (!point) return client_.ready<void>(point.error());
    return start(ack_one(client_.wire_name(handle.topic()), std::move(point).value()));
}
Awaitable<kerolox::Result<void>> PopCore::ack_one(std::string topic, PopCheckPoint point) {
    const auto self = shared_from_this();
    co_return co_await pop_ack(client_, group_, std::move(topic), std::move(point));
}

kerolox::Async<std::vector<kerolox::Status>> PopCore::ack(
    std::vector<kerolox::ReceiptHandle> handles) {
    return start(ack_many(std::move(handles)));
}
Awaitable<kerolox::Result<std::vector<kerolox::Status>>> PopCore::ack_many(
    std::vector<kerolox::ReceiptHandle> handles) {
    const auto self = shared_from_this();
    struct Group {
        std::vector<PopCheckPoint> points;
        std::vector<std::size_t> indices;
    };
    std::vector<kerolox::Status> outcomes(handles.size());
    std::map<std::string, Group> by_topic;
    for (std::size_t i = 0; i < handles.size(); ++i) {
        auto point = PopCheckPoint::parse(handles[i].text());
        if (!point) {
            outcomes[i] = point.error();
            continue;
        }
        Group& group = by_topic[client_.wire_name(handles[i].topic())];
        group.points.push_back(std::move(point).value());
        group.indices.push_back(i);
    }
    for (const auto& [topic, group] : by_topic) {
        auto acked = co_await pop_ack_batch(client_, group_, topic, group.points);
        for (std::size_t i = 0; i < acked.size(); ++i)
            outcomes[group.indices[i]] = std::move(acked[i]);
    }
    co_return outcomes;
}

kerolox::Async<kerolox::ReceiptHandle> PopCore::change_invisible(
    const kerolox::ReceiptHandle& handle, std::int64_t invisible_ms) {
    if (invisible_ms < 0)
        return client_.ready<kerolox::ReceiptHandle>(usage_error("Timeout must not be negative"));
    auto point = PopCheckPoint::parse(handle.text());
    if (!point) return client_.ready<kerolox::ReceiptHandle>(point.error());
    return start(change_one(handle.topic(), std::move(point).value(), invisible_ms));
}
Awaitable<kerolox::Result<kerolox::ReceiptHandle>> PopCore::change_one(std::string topic,
                                                                       PopCheckPoint point,
                                                                       std::int64_t invisible_ms) {
    const auto self = shared_from_this();
    auto next = co_await pop_change_invisible(client_, group_, client_.wire_name(topic),
                                              std::move(point), invisible_ms);
    if (!next) co_return next.error();
    co_return Access::make<kerolox::ReceiptHandle>(std::move(topic), next->text());
}

kerolox::Async<void> PopCore::close(std::chrono::milliseconds grace) {
    closing_.store(true, std::memory_order_release);
    if (!client_.usable()) return client_.ready<void>({});
    auto end = [](std::shared_ptr<PopCore> self,
                  std::int64_t grace_ms) -> Awaitable<kerolox::Result<void>> {
        co_await self->shut(grace_ms);
        co_return kerolox::Result<void>();
    };
    return client_.run<void>(end(shared_from_this(), std::max<std::int64_t>(grace.count(), 0)));
}

// --- the home thread ---

void PopCore::add_topics(std::set<std::string>& topics) const {
    topics.insert(topics_.begin(), topics_.end());
}

Awaitable<void> PopCore::shut(std::int64_t) {
    const auto self = shared_from_this();
    closing_.store(true, std::memory_order_release);
    if (std::exchange(shut_, true)) co_return;
    waits_.end();
    co_await client_.remove_consumer(group_);
}

void PopCore::reset_offsets(const std::string& topic, std::map<kerolox::Queue, std::int64_t>) {
    client_.log(kerolox::LogLevel::info, "consumer",
                "a reset of {}'s offsets in {} changes nothing here: brokers keep them",
                client_.user_name(group_), topic);
}

kerolox::ConsumerSnapshot PopCore::snapshot() const {
    kerolox::ConsumerSnapshot snapshot;
    snapshot.properties = snapshot_properties(PopConfig::keys(), &settings_.config, started_ms_);
    for (const std::string& topic : topics_)
        snapshot.subscriptions.emplace_back(client_.user_name(topic), kerolox::Filter::all());
    return snapshot;
}

void PopCore::consume_directly(kerolox::MessageView, std::string, net::Responder responder) {
    refuse_direct_consumption(group_, std::move(responder));
}

}  // namespace kx::client
