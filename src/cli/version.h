// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kx::cli {

/// "kerolox 0.1.0 (commit, clang 19.1.7), speaks RocketMQ 5.4.0".
std::string version_line();

}  // namespace kx::cli
