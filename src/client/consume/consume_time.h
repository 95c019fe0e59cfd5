// SPDX-License-Identifier: Apache-2.0
//
// The text in which groups are told to begin at a point in time (client.md 3.4, consumeTimestamp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kx::client {

/// yyyyMMddHHmmss of this host's time zone; nothing when it is none.
std::optional<std::int64_t> parse_consume_time(const std::string& text);
std::string consume_time_text(std::int64_t wall_ms);

}  // namespace kx::client
