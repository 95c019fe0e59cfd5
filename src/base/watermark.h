// SPDX-License-Identifier: Apache-2.0
//
// A watermark: a position that only rises, read by anyone without a lock. Who wants to know of a
// rise subscribes once; the raising thread calls the listeners, which must neither block nor throw
// (an io thread's listener posts to itself and returns).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/sync.h"

namespace kx {

class Watermark {
public:
    using Listener = std::function<void(std::int64_t)>;

    explicit Watermark(std::int64_t start = 0) : value_(start) {}

    std::int64_t value() const { return value_.load(); }

    /// Raises to `target` if that is higher; then tells the listeners the value, which may have
    /// risen further by then.
    void raise(std::int64_t target) {
        std::int64_t seen = value_.load(std::memory_order_relaxed);
        do {
            if (seen >= target) return;
        } while (!value_.compare_exchange_weak(seen, target));
        // Sequentially consistent on both sides: who subscribes and then reads the old value is
        // seen here.
        if (!has_listeners_.load()) return;
        MutexLock lock(mutex_);
        // Not `target`: two raises may get here in the other order, and listeners see it only rise.
        const std::int64_t now = value();
        for (const Entry& entry : listeners_) entry.listener(now);
    }

    /// The id is for unsubscribe(), after which the listener runs no more.
    int subscribe(Listener listener) {
        MutexLock lock(mutex_);
        listeners_.push_back({next_id_, std::move(listener)});
        has_listeners_.store(true);
        return next_id_++;
    }
    void unsubscribe(int id) {
        MutexLock lock(mutex_);
        std::erase_if(listeners_, [id](const Entry& entry) { return entry.id == id; });
    }

private:
    struct Entry {
        int id;
        Listener listener;
    };

    std::atomic<std::int64_t> value_;
    std::atomic<bool> has_listeners_{false};
    Mutex mutex_;
    std::vector<Entry> listeners_ KX_GUARDED_BY(mutex_);
    int next_id_ KX_GUARDED_BY(mutex_) = 0;
};

}  // namespace kx
