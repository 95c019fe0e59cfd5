// SPDX-License-Identifier: Apache-2.0
//
// Messages that could not be consumed go to the group's retry topic, and after too many tries to
// its dead letters (client.md 21). On the home thread.
#pragma once

#include <cstdint>
#include <string>

#include "client/core/client_core.h"
#include "kerolox/message.hpp"

namespace kx::client {

struct SendBackCall {
    std::string group{};  ///< as it travels
    kerolox::MessageView message{};
    std::int32_t delay_level = 0;  ///< -1: dead letters, 0: the broker decides
    std::int32_t max_reconsume_times = 16;
    std::int64_t timeout_ms = 5'000;
};

/// Asks the message's broker; if that does not work, sends the message anew.
Awaitable<kerolox::Status> send_back(ClientCore& core, SendBackCall call);
/// The second way alone: a normal message to the retry topic.
Awaitable<kerolox::Status> send_to_retry_topic(ClientCore& core, SendBackCall call);

/// The same message, tried that often. Shares memory.
kerolox::MessageView with_reconsume_times(const kerolox::MessageView& message, std::int32_t times);

}  // namespace kx::client
