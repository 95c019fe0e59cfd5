// SPDX-License-Identifier: Apache-2.0
//
// Where the server's log lines go: standard error, and a file if one is wanted.
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/log.h"

namespace kx::log {
namespace {

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

void also_to_file(const std::string& path) {
    constexpr std::size_t kFileBytes = 64ULL << 20;
    logger().sinks().push_back(
        std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kFileBytes, 5));
}

void write_out(Level level, std::string_view room, std::string_view text) {
    logger().log(to_spdlog(level), "[{}] {}", room, text);
}

}  // namespace kx::log
