// SPDX-License-Identifier: Apache-2.0
//
// For tests: a name server and brokers that fit on a page, on real sockets. They keep messages in
// memory as encoded records, answer what a test tells them to, and count what they were asked.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/client_context.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "net/server.h"
#include "wire/bodies/route.h"

namespace kx::client {

/// A server on a port that the system chose, with its own thread.
class FakeServer {
public:
    explicit FakeServer(net::ConnectionLimits limits = {});
    virtual ~FakeServer() { shut_down(); }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// How often that code was asked for.
    int asked(std::int32_t code) const;
    /// Closes the port and all connections.
    void shut_down();

protected:
    using Serve = std::function<void(net::Request&)>;
    void serve(std::int32_t code, Serve serve);
    void start();

    mutable Mutex mutex_;

private:
    const net::ConnectionLimits limits_;
    net::IoPool pool_{1, system_clock()};
    net::Router router_{system_clock()};
    std::shared_ptr<net::Processor> processor_;
    std::unique_ptr<net::Server> server_;
    std::uint16_t port_ = 0;
    std::map<std::int32_t, int> asked_ KX_GUARDED_BY(mutex_);
};

class FakeNameServer : public FakeServer {
public:
    explicit FakeNameServer(net::ConnectionLimits limits = {});
    ~FakeNameServer() override { shut_down(); }  // before the tables go

    /// The topic gets these queues on that broker; a call for a second broker adds to it.
    void add_route(const std::string& topic, const std::string& broker, const std::string& address,
                   std::int32_t queues, std::int32_t perm = 6);
    /// Gives a broker of that route another address.
    void add_slave(const std::string& topic, const std::string& broker, std::int64_t id,
                   const std::string& address);

private:
    std::map<std::string, wire::TopicRoute> routes_ KX_GUARDED_BY(mutex_);
};

struct StoredFake {
    std::string record;
    std::string body;
    std::string properties;
    std::int32_t sys_flag = 0;
    std::int64_t store_ms = 0;
};

class FakeBroker : public FakeServer {
public:
    explicit FakeBroker(std::string name, net::ConnectionLimits limits = {});
    ~FakeBroker() override { shut_down(); }  // before the tables go

    const std::string& name() const { return name_; }
    /// The next answers to that code are this response code, one use each.
    void refuse(std::int32_t request, std::vector<std::int32_t> response_codes);
    /// Sends are read and never answered.
    void swallow_sends() { swallow_ = true; }

    void store(std::int32_t queue, std::string body, std::string properties = {},
               std::int32_t sys_flag = 0, std::int64_t store_ms = 0);
    /// Turns over the last bit of the newest body in the queue, so that its CRC fails.
    void damage_last(std::int32_t queue);
    void set_min(std::int32_t queue, std::int64_t min);
    std::vector<StoredFake> stored(std::int32_t queue) const;
    std::size_t stored_count() const;
    /// -1: none.
    std::int64_t committed(const std::string& group, std::int32_t queue) const;
    void set_committed(const std::string& group, std::int32_t queue, std::int64_t offset);

private:
    struct Queue {
        std::vector<StoredFake> messages;
        std::int64_t min = 0;
    };

    /// True when the request was refused as a test wanted.
    bool refused(net::Request& request);
    void on_send(net::Request& request);
    void on_pull(net::Request& request);
    void on_offset(net::Request& request);
    void on_search(net::Request& request);
    void append(std::int32_t queue, StoredFake message) KX_REQUIRES(mutex_);

    const std::string name_;
    std::atomic<bool> swallow_{false};
    std::map<std::int32_t, std::deque<std::int32_t>> refusals_ KX_GUARDED_BY(mutex_);
    std::map<std::int32_t, Queue> queues_ KX_GUARDED_BY(mutex_);
    std::map<std::pair<std::string, std::int32_t>, std::int64_t> committed_ KX_GUARDED_BY(mutex_);
};

/// One client context with its thread.
struct FakeClient {
    explicit FakeClient(const std::string& name_servers) : context(pool, options(name_servers)) {
        pool.start();
    }
    ~FakeClient() { stop(); }
    void stop() {
        context.stop();
        pool.stop();
    }

    net::IoPool pool{1, system_clock()};
    ClientContext context;

private:
    static ClientContext::Options options(const std::string& name_servers) {
        ClientContext::Options made;
        made.name_servers = name_servers;
        return made;
    }
};

}  // namespace kx::client
