// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/clock.h"

namespace kx::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};
thread_local ThreadSink* t_sink = nullptr;

}  // namespace

void set_level(Level level) { g_level.store(level, std::memory_order_relaxed); }
Level level() {
    return t_sink != nullptr ? t_sink->level() : g_level.load(std::memory_order_relaxed);
}
void set_thread_sink(ThreadSink* sink) { t_sink = sink; }

void write(Level level, std::string_view room, std::string_view text) {
    if (t_sink != nullptr) return t_sink->write(level, room, text);
    write_out(level, room, text);
}

std::int64_t RateLimit::admit() { return admit(system_clock().steady_ms() / 1000); }

std::int64_t RateLimit::admit(std::int64_t now) {
    constexpr std::int64_t kBurst = 10;
    std::int64_t last = second_.load(std::memory_order_relaxed);
    if (now != last && second_.compare_exchange_strong(last, now)) {
        passed_ = passed_ > kBurst ? kBurst - 1 : 0;
        ++passed_;
        return held_.exchange(0);
    }
    if (passed_.fetch_add(1) < kBurst) return held_.exchange(0);
    ++held_;
    return -1;
}

}  // namespace kx::log
