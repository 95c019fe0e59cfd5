// SPDX-License-Identifier: Apache-2.0
//
// Calls to other servers by address: one connection an address, made when first needed and again
// when it broke, with bounds on what waits. For control traffic; what must be fast holds a
// Connection itself. Any thread may call. Callbacks run on an io thread, but for a call that fails
// at once (the bound, a stopped client): that one's runs on the caller's.
#pragma once

#include <atomic>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/connection.h"
#include "wire/command.h"
#include "wire/response_codes.h"

namespace kx::net {

class IoPool;
class IoThread;
class Router;

/// A request that owns all it carries.
struct Call {
    std::int32_t code = 0;
    /// Whom the frame says it comes from: brokers answer some questions differently to some.
    wire::Language language = wire::Language::kCpp;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;

    Call() = default;
    explicit Call(std::int32_t request_code, std::string request_body = {})
        : code(request_code), body(std::move(request_body)) {}
    template <class Header>
        requires requires { Header::fields(); }
    Call(std::int32_t request_code, const Header& header, std::string request_body = {})
        : code(request_code), body(std::move(request_body)) {
        add_fields(rows_of<Header>(), &header, Names::kLong);
    }
    void add_fields(std::span<const FieldRow> rows, const void* header, Names names);
};

/// An answer that owns all it carries.
struct Answer {
    wire::ResponseCode code = wire::ResponseCode::kSuccess;
    std::string remark;
    std::int32_t version = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;

    bool ok() const { return code == wire::ResponseCode::kSuccess; }
    template <class Header>
    Result<Header> header() const {
        ExtFields views;
        for (const auto& [key, value] : fields) views.add(key, value);
        return read_header<Header>(views);
    }
};

struct RpcClientOptions {
    std::int64_t connect_timeout_ms = 3000;
    std::int64_t reconnect_gap_ms = 100;  ///< an address that just refused is not tried sooner
    std::int32_t in_flight_max = 65'535;  ///< clientAsyncSemaphoreValue
    ConnectionLimits limits;
};

class RpcClient {
public:
    using Callback = std::function<void(Result<Answer>)>;

    /// `router` serves what the peers ask us; its threads must outlive this object.
    RpcClient(IoPool& pool, Router& router, RpcClientOptions options = {});
    /// All connections on this one thread; with_connection() from there calls back there.
    RpcClient(IoThread& home, Router& router, RpcClientOptions options = {});
    ~RpcClient() { stop(); }

    void call(const std::string& address, Call call, std::int64_t timeout_ms, Callback callback);
    /// Connects if needed; failures are logged, nobody hears of them.
    void call_oneway(const std::string& address, Call call);

    /// `co_await client.async_call(address, call, 3000)`; resumes on the awaiting executor.
    boost::asio::awaitable<Result<Answer>> async_call(std::string address, Call call,
                                                      std::int64_t timeout_ms);
    /// Blocks the calling thread, which must be no io thread.
    Result<Answer> call_and_wait(const std::string& address, Call call, std::int64_t timeout_ms);

    /// Runs `work` with the open connection to `address`, on its io thread; or tells why not, with
    /// kTimeout when `deadline_ms` (steady clock) comes first.
    void with_connection(const std::string& address,
                         std::function<void(Result<ConnectionPtr>)> work,
                         std::int64_t deadline_ms = std::numeric_limits<std::int64_t>::max());
    /// The next call to `address` makes a new connection; what is under way on the present one goes
    /// on.
    void let_go(const std::string& address);

    /// Closes all connections; calls fail with kUnavailable from now on.
    void stop();

private:
    class Channel;
    struct Shared;
    std::shared_ptr<Channel> channel_for(const std::string& address);

    std::shared_ptr<Shared> shared_;
};

/// The list of name servers, "a:9876;b:9876": asks the one that answered last, goes on to the next
/// when it does not.
class NameServers {
public:
    NameServers(RpcClient& client, std::string_view list);

    const std::vector<std::string>& addresses() const { return addresses_; }
    boost::asio::awaitable<Result<Answer>> async_call(Call call, std::int64_t timeout_ms);

private:
    RpcClient& client_;
    std::vector<std::string> addresses_;
    std::atomic<std::size_t> current_{0};
};

std::vector<std::string> split_addresses(std::string_view list);

}  // namespace kx::net
