// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are properties text or an error; and what was read once is written so that reading it
// again gives the same.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto first = kx::parse_properties(text);
    if (!first) return 0;
    const std::string written = kx::write_properties(*first);
    const auto second = kx::parse_properties(written);
    KX_ASSERT(second.has_value(), "what was written does not parse");
    KX_ASSERT(kx::write_properties(*second) == written, "reading it back changed the text");
    return 0;
}
