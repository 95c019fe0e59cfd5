// SPDX-License-Identifier: Apache-2.0
//
// Request and reply (client.md 13): what a reply is made of, and what one looks like that came.
#pragma once

#include <string_view>

#include "kerolox/message.hpp"
#include "wire/requests/send.h"

namespace kx::client {

/// Fails with 10007 for a message that nobody can reply to.
kerolox::Result<kerolox::Message> make_reply(const kerolox::MessageView& request,
                                             kerolox::Bytes body);

/// PUSH_REPLY_MESSAGE_TO_CLIENT as a message. A body that cannot be expanded is shown as it came.
kerolox::MessageView view_of_reply(const wire::PushReplyMessage& header, std::string_view body,
                                   std::string_view name_space, std::int64_t now_ms);

}  // namespace kx::client
