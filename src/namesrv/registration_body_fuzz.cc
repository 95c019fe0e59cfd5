// SPDX-License-Identifier: Apache-2.0
//
// Whatever a broker sends as its registration: it parses or it does not, in bounded memory.
// The first byte chooses the form; compressed input is fed inflated as well as raw, because
// random bytes never get past zlib's checks.
#include <cstddef>
#include <cstdint>

#include "base/compress.h"
#include "namesrv/registration_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::int32_t version = (data[0] & 1) != 0 ? 493 : ((data[0] & 2) != 0 ? 401 : 30);
    static_cast<void>(kx::namesrv::parse_registration(body, (data[0] & 4) != 0, version));

    const auto packed = kx::compress(kx::Compression::kZlib, body);
    if (packed) static_cast<void>(kx::namesrv::parse_registration(*packed, true, version));
    return 0;
}
