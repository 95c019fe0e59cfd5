// SPDX-License-Identifier: Apache-2.0
//
// A listening port: accepts connections and hands each to the least loaded io thread, where the
// router serves it until it closes.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/connection.h"

namespace kx::net {

class IoPool;
class Router;

struct ServerOptions {
    std::string bind_address = "0.0.0.0";
    std::uint16_t port = 0;  ///< 0: the system chooses
    int backlog = 1024;
    ConnectionLimits limits;
};

class Server {
public:
    /// Binds and listens; connections come only after start(). Fails with the address and a hint
    /// when the port is in use.
    static Result<std::unique_ptr<Server>> listen(ServerOptions options, IoPool& pool,
                                                  Router& router);
    ~Server() { stop(); }

    /// Runs on the connection's io thread, before its first frame. Set before start().
    void on_connect(std::function<void(Connection&)> listener) { connected_ = std::move(listener); }
    void start();
    /// Accepts no more; open connections stay. After it, `on_connect` runs no more. Before
    /// IoPool::stop().
    void stop();
    std::uint16_t port() const { return port_; }

private:
    explicit Server(IoPool& pool) : pool_(pool) {}

    struct Acceptor;  // lives on its io thread; outlives a Server whose accept is still pending

    IoPool& pool_;
    std::shared_ptr<Acceptor> acceptor_;
    std::function<void(Connection&)> connected_;
    std::uint16_t port_ = 0;
};

}  // namespace kx::net
