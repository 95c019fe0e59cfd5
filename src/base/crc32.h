// SPDX-License-Identifier: Apache-2.0
//
// The CRC-32 of zlib and Java, computed with carry-less multiplication where the CPU has it.
#pragma once

#include <cstdint>
#include <string_view>

namespace kx {

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0);

/// RocketMQ keeps every CRC as a non-negative int32: the top bit is cleared.
inline std::int32_t crc31(std::string_view bytes) {
    return static_cast<std::int32_t>(crc32(bytes) & 0x7fffffffU);
}

}  // namespace kx
