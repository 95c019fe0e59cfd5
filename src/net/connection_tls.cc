// SPDX-License-Identifier: Apache-2.0
//
// The encrypted half of Connection: between the socket and what connection.cc reads and writes
// stands a TlsSession. The plain path does not come here.
#include <sys/socket.h>

#include "net/connection.h"
#include "net/io_thread.h"
#include "net/tls.h"

namespace kx::net {
namespace {

/// So much is encrypted ahead of the socket; the rest waits in the output queue, which is bounded
/// and watched.
constexpr std::size_t kEncryptAhead = 64 << 10;

}  // namespace

void Connection::start_tls(const std::string& host) {
    auto session = TlsSession::create(*limits_.tls, host);
    if (!session) return close(session.error().text);
    tls_ = std::move(*session);
    if (shake_hands()) flush();
}

void Connection::when_secured(std::function<void(const Status&)> tell) {
    if (!open_) return tell(fail(Errc::kUnavailable, "the connection closed at once"));
    if (!tls_ || tls_->is_secure()) return tell({});
    secured_ = std::move(tell);
}

void Connection::read_encrypted() {
    const auto room = tls_->input_room();
    socket_.async_read_some(
        boost::asio::buffer(room.data(), room.size()),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
            if (!self->open_) return;
            if (error) return self->close(error.message());
            self->on_encrypted(bytes);
        });
}

/// False when it failed, and the connection is closed.
bool Connection::shake_hands() {
    if (tls_->is_secure()) return true;
    const auto secure = tls_->shake_hands();
    if (!secure) {
        flush();  // the peer is told why
        close(secure.error().text);
        return false;
    }
    if (!*secure) return true;
    if (const auto tell = std::exchange(secured_, nullptr)) tell({});
    return open_;
}

void Connection::on_encrypted(std::size_t bytes) {
    last_active_ms_ = thread_.clock().steady_ms();
    IoProbe::add(thread_.probe().bytes_in, static_cast<std::int64_t>(bytes));
    if (const Status taken = tls_->take_in(bytes); !taken) return close(taken.error().text);
    if (!shake_hands()) return;
    if (!tls_->is_secure()) {
        flush();
        return read_more();
    }
    Result<std::size_t> plain = 0;
    while (true) {
        if (!make_input_room()) return close("input buffers use all memory they may");
        plain = tls_->decrypt(in_.data() + in_.size(), in_.capacity() - in_.size());
        if (!plain || *plain == 0) break;
        in_.commit(*plain);
    }
    run_turn();
    if (!plain && open_) close(plain.error().text);
}

bool Connection::has_encrypted_output() const { return tls_ && !tls_->output().empty(); }

/// False when it failed; the connection closes soon.
bool Connection::encrypt_output() {
    while (tls_->is_secure() && !out_.empty() && tls_->output().size() < kEncryptAhead) {
        const std::string_view piece = out_.front().substr(0, kEncryptAhead);
        if (const Status done = tls_->encrypt(piece); !done) {
            close_later(done.error().text);
            return false;
        }
        out_.pop(piece.size());
    }
    return true;
}

void Connection::flush_encrypted() {
    if (!open_ || waiting_writable_) return;
    while (encrypt_output()) {
        const std::string_view output = tls_->output();
        if (output.empty()) return;
        const ssize_t sent = ::send(socket_.native_handle(), output.data(), output.size(),
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return wait_writable();
        if (sent < 0) return close_later(std::generic_category().message(errno));
        tls_->sent(static_cast<std::size_t>(sent));
        IoProbe::add(thread_.probe().bytes_out, sent);
        last_active_ms_ = last_output_ms_ = thread_.clock().steady_ms();
    }
}

/// So that the peer can tell an end from a cut. What does not fit the socket now is not sent.
void Connection::say_goodbye() {
    tls_->finish();
    const std::string_view output = tls_->output();
    if (!output.empty() && !waiting_writable_) {
        (void)::send(socket_.native_handle(), output.data(), output.size(),
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

}  // namespace kx::net
