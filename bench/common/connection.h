// SPDX-License-Identifier: Apache-2.0
//
// One non-blocking TCP connection that gathers what is sent in one turn into one write, and cuts
// what one read brought into frames. Everything happens on the thread that owns it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire.h"

namespace kx::bench {

class Connection;

/// Readiness of some connections, with a time limit in nanoseconds.
class Poller {
public:
    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    /// `owner` comes back with every readiness of the socket.
    void add(int socket, Connection* owner);
    void remove(int socket);
    void want_write(int socket, Connection* owner, bool wanted);

    struct Ready {
        Connection* owner;
        bool readable;
        bool writable;
    };
    /// A negative limit waits for ever.
    const std::vector<Ready>& wait(int64_t limit_ns);

private:
    int epoll_;
    std::vector<Ready> ready_;
};

class Connection {
public:
    /// Takes over a connected socket.
    Connection(Poller& poller, int socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    size_t unsent() const { return appended_ - sent_; }

    /// Room for `size` bytes behind all that waits to be sent; valid until the next call.
    char* append(size_t size);

    /// Gives the kernel as much as it takes, and asks the poller to tell when it takes more.
    void flush();

    /// Reads once. False when the peer has closed the connection.
    bool fill();

    /// Calls `on_frame(Frame)` for each whole frame that fill() has brought.
    template <typename OnFrame>
    void drain(OnFrame&& on_frame) {
        size_t at = 0;
        while (filled_ - at >= kPrefixBytes) {
            const size_t size = kLengthBytes + checked_length(in_.data() + at);
            if (filled_ - at < size) break;
            on_frame(split_frame({in_.data() + at, size}));
            at += size;
        }
        keep_from(at);
    }

private:
    static size_t checked_length(const char* at);
    void keep_from(size_t at);
    void arm(bool waits_to_write);

    Poller& poller_;
    int socket_;
    bool armed_ = false;
    std::vector<char> out_;
    size_t sent_ = 0;
    size_t appended_ = 0;
    std::vector<char> in_;
    size_t filled_ = 0;
};

/// Connects to "host:port" (a numeric IPv4 address).
int connect_to(const std::string& address);

}  // namespace kx::bench
