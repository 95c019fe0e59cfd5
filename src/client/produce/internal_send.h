// SPDX-License-Identifier: Apache-2.0
//
// Messages that the client itself sends: what consumers send back, traces. RocketMQ does it with a
// producer of the group CLIENT_INNER_PRODUCER; ours is in no heartbeat.
#pragma once

#include "client/core/awaiting.h"
#include "kerolox/producer.hpp"

namespace kx::client {

class ClientCore;

/// On the home thread. Any topic, %RETRY%group among them: RECONSUME_TIME and MAX_RECONSUME_TIMES
/// of such a message go into the request's header. Interceptors see it under the inner group.
Awaitable<kerolox::Result<kerolox::SendReceipt>> send_internal(ClientCore& client,
                                                               kerolox::Message message,
                                                               kerolox::SendOptions options = {});

}  // namespace kx::client
