// SPDX-License-Identifier: Apache-2.0
#include "client/core/peer.h"

#include "client/core/client_core.h"

namespace kx::client {
namespace {
constexpr std::int64_t kPeerDownMs = 1000;
}

bool Peer::is_down() const { return core_.clock().steady_ms() < down_until_ms_; }

void Peer::connect(std::function<void(kerolox::Status)> done, std::int64_t deadline_ms) {
    // One more post: a stopped RpcClient calls back at once. Whoever waits keeps the client.
    core_.post([this, self = core_.shared_from_this(), done = std::move(done), deadline_ms]() mutable {
        core_.rpc().with_connection(
            address_,
            [this, self, done = std::move(done)](const Result<net::ConnectionPtr>& connection) {
                if (!connection) {
                    down_until_ms_ = core_.clock().steady_ms() + kPeerDownMs;
                    return done(connect_error(connection.error(), address_));
                }
                connection_ = *connection;
                down_until_ms_ = 0;
                if (connection_->id() != last_id_) {
                    last_id_ = connection_->id();
                    core_.on_new_connection(address_);
                }
                done({});
            },
            deadline_ms);
    });
}

void Peer::retire() {
    connection_.reset();
    core_.rpc().let_go(address_);
}

}  // namespace kx::client
