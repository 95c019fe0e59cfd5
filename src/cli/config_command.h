// SPDX-License-Identifier: Apache-2.0
//
// `kerolox config explain` and `kerolox config check`: what each key means, and what is wrong in a
// file. Results go to stdout, complaints to stderr; the return value is the exit code.
#pragma once

#include <optional>
#include <string>

namespace kx::cli {

/// Explains one key, or lists all. 0, or 3 when nobody knows the key.
int config_explain(const std::optional<std::string>& key, bool json);

/// Prints docs/config.md: every key of every server.
int config_explain_markdown();

/// Checks a broker's or a name server's file: unknown keys with the likely spelling, malformed
/// values, keys without effect. 0: fit to start with, nothing unknown; 1: not; 3: no such file.
int config_check(const std::string& path);

}  // namespace kx::cli
