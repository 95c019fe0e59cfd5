// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <fmt/format.h>

namespace kx::cli {

std::string version_line() {
    return fmt::format("kerolox {} (commit {}, clang {}), speaks RocketMQ 5.4.0", KX_VERSION,
                       KX_COMMIT, __clang_version__);
}

}  // namespace kx::cli
