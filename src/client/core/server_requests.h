// SPDX-License-Identifier: Apache-2.0
//
// What brokers ask of clients (client.md 5.10): codes 39, 40, 220, 221, 307, 309, 326. Each is
// handed to the producer or consumer of its group.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kerolox/message.hpp"
#include "net/request.h"

namespace kx::client {

class ClientCore;

class ServerRequests {
public:
    explicit ServerRequests(ClientCore& core);

    /// Who waits for a reply message, by correlation id; forgotten when it came.
    using ReplyCallback = std::function<void(kerolox::MessageView)>;
    void await_reply(const std::string& correlation_id, ReplyCallback callback);
    void forget_reply(const std::string& correlation_id);

private:
    void check_transaction(net::Request& request);
    void consumers_changed(net::Request& request);
    void reset_offsets(net::Request& request);
    void consumer_status(net::Request& request);
    void running_info(net::Request& request);
    void consume_directly(net::Request& request);
    void push_reply(net::Request& request);

    ClientCore& core_;
    std::map<std::string, ReplyCallback> replies_;
};

}  // namespace kx::client
