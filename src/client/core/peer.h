// SPDX-License-Identifier: Apache-2.0
//
// One server, by its address, for traffic that must not look its connection up each time. On the
// client's home thread; lives as long as the client.
#pragma once

#include <functional>
#include <limits>
#include <string>

#include "kerolox/result.hpp"
#include "net/connection.h"

namespace kx::client {

class ClientCore;

class Peer {
public:
    Peer(ClientCore& core, std::string address) : core_(core), address_(std::move(address)) {}

    const std::string& address() const { return address_; }
    /// The open connection, or null: then connect().
    net::Connection* ready() {
        return connection_ && connection_->is_open() ? connection_.get() : nullptr;
    }
    /// Never calls back before it returns; afterwards ready() tells, or the error.
    void connect(std::function<void(kerolox::Status)> done,
                 std::int64_t deadline_ms = std::numeric_limits<std::int64_t>::max());
    /// True for a second after connecting failed.
    bool is_down() const;
    /// What is under way is answered still, new requests go over a new connection.
    void retire();

private:
    ClientCore& core_;
    const std::string address_;
    net::ConnectionPtr connection_;
    std::uint64_t last_id_ = 0;
    std::int64_t down_until_ms_ = 0;
};

}  // namespace kx::client
