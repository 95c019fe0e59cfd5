// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace kx::broker {
namespace {

constexpr std::int64_t kKeepMs = 601'000;

/// Days since the epoch in local time.
std::int64_t local_day(std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return (seconds + local.tm_gmtoff) / 86'400;
}

}  // namespace

void Rates::sample(const Totals& totals) {
    const std::int64_t now = clock_.steady_ms();
    const std::int64_t day = local_day(clock_.wall_ms());
    MutexLock lock(mutex_);
    samples_.push_back({now, totals});
    while (now - samples_.front().steady_ms > kKeepMs) samples_.pop_front();
    if (day_ != 0 && day != day_) {
        yesterday_ = today_;
        today_ = totals;
    }
    day_ = day;
}

template <class Value>
std::string Rates::text_of(Value&& value) const {
    std::string text;
    MutexLock lock(mutex_);
    for (const std::int64_t window_ms : {10'000, 60'000, 600'000}) {
        double rate = 0;
        if (!samples_.empty()) {
            const Sample& last = samples_.back();
            const auto first = std::ranges::find_if(samples_, [&](const Sample& sample) {
                return last.steady_ms - sample.steady_ms <= window_ms;
            });
            const double seconds = static_cast<double>(last.steady_ms - first->steady_ms) / 1000;
            const std::int64_t grown = value(last.totals) - value(first->totals);
            if (seconds > 0) rate = static_cast<double>(grown) / seconds;
        }
        if (!text.empty()) text += ' ';
        text += java_double(rate);
    }
    return text;
}

std::string Rates::per_second(std::int64_t Totals::* counter) const {
    return text_of([counter](const Totals& totals) { return totals.*counter; });
}

std::string Rates::found_and_missed_per_second() const {
    return text_of([](const Totals& totals) { return totals.found + totals.missed; });
}

Totals Rates::latest() const {
    MutexLock lock(mutex_);
    return samples_.empty() ? Totals{} : samples_.back().totals;
}

Totals Rates::today_morning() const {
    MutexLock lock(mutex_);
    return today_;
}

Totals Rates::yesterday_morning() const {
    MutexLock lock(mutex_);
    return yesterday_;
}

std::string java_double(double value) {
    if (std::isfinite(value) && value == std::floor(value) && std::abs(value) < 1e7)
        return fmt::format("{:.1f}", value);
    return fmt::format("{}", value);
}

}  // namespace kx::broker
