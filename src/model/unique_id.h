// SPDX-License-Identifier: Apache-2.0
//
// The generator of UNIQ_KEY (protocol.md 4.10): upper-case hex of address, process id (2 bytes), a
// stable number of the process (4), milliseconds of the month (4), counter (2). Tools read address,
// process and time from it.
//
// No id comes twice, whoever sets the clock: the time in them does not go back, and it goes on by
// itself where it stands for more ids than the counter counts. Since months look alike, the number
// of the process is another one in each.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/message.h"

namespace kx::model {

/// Thread-safe.
class UniqueIdGenerator {
public:
    UniqueIdGenerator(const HostPort& host, std::int32_t process_id, std::int32_t process_hash,
                      const Clock& clock);

    std::string next();

private:
    /// Milliseconds, and the counter in the lowest bits.
    std::int64_t next_moment();
    std::int64_t month_start_of(std::int64_t time_ms);

    std::string prefix_;  ///< address, process id
    const std::int32_t process_hash_;
    const Clock& clock_;
    const std::int64_t first_month_ms_;
    std::atomic<std::int64_t> last_moment_;
    /// Of the newest id: when it began in seconds, and in the lowest bits how many it has.
    std::atomic<std::int64_t> month_{0};
};

/// When the id was made, as far as its month can be known: the latest such time not after `now_ms`.
std::optional<std::int64_t> unique_id_time_ms(std::string_view id, std::int64_t now_ms);

}  // namespace kx::model
