// SPDX-License-Identifier: Apache-2.0
//
// A refusal by a server, as an Error of ours: which server, which code, and the first line of what
// it said (RocketMQ adds a pointer to its FAQ on a second one).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace kx::client {

/// The code's own kind: 17 is kNotFound, 16 kPermissionDenied, 2 and 215 kBusy, and so on.
Errc errc_of(std::int32_t response_code);

Error remote_error(std::string_view server, std::int32_t response_code, std::string_view remark);

}  // namespace kx::client
