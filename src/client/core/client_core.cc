// SPDX-License-Identifier: Apache-2.0
#include "client/core/client_core.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <chrono>
#include <random>

#include "client/client_context.h"
#include "client/core/heartbeat.h"
#include "client/core/host_address.h"
#include "client/core/request_decoration.h"
#include "client/core/server_requests.h"
#include "model/names.h"
#include "wire/requests/clients.h"

namespace kx::client {
namespace {

constexpr std::int32_t kUnregisterClient = 35;
constexpr std::int64_t kAddressLookupMs = 120'000;
constexpr std::int64_t kFirstPersistMs = 10'000;

std::string make_id(const ClientConfig& config) {
    const std::string ip = config.client_ip.empty() ? own_address_text() : config.client_ip;
    std::string instance = config.instance_name;
    if (instance == "DEFAULT" || instance.empty()) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        instance = fmt::format("{}#{}", ::getpid(), std::chrono::nanoseconds(now).count());
    }
    std::string id = fmt::format("{}@{}", ip, instance);
    if (!config.unit_name.empty()) id += "@" + config.unit_name;
    if (config.enable_stream_request_type) id += "@STREAM";
    return id;
}

net::RpcClientOptions rpc_options_of(const ClientConfig& config) {
    net::RpcClientOptions options;
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
    std::shared_ptr<ClientCore> core(new ClientCore(settings, std::move(runtime)));
    core->start();
    if (kerolox::Status reached = core->reach_name_server(); !reached) {
        (void)core->close(std::chrono::milliseconds(0)).get();
        return reached.error();
    }
    return core;
}

ClientCore::ClientCore(const Settings& settings, std::shared_ptr<RuntimeCore> runtime)
    : settings_(settings),
      runtime_(std::move(runtime)),
      home_(runtime_->next_thread()),
      id_(make_id(settings_.config)),
      log_level_(settings_.log_level),
      unique_ids_(own_host(), ::getpid(), random_int(), system_clock()),
      decorates_(request_needs_decoration(settings_)),
      router_(home_.clock()),
      rpc_(home_, router_, rpc_options_of(settings_.config)),
      routes_(*this),
      heartbeat_(std::make_unique<Heartbeat>(*this)),
      server_requests_(std::make_unique<ServerRequests>(*this)) {
    name_servers_.update(name_server_text(settings_.config.namesrv_addr));
}

ClientCore::~ClientCore() = default;

void ClientCore::start() {
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

void ClientCore::write_log(kerolox::LogLevel level, std::string_view logger,
                           std::string_view text) const {
    if (!settings_.log_sink) return;
    thread_local bool inside = false;
    if (inside) return;
    inside = true;
    try {
        settings_.log_sink({level, logger, text, id_});
    } catch (...) {  // a sink has nowhere to tell of its own failure
    }
    inside = false;
}

void ClientCore::count(std::string_view name, double value, std::string_view label,
                       std::string_view label_value, kerolox::Metric::Kind kind) const {
    if (!settings_.metrics) return;
    const std::pair<std::string_view, std::string_view> labels[]{{label, label_value}};
    settings_.metrics->record({kind, name, value, std::span(labels, label.empty() ? 0U : 1U)});
}

std::string ClientCore::wire_name(std::string_view name) const {
    return with_namespace(config().name_space, name);
}

std::string_view ClientCore::user_name(std::string_view wire_name) const {
    return without_namespace(config().name_space, wire_name);
}

// --- calls ---

Peer& ClientCore::peer(const std::string& address) {
    auto& peer = peers_[address];
    if (!peer) peer = std::make_unique<Peer>(*this, address);
    return *peer;
}

void ClientCore::call(const std::string& address, net::Call call, std::int64_t timeout_ms,
                      std::function<void(Reply)> done) {
    if (decorates_) decorate(address, call.code, call.fields, call.body);
    const std::int64_t deadline = clock().steady_ms() + timeout_ms;
    send(address, std::make_shared<net::Call>(std::move(call)), deadline, timeout_ms,
         config().enable_reconnect_for_go_away, std::move(done));
}

void ClientCore::send(const std::string& address, std::shared_ptr<net::Call> call,
                      std::int64_t deadline_ms, std::int64_t timeout_ms, bool may_reconnect,
                      std::function<void(Reply)> done) {
    Peer& to = peer(address);
    const auto transmit = [this, &to, call, deadline_ms, timeout_ms, may_reconnect,
                           done](net::Connection& connection) {
        std::vector<ExtField> fields;
        for (const auto& [name, value] : call->fields) fields.push_back({name, value});
        wire::HeaderParts parts;
        parts.encoding = net::answer_encoding();
        // Codes of the pop family don't fit the binary header's two bytes.
        if (call->code > std::numeric_limits<std::int16_t>::max())
            parts.encoding = wire::Encoding::kJson;
        parts.code = call->code;
        parts.extra = fields;
        const std::array<Slice, 1> body{Slice::own(call->body)};
        const std::int64_t left = std::max<std::int64_t>(deadline_ms - clock().steady_ms(), 1);
        connection.call(
            parts, body, left,
            [this, &to, call, deadline_ms, timeout_ms, may_reconnect,
             done](Result<const wire::Command*> answer) {
                if (!answer) return done(call_error(answer.error(), to.address(), timeout_ms));
                const wire::Command& command = **answer;
                if (command.code == static_cast<std::int32_t>(wire::ResponseCode::kGoAway) &&
                    may_reconnect) {
                    to.retire();
                    return send(to.address(), call, deadline_ms, timeout_ms, false, done);
                }
                net::Answer own;
                own.code = static_cast<wire::ResponseCode>(command.code);
                own.remark = command.remark;
                own.version = command.version;
                own.body = command.body;
                for (const ExtField& field : command.fields.rows())
                    own.fields.emplace_back(field.key, field.value);
                for (const auto& interceptor : settings_.interceptors) {
                    interceptor->after_response(
                        {to.address(), call->code, command.code, own.remark});
                }
                done(std::move(own));
            });
    };
    // Always by way of connect(): `done` must not run inside this call.
    to.connect(
        [&to, transmit, done](const kerolox::Status& status) {
            if (!status) return done(status.error());
            if (net::Connection* connection = to.ready(); connection != nullptr)
                return transmit(*connection);
            done(connect_error(Error{Errc::kUnavailable, "the connection closed at once"},
                               to.address()));
        },
        deadline_ms);
}

Awaitable<ClientCore::Reply> ClientCore::call(std::string address, net::Call request,
                                              std::int64_t timeout_ms) {
    auto shared = std::make_shared<net::Call>(std::move(request));
    return awaiting<Reply>([this, address = std::move(address), shared, timeout_ms](auto done) {
        call(address, std::move(*shared), timeout_ms, std::move(done));
    });
}

Awaitable<ClientCore::Reply> ClientCore::call_ok(std::string address, net::Call request,
                                                 std::int64_t timeout_ms) {
    Reply reply = co_await call(address, std::move(request), timeout_ms);
    if (reply && !reply->ok()) {
        const auto code = static_cast<std::int32_t>(reply->code);
        co_return broker_error(code, reply->remark, address);
    }
    co_return reply;
}

void ClientCore::call_oneway(const std::string& address, net::Call call) {
    if (decorates_) decorate(address, call.code, call.fields, call.body);
    Peer& to = peer(address);
    to.connect([this, &to, call = std::make_shared<net::Call>(std::move(call))](
                   const kerolox::Status& status) {
        Status sent;
        net::Connection* connection = status ? to.ready() : nullptr;
        if (connection != nullptr) {
            std::vector<ExtField> fields;
            for (const auto& [name, value] : call->fields) fields.push_back({name, value});
            wire::HeaderParts parts;
            parts.encoding = net::answer_encoding();
            if (call->code > std::numeric_limits<std::int16_t>::max())
                parts.encoding = wire::Encoding::kJson;
            parts.code = call->code;
            parts.extra = fields;
            const std::array<Slice, 1> body{Slice::own(std::move(call->body))};
            sent = connection->call_oneway(parts, body);
        }
        if (connection != nullptr && sent) return;
        count("kerolox_oneway_failed_total", 1);
        log(kerolox::LogLevel::warn, "client", "one-way request {} to {} failed: {}", call->code,
            to.address(),
            status ? (sent ? "the connection closed" : sent.error().text)
                   : status.error().describe());
    });
}

Awaitable<ClientCore::Reply> ClientCore::ask_name_server(net::Call request,
                                                         std::int64_t timeout_ms) {
    if (timeout_ms <= 0) timeout_ms = config().mq_client_api_timeout;
    const std::int64_t deadline = clock().steady_ms() + timeout_ms;
    Reply last = client_error("No name server address, please set it.", kNoNameServer);
    const std::size_t servers = name_servers_.size();
    for (std::size_t i = 0; i < servers && !name_servers_.empty(); ++i) {
        const std::int64_t left = deadline - clock().steady_ms();
        if (left <= 0 && i > 0) break;
        const std::string address = name_servers_.current();
        // A server that says nothing may cost its share of the time, not all of it.
        const std::int64_t share = std::max<std::int64_t>(left / std::int64_t(servers - i), 1);
        last = co_await call(address, request, share);
        if (last) co_return last;
        name_servers_.leave(address);
    }
    co_return last;
}

void ClientCore::decorate(std::string_view address, std::int32_t code, kerolox::ExtFields& fields,
                          std::string_view body) const {
    decorate_request(settings_, address, code, fields, body);
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
        }
        --self->running_;
    };
    boost::asio::co_spawn(home_.context(), counted(shared_from_this(), std::move(coroutine)),
                          boost::asio::detached);
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
        if (settings_.name_server_fetcher) {
            // The application's function may block: on a callback thread, not here.
            list = co_await awaiting<std::string>([this](auto done) {
                CallbackPool::Work work = [fetch = settings_.name_server_fetcher, done] {
                    std::string text;
                    try {
                        text = fetch();
                    } catch (...) {  // as good as no answer; the next round asks again
                    }
                    done(std::move(text));
                };
                if (!runtime_->callbacks().post(work)) done({});
            });
        } else {
            list = co_await look_up_name_servers(*this);
        }
        if (!list.empty() && name_servers_.update(list)) {
            log(kerolox::LogLevel::info, "client", "name servers are now {}", list);
        }
    } while (co_await sleep(kAddressLookupMs));
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
    std::vector<std::string> addresses;
    for (const auto& [name, by_id] : routes_.brokers()) {
        for (const auto& [broker_id, address] : by_id) {
            // Whom we never spoke to needs no farewell.
            if (peer(address).ready() != nullptr) addresses.push_back(address);
        }
    }
    if (addresses.empty()) co_return;
    // A broker that says nothing must not hold up who closes: it learns from the connection's end.
    constexpr std::int32_t kFarewellMs = 1'000;
    const std::int32_t timeout = std::min(config().mq_client_api_timeout, kFarewellMs);
    const net::Call farewell(kUnregisterClient, header);
    auto left = std::make_shared<std::size_t>(addresses.size());
    co_await awaiting<int>([&](auto done) {
        for (const std::string& address : addresses) {
            call(address, farewell, timeout, [this, address, left, done](const Reply& reply) {
                if (!reply || !reply->ok()) {
                    log(kerolox::LogLevel::info, "client", "unregistering at {} failed: {}",
                        address, reply ? reply->remark : reply.error().describe());
                }
                if (--*left == 0) done(0);
            });
        }
    });
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
        co_await member->shut(std::max<std::int64_t>(deadline - clock().steady_ms(), 0));
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
    if (core->is_closing()) return;
    wait_briefly(core->close(std::chrono::seconds(2)), core->runtime());
}

void wait_briefly(kerolox::Async<void> closing, const RuntimeCore& runtime) {
    if (runtime.is_own_thread()) {
        std::move(closing).detach();
    } else {
        (void)std::move(closing).get_for(std::chrono::seconds(3));
    }
}

}  // namespace kx::client
