// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace kx {
namespace {

std::int64_t read_ns(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class SystemClock final : public Clock {
public:
    std::int64_t wall_ms() const override { return read_ns(CLOCK_REALTIME) / 1'000'000; }
    std::int64_t steady_ns() const override { return read_ns(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& system_clock() {
    // Never destroyed: threads may still ask when main() has returned.
    static const auto* const clock = new SystemClock;
    return *clock;
}

}  // namespace kx
