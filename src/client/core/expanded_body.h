// SPDX-License-Identifier: Apache-2.0
//
// Bodies that their producers compressed (protocol.md 4.5).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "client/core/received.h"

namespace kx::client {

/// As it was before. Fails for what does not fit its type, and for types nobody has defined.
Result<std::string> expand_body(std::string_view body, std::int32_t sys_flag);

/// From now on the message shows its body expanded; or, where that fails, as it came, and says why.
void show_expanded(ReceivedMessage& message);

}  // namespace kx::client
