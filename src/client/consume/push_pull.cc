// SPDX-License-Identifier: Apache-2.0
//
// The pulling of a push consumer (client.md 17): one pull a queue at a time, held back while the
// listener does not keep up. All on the home thread.
#include "client/consume/push_core.h"
#include "client/core/received.h"
#include "model/names.h"

namespace kx::client {
namespace {

using kerolox::PullStatus;

constexpr std::int64_t kSuspendMs = 15'000;
constexpr std::int64_t kPullTimeoutMs = 30'000;
constexpr std::int32_t kPullFlowControl = 215;
constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr std::int64_t kTellEvery = 1'000;

}  // namespace

// --- where to begin ---

Awaitable<kerolox::Result<std::int64_t>> PushCore::start_offset(kerolox::Queue queue) {
    const auto stored = co_await offsets_->read(queue, OffsetSource::kStore);
    if (!stored) {
        constexpr std::int32_t kQueryNotFound = 22;
        co_return client_error(fmt::format("Failed to query consume offset from offset store: {}",
                                           stored.error().describe()),
                               kQueryNotFound);
    }
    if (stored.value() >= 0) co_return stored.value();
    const bool is_retry = model::is_retry_topic(queue.topic);
    const StartName from = settings_.config.consume_from_where;
    if (from == StartName::kFirst) co_return 0;
    if (from == StartName::kTimestamp && !is_retry) {
        constexpr std::int64_t kHalfAnHourMs = 1'800'000;
        const auto time = parse_consume_time(settings_.config.consume_timestamp);
        co_return co_await query_offset_at(client_, queue,
                                           time.value_or(started_ms_ - kHalfAnHourMs));
    }
    // A retry topic that was never consumed holds this group's messages from its first one on.
    if (is_retry && from != StartName::kTimestamp) co_return 0;
    co_return co_await query_max_offset(client_, queue);
}

Awaitable<void> PushCore::start_pulling(PulledQueuePtr queue, std::int64_t delay_ms) {
    const auto self = shared_from_this();
    if (delay_ms > 0 && !co_await client_.sleep(delay_ms)) co_return;
    while (!shut_ && !queue->process.dropped) {
        // In order: only who has the lock knows where its former owner stopped.
        const bool may_ask = !needs_locks() || queue->process.locked;
        if (may_ask) {
            const auto offset = co_await start_offset(queue->queue);
            if (offset && offset.value() >= 0) {
                queue->next_offset = offset.value();
                queue->offset_known = true;
                co_return pull_now(queue);
            }
            log(kerolox::LogLevel::warn, "{} cannot be pulled yet: {}", queue->queue.describe(),
                offset ? fmt::format("Found unexpected result {}", offset.value())
                       : offset.error().describe());
        }
        if (!co_await client_.sleep(pace_.failure_ms)) co_return;
    }
}

// --- pulls ---

void PushCore::pull_later(const PulledQueuePtr& queue, std::int64_t ms) {
    if (shut_) return;
    queue->timer.expires_after(std::chrono::milliseconds(ms));
    // Cancelled means at once: pull_now() sees what else may have happened.
    queue->timer.async_wait([self = shared_from_this(), queue](const boost::system::error_code&) {
        self->pull_now(queue);
    });
}

bool PushCore::is_full(PulledQueue& queue) {
    const ProcessQueue& process = queue.process;
    const auto limit = static_cast<std::size_t>(messages_per_queue_.load());
    const auto bytes = static_cast<std::size_t>(mebibytes_per_queue_.load()) * kMebibyte;
    const bool full =
        process.count() > limit || process.bytes() > bytes ||
        (!is_ordered() && process.span() > settings_.config.consume_concurrently_max_span);
    if (full && queue.full_count++ % kTellEvery == 0) {
        log(kerolox::LogLevel::warn,
            "{} is not pulled for a while: {} messages, {} bytes, a span of {} wait for the "
            "listener",
            queue.queue.describe(), process.count(), process.bytes(), process.span());
    }
    return full;
}

void PushCore::pull_now(const PulledQueuePtr& queue) {
    ProcessQueue& process = queue->process;
    if (process.dropped || shut_) return;
    process.last_pull_ms.store(client_.clock().steady_ms(), std::memory_order_relaxed);
    if (is_paused()) return pull_later(queue, pace_.paused_ms);
    queue->waits_for_room.store(false, std::memory_order_relaxed);
    if (is_full(*queue)) {
        queue->waits_for_room.store(true);
        return pull_later(queue, pace_.full_ms);
    }
    if (needs_locks() && !process.locked) return pull_later(queue, pace_.failure_ms);
    if (!queue->offset_known) return client_.spawn(start_pulling(queue, 0));
    const Subscription wanted = subscription(queue->queue.topic);
    if (!wanted) return pull_later(queue, pace_.failure_ms);
    PullCall call;
    call.group = group_;
    call.queue = queue->queue;
    call.offset = queue->next_offset;
    call.max_messages = settings_.config.pull_batch_size;
    call.max_bytes = settings_.config.pull_batch_size_in_bytes;
    if (!is_broadcasting())
        call.commit_offset = std::max<std::int64_t>(offsets_->in_memory(queue->queue), 0);
    call.suspend = true;
    call.suspend_ms = kSuspendMs;
    call.with_subscription = settings_.config.post_subscription_when_pull;
    call.subscription = wanted.get();
    call.broker_id = queue->broker_id;
    call.timeout_ms = kPullTimeoutMs;
    const std::int64_t now = client_.clock().steady_ms();
    pull(client_, call, [self = shared_from_this(), queue, now](kerolox::Result<PullReply> result) {
        self->on_pulled(queue, now, std::move(result));
    });
}

void PushCore::on_pulled(const PulledQueuePtr& queue, std::int64_t started_ms,
                         kerolox::Result<PullReply> result) {
    if (queue->process.dropped || shut_) return;
    if (!result) {
        const kerolox::Error& error = result.error();
        const bool for_now =
            error.kind() == kerolox::ErrorKind::broker && error.code() == kPullFlowControl;
        if (!for_now && !model::is_retry_topic(queue->queue.topic)) {
            log(kerolox::LogLevel::warn, "pulling {} failed: {}", queue->queue.describe(),
                error.describe());
        }
        return pull_later(queue, for_now ? pace_.flow_control_ms : pace_.failure_ms);
    }
    PullReply& reply = result.value();
    queue->broker_id = reply.suggested_broker_id;
    TopicCounters::add(queue->counters.pull_ms, client_.clock().steady_ms() - started_ms);
    TopicCounters::add(queue->counters.pulls, 1);
    switch (reply.status) {
        case PullStatus::found: return on_found(queue, std::move(reply));
        case PullStatus::no_new_message:
        case PullStatus::no_matched_message:
            queue->next_offset = reply.next_offset;
            // Nothing is unfinished: what the filter left out needs no listener.
            if (queue->process.empty()) offsets_->update(queue->queue, reply.next_offset, true);
            return pull_now(queue);
        case PullStatus::offset_illegal:
            log(kerolox::LogLevel::warn, "{} has no offset {}: it goes on at {}",
                queue->queue.describe(), queue->next_offset, reply.next_offset);
            queue->next_offset = reply.next_offset;
            queue->process.dropped = true;
            client_.spawn(repair_offset(queue));
            return;
    }
}

void PushCore::on_found(const PulledQueuePtr& queue, PullReply reply) {
    const std::int64_t asked = queue->next_offset;
    queue->next_offset = reply.next_offset;
    if (reply.messages.empty()) return pull_now(queue);
    if (reply.next_offset < asked || reply.messages.front().queue_offset() < asked) {
        log(kerolox::LogLevel::warn, "{} was asked for {} and gave {}, next {}",
            queue->queue.describe(), asked, reply.messages.front().queue_offset(),
            reply.next_offset);
    }
    TopicCounters::add(queue->counters.pulled, static_cast<std::int64_t>(reply.messages.size()));
    const bool idle = queue->process.put(reply.messages);
    service_->submit(queue, std::move(reply.messages), idle);
    if (settings_.config.pull_interval > 0)
        return pull_later(queue, settings_.config.pull_interval);
    pull_now(queue);
}

/// The broker's correction stands, whatever listeners of the old messages still say.
Awaitable<void> PushCore::repair_offset(PulledQueuePtr queue) {
    const auto self = shared_from_this();
    offsets_->update_and_freeze(queue->queue, queue->next_offset);
    const kerolox::Status written = co_await offsets_->write(queue->queue, queue->next_offset);
    if (!written) {
        log(kerolox::LogLevel::warn, "the offset {} of {} was not persisted: {}",
            queue->next_offset, queue->queue.describe(), written.error().describe());
    }
    {
        MutexLock lock(mutex_);
        const auto at = queues_.find(queue->queue);
        if (at != queues_.end() && at->second == queue) queues_.erase(at);
    }
    offsets_->remove(queue->queue);
    if (needs_locks()) co_await unlock({queue->queue});
    rebalancer_.wake();
}

}  // namespace kx::client
