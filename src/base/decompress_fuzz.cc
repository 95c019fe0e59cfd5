// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are a compressed body within its bound, or an error; and what came out of one goes
// through the same format and back unchanged. The first byte picks the format.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/compress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kBytesMax = 1 << 20;
    if (size == 0) return 0;
    const auto format = static_cast<kx::Compression>(data[0] % 3);
    const std::string bytes(data + 1, data + size);
    const auto body = kx::decompress(format, bytes, kBytesMax);
    if (!body) return 0;
    KX_ASSERT(body->size() <= kBytesMax, "{} bytes passed the bound", body->size());
    const auto again = kx::compress(format, *body);
    KX_ASSERT(again.has_value(), "what came out cannot go in");
    const auto back = kx::decompress(format, *again, kBytesMax);
    KX_ASSERT(back.has_value() && *back == *body, "the way back changed the body");
    return 0;
}
