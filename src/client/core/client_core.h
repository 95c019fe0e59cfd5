// SPDX-License-Identifier: Apache-2.0
//
// A client: the state that everything made from one kerolox::Client shares. It lives on one io
// thread, its home: connections, routes, timers and all that is not marked "any thread" are touched
// there alone, so that none of it needs a lock. Control traffic is written as coroutines on that
// thread; the paths of messages are plain calls.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "client/core/awaiting.h"
#include "client/core/client_settings.h"
#include "client/core/errors.h"
#include "client/core/member.h"
#include "client/core/name_servers.h"
#include "client/core/peer.h"
#include "client/core/route_table.h"
#include "client/core/runtime.h"
#include "model/unique_id.h"
#include "net/router.h"
#include "net/rpc_client.h"

namespace kx::client {

class Heartbeat;
class MessageTracer;
class ServerRequests;

class ClientCore : public std::enable_shared_from_this<ClientCore> {
public:
    using Settings = kerolox::detail::ClientSettings;
    using Reply = kerolox::Result<net::Answer>;

    static kerolox::Result<std::shared_ptr<ClientCore>> create(const Settings& settings);
    ~ClientCore();

    // --- any thread ---

    const std::string& id() const { return id_; }
    const Settings& settings() const { return settings_; }
    const ClientConfig& config() const { return settings_.config; }
    RuntimeCore& runtime() { return *runtime_; }
    const std::shared_ptr<RuntimeCore>& shared_runtime() const { return runtime_; }
    /// Null: messages are not traced.
    const std::shared_ptr<MessageTracer>& tracer() const { return tracer_; }
    /// Where the continuations of this client's operations run.
    const std::shared_ptr<SharedThreads>& threads() const { return threads_; }
    const Clock& clock() const { return home_.clock(); }
    /// Of the headers this client writes (rocketmq.serialize.type).
    wire::Encoding encoding() const {
        return config().serialize_type == "ROCKETMQ" ? wire::Encoding::kBinary
                                                     : wire::Encoding::kJson;
    }
    std::string next_unique_id() { return unique_ids_.next(); }
    /// Fails with `closed` when the client is closed or this is the child of a fork.
    kerolox::Status usable() const;
    bool is_home() const { return home_.is_current(); }

    /// Runs `work` on the home thread.
    void post(std::function<void()> work);
    /// Starts a coroutine on the home thread; its result completes the Async.
    template <class T>
    kerolox::Async<T> run(Awaitable<kerolox::Result<T>> coroutine);
    /// An Async that is complete.
    template <class T>
    kerolox::Async<T> ready(kerolox::Result<T> result) const;
    /// An operation of this client, to be completed from wherever.
    template <class Op, class... Args>
    Op* new_operation(Args&&... args) const {
        auto* op = new Op(std::forward<Args>(args)...);
        Access::shared(*op) = threads();
        return op;
    }

    template <class... Args>
    void log(kerolox::LogLevel level, std::string_view logger, fmt::format_string<Args...> format,
             Args&&... args) const {
        if (log_->wants(level))
            log_->write(level, logger, fmt::format(format, std::forward<Args>(args)...));
    }
    void set_log_level(kerolox::LogLevel level) { log_->set_level(level); }
    /// `call(interceptor)` for each of them; what one throws is logged and dropped.
    template <class Call>
    void intercept(Call&& call) const;
    /// A figure, where somebody wants it.
    void count(std::string_view name, double value, std::string_view label = {},
               std::string_view label_value = {},
               kerolox::Metric::Kind kind = kerolox::Metric::Kind::counter) const;

    /// Names with and without the older namespace.
    std::string wire_name(std::string_view name) const;
    std::string_view user_name(std::string_view wire_name) const;

    /// Closes members, then itself. All callers share one end.
    kerolox::Async<void> close(std::chrono::milliseconds grace);
    bool is_closing() const { return closing_.load(std::memory_order_acquire); }

    // --- home thread ---

    net::IoThread& home() { return home_; }
    RouteTable& routes() { return routes_; }
    NameServerList& name_servers() { return name_servers_; }
    net::Router& router() { return router_; }
    net::RpcClient& rpc() { return rpc_; }
    Heartbeat& heartbeat() { return *heartbeat_; }
    ServerRequests& server_requests() { return *server_requests_; }
    /// What the client itself sends with, once it did: its topics' routes are kept fresh, and
    /// that is all that is known of it (produce/internal_send.h).
    const std::shared_ptr<Member>& inner_producer() const { return inner_producer_; }
    void set_inner_producer(std::shared_ptr<Member> producer) {
        inner_producer_ = std::move(producer);
    }
    /// The connection to an address; lives as long as the client.
    Peer& peer(const std::string& address);

    /// Sends a request and gives the answer, whatever its code.
    Awaitable<Reply> call(std::string address, net::Call call, std::int64_t timeout_ms);
    /// The same without coroutine; `done` runs on the home thread, never inside this call.
    void call(const std::string& address, net::Call call, std::int64_t timeout_ms,
              std::function<void(Reply)> done);
    /// Connects if needed. What goes wrong is logged.
    void call_oneway(const std::string& address, net::Call call);
    /// Asks the current name server, and when it does not answer each other one.
    Awaitable<Reply> ask_name_server(net::Call call, std::int64_t timeout_ms = 0);
    /// The same call, failing with `broker` for any code but success.
    Awaitable<Reply> call_ok(std::string address, net::Call call, std::int64_t timeout_ms);

    /// Adds what travels with every request: namespace, interceptors' fields, signature, zone. Only
    /// when decorates() says so.
    bool decorates() const { return decorates_; }
    void decorate(std::string_view address, std::int32_t code, kerolox::ExtFields& fields,
                  std::string_view body) const;

    /// Runs a coroutine on the home thread; close() waits for its end.
    void spawn(Awaitable<void> coroutine);
    /// Runs them side by side and goes on when all have ended.
    Awaitable<void> all_of(std::vector<Awaitable<void>> coroutines);
    /// False when the client is being closed; then the time may not be over.
    Awaitable<bool> sleep(std::int64_t ms);

    /// Fails when the group is taken.
    kerolox::Status add_producer(const std::shared_ptr<ProducerMember>& producer);
    kerolox::Status add_consumer(const std::shared_ptr<ConsumerMember>& consumer);
    /// Takes the member out and tells every broker.
    Awaitable<void> remove_producer(std::string group);
    Awaitable<void> remove_consumer(std::string group);
    std::shared_ptr<ProducerMember> producer(std::string_view group) const;
    std::shared_ptr<ConsumerMember> consumer(std::string_view group) const;
    std::vector<std::shared_ptr<Member>> members() const;
    std::vector<std::shared_ptr<ConsumerMember>> consumers() const;

    void tell_route(const std::string& topic, const RoutePtr& route);
    void on_new_connection(const std::string& address);

private:
    ClientCore(const Settings& settings, std::shared_ptr<RuntimeCore> runtime,
               std::shared_ptr<const net::TlsContext> tls, std::shared_ptr<MessageTracer> tracer);
    void start();
    kerolox::Status reach_name_server();
    void tell_thrown(std::string_view what) const;

    Awaitable<void> keep_routes();
    Awaitable<void> keep_name_servers();
    Awaitable<bool> pause_of_lookup();
    Awaitable<void> keep_offsets();
    Awaitable<void> shut(std::int64_t grace_ms);
    Awaitable<std::string> fetch_name_servers();
    Awaitable<void> unregister(std::string producer_group, std::string consumer_group);
    Awaitable<void> unregister_at(std::string address, net::Call farewell);
    Awaitable<kerolox::Result<int>> first_answer();
    void send(const std::string& address, std::shared_ptr<net::Call> call, std::int64_t deadline_ms,
              std::int64_t timeout_ms, bool is_replay, std::function<void(Reply)> done);

    const Settings settings_;
    const std::shared_ptr<RuntimeCore> runtime_;
    net::IoThread& home_;
    std::string id_;
    const std::shared_ptr<ClientLog> log_;
    const std::shared_ptr<SharedThreads> threads_;
    const std::shared_ptr<MessageTracer> tracer_;
    model::UniqueIdGenerator unique_ids_;
    const bool decorates_;

    net::Router router_;
    net::RpcClient rpc_;
    NameServerList name_servers_;
    bool name_servers_answer_ = true;  ///< the last question did not find them all silent
    RouteTable routes_;
    std::unique_ptr<Heartbeat> heartbeat_;
    std::unique_ptr<ServerRequests> server_requests_;
    std::map<std::string, std::unique_ptr<Peer>, std::less<>> peers_;
    std::shared_ptr<Member> inner_producer_;
    std::vector<std::shared_ptr<Member>> with_routes() const;
    std::map<std::string, std::weak_ptr<ProducerMember>, std::less<>> producers_;
    std::map<std::string, std::weak_ptr<ConsumerMember>, std::less<>> consumers_;

    std::unordered_set<boost::asio::steady_timer*> sleeping_;
    std::int64_t running_ = 0;  ///< coroutines
    std::int32_t calls_under_way_ = 0;
    std::atomic<bool> closing_{false};
    bool sleeps_end_ = false;
    bool closed_ = false;
    std::vector<kerolox::detail::OperationOf<void>*> close_waiters_;
};

/// What handles hold: the last one closes the client.
class ClientLease {
public:
    explicit ClientLease(std::shared_ptr<ClientCore> client) : core(std::move(client)) {}
    ~ClientLease();
    const std::shared_ptr<ClientCore> core;
};

/// For destructors: waits for `closing` unless this thread is the one that would do the work.
void wait_briefly(kerolox::Async<void> closing, const RuntimeCore& runtime);

// --- templates ---

template <class Call>
void ClientCore::intercept(Call&& call) const {
    for (const auto& interceptor : settings_.interceptors) {
        try {
            call(*interceptor);
        } catch (const std::exception& error) {
            tell_thrown(error.what());
        } catch (...) {
            tell_thrown("something that is no std::exception");
        }
    }
}

template <class T>
kerolox::Async<T> ClientCore::ready(kerolox::Result<T> result) const {
    auto* op = new_operation<kerolox::detail::OperationOf<T>>();
    op->complete(std::move(result));
    return kerolox::Async<T>(op);
}

template <class T>
kerolox::Async<T> ClientCore::run(Awaitable<kerolox::Result<T>> coroutine) {
    if (const kerolox::Status status = usable(); !status)
        return ready<T>(kerolox::Result<T>(status.error()));
    auto* op = new_operation<kerolox::detail::OperationOf<T>>();
    op->retain();
    // The coroutine's own frame is the parameter: it goes with the outer one.
    auto outer = [](kerolox::detail::OperationOf<T>* to,
                    Awaitable<kerolox::Result<T>> inner) -> Awaitable<void> {
        const std::unique_ptr<kerolox::detail::OperationOf<T>,
                              void (*)(kerolox::detail::OperationOf<T>*)>
            hold(to, [](auto* one) {
                one->complete(kerolox::Error(kerolox::ErrorKind::cancelled,
                                             "the client was closed meanwhile"));
                one->release();
            });
        auto result = co_await std::move(inner);
        to->complete(std::move(result));
    };
    spawn(outer(op, std::move(coroutine)));
    return kerolox::Async<T>(op);
}

}  // namespace kx::client
