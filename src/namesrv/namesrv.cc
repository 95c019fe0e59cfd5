// SPDX-License-Identifier: Apache-2.0
#include "namesrv/namesrv.h"

#include <absl/container/flat_hash_map.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <future>

#include "base/log.h"
#include "namesrv/routes.h"
#include "net/io_metrics.h"
#include "net/io_thread.h"
#include "net/rpc_client.h"
#include "net/server.h"
#include "net/workers.h"
#include "wire/requests/namesrv.h"

namespace kx::namesrv {
namespace {

constexpr std::size_t kWorkerThreads = 1;  // 100, 102 and 318 take turns anyway
constexpr std::int32_t kNotifyMinBrokerIdChange = 905;
constexpr std::chrono::seconds kStopWait{5};

std::int64_t quarter_of_memory() {
    const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
    const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? pages * page_bytes / 4 : std::int64_t{1} << 30;
}

net::ConnectionLimits limits_of(const NamesrvConfig& config) {
    net::ConnectionLimits limits;
    limits.idle_ms = std::int64_t{config.server.server_channel_max_idle_time_seconds} * 1000;
    limits.stalled_ms = config.kerolox.stalled_peer_millis;
    limits.output_max_bytes =
        static_cast<std::size_t>(config.kerolox.bytes_in_flight_per_connection);
    const std::int64_t total = config.kerolox.bytes_in_flight_total;
    limits.input_budget =
        std::make_shared<net::InputBudget>(total > 0 ? total : quarter_of_memory());
    return limits;
}

/// Runs `work` on the thread and waits for it; here and now when the thread does not run.
void run_and_wait(net::IoThread& thread, const std::function<void()>& work) {
    if (!thread.is_running()) return work();
    auto done = std::make_shared<std::promise<void>>();
    auto finished = done->get_future();
    boost::asio::post(thread.context(), [work, done] {
        work();
        done->set_value();
    });
    if (finished.wait_for(kStopWait) != std::future_status::ready)
        log::error("namesrv", "an io thread does not come to its end");
}

}  // namespace

struct NameServer::Parts {
    Parts(NameServerOptions given, net::IoPool& io_pool, std::unique_ptr<KvStore> store)
        : pool(io_pool),
          clock(*given.clock),
          config(std::move(given.config)),
          routes(clock),
          kv(std::move(store)),
          workers(kWorkerThreads),
          router(clock, &workers),
          client_router(clock),
          client(io_pool, client_router),
          context{clock,
                  *given.files,
                  config,
                  routes,
                  *kv,
                  [this](const MinIdChange& change) { notify(change); },
                  clock.steady_ms()} {
        bind_routes(router, context);
    }

    void connected(net::Connection& connection);
    void disconnected(net::Connection& connection);
    void close_connection(std::uint64_t id);
    void settle(const Withdrawn& withdrawn, std::string_view why);
    void notify(const MinIdChange& change);
    void scan();

    net::IoPool& pool;
    const Clock& clock;
    Snapshot<NamesrvConfig> config;
    RouteTable routes;
    std::unique_ptr<KvStore> kv;
    net::Workers workers;
    net::Router router;
    net::Router client_router;  ///< brokers ask nothing back
    net::RpcClient client;
    Context context;
    std::unique_ptr<net::Server> server;
    std::int64_t next_scan_ms = 0;  ///< for the pool's first thread
    std::atomic<bool> stopping{false};

    mutable Mutex mutex;
    absl::flat_hash_map<std::uint64_t, std::weak_ptr<net::Connection>> connections
        KX_GUARDED_BY(mutex);
};

void NameServer::Parts::connected(net::Connection& connection) {
    {
        MutexLock lock(mutex);
        connections[connection.id()] = connection.weak_from_this();
    }
    connection.on_close([this](net::Connection& closed) { disconnected(closed); });
}

void NameServer::Parts::disconnected(net::Connection& connection) {
    {
        MutexLock lock(mutex);
        connections.erase(connection.id());
    }
    if (!stopping) settle(routes.connection_closed(connection.id()), "its connection closed");
}

void NameServer::Parts::close_connection(std::uint64_t id) {
    std::shared_ptr<net::Connection> connection;
    {
        MutexLock lock(mutex);
        const auto found = connections.find(id);
        if (found != connections.end()) connection = found->second.lock();
    }
    if (connection)
        connection->post([](net::Connection& self) { self.close("the broker fell silent"); });
}

void NameServer::Parts::settle(const Withdrawn& withdrawn, std::string_view why) {
    for (const std::string& address : withdrawn.addresses)
        KX_LOG_LIMITED(warn, "namesrv", "the routes of broker {} are withdrawn: {}", address, why);
    for (const std::uint64_t id : withdrawn.connections) close_connection(id);
    for (const MinIdChange& change : withdrawn.changes) notify(change);
}

/// Over connections of our own: a broker serves 905 on its listening port only.
void NameServer::Parts::notify(const MinIdChange& change) {
    if (stopping || !config.get()->notify_min_broker_id_changed) return;
    wire::NotifyMinBrokerId header;
    header.min_broker_id = change.min_id;
    header.min_broker_addr = change.min_address;
    if (!change.offline_address.empty()) header.offline_broker_addr = change.offline_address;
    if (!change.ha_address.empty()) header.ha_broker_addr = change.ha_address;
    for (const std::string& address : change.notify) {
        KX_LOG_LIMITED(info, "namesrv", "broker {} is told that the smallest id is {} at {} now",
                       address, change.min_id, change.min_address);
        client.call_oneway(address, net::Call(kNotifyMinBrokerIdChange, header));
    }
}

/// On every tick of the pool's first thread.
void NameServer::Parts::scan() {
    const std::int64_t now = clock.steady_ms();
    if (now < next_scan_ms) return;
    next_scan_ms = now + config.get()->scan_not_active_broker_interval;
    settle(routes.expire(), "it was silent for too long");
}

NameServer::NameServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
NameServer::~NameServer() { stop(); }

Result<std::unique_ptr<NameServer>> NameServer::start(NameServerOptions options,
                                                      net::IoPool& pool) {
    net::ServerOptions listening;
    listening.bind_address = options.config.server.bind_address;
    listening.port = static_cast<std::uint16_t>(options.config.listen_port);
    listening.backlog = options.config.server.server_socket_backlog;
    listening.limits = limits_of(options.config);

    KX_TRY(auto kv, KvStore::open(*options.files, options.config.kv_config_path));
    auto parts = std::make_unique<Parts>(std::move(options), pool, std::move(kv));
    KX_TRY(parts->server, net::Server::listen(std::move(listening), pool, parts->router));
    Parts* const running = parts.get();
    running->server->on_connect(
        [running](net::Connection& connection) { running->connected(connection); });
    running->server->start();
    pool.at(0).on_tick(running, [running] { running->scan(); });
    log::info("namesrv", "the name server listens port={}", running->server->port());
    return std::unique_ptr<NameServer>(new NameServer(std::move(parts)));
}

std::uint16_t NameServer::port() const { return parts_->server->port(); }

void NameServer::stop() {
    Parts& parts = *parts_;
    if (parts.stopping.exchange(true)) return;
    parts.router.begin_shutdown();
    parts.server->stop();
    parts.workers.stop();
    parts.client.stop();
    parts.pool.at(0).remove_hooks(&parts);
    // Each thread closes its own; what accept and client had posted to it before runs before.
    for (std::size_t i = 0; i < parts.pool.size(); ++i) {
        net::IoThread& thread = parts.pool.at(i);
        run_and_wait(thread, [&parts, &thread] {
            std::vector<std::shared_ptr<net::Connection>> open;
            {
                MutexLock lock(parts.mutex);
                for (const auto& entry : parts.connections)
                    if (auto connection = entry.second.lock())
                        open.push_back(std::move(connection));
            }
            for (const auto& connection : open)
                if (&connection->thread() == &thread) connection->close("the name server stops");
        });
    }
}

std::vector<std::string> NameServer::not_ready() const {
    std::vector<std::string> reasons;
    if (parts_->stopping) reasons.emplace_back("the name server stops");
    if (const std::int64_t left_ms = wait_left_ms(parts_->context); left_ms > 0)
        reasons.push_back(
            fmt::format("routes are refused for {} ms more (needWaitForService)", left_ms));
    return reasons;
}

void NameServer::append_metrics(MetricRows& rows) const {
    const TableSizes sizes = parts_->routes.sizes();
    std::size_t connections = 0;
    {
        MutexLock lock(parts_->mutex);
        connections = parts_->connections.size();
    }
    const auto gauge = [&rows](std::string_view name, std::string_view help, std::size_t value) {
        rows.push_back({name, help, MetricType::kGauge, {}, static_cast<double>(value)});
    };
    gauge("kerolox_namesrv_topics", "topics with a route", sizes.topics);
    gauge("kerolox_namesrv_broker_names", "broker names, each with master and slaves",
          sizes.brokers);
    gauge("kerolox_namesrv_live_brokers", "broker processes that report", sizes.live);
    gauge("kerolox_namesrv_clusters", "clusters", sizes.clusters);
    gauge("kerolox_namesrv_connections", "open connections", connections);
    net::append_metrics(parts_->router, "namesrv", rows);
}

}  // namespace kx::namesrv
