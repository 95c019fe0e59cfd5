// SPDX-License-Identifier: Apache-2.0
//
// A bell wakes the one thread that waits for it; a ring while nobody waits is kept.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/sync.h"

namespace kx::store {

class Bell {
public:
    void ring() {
        {
            MutexLock guard(mutex_);
            rung_ = true;
        }
        condition_.notify_one();
    }

    /// Returns at the next ring, or after `ms`; true if it rang.
    bool wait_ms(std::int64_t ms) {
        const std::int64_t deadline = system_clock().steady_ns() + ms * 1'000'000;
        MutexLock guard(mutex_);
        while (!rung_) {
            const std::int64_t left = deadline - system_clock().steady_ns();
            if (left <= 0) return false;
            condition_.wait_for(mutex_, std::chrono::nanoseconds(left));
        }
        rung_ = false;
        return true;
    }

private:
    Mutex mutex_;
    CondVar condition_;
    bool rung_ KX_GUARDED_BY(mutex_) = false;
};

}  // namespace kx::store
