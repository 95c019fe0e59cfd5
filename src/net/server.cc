// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>

#include "base/log.h"
#include "net/io_thread.h"

namespace kx::net {

using boost::asio::ip::tcp;

/// Everything that accepting needs, so that it may end after its Server. The socket belongs to the
/// first io thread; `stopped` is also read by the others, which adopt what was accepted.
struct Server::Acceptor : std::enable_shared_from_this<Server::Acceptor> {
    Acceptor(ServerOptions wanted, IoPool& threads, Router& requests)
        : options(std::move(wanted)),
          pool(threads),
          router(requests),
          socket(threads.at(0).context()),
          pause(threads.at(0).context()) {}

    void accept_next();
    void adopt(int accepted);
    void close();

    const ServerOptions options;
    IoPool& pool;
    Router& router;
    tcp::acceptor socket;
    boost::asio::steady_timer pause;
    std::function<void(Connection&)> connected;
    std::atomic<bool> stopped{false};
};

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, IoPool& pool,
                                               Router& router) {
    const std::string where = fmt::format("{}:{}", options.bind_address, options.port);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(options.bind_address, error);
    if (error) return fail(Errc::kInvalidArgument, "cannot listen on {}: not an IP address", where);

    std::unique_ptr<Server> server(new Server(pool));
    server->acceptor_ = std::make_shared<Acceptor>(std::move(options), pool, router);
    const ServerOptions& wanted = server->acceptor_->options;
    tcp::acceptor& socket = server->acceptor_->socket;
    const tcp::endpoint endpoint(address, wanted.port);
    socket.open(endpoint.protocol(), error);
    if (!error) socket.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) socket.bind(endpoint, error);
    if (!error) socket.listen(wanted.backlog, error);
    if (error == boost::asio::error::address_in_use) {
        return fail(Errc::kUnavailable,
                    "cannot listen on {}: the port is in use (another server? see 'ss -ltnp', or "
                    "set another port)",
                    where);
    }
    if (error) return fail(Errc::kUnavailable, "cannot listen on {}: {}", where, error.message());
    socket.non_blocking(true, error);
    server->port_ = socket.local_endpoint(error).port();
    return server;
}

void Server::start() {
    acceptor_->connected = std::move(connected_);
    boost::asio::post(pool_.at(0).context(), [kept = acceptor_] {
        if (!kept->stopped) kept->accept_next();
    });
}

void Server::stop() {
    if (!acceptor_) return;
    const auto acceptor = std::move(acceptor_);
    acceptor->stopped = true;
    // First the acceptor's own thread, then all: an accepted socket may be on its way to any.
    for (std::size_t i = 0; i < pool_.size(); ++i) {
        IoThread& thread = pool_.at(i);
        const auto close = [acceptor, i] {
            if (i == 0) acceptor->close();
        };
        if (!thread.is_running() || thread.is_current()) {
            close();
            continue;
        }
        auto done = std::make_shared<std::promise<void>>();
        boost::asio::post(thread.context(), [close, done] {
            close();
            done->set_value();
        });
        done->get_future().wait_for(std::chrono::seconds(2));
    }
}

void Server::Acceptor::close() {
    boost::system::error_code ignored;
    socket.close(ignored);
    pause.cancel();
}

void Server::Acceptor::accept_next() {
    socket.async_accept(
        [kept = shared_from_this()](const boost::system::error_code& error, tcp::socket accepted) {
            if (kept->stopped) return;
            if (!error) {
                boost::system::error_code ignored;
                kept->adopt(accepted.release(ignored));
                return kept->accept_next();
            }
            // Out of descriptors: accepting again at once would spin.
            KX_LOG_LIMITED(warn, "net", "cannot accept a connection: {}", error.message());
            kept->pause.expires_after(std::chrono::milliseconds(100));
            kept->pause.async_wait([kept](const boost::system::error_code& cancelled) {
                if (!cancelled && !kept->stopped) kept->accept_next();
            });
        });
}

void Server::Acceptor::adopt(int accepted) {
    IoThread& thread = pool.least_loaded();
    const bool v4 = options.bind_address.find(':') == std::string::npos;
    thread.expect(1);
    boost::asio::post(thread.context(), [kept = shared_from_this(), &thread, v4, accepted] {
        thread.expect(-1);
        tcp::socket adopted(thread.context());
        boost::system::error_code error;
        adopted.assign(v4 ? tcp::v4() : tcp::v6(), accepted, error);
        if (error) {
            ::close(accepted);
            return;
        }
        if (kept->stopped || thread.is_stopping()) return;
        const auto connection = std::make_shared<Connection>(std::move(adopted), thread,
                                                             kept->router, kept->options.limits);
        if (kept->connected) kept->connected(*connection);
        connection->start();
    });
}

}  // namespace kx::net
