// SPDX-License-Identifier: Apache-2.0
//
// How a lite pull consumer gets its queues and pulls them (client.md 23.4).
#include <algorithm>

#include "client/consume/lite_core.h"
#include "client/consume/pull_call.h"
#include "model/names.h"

namespace kx::client {
namespace {

constexpr std::int64_t kPausedMs = 1'000;
constexpr std::int64_t kFullMs = 50;
constexpr std::int64_t kNoOffsetMs = 3'000;
constexpr std::int64_t kFlowControlMs = 20;
/// A broker that says at once that it has nothing, though it might have waited, is left alone.
constexpr std::int64_t kQuickAnswerMs = 5;
constexpr std::int64_t kQuickAnswerPauseMs = 20;
constexpr std::int64_t kFirstTopicLookMs = 10'000;
constexpr std::int32_t kFlowControlCode = 215;

Awaitable<kerolox::Result<bool>> nap(ClientCore& core, std::int64_t ms) {
    co_return co_await core.sleep(ms);
}

/// Owns the subscription meanwhile.
Awaitable<kerolox::Result<PullReply>> pull_ahead(ClientCore& core, PullCall call,
                                                 wire::SubscriptionData subscription) {
    call.subscription = &subscription;
    co_return co_await pull(core, std::move(call));
}

}  // namespace

Awaitable<bool> LiteCore::rest(std::int64_t ms) {
    const auto over = co_await waits_.until_end(client_, nap(client_, ms));
    co_return over&& over.value();
}

// --- which queues ---

std::set<std::string> LiteCore::subscribed_topics() const {
    MutexLock lock(mutex_);
    std::set<std::string> topics;
    for (const auto& [topic, subscription] : subscriptions_) topics.insert(topic);
    return topics;
}

void LiteCore::on_route(const std::string&, const RoutePtr&) {
    if (sharing_) rebalancer_.wake();
}

Awaitable<bool> LiteCore::take_share(std::string topic, std::set<kerolox::Queue> mine,
                                     std::vector<kerolox::Queue> all) {
    const auto self = shared_from_this();
    if (shut_ || !subscribed_topics().contains(topic)) co_return true;
    LiteQueues::Changes changes = queues_.assign(topic, mine);
    if (changes.begun.empty() && changes.gone.empty()) co_return true;
    const std::vector<LiteQueues::Turn> begun = std::exchange(changes.begun, {});
    // Somebody else may have consumed those since this member had them last.
    for (const LiteQueues::Turn& turn : begun) {
        offsets_->remove(turn.queue);
        stored_.erase(turn.queue);
    }
    co_await give_back(std::move(changes));
    if (shut_) co_return true;
    begin_turns(begun);
    if (!settings_.on_assignment) co_return true;
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

Awaitable<void> LiteCore::drop_other_topics(std::set<std::string> topics) {
    {
        MutexLock lock(mutex_);
        if (mode_ != Mode::kSubscribe) co_return;
        // One that was subscribed since this look began stays.
        for (const auto& [topic, subscription] : subscriptions_) topics.insert(topic);
    }
    co_await give_back(queues_.keep_topics(topics));
}

/// Their next owner goes on where this one came.
Awaitable<void> LiteCore::give_back(LiteQueues::Changes changes) {
    const auto self = shared_from_this();
    for (const kerolox::Queue& queue : changes.gone) {
        const auto consumed = changes.consumed.find(queue);
        if (settings_.config.auto_commit && consumed != changes.consumed.end())
            offsets_->update(queue, consumed->second, false);
        const std::int64_t offset = offsets_->in_memory(queue);
        offsets_->remove(queue);
        suggested_.erase(queue);
        if (offset < 0) continue;
        const kerolox::Status written = co_await write_if_new(queue, offset);
        stored_.erase(queue);
        if (!written) {
            client_.log(kerolox::LogLevel::warn, "consumer",
                        "offset {} of {}, which went, is not committed: {}", offset,
                        queue.describe(), written.error().describe());
        }
    }
}

Awaitable<void> LiteCore::watch_topics(std::map<std::string, std::vector<kerolox::Queue>> known) {
    const auto self = shared_from_this();
    const std::int64_t interval = settings_.config.topic_metadata_check_interval_millis;
    std::int64_t pause = std::min(interval, kFirstTopicLookMs);
    while (co_await rest(pause)) {
        pause = interval;
        co_await look_at_topics(known, true);
    }
}

Awaitable<void> LiteCore::look_at_topics(std::map<std::string, std::vector<kerolox::Queue>>& known,
                                         bool tell) {
    std::set<std::string> topics;
    add_topics(topics);
    for (const std::string& topic : topics) {
        const std::string name(client_.user_name(topic));
        auto queues = co_await readable_queues_of(client_, name);
        if (!queues || shut_) continue;
        const auto [at, is_new] = known.try_emplace(name, queues.value());
        if (is_new || at->second == queues.value()) continue;
        at->second = queues.value();
        if (!tell) continue;
        CallbackPool::Work work = [listener = settings_.on_topic_change, name,
                                   now = std::move(queues).value(), self = shared_from_this()] {
            try {
                listener(name, now);
            } catch (...) {
                self->client_.log(kerolox::LogLevel::error, "consumer",
                                  "the listener for changes of {} threw", name);
            }
        };
        if (!client_.runtime().callbacks().post(work)) co_return;
    }
}

// --- pulling ---

void LiteCore::begin_turns(const std::vector<LiteQueues::Turn>& turns) {
    for (const LiteQueues::Turn& turn : turns) client_.spawn(pull_turn(turn));
}

Awaitable<void> LiteCore::pull_turn(LiteQueues::Turn turn) {
    const auto self = shared_from_this();
    while (!shut_) {
        const LiteQueues::Step step = queues_.step(turn, client_.clock().steady_ms());
        std::int64_t pause = 0;
        switch (step.next) {
            case LiteQueues::Next::kStop: co_return;
            case LiteQueues::Next::kPaused: pause = kPausedMs; break;
            case LiteQueues::Next::kFull: pause = kFullMs; break;
            case LiteQueues::Next::kPull: pause = co_await pull_once(turn, step.offset); break;
        }
        if (pause == 0) continue;
        const bool more = co_await rest(pause);
        if (!more) co_return;
    }
}

/// Gives how long to pause then.
Awaitable<std::int64_t> LiteCore::pull_once(LiteQueues::Turn turn, std::int64_t offset) {
    const std::int64_t failure_pause = client_.config().pull_time_delay_mills_when_exception;
    if (offset < 0) {
        const auto first = co_await start_offset(turn.queue);
        if (!first) {
            client_.log(kerolox::LogLevel::warn, "consumer", "where to begin in {} is unknown: {}",
                        turn.queue.describe(), first.error().describe());
            co_return kNoOffsetMs;
        }
        offset = first.value();
        if (!queues_.is_current(turn)) co_return 0;
    }
    wire::SubscriptionData subscription;
    if (!subscription_for(turn.queue.topic, subscription)) co_return failure_pause;
    PullCall call;
    call.group = group_;
    call.queue = turn.queue;
    call.offset = offset;
    call.max_messages = settings_.config.pull_batch_size;
    call.suspend = true;
    call.suspend_ms = settings_.config.broker_suspend_max_time_millis;
    call.with_subscription = true;
    call.lite = true;
    call.timeout_ms = settings_.config.consumer_timeout_millis_when_suspend;
    if (const auto known = suggested_.find(turn.queue); known != suggested_.end())
        call.broker_id = known->second;
    const std::int64_t asked = client_.clock().steady_ms();
    auto reply = co_await waits_.until_end(
        client_, pull_ahead(client_, std::move(call), std::move(subscription)));
    if (shut_) co_return 0;
    if (!reply) {
        client_.log(kerolox::LogLevel::warn, "consumer", "pulling {} failed: {}",
                    turn.queue.describe(), reply.error().describe());
        co_return reply.error().code() == kFlowControlCode ? kFlowControlMs : failure_pause;
    }
    suggested_[turn.queue] = reply->suggested_broker_id;
    if (reply->status == kerolox::PullStatus::offset_illegal) {
        client_.log(kerolox::LogLevel::warn, "consumer",
                    "offset {} of {} is illegal, {} comes next ({} to {} exist)", offset,
                    turn.queue.describe(), reply->next_offset, reply->min_offset,
                    reply->max_offset);
    }
    const bool brought = !reply->messages.empty();
    const std::int64_t next = reply->next_offset;
    if (!queues_.put(turn, std::move(reply->messages), next)) co_return 0;
    if (brought) serve_waiting();
    const bool stands = !brought && next == offset;
    co_return stands&& client_.clock().steady_ms() - asked < kQuickAnswerMs ? kQuickAnswerPauseMs
                                                                            : 0;
}

Awaitable<kerolox::Result<std::int64_t>> LiteCore::start_offset(kerolox::Queue queue) {
    const auto stored = co_await offsets_->read(queue, OffsetSource::kMemoryThenStore);
    if (stored) stored_.try_emplace(queue, stored.value());
    if (!stored || stored.value() >= 0) co_return stored;
    const bool is_retry = model::is_retry_topic(queue.topic);
    switch (settings_.config.consume_from_where) {
        case StartChoice::kFirst: co_return 0;
        case StartChoice::kLast:
            if (is_retry) co_return 0;
            co_return co_await query_max_offset(client_, queue);
        case StartChoice::kTimestamp:
            if (is_retry) co_return co_await query_max_offset(client_, queue);
            co_return co_await query_offset_at(client_, queue, start_time_ms_);
    }
    co_return 0;
}

}  // namespace kx::client
