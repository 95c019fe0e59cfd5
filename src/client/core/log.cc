// SPDX-License-Identifier: Apache-2.0
#include "kerolox/log.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "kerolox/hooks.hpp"

namespace kerolox {
inline namespace v1 {

std::string_view to_string(LogLevel level) noexcept {
    constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warn", "error", "off"};
    const auto index = static_cast<std::size_t>(level);
    return index < kNames.size() ? kNames[index] : "off";
}

void log_to_stderr(const LogRecord& record) noexcept {
    if (record.level < LogLevel::warn) return;
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    std::tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    char time[32];
    std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string_view level = to_string(record.level);
    std::fprintf(stderr, "%s.%03ldZ %.*s [kerolox %.*s] %.*s\n", time, now.tv_nsec / 1'000'000,
                 static_cast<int>(level.size()), level.data(),
                 static_cast<int>(record.logger.size()), record.logger.data(),
                 static_cast<int>(record.text.size()), record.text.data());
}

MetricsSink::~MetricsSink() = default;
Interceptor::~Interceptor() = default;
Status Interceptor::before_send(const SendContext&) { return {}; }
void Interceptor::after_send(const SendContext&) {}
void Interceptor::before_consume(const ConsumeContext&) {}
void Interceptor::after_consume(const ConsumeContext&) {}
bool Interceptor::keep(std::string_view, const MessageView&) { return true; }
void Interceptor::end_transaction(const EndTransactionContext&) {}
void Interceptor::before_request(RemotingContext&) {}
void Interceptor::after_response(const RemotingAnswer&) {}

}  // namespace v1
}  // namespace kerolox
