// SPDX-License-Identifier: Apache-2.0
//
// Logging: one line a message, to stderr, with the room's name. No payloads and no secrets, ever.
// What a client can cause goes through KX_LOG_LIMITED, so that nobody can fill a disk with it.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace kx::log {

enum class Level : int { kDebug, kInfo, kWarn, kError, kOff };

/// Where the lines of one thread go, instead of stderr: a library's threads speak to whoever uses
/// the library.
class ThreadSink {
public:
    virtual Level level() const = 0;
    virtual void write(Level level, std::string_view room, std::string_view text) = 0;

protected:
    ~ThreadSink() = default;
};

void set_level(Level level);
/// Of this thread's sink if it has one, else the process's.
Level level();
/// This thread's lines go there from now on; null: to stderr again. The sink must outlive the
/// thread or be taken away again.
void set_thread_sink(ThreadSink* sink);
/// Also writes to `path` (rotating, 64 MiB times 5). Call once, at the start.
void also_to_file(const std::string& path);
void write(Level level, std::string_view room, std::string_view text);
/// Where such a line ends: log_to_spdlog.cc has a server's, packaging/log.cc the client library's.
void write_out(Level level, std::string_view room, std::string_view text);

template <class... Args>
void debug(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    if (level() <= Level::kDebug)
        write(Level::kDebug, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    if (level() <= Level::kInfo)
        write(Level::kInfo, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    if (level() <= Level::kWarn)
        write(Level::kWarn, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    if (level() <= Level::kError)
        write(Level::kError, room, fmt::format(format, std::forward<Args>(args)...));
}

/// Lets a burst of 10 through, then one a second; the next line that passes tells how many did not.
class RateLimit {
public:
    /// The number of lines held back since the last one that passed, or -1: hold this one back.
    std::int64_t admit();
    std::int64_t admit(std::int64_t now_seconds);

private:
    std::atomic<std::int64_t> second_{0};
    std::atomic<std::int64_t> passed_{0};
    std::atomic<std::int64_t> held_{0};
};

}  // namespace kx::log

/// KX_LOG_LIMITED(warn, "net", "peer {} sent {}", peer, what);
#define KX_LOG_LIMITED(level, room, format, ...)                                                 \
    do {                                                                                         \
        static ::kx::log::RateLimit kx_limit;                                                    \
        const std::int64_t kx_held = kx_limit.admit();                                           \
        if (kx_held == 0) {                                                                      \
            ::kx::log::level(room, format __VA_OPT__(, ) __VA_ARGS__);                           \
        } else if (kx_held > 0) {                                                                \
            ::kx::log::level(room, format " (and {} more like this)" __VA_OPT__(, ) __VA_ARGS__, \
                             kx_held);                                                           \
        }                                                                                        \
    } while (false)
