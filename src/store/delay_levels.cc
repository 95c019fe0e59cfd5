// SPDX-License-Identifier: Apache-2.0
#include "store/delay_levels.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/assert.h"
#include "model/properties.h"

namespace kx::store {
namespace {

constexpr std::string_view kDefault = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";
constexpr std::int64_t kUnknownLevelMs = 1000;

std::optional<std::int64_t> unit_ms(char unit) {
    switch (unit) {
        case 's': return 1000;
        case 'm': return 60'000;
        case 'h': return 3'600'000;
        case 'd': return 86'400'000;
        default: return std::nullopt;
    }
}

}  // namespace

DelayLevels::DelayLevels() : delays_ms_() {
    static const DelayLevels defaults = *parse(kDefault);
    delays_ms_ = defaults.delays_ms_;
}

Result<DelayLevels> DelayLevels::parse(std::string_view text) {
    DelayLevels levels{std::vector<std::int64_t>{}};
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        const std::string_view word = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (word.empty()) continue;
        std::int64_t number = 0;
        const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        const auto unit = unit_ms(word.back());
        if (error != std::errc{} || rest != word.data() + word.size() - 1 || !unit ||
            number > INT32_MAX) {
            return fail(Errc::kInvalidArgument,
                        "delay level \"{}\" is not a number and s, m, h or d", word);
        }
        levels.delays_ms_.push_back(number * *unit);
    }
    return levels;
}

std::int64_t DelayLevels::delay_ms(std::int64_t level) const {
    if (level < 1 || delays_ms_.empty()) return kUnknownLevelMs;
    return delays_ms_[static_cast<std::size_t>(std::min(level, count()) - 1)];
}

std::int64_t DelayLevels::level_of(std::string_view properties) const {
    const std::string_view text = model::property_or_empty(properties, model::property::kDelay);
    std::int64_t level = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
    if (error != std::errc{} || end != text.data() + text.size() || level <= 0) return 0;
    return std::min(level, count());
}

}  // namespace kx::store
