// SPDX-License-Identifier: Apache-2.0
//
// The generator of UNIQ_KEY (protocol.md 4.10): upper-case hex of address, process id (2 bytes), a
// stable number of the process (4), milliseconds of the month (4), counter (2). Tools read address,
// process and time from it.
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
    std::string prefix_;  ///< address, process id, process hash
    const Clock& clock_;
    std::atomic<std::uint32_t> counter_{0};
    std::atomic<std::int64_t> month_start_ms_{0};
    std::atomic<std::int64_t> month_end_ms_{0};
};

/// When the id was made, as far as its month can be known: the latest such time not after `now_ms`.
std::optional<std::int64_t> unique_id_time_ms(std::string_view id, std::int64_t now_ms);

}  // namespace kx::model
