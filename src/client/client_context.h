// SPDX-License-Identifier: Apache-2.0
//
// What producers and consumers share: an io thread, one connection to each server, and the routes.
// Everything of one context runs on one thread, so that none of it needs a lock. Contexts may share
// a thread; each has connections of its own.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "client/route_cache.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "net/rpc_client.h"

namespace kx::client {

class ClientContext {
public:
    struct Options {
        std::string name_servers = "127.0.0.1:9876";
        std::int32_t new_topic_queues = 4;
    };

    /// Requires: `pool` has exactly one thread, and outlives this object.
    ClientContext(net::IoPool& pool, const Options& options);

    net::IoThread& thread() { return pool_.at(0); }
    const Clock& clock() { return thread().clock(); }
    net::RpcClient& rpc() { return rpc_; }
    RouteCache& routes() { return routes_; }

    /// Any thread: runs `work` on the io thread.
    void post(std::function<void()> work);
    /// The same, and waits for it. Not on the io thread.
    void post_and_wait(std::function<void()> work);

    /// Closes the connections: everything under way fails. Stop the pool next; producers and
    /// consumers may go when it stands still.
    void stop() { rpc_.stop(); }

private:
    net::IoPool& pool_;
    net::Router router_;
    net::RpcClient rpc_;
    RouteCache routes_;
};

/// The way to one broker, for traffic that must not look its connection up each time.
/// On the io thread.
class BrokerLink {
public:
    BrokerLink(ClientContext& context, std::string address)
        : context_(context), address_(std::move(address)) {}

    const std::string& address() const { return address_; }
    /// The open connection, or null: then connect().
    net::Connection* ready() {
        return connection_ && connection_->is_open() ? connection_.get() : nullptr;
    }
    /// Never calls back before it returns; afterwards ready() tells. The link must live until then.
    void connect(std::function<void(Status)> done);
    /// True for a second after connecting failed.
    bool is_down() const { return context_.clock().steady_ms() < down_until_ms_; }

private:
    ClientContext& context_;
    const std::string address_;
    net::ConnectionPtr connection_;
    std::int64_t down_until_ms_ = 0;
};

/// Four bytes that other hosts know this one by, as UNIQ_KEY carries them; loopback without any.
model::HostPort own_host();

}  // namespace kx::client
