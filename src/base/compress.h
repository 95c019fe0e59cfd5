// SPDX-License-Identifier: Apache-2.0
//
// Compressed message bodies, in the three formats RocketMQ's clients write (protocol.md 4.5). Every
// call is bounded by what the caller is ready to hold: a small body that unfolds to gigabytes is
// refused as soon as it passes the bound, not when memory is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kx {

enum class Compression : std::uint8_t {
    kZlib,  ///< RFC 1950: header, deflate, Adler-32
    kLz4,   ///< the LZ4 frame format
    kZstd,
};

/// RocketMQ's default of rocketmq.message.compressLevel.
inline constexpr int kCompressionLevel = 5;

Result<std::string> compress(Compression format, std::string_view bytes,
                             int level = kCompressionLevel);

/// Fails with kMalformed when `bytes` is no complete stream of that format, with kTooLarge when it
/// holds more than `bytes_max`. What follows the end of the stream is ignored, as Java does.
Result<std::string> decompress(Compression format, std::string_view bytes, std::size_t bytes_max);

}  // namespace kx
