// SPDX-License-Identifier: Apache-2.0
//
// A remoting server on a port of the system's choice, and a client that speaks bytes: for tests of
// what really goes over a socket. Nothing sleeps; what is waited for is polled, with a deadline.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "net/server.h"
#include "net/workers.h"

namespace kx::testing {

inline constexpr int kPatienceMs = 20'000;

class Deadline {
public:
    explicit Deadline(int after_ms) : at_ms_(system_clock().steady_ms() + after_ms) {}
    int left_ms() const {
        return static_cast<int>(std::max<std::int64_t>(0, at_ms_ - system_clock().steady_ms()));
    }
    bool passed() const { return left_ms() == 0; }

private:
    std::int64_t at_ms_;
};

inline bool eventually(const std::function<bool()>& condition, int timeout_ms = kPatienceMs) {
    const Deadline deadline(timeout_ms);
    while (!condition()) {
        if (deadline.passed()) return false;
        ::poll(nullptr, 0, 1);
    }
    return true;
}

/// A frame with a JSON header; `members` are added to it, such as R"("flag":2)".
inline std::string json_frame(int code, int opaque, std::string_view members = "",
                              std::string_view body = "") {
    const std::string header = fmt::format(R"({{"code":{},"opaque":{},"version":493{}{}}})", code,
                                           opaque, members.empty() ? "" : ",", members);
    std::string frame;
    put_be(frame, static_cast<std::int32_t>(4 + header.size() + body.size()));
    put_be(frame, static_cast<std::int32_t>(header.size()));
    return frame.append(header).append(body);
}

struct Frame {
    nlohmann::json header;
    std::string body;
    bool binary = false;

    int code() const { return header.at("code").get<int>(); }
    int opaque() const { return header.at("opaque").get<int>(); }
    std::string remark() const { return header.value("remark", ""); }
};

/// A socket in the hands of the test.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (receive_buffer_bytes > 0) {
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                         sizeof receive_buffer_bytes);
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawClient() { close(); }
    RawClient(RawClient&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)),
          connected_(other.connected_),
          input_(std::move(other.input_)) {}
    RawClient& operator=(RawClient&&) = delete;

    bool connected() const { return connected_; }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    /// "127.0.0.1:52100": how the server calls this peer.
    std::string name() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
    }

    /// False when the peer closed before it took everything.
    bool send(std::string_view bytes) {
        const Deadline deadline(kPatienceMs);
        while (!bytes.empty() && !deadline.passed()) {
            const ssize_t sent =
                ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
            if (sent >= 0) continue;
            if (errno != EAGAIN) return false;
            wait(POLLOUT, std::min(10, deadline.left_ms()));
        }
        return bytes.empty();
    }
    /// As much as the socket takes within a moment; how many bytes that was.
    std::size_t send_some(std::string_view bytes) {
        std::size_t all = 0;
        while (all < bytes.size()) {
            const ssize_t sent = ::send(socket_, bytes.data() + all, bytes.size() - all,
                                        MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent > 0)
                all += static_cast<std::size_t>(sent);
            else if (errno != EAGAIN || !wait(POLLOUT, 300))
                break;
        }
        return all;
    }

    /// The next frame; nothing when the peer closed or time is up.
    std::optional<Frame> read(int timeout_ms = kPatienceMs) {
        const Deadline deadline(timeout_ms);
        while (true) {
            if (auto frame = cut()) return frame;
            if (!fill(deadline)) return std::nullopt;
        }
    }
    std::optional<Frame> ask(std::string_view frame) {
        if (!send(frame)) return std::nullopt;
        return read();
    }
    /// Whether the peer closes the connection before time is up; what it sends is skipped.
    bool sees_close(int timeout_ms = kPatienceMs) {
        const Deadline deadline(timeout_ms);
        while (fill(deadline)) input_.clear();
        return closed_;
    }
    bool has_input() const { return !input_.empty(); }

private:
    bool wait(short what, int timeout_ms) {
        pollfd poll{socket_, what, 0};
        return ::poll(&poll, 1, timeout_ms) > 0;
    }
    bool fill(const Deadline& deadline) {
        if (closed_ || !wait(POLLIN, deadline.left_ms())) return false;
        std::array<char, 65536> chunk;
        const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), 0);
        if (got <= 0) {
            closed_ = true;
            return false;
        }
        input_.append(chunk.data(), static_cast<std::size_t>(got));
        return true;
    }
    std::optional<Frame> cut() {
        if (input_.size() < 8) return std::nullopt;
        const auto length = load_be<std::uint32_t>(input_.data());
        if (input_.size() < length + std::size_t{4}) return std::nullopt;
        const auto word = load_be<std::uint32_t>(input_.data() + 4);
        const std::size_t header_bytes = word & 0xFFFFFF;
        Frame frame;
        frame.binary = (word >> 24) == 1;
        if (!frame.binary) frame.header = nlohmann::json::parse(input_.substr(8, header_bytes));
        frame.body = input_.substr(8 + header_bytes, length - 4 - header_bytes);
        input_.erase(0, length + std::size_t{4});
        return frame;
    }

    int socket_ = -1;
    bool connected_ = false;
    bool closed_ = false;
    std::string input_;
};

constexpr int kEcho = 1;  ///< the code that serve_echo() answers

/// A server with its threads. Routes are added before start().
class NetWorld {
public:
    explicit NetWorld(net::ConnectionLimits limits = {}, std::size_t io_threads = 2,
                      const Clock& router_clock = system_clock())
        : workers(1), pool(io_threads, system_clock()), router(router_clock, &workers) {
        inline_lane = router.add_processor({.name = "inline"});
        worker_lane = router.add_processor({.name = "worker", .lane = net::Lane::kWorker});
        options.bind_address = "127.0.0.1";
        options.limits = std::move(limits);
    }
    ~NetWorld() { stop(); }

    void serve(int code, net::Router::Handler handler, net::Router::Gate gate = {}) {
        router.serve(code, inline_lane, std::move(handler), std::move(gate));
    }
    void serve_echo(int code = kEcho) {
        serve(code, [](net::Request& request) { request.ok_body(std::string(request.body())); });
    }
    void start() {
        auto listening = net::Server::listen(options, pool, router);
        ASSERT_TRUE(listening) << listening.error().text;
        server = std::move(*listening);
        if (on_connect) server->on_connect(on_connect);
        pool.start();
        server->start();
    }
    void stop() {
        if (server) server->stop();
        workers.stop();
        pool.stop();
    }
    std::uint16_t port() const { return server->port(); }
    std::int64_t sum(std::atomic<std::int64_t> net::IoProbe::* counter) const {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < pool.size(); ++i) sum += (pool.at(i).probe().*counter).load();
        return sum;
    }

    net::Workers workers;
    net::IoPool pool;
    net::Router router;
    std::shared_ptr<net::Processor> inline_lane;
    std::shared_ptr<net::Processor> worker_lane;
    net::ServerOptions options;
    std::function<void(net::Connection&)> on_connect;
    std::unique_ptr<net::Server> server;
};

}  // namespace kx::testing
