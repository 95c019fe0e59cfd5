// SPDX-License-Identifier: Apache-2.0
/// @file
/// A client of one cluster: what producers and consumers are made from and share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kerolox/async.hpp"
#include "kerolox/config.hpp"
#include "kerolox/hooks.hpp"
#include "kerolox/log.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

class Admin;
class LitePullConsumer;
class LitePullOptions;
class PopConsumer;
class PopOptions;
class Producer;
class ProducerOptions;
class PullConsumer;
class PullOptions;
class PushConsumer;
class PushOptions;
class TransactionOptions;
class TransactionProducer;

namespace detail {
struct ClientSettings;
struct RuntimeSettings;
}  // namespace detail

class RuntimeOptions {
public:
    /// Threads that do sockets, timers and protocol. Each client lives on one of them; one thread
    /// is enough for a client. Default 1.
    RuntimeOptions& io_threads(std::size_t count) noexcept {
        io_threads_ = count;
        return *this;
    }
    /// Threads that run callbacks, transaction checks and answers to servers. Default: one a core.
    RuntimeOptions& callback_threads(std::size_t count) noexcept {
        callback_threads_ = count;
        return *this;
    }
    /// The first of the threads' names; at most 9 characters of it show. Default "kerolox".
    RuntimeOptions& thread_name(std::string name) {
        thread_name_ = std::move(name);
        return *this;
    }
    std::size_t io_threads() const noexcept { return io_threads_; }
    std::size_t callback_threads() const noexcept { return callback_threads_; }
    const std::string& thread_name() const noexcept { return thread_name_; }

private:
    std::size_t io_threads_ = 1;
    std::size_t callback_threads_ = 0;
    std::string thread_name_ = "kerolox";
};

/// The threads of one or many clients. A cheap handle; the threads end with its last copy.
class KEROLOX_API Runtime {
public:
    static Result<Runtime> create(const RuntimeOptions& options = {});

private:
    friend struct detail::Access;
    std::shared_ptr<void> core_;
};

/// Who we are to brokers with access control.
struct Credentials {
    std::string access_key{};
    std::string secret_key{};
    std::string security_token{};  ///< optional
};

/// Asked before every request; must not block.
using CredentialsProvider = std::function<Credentials()>;

/// TLS towards name servers and brokers: TLS 1.2 and newer, verified unless you say otherwise.
struct TlsOptions {
    std::string trust_certificates{};  ///< PEM file of authorities; empty: the system's
    std::string certificate{};         ///< PEM chain of our own, for mutual TLS
    std::string private_key{};         ///< PEM
    std::string private_key_password{};
    bool verify_server = true;      ///< false trusts anybody, and says so in the log
    bool verify_host_name = false;  ///< RocketMQ's own clients don't
};

/// Something about a configuration that cannot be.
struct ConfigProblem {
    std::string key{};
    std::string value{};
    std::string text{};
};

/// How a client finds and talks to its cluster. Every key of RocketMQ's clients can be set by its
/// own name with set(); the named setters are the usual ones. Of setter and set() the last
/// call counts; it wins over the environment, that over the default.
class KEROLOX_API ClientOptions {
public:
    ClientOptions();
    ClientOptions(const ClientOptions&);
    ClientOptions(ClientOptions&&) noexcept;
    ClientOptions& operator=(const ClientOptions&);
    ClientOptions& operator=(ClientOptions&&) noexcept;
    ~ClientOptions();

    /// "a:9876;b:9876"; default: environment NAMESRV_ADDR.
    ClientOptions& name_servers(std::string list);
    /// Without a list: asked by HTTP, http://HOST[:8080]/rocketmq/GROUP, again every two minutes,
    /// and every ten seconds while none of them answers.
    ClientOptions& name_server_lookup(std::string host, std::string group = "nsaddr");
    /// Without a list: asked, at the start and as often as that. May block.
    ClientOptions& name_server_fetcher(std::function<std::string()> fetcher);
    /// Part of the client id; default "PID#nanoseconds". Broadcasting consumers keep their offsets
    /// under the client id: give them a name that stays.
    ClientOptions& instance_name(std::string name);
    /// The address this host is known by; default: the first public, else private one.
    ClientOptions& client_ip(std::string ip);
    ClientOptions& unit(std::string name);
    /// Names become "namespace%name" on the wire (the older kind of namespace).
    ClientOptions& name_space(std::string name);
    /// Names stay, the namespace travels with each request (the newer kind).
    ClientOptions& name_space_v2(std::string name);
    ClientOptions& credentials(Credentials credentials);
    ClientOptions& credentials(CredentialsProvider provider);
    ClientOptions& tls(TlsOptions options);
    /// Sends go to the broker's port - 2, a listener without pull traffic.
    ClientOptions& vip_channel(bool use);
    /// Threads to run on; default: a runtime of its own.
    ClientOptions& runtime(Runtime runtime);
    /// Callbacks run on the io thread: fewer switches, but one that blocks blocks the client.
    ClientOptions& callbacks_on_io(bool on);
    ClientOptions& log(LogSink sink, LogLevel level = LogLevel::warn);
    ClientOptions& metrics(std::shared_ptr<MetricsSink> sink);
    ClientOptions& interceptor(std::shared_ptr<Interceptor> interceptor);
    /// Whether create fails when no name server can be reached. Default true.
    ClientOptions& require_name_server(bool require);
    /// Messages are traced to RocketMQ's trace topic, or to `topic`.
    ClientOptions& trace(bool on, std::string topic = {});
    ClientOptions& connect_timeout(std::chrono::milliseconds time);
    /// Of heartbeats, routes, consumer lists and other small calls. Default 3 s.
    ClientOptions& api_timeout(std::chrono::milliseconds time);
    ClientOptions& route_refresh(std::chrono::milliseconds interval);
    ClientOptions& heartbeat_interval(std::chrono::milliseconds interval);
    ClientOptions& persist_offsets_interval(std::chrono::milliseconds interval);
    /// Where broadcasting consumers keep their offsets; default ~/.rocketmq_offsets.
    ClientOptions& local_offset_dir(std::string path);
    /// Any key by RocketMQ's name. A key that is unknown is a problem validate() tells of.
    ClientOptions& set(std::string_view java_key, std::string value);

    /// `key=value` lines with RocketMQ's names.
    static Result<ClientOptions> from_properties(const std::string& path);
    /// What NAMESRV_ADDR and the variables named after RocketMQ's properties say.
    static ClientOptions from_environment();
    /// Everything that is wrong, at once; empty when nothing is.
    std::vector<ConfigProblem> validate() const;
    /// `key=value` lines; secrets are masked.
    std::string describe() const;

private:
    friend struct detail::Access;
    std::unique_ptr<detail::ClientSettings> settings_;
};

/// One cluster, one client id, one set of connections, routes and heartbeats. A cheap handle, which
/// many threads may use; producers and consumers hold it as well, the last one closes it.
class KEROLOX_API Client {
public:
    /// Connects to a name server unless told otherwise, and runs.
    static Result<Client> create(const ClientOptions& options);

    Result<Producer> producer(const ProducerOptions& options) const;
    Result<TransactionProducer> transaction_producer(TransactionOptions options) const;
    /// Begins to consume.
    Result<PushConsumer> push_consumer(PushOptions options) const;
    Result<LitePullConsumer> lite_pull_consumer(const LitePullOptions& options) const;
    Result<PullConsumer> pull_consumer(const PullOptions& options) const;
    Result<PopConsumer> pop_consumer(const PopOptions& options) const;
    Admin admin() const;

    /// "192.168.1.7@4711#1234567890", as brokers list it.
    std::string_view id() const noexcept;
    /// Live: log lines below this level are not made.
    void log_level(LogLevel level) noexcept;
    /// Closes what was made from it, then itself. May be called from anywhere, and again.
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    std::shared_ptr<void> core_;
};

}  // namespace v1
}  // namespace kerolox
