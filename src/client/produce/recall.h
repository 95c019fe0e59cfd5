// SPDX-License-Identifier: Apache-2.0
//
// The handle by which a timer message is taken back (client.md 11.5).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kx::client {

struct RecallHandle {
    std::string topic;
    std::string broker;
    std::string timestamp;
    std::string message_id;
};

/// Fails with "recall handle is invalid".
Result<RecallHandle> read_recall_handle(std::string_view text);

}  // namespace kx::client
