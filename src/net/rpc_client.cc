// SPDX-License-Identifier: Apache-2.0
#include "net/rpc_client.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <future>
#include <limits>
#include <optional>

#include "base/log.h"
#include "base/sync.h"
#include "net/io_thread.h"

namespace kx::net {
namespace {

using boost::asio::ip::tcp;

Answer own(const wire::Command& command) {
    Answer answer;
    answer.code = static_cast<wire::ResponseCode>(command.code);
    answer.remark = command.remark;
    answer.version = command.version;
    answer.body = command.body;
    for (const ExtField& field : command.fields.rows())
        answer.fields.emplace_back(field.key, field.value);
    return answer;
}

wire::HeaderParts parts_of(const Call& call, std::vector<ExtField>& fields) {
    for (const auto& [key, value] : call.fields) fields.push_back({key, value});
    wire::HeaderParts parts;
    parts.encoding = wire::Encoding::kJson;
    parts.code = call.code;
    parts.language = call.language;
    parts.extra = fields;
    return parts;
}

std::pair<std::string, std::string> split_host_port(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return {address, ""};
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    return {host, address.substr(colon + 1)};
}

/// Numbers need no resolver, and must not wait behind a name that it cannot find.
std::optional<tcp::endpoint> literal_endpoint(const std::string& host, const std::string& port) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    std::uint16_t number = 0;
    const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error || wrong != std::errc() || end != port.data() + port.size()) return std::nullopt;
    return tcp::endpoint(address, number);
}

}  // namespace

void Call::add_fields(std::span<const FieldRow> rows, const void* header, Names names) {
    for (const FieldRow& row : rows) {
        Buffer text;
        if (!row.write(header, text)) continue;
        const bool shortened = names == Names::kShort && !row.short_name.empty();
        fields.emplace_back(shortened ? row.short_name : row.name, text.view());
    }
}

/// The connection to one address. Everything but the constructor runs on its io thread.
class RpcClient::Channel : public std::enable_shared_from_this<RpcClient::Channel> {
public:
    Channel(std::string address, IoThread& thread, Router& router, const RpcClientOptions& options)
        : address_(std::move(address)),
          thread_(thread),
          router_(router),
          options_(options),
          resolver_(thread.context()),
          socket_(thread.context()),
          timer_(thread.context()) {}

    IoThread& thread() { return thread_; }

    /// `deadline_ms`: when `work` has had enough of waiting for a connection.
    void use(std::function<void(Result<ConnectionPtr>)> work, std::int64_t deadline_ms) {
        if (stopped_) return work(fail(Errc::kUnavailable, "the client is stopped"));
        if (connection_ && connection_->is_open()) return work(connection_);
        const std::int64_t now = thread_.clock().steady_ms();
        // Not through finish(): a caller more eager than the gap would renew it for ever.
        if (!connecting_ && failed_ && now - failed_ms_ < options_.reconnect_gap_ms) {
            return work(
                fail(Errc::kUnavailable, "cannot connect to {}: {}", address_, last_error_));
        }
        waiting_.push_back({std::move(work), deadline_ms});
        if (!connecting_) connect();
    }

    void stop() {
        stopped_ = true;
        if (connecting_) finish(fail(Errc::kUnavailable, "the client is stopped"));
        if (connection_) connection_->close("the client stops");
        connection_.reset();
    }

private:
    struct Waiting {
        std::function<void(Result<ConnectionPtr>)> work;
        std::int64_t deadline_ms;
    };

    void connect() {
        connecting_ = true;
        last_error_ = "it takes too long";
        const int attempt = ++attempt_;
        connect_deadline_ms_ = thread_.clock().steady_ms() + options_.connect_timeout_ms;
        watch(attempt);
        const auto [host, port] = split_host_port(address_);
        if (const auto known = literal_endpoint(host, port)) {
            const auto found = tcp::resolver::results_type::create(*known, host, port);
            return connect_to(found, found.begin(), attempt);
        }
        resolver_.async_resolve(
            host, port,
            [self = shared_from_this(), attempt](const boost::system::error_code& error,
                                                 const tcp::resolver::results_type& found) {
                if (attempt != self->attempt_ || !self->connecting_) return;
                if (error) {
                    self->last_error_ = error.message();
                    return self->finish(fail(Errc::kUnavailable, "cannot resolve {}: {}",
                                             self->address_, error.message()));
                }
                self->connect_to(found, found.begin(), attempt);
            });
    }

    /// While it connects, every 50 ms: are those who wait still patient?
    void watch(int attempt) {
        timer_.expires_after(std::chrono::milliseconds(50));
        timer_.async_wait(
            [self = shared_from_this(), attempt](const boost::system::error_code& error) {
                if (error || attempt != self->attempt_ || !self->connecting_) return;
                const std::int64_t now = self->thread_.clock().steady_ms();
                if (now >= self->connect_deadline_ms_) {
                    return self->finish(
                        fail(Errc::kTimeout, "connecting to {} took too long", self->address_));
                }
                self->watch(attempt);
                self->expire(now);
            });
    }

    void expire(std::int64_t now) {
        std::vector<Waiting> expired;
        std::erase_if(waiting_, [&](Waiting& one) {
            if (one.deadline_ms > now) return false;
            expired.push_back(std::move(one));
            return true;
        });
        for (const Waiting& one : expired)
            one.work(fail(Errc::kTimeout, "no connection to {} in time", address_));
    }

    void connect_to(const tcp::resolver::results_type& found,
                    tcp::resolver::results_type::const_iterator next, int attempt) {
        if (next == found.end())
            return finish(
                fail(Errc::kUnavailable, "cannot connect to {}: {}", address_, last_error_));
        socket_ = tcp::socket(thread_.context());
        socket_.async_connect(*next, [self = shared_from_this(), found, next,
                                      attempt](const boost::system::error_code& error) {
            if (attempt != self->attempt_ || !self->connecting_) return;
            if (error || self->is_connected_to_itself()) {
                self->last_error_ = error ? error.message() : "Connection refused";
                return self->connect_to(found, std::next(next), attempt);
            }
            self->secure(attempt);
        });
    }

    /// The connection counts once requests may go out over it.
    void secure(int attempt) {
        ConnectionLimits limits = options_.limits;
        limits.asks = true;
        const auto connection =
            std::make_shared<Connection>(std::move(socket_), thread_, router_, std::move(limits));
        securing_ = connection;
        connection->start(split_host_port(address_).first);
        connection->when_secured([self = shared_from_this(), attempt,
                                  weak = std::weak_ptr(connection)](const Status& secured) {
            if (attempt != self->attempt_ || !self->connecting_) return;
            if (secured) return self->finish(weak.lock());
            self->finish(fail(Errc::kUnavailable, "cannot connect to {}: {}", self->address_,
                              secured.error().text));
        });
    }

    /// A local port that nobody listens on may be drawn as our own port: TCP then connects the
    /// socket to itself.
    bool is_connected_to_itself() const {
        boost::system::error_code error;
        const tcp::endpoint here = socket_.local_endpoint(error);
        const tcp::endpoint there = socket_.remote_endpoint(error);
        return !error && here == there;
    }

    void finish(Result<ConnectionPtr> outcome) {
        connecting_ = false;
        ++attempt_;
        timer_.cancel();
        resolver_.cancel();
        boost::system::error_code ignored;
        if (!outcome) socket_.close(ignored);
        failed_ = !outcome;
        failed_ms_ = thread_.clock().steady_ms();
        const ConnectionPtr unfinished = std::exchange(securing_, nullptr);
        if (!outcome && unfinished) unfinished->close("it takes too long to secure it");
        if (outcome) connection_ = *outcome;
        auto waiting = std::move(waiting_);
        waiting_.clear();
        for (const Waiting& one : waiting) one.work(outcome);
    }

    const std::string address_;
    IoThread& thread_;
    Router& router_;
    const RpcClientOptions options_;
    tcp::resolver resolver_;
    tcp::socket socket_;
    boost::asio::steady_timer timer_;
    ConnectionPtr connection_;
    ConnectionPtr securing_;  ///< connected, but TLS is not agreed on yet
    std::vector<Waiting> waiting_;
    std::string last_error_;
    std::int64_t failed_ms_ = 0;
    std::int64_t connect_deadline_ms_ = 0;
    int attempt_ = 0;
    bool failed_ = false;
    bool connecting_ = false;
    bool stopped_ = false;
};

struct RpcClient::Shared {
    std::function<IoThread&()> choose_thread;
    const Clock& clock;
    Router& router;
    RpcClientOptions options;
    std::atomic<std::int32_t> in_flight{0};
    Mutex mutex;
    bool stopped KX_GUARDED_BY(mutex) = false;
    boost::unordered_flat_map<std::string, std::shared_ptr<Channel>> channels KX_GUARDED_BY(mutex);
    std::vector<std::shared_ptr<Channel>> let_go KX_GUARDED_BY(mutex);
};

RpcClient::RpcClient(IoPool& pool, Router& router, RpcClientOptions options)
    : shared_(new Shared{[&pool]() -> IoThread& { return pool.least_loaded(); },
                         pool.at(0).clock(),
                         router,
                         std::move(options),
                         {},
                         {},
                         false,
                         {},
                         {}}) {}

RpcClient::RpcClient(IoThread& home, Router& router, RpcClientOptions options)
    : shared_(new Shared{[&home]() -> IoThread& { return home; },
                         home.clock(),
                         router,
                         std::move(options),
                         {},
                         {},
                         false,
                         {},
                         {}}) {}

std::shared_ptr<RpcClient::Channel> RpcClient::channel_for(const std::string& address) {
    MutexLock lock(shared_->mutex);
    if (shared_->stopped) return nullptr;
    auto& channel = shared_->channels[address];
    if (!channel) {
        channel = std::make_shared<Channel>(address, shared_->choose_thread(), shared_->router,
                                            shared_->options);
    }
    return channel;
}

void RpcClient::with_connection(const std::string& address,
                                std::function<void(Result<ConnectionPtr>)> work,
                                std::int64_t deadline_ms) {
    auto channel = channel_for(address);
    if (!channel) return work(fail(Errc::kUnavailable, "the client is stopped"));
    boost::asio::post(channel->thread().context(),
                      [channel, deadline_ms, work = std::move(work)]() mutable {
                          channel->use(std::move(work), deadline_ms);
                      });
}

void RpcClient::let_go(const std::string& address) {
    MutexLock lock(shared_->mutex);
    const auto found = shared_->channels.find(address);
    if (found == shared_->channels.end()) return;
    shared_->let_go.push_back(std::move(found->second));
    shared_->channels.erase(found);
}

void RpcClient::call(const std::string& address, Call call, std::int64_t timeout_ms,
                     Callback callback) {
    if (shared_->in_flight.fetch_add(1) >= shared_->options.in_flight_max) {
        shared_->in_flight.fetch_sub(1);
        return callback(fail(Errc::kBusy, "{} calls are under way, which is the bound",
                             shared_->options.in_flight_max));
    }
    auto done = [shared = shared_, callback = std::move(callback)](Result<Answer> answer) {
        shared->in_flight.fetch_sub(1);
        callback(std::move(answer));
    };
    // The time counts from here: connecting uses it up as well.
    const std::int64_t deadline_ms = shared_->clock.steady_ms() + timeout_ms;
    with_connection(
        address,
        [call = std::move(call), deadline_ms,
         done = std::move(done)](Result<ConnectionPtr> connection) mutable {
            if (!connection) return done(tl::unexpected(connection.error()));
            std::vector<ExtField> fields;
            const auto parts = parts_of(call, fields);
            const std::array<Slice, 1> body{Slice::own(std::move(call.body))};
            const std::int64_t left_ms = deadline_ms - (*connection)->thread().clock().steady_ms();
            (*connection)->call(parts, body, left_ms, [done](Result<const wire::Command*> answer) {
                if (!answer) return done(tl::unexpected(answer.error()));
                done(own(**answer));
            });
        },
        deadline_ms);
}

void RpcClient::call_oneway(const std::string& address, Call call) {
    with_connection(address,
                    [address, call = std::move(call)](Result<ConnectionPtr> connection) mutable {
                        Status sent;
                        if (connection) {
                            std::vector<ExtField> fields;
                            const auto parts = parts_of(call, fields);
                            const std::array<Slice, 1> body{Slice::own(std::move(call.body))};
                            sent = (*connection)->call_oneway(parts, body);
                        } else {
                            sent = tl::unexpected(connection.error());
                        }
                        if (!sent)
                            KX_LOG_LIMITED(warn, "net", "one-way request code={} to {} failed: {}",
                                           call.code, address, sent.error().text);
                    });
}

boost::asio::awaitable<Result<Answer>> RpcClient::async_call(std::string address, Call call_made,
                                                             std::int64_t timeout_ms) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto initiate = [this, &address, &call_made, timeout_ms, executor](auto handler) {
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        call(address, std::move(call_made), timeout_ms, [kept, executor](Result<Answer> answer) {
            boost::asio::post(executor, [kept, answer = std::move(answer)]() mutable {
                (*kept)(std::move(answer));
            });
        });
    };
    Result<Answer> answer =
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                             void(Result<Answer>)>(initiate,
                                                                   boost::asio::use_awaitable);
    co_return answer;
}

Result<Answer> RpcClient::call_and_wait(const std::string& address, Call call_made,
                                        std::int64_t timeout_ms) {
    auto promise = std::make_shared<std::promise<Result<Answer>>>();
    auto future = promise->get_future();
    call(address, std::move(call_made), timeout_ms,
         [promise](Result<Answer> answer) { promise->set_value(std::move(answer)); });
    return future.get();
}

void RpcClient::stop() {
    std::vector<std::shared_ptr<Channel>> channels;
    {
        MutexLock lock(shared_->mutex);
        shared_->stopped = true;
        channels.swap(shared_->let_go);
        for (auto& entry : shared_->channels) channels.push_back(std::move(entry.second));
        shared_->channels.clear();
    }
    for (const auto& channel : channels)
        boost::asio::post(channel->thread().context(), [channel] { channel->stop(); });
}

NameServers::NameServers(RpcClient& client, std::string_view list)
    : client_(client), addresses_(split_addresses(list)) {}

boost::asio::awaitable<Result<Answer>> NameServers::async_call(Call call, std::int64_t timeout_ms) {
    Result<Answer> last = fail(Errc::kInvalidArgument, "no name server is configured");
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        const std::size_t index = current_.load() % addresses_.size();
        last = co_await client_.async_call(addresses_[index], call, timeout_ms);
        if (last) break;
        current_.store(index + 1);
    }
    co_return last;
}

std::vector<std::string> split_addresses(std::string_view list) {
    std::vector<std::string> addresses;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(';'), list.size());
        std::string_view one = list.substr(0, end);
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
        if (!one.empty()) addresses.emplace_back(one);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return addresses;
}

}  // namespace kx::net
