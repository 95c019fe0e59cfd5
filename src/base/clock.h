// SPDX-License-Identifier: Apache-2.0
//
// The seam for time. Wall time is what messages carry; steady time is what deadlines use.
// Nothing outside base/ asks the system for the time.
#pragma once

#include <atomic>
#include <cstdint>

namespace kx {

class Clock {
public:
    virtual ~Clock() = default;
    /// Milliseconds since the Unix epoch.
    virtual std::int64_t wall_ms() const = 0;
    /// Nanoseconds of a clock that never goes back.
    virtual std::int64_t steady_ns() const = 0;
    std::int64_t steady_ms() const { return steady_ns() / 1'000'000; }
    /// When a moment of the steady clock was, by what the wall clock says now.
    std::int64_t wall_ms_at(std::int64_t moment_ms) const {
        return wall_ms() - (steady_ms() - moment_ms);
    }
};

/// The system's clocks; one instance serves the whole process.
const Clock& system_clock();

/// Stands still until it is told to move.
class ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t wall_ms = 1'700'000'000'000) : wall_ms_(wall_ms) {}
    std::int64_t wall_ms() const override { return wall_ms_.load(); }
    std::int64_t steady_ns() const override { return steady_ns_.load(); }
    void advance_ms(std::int64_t by) {
        wall_ms_ += by;
        steady_ns_ += by * 1'000'000;
    }
    /// Somebody sets the wall clock.
    void jump_ms(std::int64_t by) { wall_ms_ += by; }

private:
    std::atomic<std::int64_t> wall_ms_;
    std::atomic<std::int64_t> steady_ns_{1};
};

}  // namespace kx
