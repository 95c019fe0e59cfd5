// SPDX-License-Identifier: Apache-2.0
//
// Rates of counters over the last 10 s, minute and 10 minutes, and their value at the last two
// midnights, as GET_BROKER_RUNTIME_INFO reports them. Fed once a second.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "base/clock.h"
#include "base/sync.h"

namespace kx::broker {

/// What the broker counts from its start on.
struct Totals {
    std::int64_t puts = 0;         ///< messages stored
    std::int64_t found = 0;        ///< pulls that found something
    std::int64_t missed = 0;       ///< pulls that found nothing
    std::int64_t transferred = 0;  ///< messages given out
};

class Rates {
public:
    explicit Rates(const Clock& clock) : clock_(clock) {}

    void sample(const Totals& totals);
    /// "10s 1min 10min" as three numbers, in Java's notation.
    std::string per_second(std::int64_t Totals::* counter) const;
    std::string found_and_missed_per_second() const;
    Totals latest() const;
    Totals today_morning() const;
    Totals yesterday_morning() const;

private:
    struct Sample {
        std::int64_t steady_ms = 0;
        Totals totals;
    };
    template <class Value>
    std::string text_of(Value&& value) const;

    const Clock& clock_;
    mutable Mutex mutex_;
    std::deque<Sample> samples_ KX_GUARDED_BY(mutex_);  ///< oldest first, of 10 minutes
    std::int64_t day_ KX_GUARDED_BY(mutex_) = 0;
    Totals today_ KX_GUARDED_BY(mutex_);
    Totals yesterday_ KX_GUARDED_BY(mutex_);
};

/// "0.0", "12.5": a double as Java prints it.
std::string java_double(double value);

}  // namespace kx::broker
