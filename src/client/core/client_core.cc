// SPDX-License-Identifier: Apache-2.0
#include "client/core/client_core.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "client/core/heartbeat.h"
#include "client/core/host_address.h"
#include "client/core/name_server_lookup.h"
#include "client/core/request_decoration.h"
#include "client/core/server_requests.h"
#include "client/trace/message_tracer.h"
#include "model/names.h"
#include "net/tls.h"
#include "wire/requests/clients.h"

namespace kx::client {
namespace {

constexpr std::int32_t kUnregisterClient = 35;
constexpr std::int64_t kAddressLookupMs = 120'000;
constexpr std::int64_t kAddressLookMs = 1'000;
constexpr std::int64_t kFirstPersistMs = 10'000;

std::string make_id(const ClientConfig& config) {
    const std::string ip = config.client_ip.empty() ? own_address_text() : config.client_ip;
    std::string instance = config.instance_name;
    if (instance == "DEFAULT" || instance.empty()) {
        instance = fmt::format("{}#{}", ::getpid(), system_clock().steady_ns());
    }
    std::string id = fmt::format("{}@{}", ip, instance);
    if (!config.unit_name.empty()) id += "@" + config.unit_name;
    if (config.enable_stream_request_type) id += "@STREAM";
    return id;
}

/// Null: nothing is encrypted.
kerolox::Result<std::shared_ptr<const net::TlsContext>> make_tls(
    const ClientCore::Settings& settings) {
    const ClientConfig& config = settings.config;
    if (!config.use_tls) return std::shared_ptr<const net::TlsContext>();
    net::TlsSettings tls;
    tls.trust_certificates = config.tls_client_trust_cert_path;
    tls.certificate = config.tls_client_cert_path;
    tls.private_key = config.tls_client_key_path;
    tls.private_key_password = config.tls_client_key_password;
    tls.verify_peer = config.tls_client_auth_server && !config.tls_test_mode_enable;
    tls.verify_host_name = settings.tls_verify_host_name && tls.verify_peer;
    auto made = net::TlsContext::create(tls);
    if (!made) return usage_error(made.error().text);
    return std::move(*made);
}

net::RpcClientOptions rpc_options_of(const ClientConfig& config,
                                     std::shared_ptr<const net::TlsContext> tls) {
    net::RpcClientOptions options;
    options.limits.tls = std::move(tls);
    options.connect_timeout_ms = config.connect_timeout_millis;
    options.limits.idle_ms = std::int64_t{config.client_channel_max_idle_time_seconds} * 1000;
    // What is in flight is bounded by the producers, in messages and bytes.
    options.limits.output_max_bytes = std::size_t{1} << 30;
    return options;
}

std::int32_t random_int() { return static_cast<std::int32_t>(std::random_device{}()); }

}  // namespace

kerolox::Result<std::shared_ptr<ClientCore>> ClientCore::create(const Settings& given) {
    Settings settings = given;
    if (settings.config.namesrv_addr.empty()) {
        if (const char* value = std::getenv("NAMESRV_ADDR"); value != nullptr)
            settings.config.namesrv_addr = value;
    }
    if (settings.config.name_space.empty())
        settings.config.name_space = namespace_of_endpoint(settings.config.namesrv_addr);
    auto tls = make_tls(settings);
    if (!tls) return tls.error();
    auto runtime = std::static_pointer_cast<RuntimeCore>(settings.runtime);
    settings.runtime.reset();
    if (!runtime) {
        kerolox::RuntimeOptions options;
        options.io_threads(static_cast<std::size_t>(settings.config.client_worker_threads));
        options.callback_threads(
            static_cast<std::size_t>(settings.config.client_callback_executor_threads));
        auto made = RuntimeCore::create(options);
        if (!made) return made.error();
        runtime = std::move(made).value();
    }
    std::shared_ptr<MessageTracer> tracer;
    if (settings.config.enable_trace)
        settings.interceptors.push_back(tracer = std::make_shared<MessageTracer>());
    // In a fork's child the threads are gone, and with them whoever would unlock what they held at
    // that moment: the memory is left alone.
    std::shared_ptr<ClientCore> core(new ClientCore(settings, std::move(runtime), *tls, tracer),
                                     [](const ClientCore* one) {
                                         if (!one->runtime_->is_forked()) delete one;
                                     });
    core->start();
    if (kerolox::Status reached = core->reach_name_server(); !reached) {
        const ClientLease ends_here(std::move(core));
        return reached.error();
    }
    if (tracer) {
        if (kerolox::Status attached = tracer->attach(*core); !attached) {
            const ClientLease ends_here(std::move(core));
            return attached.error();
        }
    }
    return core;
}

ClientCore::ClientCore(const Settings& settings, std::shared_ptr<RuntimeCore> runtime,
                       std::shared_ptr<const net::TlsContext> tls,
                       std::shared_ptr<MessageTracer> tracer)
    : settings_(settings),
      runtime_(std::move(runtime)),
      home_(runtime_->next_thread()),
      id_(make_id(settings_.config)),
      log_(std::make_shared<ClientLog>(settings_.log_sink, settings_.log_level, id_)),
      threads_(std::make_shared<SharedThreads>(
          SharedThreads{runtime_->callback_pool(), log_, settings_.callbacks_on_io})),
      tracer_(std::move(tracer)),
      unique_ids_(own_host(), ::getpid(), random_int(), home_.clock()),
      decorates_(request_needs_decoration(settings_)),
      router_(home_.clock()),
      rpc_(home_, router_, rpc_options_of(settings_.config, std::move(tls))),
      routes_(*this),
      heartbeat_(std::make_unique<Heartbeat>(*this)),
      server_requests_(std::make_unique<ServerRequests>(*this)) {
    name_servers_.update(name_server_text(settings_.config.namesrv_addr));
    runtime_->log_to(home_, log_);
}

ClientCore::~ClientCore() = default;

void ClientCore::start() {
    log(kerolox::LogLevel::info, "client", "{} runs, name servers: {}", id_,
        config().namesrv_addr.empty() ? "to be looked up" : config().namesrv_addr);
    if (config().use_tls && (!config().tls_client_auth_server || config().tls_test_mode_enable)) {
        log(kerolox::LogLevel::warn, "client",
            "TLS without verification: whoever answers at a server's address is trusted");
    }
    spawn(keep_name_servers());
    spawn(keep_routes());
    spawn(heartbeat_->keep());
    spawn(keep_offsets());
}

/// A wrong address is told at once, not by silence later.
kerolox::Status ClientCore::reach_name_server() {
    if (!settings_.require_name_server) return {};
    auto answer = run<int>(first_answer()).get();
    if (answer) return {};
    return answer.error();
}

Awaitable<kerolox::Result<int>> ClientCore::first_answer() {
    constexpr std::int32_t kGetNamesrvConfig = 319;  // any question will do
    const std::int64_t deadline = clock().steady_ms() + config().mq_client_api_timeout;
    while (name_servers_.empty() &&
           (!config().namesrv_domain.empty() || settings_.name_server_fetcher != nullptr)) {
        if (clock().steady_ms() >= deadline || !co_await sleep(20)) break;
    }
    const auto answer = co_await ask_name_server(net::Call(kGetNamesrvConfig));
    if (!answer && answer.error().kind() != kerolox::ErrorKind::broker) co_return answer.error();
    co_return 0;
}

// --- any thread ---

kerolox::Status ClientCore::usable() const {
    if (runtime_->is_forked()) {
        return kerolox::Error(
            kerolox::ErrorKind::closed,
            "a client does not work in the child of a fork: make a new one there");
    }
    if (is_closing()) return closed_error("client");
    return {};
}

void ClientCore::post(std::function<void()> work) {
    boost::asio::post(home_.context(), std::move(work));
}

void ClientCore::tell_thrown(std::string_view what) const {
    log(kerolox::LogLevel::error, "client", "an interceptor threw: {}", what);
}

void ClientCore::count(std::string_view name, double value, std::string_view label,
                       std::string_view label_value, kerolox::Metric::Kind kind) const {
    if (!settings_.metrics) return;
    const std::pair<std::string_view, std::string_view> labels[]{{label, label_value}};
    try {
        settings_.metrics->record({kind, name, value, std::span(labels, label.empty() ? 0U : 1U)});
    } catch (...) {
        log(kerolox::LogLevel::error, "client", "the metrics sink threw at {}", name);
    }
}

std::string ClientCore::wire_name(std::string_view name) const {
    return with_namespace(config().name_space, name);
}

std::string_view ClientCore::user_name(std::string_view wire_name) const {
    return without_namespace(config().name_space, wire_name);
}

// --- coroutines ---

void ClientCore::spawn(Awaitable<void> coroutine) {
    // Counted on the home thread, where close() looks.
    auto counted = [](std::shared_ptr<ClientCore> self, Awaitable<void> inner) -> Awaitable<void> {
        ++self->running_;
        try {
            co_await std::move(inner);
        } catch (const std::exception& error) {
            self->log(kerolox::LogLevel::error, "client", "a task of the client failed: {}",
                      error.what());
        } catch (...) {
            self->log(kerolox::LogLevel::error, "client", "a task of the client failed");
        }
        --self->running_;
    };
    boost::asio::co_spawn(home_.context(), counted(shared_from_this(), std::move(coroutine)),
                          boost::asio::detached);
}

Awaitable<void> ClientCore::all_of(std::vector<Awaitable<void>> coroutines) {
    if (coroutines.empty()) co_return;
    co_await awaiting<int>([this, &coroutines](const std::function<void(int)>& done) {
        // Tells when the last one is gone, however it ended.
        const std::shared_ptr<int> end(new int(0), [done](const int* mark) {
            delete mark;
            done(0);
        });
        auto hold = [](std::shared_ptr<int>, Awaitable<void> one) -> Awaitable<void> {
            co_await std::move(one);
        };
        for (Awaitable<void>& one : coroutines) spawn(hold(end, std::move(one)));
    });
}

Awaitable<bool> ClientCore::sleep(std::int64_t ms) {
    if (sleeps_end_) co_return false;
    boost::asio::steady_timer timer(home_.context());
    timer.expires_after(std::chrono::milliseconds(ms));
    sleeping_.insert(&timer);
    boost::system::error_code error;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
    sleeping_.erase(&timer);
    co_return !sleeps_end_;
}

Awaitable<void> ClientCore::keep_routes() {
    std::int64_t pause = 10;
    while (co_await sleep(pause)) {
        pause = config().poll_name_server_interval;
        std::set<std::string> topics;
        for (const auto& member : with_routes()) member->add_topics(topics);
        co_await routes_.refresh_all(std::move(topics));
    }
}

Awaitable<void> ClientCore::keep_name_servers() {
    const bool by_http = !config().namesrv_domain.empty();
    if (!config().namesrv_addr.empty() || (!by_http && !settings_.name_server_fetcher)) co_return;
    do {
        std::string list;
        if (settings_.name_server_fetcher) list = co_await fetch_name_servers();
        if (list.empty() && by_http) list = co_await look_up_name_servers(*this);
        if (!list.empty() && name_servers_.update(list)) {
            log(kerolox::LogLevel::info, "client", "name servers are now {}", list);
            name_servers_answer_ = true;
        }
    } while (co_await pause_of_lookup());
}

/// Shorter while no name server answers: the list may have changed, and be why. False: no more.
Awaitable<bool> ClientCore::pause_of_lookup() {
    const std::int64_t start = clock().steady_ms();
    std::int64_t waited = 0;
    const auto in_need = [this] { return name_servers_.empty() || !name_servers_answer_; };
    while (waited < (in_need() ? settings_.lookup_again_ms : kAddressLookupMs)) {
        if (!co_await sleep(std::min(kAddressLookMs, settings_.lookup_again_ms))) co_return false;
        waited = clock().steady_ms() - start;
    }
    co_return true;
}

/// The application's function may block: on a callback thread, not here; and the client's end does
/// not wait for it.
Awaitable<std::string> ClientCore::fetch_name_servers() {
    struct Outcome {
        std::atomic<bool> is_there{false};
        std::string list;
    };
    const auto outcome = std::make_shared<Outcome>();
    CallbackPool::Work work = [outcome, fetch = settings_.name_server_fetcher, log = log_] {
        try {
            outcome->list = fetch();
        } catch (...) {
            log->write(kerolox::LogLevel::error, "client", "the name server fetcher threw");
        }
        outcome->is_there.store(true, std::memory_order_release);
    };
    if (!runtime_->callbacks().post(work)) co_return std::string();
    constexpr std::int64_t kLookMs = 5;
    while (!outcome->is_there.load(std::memory_order_acquire))
        if (!co_await sleep(kLookMs)) co_return std::string();
    co_return std::move(outcome->list);
}

Awaitable<void> ClientCore::keep_offsets() {
    std::int64_t pause =
        std::min<std::int64_t>(kFirstPersistMs, config().persist_consumer_offset_interval);
    while (co_await sleep(pause)) {
        pause = config().persist_consumer_offset_interval;
        for (const auto& consumer : consumers()) consumer->persist_offsets();
    }
}

// --- members ---

namespace {

template <class M>
kerolox::Status add_member(std::map<std::string, std::weak_ptr<M>, std::less<>>& table,
                           const std::shared_ptr<M>& member, std::string_view kind) {
    auto& slot = table[member->group()];
    if (slot.lock() != nullptr) {
        return client_error(
            fmt::format("The {} group[{}] has been created before, specify another name please.",
                        kind, member->group()));
    }
    slot = member;
    return {};
}

template <class M>
std::shared_ptr<M> find_member(const std::map<std::string, std::weak_ptr<M>, std::less<>>& table,
                               std::string_view group) {
    const auto found = table.find(group);
    return found == table.end() ? nullptr : found->second.lock();
}

}  // namespace

kerolox::Status ClientCore::add_producer(const std::shared_ptr<ProducerMember>& producer) {
    return add_member(producers_, producer, "producer");
}
kerolox::Status ClientCore::add_consumer(const std::shared_ptr<ConsumerMember>& consumer) {
    return add_member(consumers_, consumer, "consumer");
}
std::shared_ptr<ProducerMember> ClientCore::producer(std::string_view group) const {
    return find_member(producers_, group);
}
std::shared_ptr<ConsumerMember> ClientCore::consumer(std::string_view group) const {
    return find_member(consumers_, group);
}

std::vector<std::shared_ptr<ConsumerMember>> ClientCore::consumers() const {
    std::vector<std::shared_ptr<ConsumerMember>> all;
    for (const auto& [group, weak] : consumers_)
        if (auto consumer = weak.lock()) all.push_back(std::move(consumer));
    return all;
}

std::vector<std::shared_ptr<Member>> ClientCore::members() const {
    std::vector<std::shared_ptr<Member>> all;
    for (const auto& [group, weak] : producers_)
        if (auto producer = weak.lock()) all.push_back(std::move(producer));
    for (const auto& [group, weak] : consumers_)
        if (auto consumer = weak.lock()) all.push_back(std::move(consumer));
    return all;
}

/// Members, and the inner producer.
std::vector<std::shared_ptr<Member>> ClientCore::with_routes() const {
    std::vector<std::shared_ptr<Member>> all = members();
    if (inner_producer_ != nullptr) all.push_back(inner_producer_);
    return all;
}

Awaitable<void> ClientCore::remove_producer(std::string group) {
    if (producers_.erase(group) > 0) co_await unregister(std::move(group), {});
}
Awaitable<void> ClientCore::remove_consumer(std::string group) {
    if (consumers_.erase(group) > 0) co_await unregister({}, std::move(group));
}

Awaitable<void> ClientCore::unregister(std::string producer_group, std::string consumer_group) {
    wire::UnregisterClient header;
    header.client_id = id_;
    header.producer_group = producer_group;
    header.consumer_group = consumer_group;
    const net::Call farewell(kUnregisterClient, header);
    // Side by side: a broker that has stalled holds up no farewell but its own.
    std::vector<Awaitable<void>> farewells;
    for (const auto& [name, addresses] : routes_.brokers()) {
        for (const auto& [broker_id, address] : addresses) {
            // Whom we never spoke to needs none.
            if (peer(address).ready() != nullptr)
                farewells.push_back(unregister_at(address, farewell));
        }
    }
    co_await all_of(std::move(farewells));
}

Awaitable<void> ClientCore::unregister_at(std::string address, net::Call farewell) {
    // A broker that says nothing must not hold up who closes: it learns from the connection's end.
    constexpr std::int32_t kFarewellMs = 1'000;
    const Reply reply = co_await call_ok(address, std::move(farewell),
                                         std::min(config().mq_client_api_timeout, kFarewellMs));
    if (!reply) {
        log(kerolox::LogLevel::info, "client", "unregistering at {} failed: {}", address,
            reply.error().describe());
    }
}

void ClientCore::tell_route(const std::string& topic, const RoutePtr& route) {
    for (const auto& member : with_routes()) {
        std::set<std::string> topics;
        member->add_topics(topics);
        if (topics.contains(topic)) member->on_route(topic, route);
    }
}

void ClientCore::on_new_connection(const std::string& address) {
    if (!config().enable_heartbeat_channel_event_listener) return;
    if (routes_.broker_at(address).empty()) return;
    auto greet = [](ClientCore& core, std::string to) -> Awaitable<void> {
        if (co_await core.heartbeat().to_one(std::move(to)))
            for (const auto& consumer : core.consumers()) consumer->rebalance_soon();
    };
    spawn(greet(*this, address));
}

// --- the end ---

kerolox::Async<void> ClientCore::close(std::chrono::milliseconds grace) {
    auto* op = new_operation<kerolox::detail::OperationOf<void>>();
    if (runtime_->is_forked()) {
        op->complete({});
        return kerolox::Async<void>(op);
    }
    op->retain();
    const bool first = !closing_.exchange(true);
    post([self = shared_from_this(), op, first, grace] {
        if (self->closed_) {
            op->complete({});
            op->release();
        } else {
            self->close_waiters_.push_back(op);
        }
        if (first) {
            boost::asio::co_spawn(self->home_.context(),
                                  self->shut(std::max<std::int64_t>(grace.count(), 0)),
                                  boost::asio::detached);
        }
    });
    return kerolox::Async<void>(op);
}

Awaitable<void> ClientCore::shut(std::int64_t grace_ms) {
    const auto self = shared_from_this();
    const std::int64_t deadline = clock().steady_ms() + grace_ms;
    for (const auto& member : members()) {
        try {
            co_await member->shut(std::max<std::int64_t>(deadline - clock().steady_ms(), 0));
        } catch (const std::exception& error) {
            log(kerolox::LogLevel::error, "client", "closing {} failed: {}", member->group(),
                error.what());
        }
    }
    if (tracer_ && tracer_->dispatcher()) {
        co_await tracer_->dispatcher()->shut(
            *this, std::max<std::int64_t>(deadline - clock().steady_ms(), 0));
    }
    sleeps_end_ = true;
    for (boost::asio::steady_timer* timer : sleeping_) timer->cancel();
    rpc_.stop();
    // Coroutines end by themselves now: their calls fail and their sleeps are over.
    constexpr int kRounds = 2500;
    boost::asio::steady_timer timer(home_.context());
    for (int i = 0; i < kRounds && (running_ > 0 || i < 2); ++i) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    if (running_ > 0)
        log(kerolox::LogLevel::error, "client", "{} tasks outlast the client's end", running_);
    closed_ = true;
    for (auto* op : close_waiters_) {
        op->complete({});
        op->release();
    }
    close_waiters_.clear();
}

ClientLease::~ClientLease() {
    // Also when it is closed already: all share one end.
    wait_briefly(core->close(std::chrono::seconds(2)), core->runtime());
    if (core->runtime().is_own_thread() || core->runtime().is_forked()) return;
    // The coroutine that closed lets go of the client a moment after it said so. Whoever is last
    // ends the threads: it should be this one, or they might still run when main() has returned.
    constexpr int kLooks = 2'000;
    for (int i = 0; i < kLooks && core.use_count() > 1; ++i)
        std::this_thread::sleep_for(std::chrono::microseconds(500));
}

void wait_briefly(kerolox::Async<void> closing, const RuntimeCore& runtime) {
    if (runtime.is_own_thread()) {
        std::move(closing).detach();
    } else {
        (void)std::move(closing).get_for(std::chrono::seconds(3));
    }
}

}  // namespace kx::client
