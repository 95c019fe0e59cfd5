// SPDX-License-Identifier: Apache-2.0
#include "client/consume/lite_queues.h"

#include <algorithm>

#include "client/core/received.h"

namespace kx::client {
namespace {

std::int64_t bytes_of(const kerolox::MessageBatch& batch) {
    std::int64_t bytes = 0;
    for (const kerolox::MessageView& message : batch)
        bytes += static_cast<std::int64_t>(message_of(message).record.body.size());
    return bytes;
}

/// The epoch for never.
std::chrono::system_clock::time_point time_of(const Clock& clock,
                                              std::optional<std::int64_t> steady_ms) {
    return std::chrono::system_clock::time_point(
        std::chrono::milliseconds(steady_ms ? clock.wall_ms_at(*steady_ms) : 0));
}

}  // namespace

// --- which queues ---

template <class Goes>
LiteQueues::Changes LiteQueues::drop(Goes goes) {
    Changes changes;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const kerolox::Queue& queue = entry->first;
        if (!goes(queue)) {
            ++entry;
            continue;
        }
        forget_cached(queue, entry->second);
        if (entry->second.consumed >= 0) changes.consumed[queue] = entry->second.consumed;
        changes.gone.push_back(queue);
        entry = entries_.erase(entry);
    }
    return changes;
}

void LiteQueues::add(const std::set<kerolox::Queue>& queues, Changes& changes) {
    for (const kerolox::Queue& queue : queues) {
        const auto [at, is_new] = entries_.try_emplace(queue);
        if (!is_new) continue;
        at->second.turn = ++last_turn_;
        changes.begun.push_back({queue, last_turn_});
    }
}

LiteQueues::Changes LiteQueues::assign(const std::set<kerolox::Queue>& queues) {
    MutexLock lock(mutex_);
    Changes changes = drop([&](const kerolox::Queue& queue) { return !queues.contains(queue); });
    add(queues, changes);
    return changes;
}

LiteQueues::Changes LiteQueues::assign(std::string_view topic,
                                       const std::set<kerolox::Queue>& queues) {
    MutexLock lock(mutex_);
    Changes changes = drop([&](const kerolox::Queue& queue) {
        return queue.topic == topic && !queues.contains(queue);
    });
    add(queues, changes);
    return changes;
}

LiteQueues::Changes LiteQueues::keep_topics(const std::set<std::string>& topics) {
    MutexLock lock(mutex_);
    return drop([&](const kerolox::Queue& queue) { return !topics.contains(queue.topic); });
}

bool LiteQueues::has(const kerolox::Queue& queue) const {
    MutexLock lock(mutex_);
    return entries_.contains(queue);
}

std::set<kerolox::Queue> LiteQueues::all() const {
    MutexLock lock(mutex_);
    std::set<kerolox::Queue> queues;
    for (const auto& [queue, entry] : entries_) queues.insert(queue);
    return queues;
}

void LiteQueues::pause(const kerolox::Queue& queue, bool paused) {
    MutexLock lock(mutex_);
    const auto found = entries_.find(queue);
    if (found != entries_.end()) found->second.paused = paused;
}

// --- pulling ---

LiteQueues::Entry* LiteQueues::current(const Turn& turn) {
    const auto found = entries_.find(turn.queue);
    if (found == entries_.end() || found->second.turn != turn.number) return nullptr;
    return &found->second;
}

bool LiteQueues::is_current(const Turn& turn) const {
    MutexLock lock(mutex_);
    const auto found = entries_.find(turn.queue);
    return found != entries_.end() && found->second.turn == turn.number;
}

LiteQueues::Step LiteQueues::step(const Turn& turn, std::int64_t now_ms) {
    MutexLock lock(mutex_);
    Entry* entry = current(turn);
    if (entry == nullptr) return {Next::kStop};
    if (entry->paused) return {Next::kPaused};
    entry->last_pull_ms = now_ms;
    const std::int64_t span =
        entry->spans.empty() ? 0 : entry->spans.back().second - entry->spans.front().first;
    if (static_cast<std::int64_t>(cache_.size()) * limits_.batch > limits_.all_messages ||
        entry->messages > limits_.queue_messages || entry->bytes > limits_.queue_bytes ||
        span > limits_.span) {
        return {Next::kFull};
    }
    // From here on a commit means the place that was sought.
    if (std::exchange(entry->seek_is_due, false)) entry->consumed = entry->pull_offset;
    return {Next::kPull, entry->pull_offset};
}

bool LiteQueues::put(const Turn& turn, std::vector<kerolox::MessageView> messages,
                     std::int64_t next_offset) {
    kerolox::MessageBatch batch = make_batch(std::move(messages));
    const std::int64_t bytes = bytes_of(batch);
    MutexLock lock(mutex_);
    Entry* entry = current(turn);
    if (entry == nullptr) return false;
    entry->pull_offset = next_offset;
    if (batch.empty()) return true;
    entry->messages += static_cast<std::int64_t>(batch.size());
    entry->bytes += bytes;
    entry->spans.emplace_back(batch.front().queue_offset(), batch.back().queue_offset());
    cache_.push_back({turn.queue, std::move(batch), bytes});
    return true;
}

std::optional<LiteQueues::Turn> LiteQueues::seek(const kerolox::Queue& queue, std::int64_t offset) {
    MutexLock lock(mutex_);
    const auto found = entries_.find(queue);
    if (found == entries_.end()) return std::nullopt;
    Entry& entry = found->second;
    forget_cached(queue, entry);
    entry.pull_offset = offset;
    entry.seek_is_due = true;
    entry.turn = ++last_turn_;
    return Turn{queue, entry.turn};
}

void LiteQueues::forget_cached(const kerolox::Queue& queue, Entry& entry) {
    std::erase_if(cache_, [&](const Cached& cached) { return cached.queue == queue; });
    entry.messages = 0;
    entry.bytes = 0;
    entry.spans.clear();
}

// --- consuming ---

std::optional<LiteQueues::Batch> LiteQueues::take(std::int64_t now_ms) {
    MutexLock lock(mutex_);
    if (cache_.empty()) return std::nullopt;
    Cached cached = std::move(cache_.front());
    cache_.pop_front();
    // What is cached belongs to a queue that is still here: whatever drops one forgets the other.
    Entry& entry = entries_[cached.queue];
    Batch batch{std::move(cached.messages), entry.turn, entry.consumed};
    entry.messages -= static_cast<std::int64_t>(batch.messages.size());
    entry.bytes -= cached.bytes;
    entry.spans.pop_front();
    // As RocketMQ's process queue counts: up to what is cached still, else past the last one.
    entry.consumed =
        entry.spans.empty() ? batch.messages.back().queue_offset() + 1 : entry.spans.front().first;
    entry.last_take_ms = now_ms;
    return batch;
}

void LiteQueues::put_back(Batch batch) {
    const std::int64_t bytes = bytes_of(batch.messages);
    MutexLock lock(mutex_);
    for (auto& [queue, entry] : entries_) {
        if (entry.turn != batch.turn) continue;
        entry.messages += static_cast<std::int64_t>(batch.messages.size());
        entry.bytes += bytes;
        entry.spans.emplace_front(batch.messages.front().queue_offset(),
                                  batch.messages.back().queue_offset());
        entry.consumed = batch.consumed_before;
        cache_.push_front({queue, std::move(batch.messages), bytes});
        return;
    }
}

std::map<kerolox::Queue, std::int64_t> LiteQueues::consumed() const {
    MutexLock lock(mutex_);
    std::map<kerolox::Queue, std::int64_t> offsets;
    for (const auto& [queue, entry] : entries_)
        if (entry.consumed >= 0) offsets[queue] = entry.consumed;
    return offsets;
}

std::vector<kerolox::QueueState> LiteQueues::states(const Clock& clock) const {
    MutexLock lock(mutex_);
    std::vector<kerolox::QueueState> states;
    for (const auto& [queue, entry] : entries_) {
        kerolox::QueueState state;
        state.queue = queue;
        state.cached_messages = static_cast<std::size_t>(entry.messages);
        state.cached_bytes = static_cast<std::size_t>(entry.bytes);
        if (!entry.spans.empty()) {
            state.cached_min_offset = entry.spans.front().first;
            state.cached_max_offset = entry.spans.back().second;
        }
        state.last_pull = time_of(clock, entry.last_pull_ms);
        state.last_consume = time_of(clock, entry.last_take_ms);
        states.push_back(std::move(state));
    }
    return states;
}

}  // namespace kx::client
