// SPDX-License-Identifier: Apache-2.0
#include "client/produce/permits.h"

#include <algorithm>

#include "base/clock.h"

namespace kx::client {

bool Permits::take_before(std::int64_t bytes, std::int64_t timeout_ms) {
    if (take(bytes)) return true;
    const std::int64_t deadline = system_clock().steady_ms() + timeout_ms;
    MutexLock lock(mutex_);
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    bool taken = false;
    while (!closed_) {
        taken = take(bytes);
        const std::int64_t left = deadline - system_clock().steady_ms();
        if (taken || left <= 0) break;
        // A taker that fails gives back without waking anybody: look again soon.
        constexpr std::int64_t kLookMs = 50;
        room_.wait_for(mutex_, std::chrono::milliseconds(std::min(left, kLookMs)));
    }
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    return taken;
}

void Permits::wake() {
    MutexLock lock(mutex_);
    room_.notify_all();
}

void Permits::close() {
    MutexLock lock(mutex_);
    closed_ = true;
    room_.notify_all();
}

}  // namespace kx::client
