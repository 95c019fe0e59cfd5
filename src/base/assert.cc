// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace kx {

void assertion_failed(const char* condition, const char* file, int line,
                      const std::string& context) {
    std::fprintf(stderr, "kerolox: assertion failed at %s:%d: %s (%s)\n", file, line, condition,
                 context.c_str());
    std::fflush(stderr);
    std::abort();
}

}  // namespace kx
