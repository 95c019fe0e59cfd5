// SPDX-License-Identifier: Apache-2.0
//
// Bounds on what a producer has under way, in messages and bytes.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/sync.h"

namespace kx::client {

class Permits {
public:
    Permits(std::int64_t messages, std::int64_t bytes)
        : messages_max_(messages), bytes_max_(bytes) {}

    /// A message larger than the bound passes when nothing else is under way.
    bool take(std::int64_t bytes) {
        const std::int64_t messages = messages_.fetch_add(1, std::memory_order_relaxed);
        const std::int64_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
        if (messages < messages_max_ && (before + bytes <= bytes_max_ || messages == 0))
            return true;
        messages_.fetch_sub(1, std::memory_order_relaxed);
        bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    /// Waits for room until the deadline; false when it is over or the producer closes.
    bool take_before(std::int64_t bytes, std::int64_t timeout_ms) KX_EXCLUDES(mutex_);
    void give_back(std::int64_t bytes) {
        const std::int64_t messages = messages_.fetch_sub(1, std::memory_order_relaxed) - 1;
        const std::int64_t left = bytes_.fetch_sub(bytes, std::memory_order_seq_cst) - bytes;
        if (waiting_.load(std::memory_order_seq_cst) > 0 && has_room(messages, left)) wake();
    }
    /// Whoever waits gives up.
    void close() KX_EXCLUDES(mutex_);
    bool is_full() const {
        return messages_.load(std::memory_order_relaxed) >= messages_max_ ||
               bytes_.load(std::memory_order_relaxed) >= bytes_max_;
    }
    std::int64_t messages() const { return messages_.load(std::memory_order_relaxed); }

private:
    /// For more than the next message: a sender that is woken for each costs more than its sends.
    bool has_room(std::int64_t messages, std::int64_t bytes) const {
        return messages <= messages_max_ - messages_max_ / 4 &&
               bytes <= bytes_max_ - bytes_max_ / 4;
    }
    void wake() KX_EXCLUDES(mutex_);

    const std::int64_t messages_max_;
    const std::int64_t bytes_max_;
    std::atomic<std::int64_t> messages_{0};
    std::atomic<std::int64_t> bytes_{0};
    std::atomic<int> waiting_{0};
    Mutex mutex_;
    CondVar room_;
    bool closed_ KX_GUARDED_BY(mutex_) = false;
};

}  // namespace kx::client
