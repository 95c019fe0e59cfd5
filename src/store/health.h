// SPDX-License-Identifier: Apache-2.0
//
// Whether messages can be stored, and if not, why: one sentence for each cause.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/log.h"
#include "base/sync.h"

namespace kx::store {

class Health {
public:
    enum class Cause : std::uint8_t {
        kStopped,
        kFailed,  ///< a sync failed or the log is damaged: stays until the next start
        kDiskFull,
        kQueueError,  ///< a consume queue cannot be written
    };
    static constexpr std::size_t kCauses = 4;

    bool writable() const { return set_.load(std::memory_order_acquire) == 0; }
    bool has(Cause cause) const { return (set_.load(std::memory_order_acquire) & bit(cause)) != 0; }

    void raise(Cause cause, std::string reason) {
        MutexLock guard(mutex_);
        if (!has(cause) && cause != Cause::kStopped) {
            log::error("store", "no more messages are stored: {}", reason);
        }
        reasons_[static_cast<std::size_t>(cause)] = std::move(reason);
        set_.fetch_or(bit(cause), std::memory_order_acq_rel);
    }
    void clear(Cause cause) {
        MutexLock guard(mutex_);
        if (has(cause)) log::info("store", "messages are stored again");
        set_.fetch_and(~bit(cause), std::memory_order_acq_rel);
    }
    /// Empty unless raised.
    std::string reason_of(Cause cause) const {
        MutexLock guard(mutex_);
        return has(cause) ? reasons_[static_cast<std::size_t>(cause)] : std::string();
    }
    /// Empty when writable.
    std::string reason() const {
        MutexLock guard(mutex_);
        std::string text;
        for (std::size_t i = 0; i < kCauses; ++i) {
            if (!has(static_cast<Cause>(i))) continue;
            if (!text.empty()) text += "; ";
            text += reasons_[i];
        }
        return text;
    }

private:
    static std::uint32_t bit(Cause cause) { return 1U << static_cast<unsigned>(cause); }

    mutable Mutex mutex_;
    std::atomic<std::uint32_t> set_{0};
    std::array<std::string, kCauses> reasons_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::store
