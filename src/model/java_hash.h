// SPDX-License-Identifier: Apache-2.0
//
// String.hashCode() of Java: h = 31 * h + c over the UTF-16 code units of a UTF-8 text. Bytes that
// are not UTF-8 count as U+FFFD, as Java's decoder would have them.
#pragma once

#include <cstdint>
#include <string_view>

namespace kx::model {

std::int32_t java_hash(std::string_view utf8);

/// The number of UTF-16 code units, which is what RocketMQ's length limits count.
std::int64_t utf16_length(std::string_view utf8);

}  // namespace kx::model
