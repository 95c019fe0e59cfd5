// SPDX-License-Identifier: Apache-2.0
//
// The body of REGISTER_BROKER 103 in its three forms: JSON, zlib, and the bare topic table of
// brokers before 3.0.11. Source: protocol.md 2.11.
//
// Inside the zlib stream, all lengths and counts int32:
//   length, DataVersion as JSON
//   count, then each: length, "name read write perm filterType attributes"
//   length, filter servers as a JSON array
//   count, then each: length, TopicQueueMappingInfo as JSON (since 5.0.0)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/bodies/registration.h"

namespace kx::namesrv {

/// From this version on the body is more than a topic table.
inline constexpr std::int32_t kFullBodyVersion = 37;
/// From this version on a compressed body has queue mappings.
inline constexpr std::int32_t kMappingVersion = 413;
/// What a compressed body may grow to: some 600,000 topics.
inline constexpr std::size_t kInflatedBytesMax = 64 << 20;

struct RegistrationBody {
    wire::TopicTable topics;
    std::optional<std::vector<std::string>> filter_servers;  ///< absent: a broker before 3.0.11
};

Result<RegistrationBody> parse_registration(std::string_view body, bool compressed,
                                            std::int32_t version);

}  // namespace kx::namesrv
