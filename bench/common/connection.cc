// SPDX-License-Identifier: Apache-2.0

#include "common/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "common/clock.h"

namespace kx::bench {
namespace {

constexpr size_t kReadBytes = 256u << 10;
constexpr size_t kEvents = 64;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Connection::Connection(Poller& poller, int socket)
    : poller_(poller), socket_(socket), out_(kReadBytes), in_(2 * kReadBytes) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
    poller_.add(socket_, this);
}

Connection::~Connection() {
    poller_.remove(socket_);
    close(socket_);
}

char* Connection::append(size_t size) {
    if (appended_ + size > out_.size() && sent_ > 0) {
        std::memmove(out_.data(), out_.data() + sent_, unsent());
        appended_ -= sent_;
        sent_ = 0;
    }
    if (appended_ + size > out_.size()) out_.resize(2 * (appended_ + size));
    appended_ += size;
    return out_.data() + appended_ - size;
}

void Connection::flush() {
    while (unsent() > 0) {
        const ssize_t n = send(socket_, out_.data() + sent_, unsent(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return arm(true);
        if (n < 0) fail("send");
        sent_ += static_cast<size_t>(n);
    }
    sent_ = appended_ = 0;
    arm(false);
}

void Connection::arm(bool waits_to_write) {
    if (armed_ == waits_to_write) return;
    armed_ = waits_to_write;
    poller_.want_write(socket_, this, armed_);
}

bool Connection::fill() {
    if (in_.size() - filled_ < kReadBytes) in_.resize(2 * in_.size());
    const ssize_t n = recv(socket_, in_.data() + filled_, in_.size() - filled_, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (n < 0 && errno != ECONNRESET) fail("recv");
    if (n <= 0) return false;
    filled_ += static_cast<size_t>(n);
    return true;
}

size_t Connection::checked_length(const char* at) {
    const uint32_t length = load_be32(at);
    if (length < 4 || length > kMaxFrame) throw std::runtime_error("a frame of impossible length");
    return length;
}

void Connection::keep_from(size_t at) {
    if (at == 0) return;
    filled_ -= at;
    std::memmove(in_.data(), in_.data() + at, filled_);
}

int connect_to(const std::string& address) {
    const size_t colon = address.rfind(':');
    const bool has_port = colon != std::string::npos;
    uint16_t port = 0;
    if (has_port)
        std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    if (port == 0 || inet_pton(AF_INET, address.substr(0, colon).c_str(), &peer.sin_addr) != 1) {
        throw std::runtime_error("not an address of the form 127.0.0.1:10911: " + address);
    }
    peer.sin_port = htons(port);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) fail("socket");
    if (connect(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
        close(socket);
        fail(("connect to " + address).c_str());
    }
    return socket;
}

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1");
    ready_.reserve(kEvents);
}

Poller::~Poller() { close(epoll_); }

void Poller::add(int socket, Connection* owner) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = owner}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
}

void Poller::remove(int socket) { epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr); }

void Poller::want_write(int socket, Connection* owner, bool wanted) {
    const uint32_t events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
    epoll_event event{.events = events, .data = {.ptr = owner}};
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) != 0) fail("epoll_ctl");
}

const std::vector<Poller::Ready>& Poller::wait(int64_t limit_ns) {
    std::array<epoll_event, kEvents> events;
    const timespec limit{limit_ns / kNsPerSecond, limit_ns % kNsPerSecond};
    const int n = epoll_pwait2(epoll_, events.data(), static_cast<int>(kEvents),
                               limit_ns < 0 ? nullptr : &limit, nullptr);
    if (n < 0 && errno != EINTR) fail("epoll_pwait2");
    ready_.clear();
    for (int i = 0; i < n; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        // An error or a hang-up shows itself to whoever reads.
        const bool readable = (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
        ready_.push_back(
            {static_cast<Connection*>(event.data.ptr), readable, (event.events & EPOLLOUT) != 0});
    }
    return ready_;
}

}  // namespace kx::bench
