// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/log.h"
#include "broker/context.h"
#include "broker/groups/stored_group_table.h"
#include "broker/locks/timed_queue_locks.h"
#include "broker/open_connections.h"
#include "broker/periodic_jobs.h"
#include "broker/registration/registrar.h"
#include "broker/routes.h"
#include "broker/store_options.h"
#include "broker/topics/stored_topic_table.h"
#include "net/io_metrics.h"
#include "net/server.h"

namespace kx::broker {
namespace {

/// How long the start and the creation of a topic wait for name servers. They are told anyway;
/// this is for clients that ask a name server right after.
constexpr std::int64_t kRegisterWaitMs = 1000;
constexpr std::int64_t kUnregisterWaitMs = 1000;
constexpr std::int64_t kDrainMs = 5000;
constexpr std::chrono::seconds kCloseWait{5};

std::size_t worker_threads(const BrokerConfig& config) {
    if (config.kerolox.worker_threads > 0)
        return static_cast<std::size_t>(config.kerolox.worker_threads);
    return std::max(2U, std::thread::hardware_concurrency());
}

net::ConnectionLimits limits_of(const BrokerConfig& config) {
    net::ConnectionLimits limits;
    limits.idle_ms = std::int64_t{config.server.server_channel_max_idle_time_seconds} * 1000;
    limits.stalled_ms = config.kerolox.stalled_peer_millis;
    limits.output_max_bytes =
        static_cast<std::size_t>(config.kerolox.bytes_in_flight_per_connection);
    std::int64_t total = config.kerolox.bytes_in_flight_total;
    if (total <= 0)
        total = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * std::int64_t{::sysconf(_SC_PAGESIZE)} / 4;
    limits.input_budget = std::make_shared<net::InputBudget>(total);
    return limits;
}

/// brokerIP1 may be a name, though it is an address nearly always.
Result<model::HostPort> resolve(const std::string& host, std::int32_t port) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::resolver resolver(context);
    boost::system::error_code error;
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (error || found.empty()) {
        return fail(Errc::kInvalidArgument,
                    "brokerIP1: '{}' is neither an address nor a known name", host);
    }
    model::HostPort result;
    result.port = port;
    const auto address = found.begin()->endpoint().address();
    result.is_v6 = address.is_v6();
    if (result.is_v6) {
        std::ranges::copy(address.to_v6().to_bytes(), result.address.begin());
    } else {
        std::ranges::copy(address.to_v4().to_bytes(), result.address.begin());
    }
    return result;
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
    if (finished.wait_for(kCloseWait) != std::future_status::ready)
        log::error("broker", "an io thread does not come to its end");
}

}  // namespace

/// Everything, in the order it is built; destroyed the other way round.
struct Broker::Parts {
    Parts(BrokerOptions options, net::IoPool& io_pool)
        : pool(io_pool),
          clock(*options.clock),
          files(*options.files),
          config(std::move(options.config)),
          workers(worker_threads(*config.get())),
          locks(clock),
          router(clock, &workers),
          fast_router(clock, &workers),
          client(pool, router),
          rates(clock),
          jobs(workers, clock) {}

    Status open_tables();
    Status listen();
    Status build_handlers();
    void serve();
    void add_jobs();
    void topics_changed(const std::vector<std::string>& names);
    void permission_changed();
    void accept(net::Connection& connection);
    Totals totals() const;
    void drain();
    void close_connections();
    Status save_tables();

    net::IoPool& pool;
    const Clock& clock;
    FileSystem& files;
    Snapshot<BrokerConfig> config;
    net::Workers workers;
    std::unique_ptr<store::MessageStore> store;
    std::unique_ptr<StoredTopicTable> topics;
    std::unique_ptr<StoredOffsetTable> offsets;
    std::unique_ptr<StoredGroupTable> groups;
    std::unique_ptr<LiveClients> clients;
    TimedQueueLocks locks;
    net::Router router;
    net::Router fast_router;
    net::RpcClient client;
    std::unique_ptr<Registrar> registrar;
    OpenConnections connections;
    std::unique_ptr<net::Server> server;
    std::unique_ptr<net::Server> fast_server;
    BrokerAddresses addresses;

    Rates rates;
    PeriodicJobs jobs;
    std::unique_ptr<Context> context;
    std::unique_ptr<SendHandler> send;
    std::unique_ptr<PullHandler> pull;
    std::unique_ptr<ClientHandler> client_handler;
    std::unique_ptr<GroupQueryHandler> group_query_handler;
    std::unique_ptr<OffsetHandler> offset_handler;
    std::unique_ptr<ResetHandler> reset_handler;
    std::unique_ptr<ConsumptionHandler> consumption_handler;
    std::unique_ptr<LockHandler> lock_handler;
    std::unique_ptr<TopicHandler> topic_handler;
    std::unique_ptr<GroupHandler> group_handler;
    std::unique_ptr<ConfigHandler> config_handler;
    std::unique_ptr<RuntimeInfo> runtime_info;
    std::unique_ptr<Handlers> handlers;
    std::atomic<bool> serving{false};
    std::atomic<bool> stopping{false};
};

/// The store comes first because it locks the directory; then RocketMQ's order.
Status Broker::Parts::open_tables() {
    KX_TRY(store::StoreOptions options, store_options(*config.get()));
    KX_TRY(store, store::MessageStore::open(std::move(options), files, clock));
    KX_CHECK(files.make_directories(join_path(config.get()->store_path_root_dir, "config")));
    topics = std::make_unique<StoredTopicTable>(config, *store, files, clock);
    offsets = std::make_unique<StoredOffsetTable>(config, files, clock);
    groups = std::make_unique<StoredGroupTable>(config, workers, files, clock);
    clients = std::make_unique<LiveClients>(config, clock, [this](std::string_view group) {
        const GroupConfigPtr known = groups->find(group);
        return !known || known->notify_consumer_ids_changed_enable;
    });
    KX_CHECK(topics->load());
    KX_CHECK(offsets->load());
    return groups->load();
}

Status Broker::Parts::listen() {
    const auto settings = config.get();
    net::ServerOptions options;
    options.bind_address = settings->server.bind_address;
    options.port = static_cast<std::uint16_t>(settings->listen_port);
    options.backlog = settings->server.server_socket_backlog;
    options.limits = limits_of(*settings);
    KX_TRY(server, net::Server::listen(options, pool, router));
    const std::int32_t port = server->port();
    options.port = settings->listen_port == 0 ? std::uint16_t{0}
                                              : static_cast<std::uint16_t>(std::max(0, port - 2));
    KX_TRY(fast_server, net::Server::listen(options, pool, fast_router));
    config.update([port](BrokerConfig& next) {
        if (next.listen_port == 0) next.ha_listen_port = port < 65'535 ? port + 1 : port - 1;
        next.listen_port = port;
    });
    addresses = {config.get()->address(), config.get()->ha_address()};
    return {};
}

Status Broker::Parts::build_handlers() {
    const auto settings = config.get();
    KX_TRY(const model::HostPort host, resolve(settings->broker_ip1, settings->listen_port));
    context = std::make_unique<Context>(Context{clock, pool, workers, *store, *topics, *groups,
                                                *clients, *offsets, locks, config, host});
    send = std::make_unique<SendHandler>(*context);
    pull = std::make_unique<PullHandler>(*context);
    client_handler =
        std::make_unique<ClientHandler>(*clients, *groups, *topics, config, workers, clock);
    group_query_handler = std::make_unique<GroupQueryHandler>(*clients, clock);
    offset_handler = std::make_unique<OffsetHandler>(*offsets, *groups, *topics, *store, config);
    reset_handler =
        std::make_unique<ResetHandler>(*offsets, *groups, *topics, *clients, *store, config);
    consumption_handler =
        std::make_unique<ConsumptionHandler>(*offsets, *groups, *topics, *clients, *store, config);
    lock_handler = std::make_unique<LockHandler>(locks);
    topic_handler = std::make_unique<TopicHandler>(*topics, *offsets, *store, config);
    group_handler = std::make_unique<GroupHandler>(*groups, *offsets, config);
    config_handler =
        std::make_unique<ConfigHandler>(config, files, clock, [this] { permission_changed(); });
    runtime_info = std::make_unique<RuntimeInfo>(config, *store, router, rates, files, clock);
    handlers = std::make_unique<Handlers>(
        Handlers{*send, *pull, *client_handler, *group_query_handler, *offset_handler,
                 *reset_handler, *consumption_handler, *lock_handler, *topic_handler,
                 *group_handler, *config_handler, *runtime_info});
    bind_routes(router, Port::kMain, *handlers, *settings);
    bind_routes(fast_router, Port::kFast, *handlers, *settings);
    return {};
}

void Broker::Parts::serve() {
    registrar = std::make_unique<Registrar>(config, *topics, client, workers, addresses);
    topics->on_change([this](const std::vector<std::string>& names) { topics_changed(names); });
    for (std::size_t i = 0; i < pool.size(); ++i)
        pool.at(i).on_turn_end(this, [this] { store->dispatch(); });
    for (net::Server* listening : {server.get(), fast_server.get()}) {
        listening->on_connect([this](net::Connection& connection) { accept(connection); });
        listening->start();
    }
    add_jobs();
    registrar->register_all(true, kRegisterWaitMs);
    serving.store(true);
}

void Broker::Parts::accept(net::Connection& connection) {
    connections.add(connection);
    connection.on_close([this](net::Connection& closed) {
        connections.remove(closed.id());
        clients->connection_closed(closed.id());
    });
}

void Broker::Parts::add_jobs() {
    const auto fixed = [](std::int64_t ms) { return [ms] { return ms; }; };
    jobs.add(
        "register", 10'000, [this] { return registrar->period_ms(); },
        [this] { registrar->register_all(false, 0); });
    jobs.add(
        "offsets", 10'000, [this] { return config.get()->flush_consumer_offset_interval; },
        [this] {
            if (const Status written = offsets->persist(); !written)
                log::error("broker", "offsets are not written: {}", written.error().text);
        });
    jobs.add("clients", 10'000, fixed(10'000), [this] { clients->sweep(); });
    jobs.add("locks", 60'000, fixed(60'000), [this] { locks.sweep(); });
    jobs.add("rates", 0, fixed(1000), [this] { rates.sample(totals()); });
    pool.at(0).on_tick(this, [this] { jobs.tick(); });
}

/// On a worker. Waits only for name servers that are known to answer.
void Broker::Parts::topics_changed(const std::vector<std::string>& names) {
    const bool reachable = registrar->why_not_registered().empty();
    registrar->register_topics(names, reachable ? kRegisterWaitMs : 0);
}

void Broker::Parts::permission_changed() {
    topics->bump_version();
    registrar->register_all(true, kRegisterWaitMs);
}

Totals Broker::Parts::totals() const {
    Totals totals;
    totals.puts = store->figures().put_count;
    totals.found = pull->probe().found.load();
    totals.missed = pull->probe().missed.load();
    totals.transferred = pull->probe().messages.load();
    return totals;
}

/// Waits until everything that was asked is answered.
void Broker::Parts::drain() {
    const auto settings = config.get();
    const std::int64_t wait_ms = settings->server.enable_shutdown_gracefully
                                     ? settings->server.shutdown_wait_time_seconds * 1000LL
                                     : kDrainMs;
    const std::int64_t until_ms = system_clock().steady_ms() + wait_ms;
    while (router.in_flight() + fast_router.in_flight() > 0) {
        if (system_clock().steady_ms() > until_ms) {
            log::warn("broker", "{} requests are left unanswered",
                      router.in_flight() + fast_router.in_flight());
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void Broker::Parts::close_connections() {
    for (std::size_t i = 0; i < pool.size(); ++i) {
        net::IoThread& thread = pool.at(i);
        run_and_wait(thread, [this, &thread] {
            for (const net::ConnectionPtr& connection : connections.all())
                if (&connection->thread() == &thread) connection->close("the broker stops");
        });
    }
}

Status Broker::Parts::save_tables() {
    Status first;
    for (Status status : {topics->persist(), groups->persist(), offsets->persist()}) {
        if (status) continue;
        log::error("broker", "a table is not written: {}", status.error().text);
        if (first) first = std::move(status);
    }
    return first;
}

Broker::Broker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Broker::~Broker() {
    if (const Status stopped = stop(); !stopped)
        log::error("broker", "the stop is not clean: {}", stopped.error().text);
}

Result<std::unique_ptr<Broker>> Broker::start(BrokerOptions options, net::IoPool& pool) {
    KX_CHECK(check_served(options.config));
    // Whatever fails from here on: the destructor takes apart what there is.
    std::unique_ptr<Broker> broker(new Broker(std::make_unique<Parts>(std::move(options), pool)));
    Parts& parts = *broker->parts_;
    KX_CHECK(parts.open_tables());
    KX_CHECK(parts.listen());
    KX_CHECK(parts.build_handlers());
    parts.serve();
    const auto config = parts.config.get();
    log::info("broker", "The broker[{}, {}] boot success. serializeType=JSON{}",
              config->broker_name, parts.addresses.broker,
              config->namesrv_addr.empty() ? "" : " and name server is " + config->namesrv_addr);
    log::info("broker", "replication is not served yet: {} is announced, but nobody listens there",
              parts.addresses.ha);
    return broker;
}

Status Broker::stop() {
    Parts& parts = *parts_;
    if (parts.stopping.exchange(true)) return {};
    if (parts.registrar) parts.registrar->unregister(kUnregisterWaitMs);
    parts.jobs.stop();
    parts.router.begin_shutdown();
    parts.fast_router.begin_shutdown();
    for (net::Server* listening : {parts.server.get(), parts.fast_server.get()})
        if (listening != nullptr) listening->stop();
    if (parts.pull) parts.pull->stop();
    parts.drain();
    parts.workers.stop();
    parts.client.stop();
    parts.close_connections();
    for (std::size_t i = 0; i < parts.pool.size(); ++i) parts.pool.at(i).remove_hooks(&parts);
    Status status;
    if (parts.serving) status = parts.save_tables();
    if (parts.store) {
        Status closed = parts.store->stop();
        if (status && !closed) status = std::move(closed);
    }
    return status;
}

std::string Broker::address() const { return parts_->addresses.broker; }
std::uint16_t Broker::port() const { return parts_->server->port(); }
std::uint16_t Broker::fast_port() const { return parts_->fast_server->port(); }

StartFacts Broker::start_facts() const {
    const auto config = parts_->config.get();
    const store::StoreFigures figures = parts_->store->figures();
    StartFacts facts;
    facts.broker_name = config->broker_name;
    facts.cluster_name = config->broker_cluster_name;
    facts.address = parts_->addresses.broker;
    facts.directory = config->store_path_root_dir;
    facts.disk_free_bytes = figures.disk_free_bytes;
    facts.promise = promise_of(*config);
    facts.recovery_ms = figures.recovery_ms;
    facts.recovered_records = figures.recovered_records;
    facts.clean_start = figures.clean_start;
    facts.name_servers = net::split_addresses(config->namesrv_addr);
    facts.registered = parts_->registrar->registered_count();
    return facts;
}

std::vector<std::string> Broker::why_not_ready() const {
    std::vector<std::string> reasons;
    if (parts_->stopping) {
        reasons.emplace_back("the broker stops");
        return reasons;
    }
    if (std::string reason = parts_->store->why_not_writable(); !reason.empty())
        reasons.push_back("messages cannot be stored: " + reason);
    if (std::string reason = parts_->registrar->why_not_registered(); !reason.empty())
        reasons.push_back("not registered: " + reason);
    return reasons;
}

void Broker::append_metrics(MetricRows& rows) const {
    if (parts_->stopping) return;
    const auto add = [&rows](std::string_view name, std::string_view help, MetricType type,
                             auto value) {
        rows.push_back({name, help, type, {}, static_cast<double>(value)});
    };
    const auto config = parts_->config.get();
    const store::StoreFigures figures = parts_->store->figures();
    const Totals totals = parts_->totals();
    constexpr auto kCounter = MetricType::kCounter;
    constexpr auto kGauge = MetricType::kGauge;
    add("rocketmq_broker_permission", "4 read, 2 write", kGauge, config->broker_permission);
    add("rocketmq_topic_number", "topics", kGauge, parts_->topics->names().size());
    add("rocketmq_consumer_group_number", "configured groups", kGauge, parts_->groups->size());
    add("rocketmq_producer_connections", "connections of producers", kGauge,
        parts_->clients->producer_count());
    add("rocketmq_consumer_connections", "connections of consumers", kGauge,
        parts_->clients->consumer_count());
    add("rocketmq_messages_in_total", "messages stored", kCounter, totals.puts);
    add("rocketmq_throughput_in_total", "bytes stored", kCounter, figures.put_bytes);
    add("rocketmq_messages_out_total", "messages given out", kCounter, totals.transferred);
    add("rocketmq_throughput_out_total", "bytes given out", kCounter,
        parts_->pull->probe().bytes.load());
    add("rocketmq_storage_flush_behind_bytes", "appended but not flushed", kGauge,
        figures.appended - figures.flushed);
    add("rocketmq_storage_dispatch_behind_bytes", "appended but not in queues", kGauge,
        figures.appended - figures.dispatched);
    add("kerolox_held_pulls", "pulls that wait for a message", kGauge, parts_->pull->held());
    add("kerolox_sends_waiting_for_disk", "under synchronous flush", kGauge,
        parts_->send->waiting_for_disk());
    net::append_metrics(parts_->router, "broker", rows);
}

void Broker::reload(const BrokerConfig& config) {
    const auto now = parts_->config.get();
    std::vector<Property> changed;
    const ConfigTable before(remote_config_parts(*now));
    const ConfigTable after(remote_config_parts(config));
    for (const ConfigPart& part : after.parts()) {
        for (const ConfigRow& row : part.rows) {
            const std::string value = value_text(row, part.view);
            const auto known = before.find(row.name);
            // Ports that the system chose are no change of the file.
            const bool chosen = row.name == "listenPort" || row.name == "haListenPort";
            if (!chosen && !known.empty() && known.back().value() != value)
                changed.push_back({std::string(row.name), value, 0});
        }
    }
    if (changed.empty()) return log::info("broker", "the configuration has not changed");
    if (const auto applied = parts_->config_handler->apply(changed); !applied)
        log::error("broker", "the configuration is not taken over: {}", applied.error().remark);
}

}  // namespace kx::broker
