// SPDX-License-Identifier: Apache-2.0
//
// The rules for names, with RocketMQ's texts (protocol.md 4.8 and 6.2). All fail with
// kInvalidArgument.
#pragma once

#include <string_view>

#include "base/result.h"

namespace kx::model {

inline constexpr std::int64_t kTopicLengthMax = 127;
inline constexpr std::int64_t kRetryTopicLengthMax = 255;
inline constexpr std::int64_t kGroupLengthMax = 120;

Status validate_topic(std::string_view topic);
Status validate_group(std::string_view group);

/// Only `%|a-zA-Z0-9_-`.
bool has_legal_name_characters(std::string_view name);

}  // namespace kx::model
