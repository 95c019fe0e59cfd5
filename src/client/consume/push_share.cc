// SPDX-License-Identifier: Apache-2.0
//
// The share of a push consumer (client.md 15.3, 15.6, 17.7): queues are taken and given back, and
// locked at their brokers for ordered consumption. All on the home thread.
#include <algorithm>

#include "client/consume/pop_offsets.h"
#include "client/consume/push_core.h"
#include "client/consume/send_back.h"
#include "client/consume/subscription.h"
#include "client/core/heartbeat.h"
#include "client/core/received.h"
#include "model/names.h"
#include "wire/bodies/clients.h"
#include "wire/bodies/running_info.h"

namespace kx::client {
namespace {

constexpr std::int32_t kLockQueues = 41;
constexpr std::int32_t kUnlockQueues = 42;
constexpr std::int64_t kLockTimeoutMs = 1'000;
/// A listener that holds a queue so long after its lock is no reason to keep the queue.
constexpr std::int64_t kUnlockDelayMs = 20'000;

wire::QueueKey lock_key_of(const kerolox::Queue& queue) {
    return {queue.broker, queue.id, queue.topic};
}

}  // namespace

// --- queues come and go ---

Awaitable<bool> PushCore::take_share(std::string topic, std::set<kerolox::Queue> mine,
                                     std::vector<kerolox::Queue> all) {
    const auto self = shared_from_this();
    bool balanced = true;
    bool changed = false;
    const std::int64_t now = client_.clock().steady_ms();
    for (const auto& [queue, pulled] : queues()) {
        if (queue.topic != topic) continue;
        ProcessQueue& process = pulled->process;
        if (mine.contains(queue) && !process.dropped && !process.pull_is_old(now)) continue;
        process.dropped = true;
        const bool gone = co_await give_back(pulled);
        balanced = balanced && gone;
        changed = changed || gone;
    }
    std::vector<kerolox::Queue> fresh;
    for (const kerolox::Queue& queue : mine)
        if (!find(queue)) fresh.push_back(queue);
    std::set<kerolox::Queue> locked;
    if (needs_locks() && !fresh.empty()) {
        locked = co_await ask_locks(fresh);
        balanced = balanced && locked.size() == fresh.size();
        std::erase_if(fresh, [&](const kerolox::Queue& queue) { return !locked.contains(queue); });
    }
    if (shut_) {
        if (!locked.empty()) co_await unlock(std::move(fresh));
        co_return true;
    }
    // Who has all queues took none from another member that may still have to commit.
    const std::int64_t delay = mine.size() == all.size() ? 0 : pace_.first_pull_ms;
    for (const kerolox::Queue& queue : fresh) {
        auto pulled = std::make_shared<PulledQueue>(
            queue, statistics_.of(topic), client_.home().context(), client_.clock().steady_ms());
        pulled->process.locked = true;
        offsets_->remove(queue);
        {
            MutexLock lock(mutex_);
            queues_[queue] = pulled;
        }
        client_.spawn(start_pulling(pulled, delay));
        changed = true;
    }
    if (changed) tell_share(topic, mine, all);
    co_return balanced;
}

Awaitable<void> PushCore::drop_other_topics(std::set<std::string> topics) {
    const auto self = shared_from_this();
    for (const std::string& topic : pops_.topics())
        if (!topics.contains(topic)) take_pops(topic, {});
    for (const auto& [queue, pulled] : queues()) {
        if (topics.contains(queue.topic)) continue;
        pulled->process.dropped = true;
        (void)co_await give_back(pulled);
    }
}

void PushCore::take_pops(const std::string& topic, std::set<kerolox::Queue> queues) {
    if (shut_ || !pops_.take(topic, queues, statistics_.of(topic))) return;
    if (!queues.empty())
        tell_share(topic, queues, std::vector<kerolox::Queue>(queues.begin(), queues.end()));
}

/// What a pop could not finish lies in the topic's pop retry topics, which pops look into by
/// themselves. Who pulls must do so for himself, or it stays there.
void PushCore::take_mode(const std::string& topic, bool popped) {
    if (shut_ || model::is_retry_topic(topic)) return;
    std::vector<std::string> fresh;
    bool gone = false;
    {
        MutexLock lock(mutex_);
        if (!subscriptions_.contains(topic)) return;
        for (const char mark : kPopRetryMarks) {
            std::string name = pop_real_topic(topic, group_, mark);
            if (popped) {
                gone = subscriptions_.erase(name) > 0 || gone;
            } else if (!subscriptions_.contains(name)) {
                subscriptions_[name] = std::make_shared<const wire::SubscriptionData>(
                    make_subscription(name, kerolox::Filter::all(),
                                      next_subscription_version(client_.clock()))
                        .value());
                fresh.push_back(std::move(name));
            }
        }
    }
    if (gone || !fresh.empty()) client_.spawn(look_for(std::move(fresh)));
}

/// False: its listener is still at it, the next round tries again.
Awaitable<bool> PushCore::give_back(PulledQueuePtr pulled) {
    const kerolox::Queue queue = pulled->queue;
    ProcessQueue& process = pulled->process;
    if (needs_locks() && process.listening) {
        const std::int64_t lock_age =
            client_.clock().steady_ms() - process.last_lock_ms.load(std::memory_order_relaxed);
        if (lock_age < kUnlockDelayMs) {
            process.unlock_tries.fetch_add(1);
            co_return false;
        }
    }
    if (const std::int64_t offset = offsets_->in_memory(queue); offset >= 0) {
        const kerolox::Status written = co_await offsets_->write(queue, offset);
        if (!written) {
            log(kerolox::LogLevel::warn, "the offset {} of {} was not persisted: {}", offset,
                queue.describe(), written.error().describe());
        }
    }
    offsets_->remove(queue);
    if (needs_locks()) co_await unlock({queue});
    MutexLock lock(mutex_);
    const auto at = queues_.find(queue);
    if (at != queues_.end() && at->second == pulled) queues_.erase(at);
    co_return true;
}

void PushCore::tell_share(const std::string& topic, const std::set<kerolox::Queue>& mine,
                          const std::vector<kerolox::Queue>& all) {
    {
        MutexLock lock(mutex_);
        const auto count = std::max<std::int64_t>(std::int64_t(queues_.size()), 1);
        const PushConfig& config = settings_.config;
        if (config.pull_threshold_for_topic > 0)
            messages_per_queue_ =
                std::max<std::int64_t>(config.pull_threshold_for_topic / count, 1);
        if (config.pull_threshold_size_for_topic > 0)
            mebibytes_per_queue_ =
                std::max<std::int64_t>(config.pull_threshold_size_for_topic / count, 1);
    }
    client_.spawn(announce_anew(topic));
    if (!settings_.on_assignment || model::is_retry_topic(topic)) return;
    std::vector<kerolox::Queue> all_shown;
    std::vector<kerolox::Queue> mine_shown;
    for (const kerolox::Queue& queue : all) all_shown.push_back(shown(queue));
    for (const kerolox::Queue& queue : mine) mine_shown.push_back(shown(queue));
    try {
        settings_.on_assignment(client_.user_name(topic), all_shown, mine_shown);
    } catch (...) {
        log(kerolox::LogLevel::warn, "the assignment listener threw: {}", thrown_text());
    }
}

/// Brokers keep the newest subscription of a group. Pulls may name the new version only when they
/// have it.
Awaitable<void> PushCore::announce_anew(std::string topic) {
    const auto self = shared_from_this();
    const std::int64_t version = next_subscription_version(client_.clock());
    {
        MutexLock lock(mutex_);
        announced_[topic] = version;
    }
    co_await announce();
    MutexLock lock(mutex_);
    const auto at = subscriptions_.find(topic);
    if (at == subscriptions_.end() || at->second->sub_version >= version) co_return;
    wire::SubscriptionData anew = *at->second;
    anew.sub_version = version;
    at->second = std::make_shared<const wire::SubscriptionData>(std::move(anew));
}

// --- locks ---

/// Those of the queues whose lock we have.
Awaitable<std::set<kerolox::Queue>> PushCore::ask_locks(std::vector<kerolox::Queue> queues) {
    std::map<std::string, wire::QueueLockRequest> by_broker;
    for (const kerolox::Queue& queue : queues)
        by_broker[queue.broker].mq_set.push_back(lock_key_of(queue));
    std::set<kerolox::Queue> locked;
    for (auto& [broker, request] : by_broker) {
        request.client_id = client_.id();
        request.consumer_group = group_;
        const std::string address = client_.routes().master_of(broker);
        if (address.empty()) continue;
        const auto answer = co_await client_.call_ok(
            address, net::Call(kLockQueues, to_json(request)), kLockTimeoutMs);
        const auto body = answer ? from_json<wire::QueueLockAnswer>(answer->body)
                                 : Result<wire::QueueLockAnswer>();
        if (!answer || !body) {
            log(kerolox::LogLevel::warn, "queues of {} were not locked: {}", broker,
                answer ? body.error().text : answer.error().describe());
            // What we have stays ours until it is too old: the broker may be back before.
            for (const kerolox::Queue& queue : queues) {
                const PulledQueuePtr pulled = queue.broker == broker ? find(queue) : nullptr;
                if (pulled && pulled->process.locked) locked.insert(queue);
            }
            continue;
        }
        for (const wire::QueueKey& key : body->lock_ok_mq_set) {
            const kerolox::Queue queue{key.topic, key.broker_name, key.queue_id};
            locked.insert(queue);
            if (const PulledQueuePtr pulled = find(queue))
                pulled->process.last_lock_ms = client_.clock().steady_ms();
        }
    }
    for (const kerolox::Queue& queue : queues)
        if (const PulledQueuePtr pulled = find(queue))
            pulled->process.locked = locked.contains(queue);
    co_return locked;
}

Awaitable<bool> PushCore::lock(PulledQueuePtr queue) {
    const auto self = shared_from_this();
    if (queue->process.dropped || shut_) co_return false;
    const auto locked = co_await ask_locks({queue->queue});
    co_return locked.contains(queue->queue) &&
        !queue->process.lock_is_old(client_.clock().steady_ms());
}

Awaitable<void> PushCore::unlock(std::vector<kerolox::Queue> queues) {
    std::map<std::string, wire::QueueLockRequest> by_broker;
    for (const kerolox::Queue& queue : queues)
        by_broker[queue.broker].mq_set.push_back(lock_key_of(queue));
    for (auto& [broker, request] : by_broker) {
        request.client_id = client_.id();
        request.consumer_group = group_;
        const std::string address = client_.routes().master_of(broker);
        if (address.empty()) continue;
        const auto answer = co_await client_.call_ok(
            address, net::Call(kUnlockQueues, to_json(request)), kLockTimeoutMs);
        if (!answer) {
            log(kerolox::LogLevel::warn, "queues of {} were not unlocked: {}", broker,
                answer.error().describe());
        }
    }
}

Awaitable<void> PushCore::keep_locks() {
    const auto self = shared_from_this();
    constexpr std::int64_t kFirstMs = 1'000;
    std::int64_t pause = std::min(kFirstMs, pace_.lock_all_ms);
    while (!shut_ && co_await client_.sleep(pause) && !shut_) {
        pause = pace_.lock_all_ms;
        std::vector<kerolox::Queue> mine;
        for (const auto& [queue, pulled] : queues())
            if (!pulled->process.dropped) mine.push_back(queue);
        (void)co_await ask_locks(std::move(mine));
    }
}

// --- what takes too long ---

Awaitable<void> PushCore::send_back_overdue() {
    const auto self = shared_from_this();
    constexpr int kMessagesMax = 16;
    constexpr std::int32_t kLevel = 3;
    constexpr std::int64_t kMinuteMs = 60'000;
    const std::int64_t limit = settings_.config.consume_timeout * kMinuteMs;
    for (const auto& [queue, pulled] : queues()) {
        for (int i = 0; i < kMessagesMax && !is_broadcasting(); ++i) {
            const auto first = pulled->process.first();
            if (!first || shut_ || pulled->process.dropped) break;
            const std::int64_t since = consume_started_ms(*first);
            if (since == 0 || client_.clock().steady_ms() - since <= limit) break;
            log(kerolox::LogLevel::warn, "{} of {} takes too long: it is sent back", first->id(),
                queue.describe());
            SendBackCall call;
            call.group = group_;
            call.message = *first;
            call.delay_level = kLevel;
            call.max_reconsume_times = max_reconsume_times();
            if (!co_await send_back(client_, std::move(call))) break;
            const auto now_first = pulled->process.first();
            if (now_first && now_first->queue_offset() == first->queue_offset())
                finished(pulled, pulled->process.remove(std::span(&*first, 1)), true);
        }
    }
}

// --- offsets set from outside ---

void PushCore::reset_offsets(const std::string& topic,
                             std::map<kerolox::Queue, std::int64_t> offsets) {
    if (resetting_ || shut_) {
        log(kerolox::LogLevel::warn, "a reset of {} is under way, another one is ignored", topic);
        return;
    }
    resetting_ = true;
    client_.spawn(reset(topic, std::move(offsets)));
}

Awaitable<void> PushCore::reset(std::string topic, std::map<kerolox::Queue, std::int64_t> offsets) {
    const auto self = shared_from_this();
    const bool was_paused = paused_.exchange(true);
    std::vector<PulledQueuePtr> mine;
    for (const auto& [queue, pulled] : queues()) {
        if (queue.topic != topic || !offsets.contains(queue)) continue;
        pulled->process.dropped = true;
        pulled->process.clear();
        mine.push_back(pulled);
    }
    // Listeners that are at work may end meanwhile; what they say does not count any more.
    const bool in_time = co_await client_.sleep(pace_.reset_ms);
    for (const PulledQueuePtr& pulled : mine) {
        if (shut_ || !in_time) break;
        offsets_->update(pulled->queue, offsets.at(pulled->queue), false);
        if (co_await give_back(pulled)) continue;
        log(kerolox::LogLevel::warn, "{} is still being consumed after its offset was set",
            pulled->queue.describe());
    }
    resetting_ = false;
    if (!was_paused) resume();
}

// --- a message that somebody wants to see consumed ---

void PushCore::consume_directly(kerolox::MessageView message, std::string broker,
                                net::Responder responder) {
    log(kerolox::LogLevel::info, "{} of {} is consumed on request", message.id(), broker);
    const std::int64_t began = client_.clock().steady_ms();
    auto answer = std::make_shared<net::Responder>(std::move(responder));
    service_->consume_directly(
        std::move(message), [self = shared_from_this(), answer, began](DirectOutcome outcome) {
            wire::ConsumeDirectlyResult body;
            body.order = outcome.ordered;
            body.auto_commit = outcome.auto_commit;
            body.consume_result = std::move(outcome.result);
            if (!outcome.remark.empty()) body.remark = std::move(outcome.remark);
            body.spent_time_mills = self->client_.clock().steady_ms() - began;
            const Slice slice = Slice::own(to_json(body));
            net::Reply reply;
            reply.body = std::span(&slice, 1);
            answer->send(reply);
        });
}

}  // namespace kx::client
