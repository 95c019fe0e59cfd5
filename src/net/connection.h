// SPDX-License-Identifier: Apache-2.0
//
// A connection: either side of the remoting protocol over one socket. It cuts frames, hands
// requests to the router and answers to whoever waits for them, gathers everything that became
// ready in one turn into one write, and closes itself when the peer is idle, too slow or talks
// garbage.
//
// Everything here runs on the connection's own io thread, except what says "any thread".
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "base/slice.h"
#include "model/message.h"
#include "net/out_queue.h"
#include "wire/codec.h"

namespace kx::net {

class IoThread;
class Router;
class TlsContext;
class TlsSession;

/// Memory that input buffers may take beyond their first 64 KiB each, over all connections.
class InputBudget {
public:
    explicit InputBudget(std::int64_t bytes_max) : left_(bytes_max) {}
    bool take(std::int64_t bytes) {
        if (left_.fetch_sub(bytes, std::memory_order_relaxed) >= bytes) return true;
        left_.fetch_add(bytes, std::memory_order_relaxed);
        return false;
    }
    void give_back(std::int64_t bytes) { left_.fetch_add(bytes, std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> left_;
};

struct ConnectionLimits {
    std::int64_t idle_ms = 120'000;            ///< serverChannelMaxIdleTimeSeconds
    std::size_t output_high_bytes = 1 << 20;   ///< above it the socket is not read any more
    std::size_t output_low_bytes = 256 << 10;  ///< below it reading goes on
    std::size_t output_max_bytes = 64 << 20;   ///< above it the peer is too slow: closed
    std::int64_t stalled_ms = 30'000;          ///< output that does not move so long: closed
    /// Our side of it asks: it reads on while its requests pile up, which their owner bounds. Would
    /// it wait for the peer to take them, and the peer for us to take its answers, neither would
    /// ever go on.
    bool asks = false;
    std::shared_ptr<InputBudget> input_budget;  ///< null: unbounded but for the frame limit
    std::shared_ptr<const TlsContext> tls{};    ///< null: not encrypted
};

/// The answer to a call, or why there is none. Views live until the callback returns.
using AnswerCallback = std::function<void(Result<const wire::Command*>)>;

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(boost::asio::ip::tcp::socket socket, IoThread& thread, Router& router,
               ConnectionLimits limits);
    ~Connection();

    /// On the io thread: registers with it and begins to read. `host` is whom a TLS client believes
    /// to talk to.
    void start(const std::string& host = {});
    /// Tells once when requests may go out, or that it closed before. At once where nothing is
    /// encrypted. After start().
    void when_secured(std::function<void(const Status&)> tell);
    /// Idempotent. Fails what waits for an answer, tells the close listeners.
    void close(std::string_view reason);
    /// Any thread.
    bool is_open() const { return open_.load(std::memory_order_relaxed); }

    IoThread& thread() { return thread_; }
    /// Any thread. "127.0.0.1:52100", as RocketMQ prints addresses.
    const std::string& peer() const { return peer_; }
    const model::HostPort& peer_host() const { return peer_host_; }
    /// Any thread. Of this process, never reused.
    std::uint64_t id() const { return id_; }

    /// Runs `listener` once, on the io thread, when the connection closes.
    void on_close(std::function<void(Connection&)> listener) {
        close_listeners_.push_back(std::move(listener));
    }

    /// Sends a request and calls back with the answer, kTimeout, or kUnavailable when the
    /// connection closes. `parts.opaque` is filled in here.
    void call(wire::HeaderParts parts, std::span<const Slice> body, std::int64_t timeout_ms,
              AnswerCallback callback);
    /// Sends a request that is never answered.
    Status call_oneway(wire::HeaderParts parts, std::span<const Slice> body);
    /// Any thread: runs `work` on the io thread unless the connection is gone by then.
    void post(std::function<void(Connection&)> work);

    /// Runs `work` once, when the socket took all but a little of the output, or when it closes.
    void when_drained(std::function<void()> work) { drained_.push_back(std::move(work)); }

    std::size_t pending_calls() const { return calls_.size(); }
    std::size_t pending_output() const { return out_.pending(); }

    // For replies (net/request.cc): append frames to out(), then flush_soon().
    OutQueue& out() { return out_; }
    /// Flushes at the end of the turn, or at once when no turn is under way.
    void flush_soon();
    /// At the end of a turn that gathered answers (IoThread::run_turn).
    void flush_gathered();

    // For the io thread's tick.
    bool wants_tick(std::int64_t now_ms) const;
    void tick(std::int64_t now_ms);

private:
    struct Call {
        std::int64_t deadline_ms;
        AnswerCallback callback;
    };

    bool holds_back() const;
    void read_more();
    bool make_input_room();
    bool refuse_for_memory();
    void on_read(std::size_t bytes);
    void run_turn();
    bool handle_input();
    void handle_frame(std::string_view frame);
    void handle_answer(const wire::Command& command);
    void flush();
    void flush_plain();
    void wait_writable();
    void tell_drained();
    void close_later(std::string reason);

    // Where it is encrypted (net/connection_tls.cc).
    void start_tls(const std::string& host);
    void read_encrypted();
    void on_encrypted(std::size_t bytes);
    bool shake_hands();
    void flush_encrypted();
    bool encrypt_output();
    bool has_encrypted_output() const;
    void say_goodbye();
    void fail_calls(Errc code, std::string_view reason);
    void expire_calls(std::int64_t now_ms);

    boost::asio::ip::tcp::socket socket_;
    IoThread& thread_;
    Router& router_;
    const ConnectionLimits limits_;
    const std::uint64_t id_;
    std::string peer_;
    model::HostPort peer_host_;

    Buffer in_;
    std::size_t in_begin_ = 0;  ///< consumed bytes at the front of in_
    std::size_t in_skip_ = 0;   ///< bytes still to come of a frame that was refused
    std::int64_t budget_taken_ = 0;
    OutQueue out_;
    std::unique_ptr<TlsSession> tls_;  ///< null: not encrypted
    std::function<void(const Status&)> secured_;
    std::atomic<bool> open_{true};
    bool in_turn_ = false;
    bool flush_is_due_ = false;  ///< the thread flushes at the end of the turn that gathers
    bool reading_paused_ = false;
    bool waiting_writable_ = false;
    std::int64_t last_active_ms_ = 0;
    std::int64_t last_output_ms_ = 0;

    std::uint32_t next_opaque_ = 0;  ///< wraps, as RocketMQ's does
    boost::unordered_flat_map<std::int32_t, Call> calls_;
    std::vector<std::function<void(Connection&)>> close_listeners_;
    std::vector<std::function<void()>> drained_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace kx::net
