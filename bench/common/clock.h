// SPDX-License-Identifier: Apache-2.0
//
// The clocks of the benchmarks: elapsed time, wall time, and the CPU time of whole processes.

#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace kx::bench {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;

inline int64_t read_clock_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return int64_t{time.tv_sec} * kNsPerSecond + time.tv_nsec;
}

inline int64_t now_ns() { return read_clock_ns(CLOCK_MONOTONIC); }

inline int64_t wall_ms() { return read_clock_ns(CLOCK_REALTIME) / 1'000'000; }

/// CPU time of every thread a process has or had, in kernel and out of it. The sum is the one in
/// /proc/PID/stat, without its rounding to hundredths of a second.
class CpuClock {
public:
    explicit CpuClock(pid_t pid) {
        if (clock_getcpuclockid(pid, &clock_) != 0) {
            throw std::runtime_error("no process with pid " + std::to_string(pid));
        }
    }
    int64_t read_ns() const { return read_clock_ns(clock_); }

private:
    clockid_t clock_{};
};

}  // namespace kx::bench
