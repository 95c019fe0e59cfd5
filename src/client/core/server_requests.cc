// SPDX-License-Identifier: Apache-2.0
#include "client/core/server_requests.h"

#include "client/core/client_core.h"
#include "wire/requests/clients.h"

namespace kx::client {

ServerRequests::ServerRequests(ClientCore& core) : core_(core) {
    net::Router& router = core.router();
    const auto processor = router.add_processor({.name = "client"});
    const auto serve = [&](std::int32_t code, void (ServerRequests::*handler)(net::Request&)) {
        router.serve(code, processor,
                     [this, handler](net::Request& request) { (this->*handler)(request); });
    };
    serve(40, &ServerRequests::consumers_changed);
}

void ServerRequests::await_reply(const std::string& correlation_id, ReplyCallback callback) {
    replies_[correlation_id] = std::move(callback);
}
void ServerRequests::forget_reply(const std::string& correlation_id) {
    replies_.erase(correlation_id);
}

void ServerRequests::consumers_changed(net::Request& request) {
    const auto header = request.header<wire::ConsumerGroupName>();
    core_.log(kerolox::LogLevel::info, "client", "the members of {} changed, says {}",
              header ? header->consumer_group : "a group", request.connection().peer());
    for (const auto& consumer : core_.consumers()) consumer->rebalance_soon();
    request.no_answer();
}

}  // namespace kx::client
