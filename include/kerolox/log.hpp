// SPDX-License-Identifier: Apache-2.0
/// @file
/// Where the library's log lines and figures go.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "kerolox/config.hpp"

namespace kerolox {
inline namespace v1 {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

/// "debug", "info", "warn", "error", "off"
KEROLOX_API std::string_view to_string(LogLevel level) noexcept;

/// One log line. Views live until the sink returns.
struct LogRecord {
    LogLevel level = LogLevel::info;
    std::string_view logger{};  ///< "client", "producer", "consumer", "net"
    std::string_view text{};
    std::string_view client_id{};
};

/// Called from any thread, never under a lock of the library, never from within itself. It must not
/// throw; what it throws is dropped.
using LogSink = std::function<void(const LogRecord&)>;

/// The default sink: warnings and errors, one line each, to standard error.
KEROLOX_API void log_to_stderr(const LogRecord& record) noexcept;

/// A sink for spdlog, or for any logger with `log(level, text)`: include spdlog yourself.
///   ClientOptions().log(spdlog_sink(spdlog::default_logger(), {debug, info, warn, err}))
template <class LoggerPtr, class Level>
LogSink log_to(LoggerPtr logger, Level debug, Level info, Level warn, Level error) {
    return [=](const LogRecord& record) {
        const Level levels[] = {debug, info, warn, error};
        const auto index = static_cast<unsigned>(record.level);
        if (index < 4) logger->log(levels[index], "[{}] {}", record.logger, record.text);
    };
}

/// One figure at the moment it changes.
struct Metric {
    enum class Kind : std::uint8_t { counter, gauge, histogram };
    Kind kind = Kind::counter;
    std::string_view name{};  ///< "kerolox_sends_total"
    double value = 0;         ///< counter: added; gauge: new value; histogram: one observation
    std::span<const std::pair<std::string_view, std::string_view>> labels{};
};

/// Figures go here. Called from any thread; must not block.
class KEROLOX_API MetricsSink {
public:
    virtual ~MetricsSink();
    virtual void record(const Metric& metric) = 0;
};

}  // namespace v1
}  // namespace kerolox
