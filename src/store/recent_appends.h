// SPDX-License-Identifier: Apache-2.0
//
// The latest appends, handed from the log's lock to the dispatcher, so that it need not take each
// record apart again. A full ring drops entries: the dispatcher sees the gap in the offsets and
// reads those records from the log, as it does after a restart.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "store/consume_queue.h"

namespace kx::store {

struct RecentAppend {
    ConsumeQueue* queue = nullptr;  ///< null: the record has no place in a queue
    std::int64_t queue_offset = 0;
    std::int64_t store_timestamp = 0;
    Unit unit;
};

/// One writer (the holder of the log's lock), one reader (the owner of the dispatcher).
class RecentAppends {
public:
    void push(const RecentAppend& append) {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_seen_ == kEntries) {
            tail_seen_ = tail_.load(std::memory_order_acquire);
            if (head - tail_seen_ == kEntries) return;
        }
        entries_[head % kEntries] = append;
        head_.store(head + 1, std::memory_order_release);
    }

    /// The oldest entry, or null.
    const RecentAppend* front() {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_seen_) {
            head_seen_ = head_.load(std::memory_order_acquire);
            if (tail == head_seen_) return nullptr;
        }
        return &entries_[tail % kEntries];
    }
    void pop() {
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

private:
    static constexpr std::uint64_t kEntries = 4096;

    alignas(64) std::atomic<std::uint64_t> head_{0};
    std::uint64_t tail_seen_ = 0;  // the writer's
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    std::uint64_t head_seen_ = 0;  // the reader's
    alignas(64) std::array<RecentAppend, kEntries> entries_;
};

}  // namespace kx::store
