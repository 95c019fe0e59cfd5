// SPDX-License-Identifier: Apache-2.0
//
// Sends that wait for the disk under synchronous flush. Each io thread keeps its own waiters, in
// the order of their log position; when the flushed watermark rises, a thread that has waiters is
// posted once, whatever their number. No request parks a thread.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/watermark.h"
#include "broker/send/stored_message.h"
#include "net/io_thread.h"
#include "net/request.h"
#include "store/message_store.h"

namespace kx::broker {

class DurabilityWaiters {
public:
    DurabilityWaiters(net::IoPool& io, store::MessageStore& store, SendReplies& replies);
    ~DurabilityWaiters();

    /// On the io thread of `later`'s connection: answers once flushed() >= stored.end, or with
    /// FLUSH_DISK_TIMEOUT at `deadline_ms` (steady).
    void add(StoredMessage stored, net::Responder later, std::int64_t deadline_ms);
    std::size_t size() const { return waiting_.load(std::memory_order_relaxed); }

private:
    struct Waiter {
        StoredMessage stored;
        net::Responder later;
        std::int64_t deadline_ms = 0;
    };
    struct Lane {
        net::IoThread* thread = nullptr;
        std::deque<Waiter> waiters;  // sorted by stored.end; the thread's own
        std::atomic<bool> has_waiters{false};
        std::atomic<bool> posted{false};
    };

    void flushed_rose();
    void complete(Lane& lane);
    void expire(Lane& lane);
    Lane& lane_of(const net::IoThread& thread);

    store::MessageStore& store_;
    SendReplies& replies_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<std::size_t> waiting_{0};
    int subscription_ = 0;
};

}  // namespace kx::broker
