// SPDX-License-Identifier: Apache-2.0
//
// Delay levels (storage.md 8.8): a message with the property DELAY waits in SCHEDULE_TOPIC_XXXX,
// and there the tags code of its unit is the time of its delivery.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kx::store {

class DelayLevels {
public:
    DelayLevels();  ///< RocketMQ's eighteen
    explicit DelayLevels(std::vector<std::int64_t> delays_ms) : delays_ms_(std::move(delays_ms)) {}
    /// "1s 5s 10m 2h 1d"
    static Result<DelayLevels> parse(std::string_view text);

    std::int64_t count() const { return static_cast<std::int64_t>(delays_ms_.size()); }
    /// Of level 1 to count(); what is above counts as the highest.
    std::int64_t delay_ms(std::int64_t level) const;
    /// The level that these properties ask for, at most count(); 0 for none.
    std::int64_t level_of(std::string_view properties) const;

private:
    std::vector<std::int64_t> delays_ms_;
};

}  // namespace kx::store
