// SPDX-License-Identifier: Apache-2.0
#include "client/consume/process_queue.h"

#include <algorithm>

namespace kx::client {
namespace {

std::size_t size_of(const kerolox::MessageView& message) { return message.body().size(); }

}  // namespace

ProcessQueue::Slots::iterator ProcessQueue::find(std::int64_t offset) {
    const auto at = std::ranges::lower_bound(slots_, offset, {}, &Slot::offset);
    return at != slots_.end() && at->offset == offset ? at : slots_.end();
}

ProcessQueue::Slots::const_iterator ProcessQueue::find(std::int64_t offset) const {
    const auto at = std::ranges::lower_bound(slots_, offset, {}, &Slot::offset);
    return at != slots_.end() && at->offset == offset ? at : slots_.end();
}

/// A ring, so that a stream of messages does not allocate on one thread what another one frees.
void ProcessQueue::make_room() {
    constexpr std::size_t kFirst = 64;
    if (slots_.full()) slots_.set_capacity(std::max(kFirst, 2 * slots_.capacity()));
}

void ProcessQueue::insert(const Message& message) {
    const std::int64_t offset = message.queue_offset();
    Slot slot{offset, State::kWaiting, message};
    make_room();
    if (slots_.empty() || slots_.back().offset < offset) {
        slots_.push_back(std::move(slot));
    } else {
        const auto at = std::ranges::lower_bound(slots_, offset, {}, &Slot::offset);
        const bool known = at != slots_.end() && at->offset == offset;
        if (known && at->state != State::kDone) return;
        if (known) {
            *at = std::move(slot);
        } else {
            slots_.insert(at, std::move(slot));
        }
    }
    highest_ = offset;
    count_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(size_of(message), std::memory_order_relaxed);
}

bool ProcessQueue::put(std::span<const Message> messages) {
    MutexLock lock(mutex_);
    for (const Message& message : messages) insert(message);
    if (working_ || slots_.empty()) return false;
    working_ = true;
    return true;
}

void ProcessQueue::finish(Slot& slot) {
    if (slot.state == State::kDone) return;
    slot.state = State::kDone;
    count_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(size_of(slot.message), std::memory_order_relaxed);
    slot.message = Message();  // the frame need not wait for its neighbours
}

void ProcessQueue::drop_finished() {
    const auto is_done = [](const Slot& slot) { return slot.state == State::kDone; };
    while (!slots_.empty() && is_done(slots_.front())) slots_.pop_front();
    while (!slots_.empty() && is_done(slots_.back())) slots_.pop_back();
    // One message that takes for ever must not keep what came after it.
    constexpr std::size_t kSpare = 1024;
    if (slots_.size() > 2 * count() + kSpare)
        slots_.erase(std::remove_if(slots_.begin(), slots_.end(), is_done), slots_.end());
    if (slots_.empty() && slots_.capacity() > kSpare) slots_.set_capacity(0);
}

std::int64_t ProcessQueue::remove(std::span<const Message> messages) {
    MutexLock lock(mutex_);
    if (slots_.empty()) return -1;
    for (const Message& message : messages)
        if (const auto at = find(message.queue_offset()); at != slots_.end()) finish(*at);
    drop_finished();
    return slots_.empty() ? highest_ + 1 : slots_.front().offset;
}

bool ProcessQueue::contains(const Message& message) const {
    MutexLock lock(mutex_);
    const auto at = find(message.queue_offset());
    return at != slots_.end() && at->state != State::kDone;
}

std::optional<ProcessQueue::Message> ProcessQueue::first() const {
    MutexLock lock(mutex_);
    if (slots_.empty()) return std::nullopt;
    return slots_.front().message;
}

std::vector<ProcessQueue::Message> ProcessQueue::take(std::size_t max) {
    MutexLock lock(mutex_);
    std::vector<Message> taken;
    for (Slot& slot : slots_) {
        if (taken.size() == max) break;
        if (slot.state != State::kWaiting) continue;
        slot.state = State::kTaken;
        taken.push_back(slot.message);
    }
    if (taken.empty()) working_ = false;
    return taken;
}

std::optional<std::int64_t> ProcessQueue::commit() {
    MutexLock lock(mutex_);
    std::optional<std::int64_t> next;
    for (Slot& slot : slots_) {
        if (slot.state != State::kTaken) continue;
        next = slot.offset + 1;
        finish(slot);
    }
    drop_finished();
    return next;
}

void ProcessQueue::rollback() {
    MutexLock lock(mutex_);
    for (Slot& slot : slots_)
        if (slot.state == State::kTaken) slot.state = State::kWaiting;
}

void ProcessQueue::put_back(std::span<const Message> messages) {
    MutexLock lock(mutex_);
    for (const Message& message : messages) {
        const auto at = find(message.queue_offset());
        if (at == slots_.end() || at->state != State::kTaken) continue;
        at->state = State::kWaiting;
        at->message = message;
    }
}

void ProcessQueue::clear() {
    MutexLock lock(mutex_);
    slots_.clear();
    count_.store(0, std::memory_order_relaxed);
    bytes_.store(0, std::memory_order_relaxed);
}

std::int64_t ProcessQueue::span() const {
    const Bounds now = bounds();
    return now.last - now.first;
}

ProcessQueue::Bounds ProcessQueue::bounds() const {
    MutexLock lock(mutex_);
    if (slots_.empty()) return {};
    return {slots_.front().offset, slots_.back().offset};
}

}  // namespace kx::client
