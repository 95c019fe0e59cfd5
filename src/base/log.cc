// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/clock.h"

namespace kx::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};
thread_local ThreadSink* t_sink = nullptr;

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = spdlog::stderr_color_mt("kerolox");
        made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%L%$ %v");
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::warn);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::kDebug: return spdlog::level::debug;
        case Level::kInfo: return spdlog::level::info;
        case Level::kWarn: return spdlog::level::warn;
        case Level::kError: return spdlog::level::err;
        case Level::kOff: return spdlog::level::off;
    }
    return spdlog::level::info;
}

}  // namespace

void set_level(Level level) { g_level.store(level, std::memory_order_relaxed); }
Level level() {
    return t_sink != nullptr ? t_sink->level() : g_level.load(std::memory_order_relaxed);
}
void set_thread_sink(ThreadSink* sink) { t_sink = sink; }

void also_to_file(const std::string& path) {
    constexpr std::size_t kFileBytes = 64ULL << 20;
    logger().sinks().push_back(
        std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kFileBytes, 5));
}

void write(Level level, std::string_view room, std::string_view text) {
    if (t_sink != nullptr) return t_sink->write(level, room, text);
    logger().log(to_spdlog(level), "[{}] {}", room, text);
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
