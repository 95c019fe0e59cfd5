// SPDX-License-Identifier: Apache-2.0
#include "net/connection.h"

#include <boost/asio/post.hpp>

#include "base/bytes.h"
#include "base/log.h"
#include "net/io_thread.h"
#include "net/request.h"
#include "net/router.h"
#include "net/tls.h"

namespace kx::net {
namespace {

using boost::asio::ip::tcp;

constexpr std::size_t kInputBytes = 64 << 10;
/// A peer that always has more to read must not starve the others of its thread.
constexpr std::size_t kTurnBytesMax = 1 << 20;

std::uint64_t next_connection_id() {
    static std::atomic<std::uint64_t> next{1};
    return next.fetch_add(1, std::memory_order_relaxed);
}

model::HostPort host_of(const tcp::endpoint& endpoint) {
    model::HostPort host;
    host.port = endpoint.port();
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    host.is_v6 = address.is_v6();
    if (host.is_v6) {
        const auto bytes = address.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.end(), host.address.begin());
    } else {
        const auto bytes = address.to_v4().to_bytes();
        std::copy(bytes.begin(), bytes.end(), host.address.begin());
    }
    return host;
}

}  // namespace

Connection::Connection(tcp::socket socket, IoThread& thread, Router& router,
                       ConnectionLimits limits)
    : socket_(std::move(socket)),
      thread_(thread),
      router_(router),
      limits_(std::move(limits)),
      id_(next_connection_id()),
      in_(kInputBytes) {
    boost::system::error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    if (!error) {
        peer_host_ = host_of(endpoint);
        peer_ = model::to_string(peer_host_);
    }
    socket_.set_option(tcp::no_delay(true), error);
    socket_.non_blocking(true, error);
}

Connection::~Connection() {
    if (limits_.input_budget) limits_.input_budget->give_back(budget_taken_);
}

void Connection::start(const std::string& host) {
    if (thread_.is_stopping()) return close("the server stops");
    last_active_ms_ = last_output_ms_ = thread_.clock().steady_ms();
    thread_.attach(shared_from_this());
    if (limits_.tls) start_tls(host);
    read_more();
}

void Connection::close(std::string_view reason) {
    if (!open_) return;
    if (tls_) say_goodbye();
    open_ = false;
    log::debug("net", "connection closed peer={} reason={}", peer_, reason);
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    const auto self = shared_from_this();
    thread_.detach(self);
    out_.clear();
    fail_calls(Errc::kUnavailable, reason);
    if (const auto tell = std::exchange(secured_, nullptr))
        tell(fail(Errc::kUnavailable, "{}", reason));
    auto listeners = std::move(close_listeners_);
    close_listeners_.clear();
    for (const auto& listener : listeners) listener(*this);
    tell_drained();
}

void Connection::read_more() {
    if (!open_ || reading_paused_) return;
    if (tls_) return read_encrypted();
    if (!make_input_room() && !refuse_for_memory()) {
        KX_LOG_LIMITED(warn, "net", "peer {} closed: input buffers use all memory they may", peer_);
        close("input buffers use all memory they may");
        return;
    }
    const std::size_t room = std::min(in_.capacity() - in_.size(), kTurnBytesMax);
    socket_.async_read_some(
        boost::asio::buffer(in_.data() + in_.size(), room),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
            if (!self->open_) return;
            if (error) return self->close(error.message());
            self->on_read(bytes);
        });
}

/// Moves what is left of an incomplete frame to the front, and grows by doubling as bytes really
/// come: the length a peer announces is no reason to allocate.
bool Connection::make_input_room() {
    const std::size_t left = in_.size() - in_begin_;
    if (in_begin_ > 0) {
        if (left > 0) std::memmove(in_.data(), in_.data() + in_begin_, left);
        in_.resize_down(left);
        in_begin_ = 0;
    }
    if (left == 0 && in_.capacity() > kInputBytes) {
        in_ = Buffer(kInputBytes);
        if (limits_.input_budget) limits_.input_budget->give_back(budget_taken_);
        budget_taken_ = 0;
    }
    if (in_.size() < in_.capacity()) return true;
    const auto more = static_cast<std::int64_t>(in_.capacity());
    if (limits_.input_budget) {
        if (!limits_.input_budget->take(more)) return false;
        budget_taken_ += more;
    }
    in_.room(in_.capacity());
    return true;
}

/// Answers the request whose frame does not fit, from its header alone, and lets the rest of it
/// pass by. False when not even the header is there.
bool Connection::refuse_for_memory() {
    const std::string_view got = in_.view();
    const auto size = wire::frame_size(got);
    constexpr std::size_t kFixedBytes = 8;
    if (!size || got.size() < kFixedBytes) return false;
    const std::size_t header_bytes = load_be<std::uint32_t>(got.data() + 4) & 0xFFFFFF;
    if (got.size() < kFixedBytes + header_bytes) return false;
    std::string head(got.substr(0, kFixedBytes + header_bytes));  // a frame without its body
    store_be(head.data(), static_cast<std::int32_t>(head.size() - 4));
    wire::Command command;
    if (!thread_.decoder().decode(head, command)) return false;
    in_skip_ = *size - got.size();
    in_.resize_down(0);
    KX_LOG_LIMITED(warn, "net", "peer {} refused: input buffers use all memory they may", peer_);
    if (command.is_response()) return true;
    Request request(*this, command, head);
    request.refuse(wire::ResponseCode::kSystemBusy,
                   fmt::format("[OVERLOAD]system busy, start flow control for a while; a frame of "
                               "{} bytes finds no memory, input buffers use all they may",
                               *size));
    return open_;
}

void Connection::on_read(std::size_t bytes) {
    in_.commit(bytes);
    in_begin_ = std::min(in_skip_, in_.size());
    in_skip_ -= in_begin_;
    last_active_ms_ = thread_.clock().steady_ms();
    IoProbe::add(thread_.probe().bytes_in, static_cast<std::int64_t>(bytes));
    run_turn();
}

/// The peer asks for more than it takes.
bool Connection::holds_back() const {
    return !limits_.asks && out_.pending() > limits_.output_high_bytes;
}

void Connection::run_turn() {
    in_turn_ = true;
    const bool all_handled = handle_input();
    in_turn_ = false;
    if (!open_) return;
    flush();
    thread_.end_turn();
    if (!open_) return;
    reading_paused_ = holds_back();
    if (reading_paused_) return;  // wait_writable() goes on from here
    if (all_handled) return read_more();
    boost::asio::post(thread_.context(), [self = shared_from_this()] {
        if (self->open_) self->run_turn();
    });
}

/// Handles the frames that are there. False when it stopped before the last of them because the
/// answers pile up: a few bytes of requests can ask for very many bytes of answers.
bool Connection::handle_input() {
    while (open_) {
        if (holds_back()) {
            flush();
            return false;
        }
        const std::string_view rest = in_.view().substr(in_begin_);
        const auto size = wire::frame_size(rest);
        if (!size) {
            IoProbe::add(thread_.probe().closed_malformed, 1);
            const bool looks_like_tls = !rest.empty() && rest.front() == '\x16';
            KX_LOG_LIMITED(warn, "net", "peer {} closed: {}", peer_,
                           looks_like_tls ? "it speaks TLS, which is not served yet"
                                          : std::string_view(size.error().text));
            flush();  // the answers to what came before
            close("malformed frame");
            return true;
        }
        if (*size == 0 || rest.size() < *size) return true;
        in_begin_ += *size;
        handle_frame(rest.substr(0, *size));
    }
    return true;
}

void Connection::handle_frame(std::string_view frame) {
    IoProbe::add(thread_.probe().frames_in, 1);
    wire::Command command;
    if (const auto status = thread_.decoder().decode(frame, command); !status) {
        if (status.error().code == Errc::kUnsupported) return;
        IoProbe::add(thread_.probe().closed_malformed, 1);
        KX_LOG_LIMITED(warn, "net", "peer {} closed: {}", peer_, status.error().text);
        flush();
        return close("malformed header");
    }
    if (command.is_response()) return handle_answer(command);
    Request request(*this, command, frame);
    router_.dispatch(request);
}

void Connection::handle_answer(const wire::Command& command) {
    const auto found = calls_.find(command.opaque);
    if (found == calls_.end()) {
        log::debug("net", "an answer nobody waits for peer={} opaque={}", peer_, command.opaque);
        return;
    }
    const AnswerCallback callback = std::move(found->second.callback);
    calls_.erase(found);
    callback(&command);
}

void Connection::call(wire::HeaderParts parts, std::span<const Slice> body, std::int64_t timeout_ms,
                      AnswerCallback callback) {
    if (!open_) return callback(fail(Errc::kUnavailable, "the connection to {} is closed", peer_));
    parts.opaque = static_cast<std::int32_t>(next_opaque_++);
    std::size_t body_bytes = 0;
    for (const Slice& slice : body) body_bytes += slice.bytes.size();
    if (const auto status = wire::append_frame_head(out_.buffer(), parts, body_bytes); !status)
        return callback(tl::unexpected(status.error()));
    for (const Slice& slice : body) out_.push(slice);
    calls_.insert_or_assign(parts.opaque,
                            Call{thread_.clock().steady_ms() + timeout_ms, std::move(callback)});
    flush_soon();
}

Status Connection::call_oneway(wire::HeaderParts parts, std::span<const Slice> body) {
    if (!open_) return fail(Errc::kUnavailable, "the connection to {} is closed", peer_);
    if (out_.pending() > limits_.output_max_bytes)
        return fail(Errc::kBusy, "{} bytes wait to be sent to {}", out_.pending(), peer_);
    parts.opaque = static_cast<std::int32_t>(next_opaque_++);
    parts.flag |= 2;
    std::size_t body_bytes = 0;
    for (const Slice& slice : body) body_bytes += slice.bytes.size();
    KX_CHECK(wire::append_frame_head(out_.buffer(), parts, body_bytes));
    for (const Slice& slice : body) out_.push(slice);
    flush_soon();
    return {};
}

void Connection::post(std::function<void(Connection&)> work) {
    boost::asio::post(thread_.context(), [weak = weak_from_this(), work = std::move(work)] {
        if (const auto self = weak.lock(); self && self->open_) work(*self);
    });
}

void Connection::flush_soon() {
    if (in_turn_ || !open_) return;
    if (!thread_.gathers()) return flush();
    if (!std::exchange(flush_is_due_, true)) thread_.flush_later(shared_from_this());
}

void Connection::flush_gathered() {
    flush_is_due_ = false;
    flush();
}

void Connection::flush() {
    if (tls_) {
        flush_encrypted();
    } else {
        flush_plain();
    }
    if (drained_.empty() || !open_ || out_.pending() > limits_.output_low_bytes) return;
    post([](Connection& self) { self.thread_.run_turn([&] { self.tell_drained(); }); });
}

void Connection::flush_plain() {
    if (!open_ || waiting_writable_ || out_.empty()) return;
    std::int64_t bytes = 0;
    int failed_errno = 0;
    const auto sent = out_.send(socket_.native_handle(), bytes, failed_errno);
    if (bytes > 0) {
        IoProbe::add(thread_.probe().bytes_out, bytes);
        last_active_ms_ = last_output_ms_ = thread_.clock().steady_ms();
    }
    if (sent == OutQueue::Sent::kFailed)
        return close_later(std::generic_category().message(failed_errno));
    if (sent == OutQueue::Sent::kWouldBlock) wait_writable();
}

/// close() drops the output; a caller up the stack may still hold a reference to this.
void Connection::close_later(std::string reason) {
    post([reason = std::move(reason)](Connection& self) { self.close(reason); });
}

void Connection::wait_writable() {
    waiting_writable_ = true;
    last_output_ms_ = thread_.clock().steady_ms();
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](
                                                    const boost::system::error_code& error) {
        self->waiting_writable_ = false;
        if (!self->open_) return;
        if (error) return self->close(error.message());
        self->flush();
        if (self->reading_paused_ && self->out_.pending() <= self->limits_.output_low_bytes) {
            self->reading_paused_ = false;
            self->run_turn();  // with what was read before the pause
        }
    });
}

void Connection::tell_drained() {
    for (const auto& work : std::exchange(drained_, {})) work();
}

bool Connection::wants_tick(std::int64_t now_ms) const {
    return !calls_.empty() || !out_.empty() || has_encrypted_output() ||
           now_ms - last_active_ms_ >= limits_.idle_ms;
}

void Connection::tick(std::int64_t now_ms) {
    expire_calls(now_ms);
    if (!open_) return;
    const bool too_much = !limits_.asks && out_.pending() > limits_.output_max_bytes;
    const bool waits = !out_.empty() || has_encrypted_output();
    if (too_much || (waits && now_ms - last_output_ms_ >= limits_.stalled_ms)) {
        IoProbe::add(thread_.probe().closed_slow, 1);
        KX_LOG_LIMITED(warn, "net", "peer {} closed: it does not read, {} bytes wait", peer_,
                       out_.pending());
        return close("the peer reads too slowly");
    }
    if (now_ms - last_active_ms_ >= limits_.idle_ms) {
        IoProbe::add(thread_.probe().closed_idle, 1);
        close("idle");
    }
}

void Connection::expire_calls(std::int64_t now_ms) {
    if (calls_.empty()) return;
    std::vector<AnswerCallback> expired;
    boost::unordered::erase_if(calls_, [&](auto& entry) {
        if (entry.second.deadline_ms > now_ms) return false;
        expired.push_back(std::move(entry.second.callback));
        return true;
    });
    for (const auto& callback : expired)
        callback(fail(Errc::kTimeout, "no answer from {} in time", peer_));
}

void Connection::fail_calls(Errc code, std::string_view reason) {
    auto calls = std::move(calls_);
    calls_.clear();
    for (auto& [opaque, call] : calls)
        call.callback(fail(code, "the connection to {} closed: {}", peer_, reason));
}

}  // namespace kx::net
