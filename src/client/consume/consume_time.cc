// SPDX-License-Identifier: Apache-2.0
#include "client/consume/consume_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>

namespace kx::client {

std::optional<std::int64_t> parse_consume_time(const std::string& text) {
    constexpr std::size_t kDigits = 14;
    if (text.size() != kDigits ||
        !std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; })) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t at, std::size_t count) {
        return std::stoi(text.substr(at, count));
    };
    std::tm parts{};
    parts.tm_year = number(0, 4) - 1900;
    parts.tm_mon = number(4, 2) - 1;
    parts.tm_mday = number(6, 2);
    parts.tm_hour = number(8, 2);
    parts.tm_min = number(10, 2);
    parts.tm_sec = number(12, 2);
    parts.tm_isdst = -1;
    std::tm normal = parts;
    const std::time_t seconds = std::mktime(&normal);
    const bool is_date = normal.tm_mon == parts.tm_mon && normal.tm_mday == parts.tm_mday &&
                         parts.tm_hour < 24 && parts.tm_min < 60 && parts.tm_sec < 60;
    if (seconds < 0 || !is_date) return std::nullopt;
    return std::int64_t{seconds} * 1000;
}

std::string consume_time_text(std::int64_t wall_ms) {
    const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts);
    return text;
}

}  // namespace kx::client
