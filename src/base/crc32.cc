// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <isa-l/crc.h>

namespace kx {

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) {
    return crc32_gzip_refl(seed, reinterpret_cast<const unsigned char*>(bytes.data()),
                           bytes.size());
}

}  // namespace kx
