// SPDX-License-Identifier: Apache-2.0
#include "client/produce/internal_send.h"

#include "client/core/client_core.h"
#include "client/produce/producer_core.h"

namespace kx::client {

Awaitable<kerolox::Result<kerolox::SendReceipt>> send_internal(ClientCore& client,
                                                               kerolox::Message message,
                                                               kerolox::SendOptions options) {
    if (client.inner_producer() == nullptr)
        client.set_inner_producer(ProducerCore::make_inner(client));
    // Ours for as long as the send takes: the client may drop it when it closes.
    const auto producer = std::static_pointer_cast<ProducerCore>(client.inner_producer());
    auto sent = co_await awaiting<kerolox::Result<kerolox::SendReceipt>>(
        [&](auto done) { producer->send_then(std::move(message), options, std::move(done)); });
    co_return sent;
}

}  // namespace kx::client
