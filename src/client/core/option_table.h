// SPDX-License-Identifier: Apache-2.0
//
// What the options classes share: keys by RocketMQ's names over plain structs (base/config_key.h).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_key.h"
#include "kerolox/client.hpp"

namespace kx::client {

using Problems = std::vector<kerolox::ConfigProblem>;

/// Sets the row of that name; what is wrong goes to `problems`.
void set_option(std::span<const ConfigRow> rows, void* config, std::string_view key,
                const std::string& value, Problems& problems);
/// Whole numbers outside their rows' ranges, with RocketMQ's text: "<key> Out of range [lo, hi]".
void check_ranges(std::span<const ConfigRow> rows, const void* config, Problems& problems);
/// "key=value" lines, sorted; secrets masked.
std::string describe_options(std::span<const ConfigRow> rows, const void* config);
/// All of them in one usage error; success when there are none.
kerolox::Status as_status(const Problems& problems);

/// Copies of an options class have settings of their own.
template <class Settings>
std::unique_ptr<Settings> copy_of(const std::unique_ptr<Settings>& from) {
    return from ? std::make_unique<Settings>(*from) : nullptr;
}

}  // namespace kx::client
