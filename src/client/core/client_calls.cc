// SPDX-License-Identifier: Apache-2.0
//
// ClientCore's calls: one request to one server, its answer, and what is done when a server sends
// us away or says nothing.
#include <limits>

#include "client/core/client_core.h"
#include "client/core/request_decoration.h"

namespace kx::client {

Peer& ClientCore::peer(const std::string& address) {
    auto& peer = peers_[address];
    if (!peer) peer = std::make_unique<Peer>(*this, address);
    return *peer;
}

void ClientCore::call(const std::string& address, net::Call call, std::int64_t timeout_ms,
                      std::function<void(Reply)> done) {
    if (decorates_) decorate(address, call.code, call.fields, call.body);
    const std::int64_t deadline = clock().steady_ms() + timeout_ms;
    if (calls_under_way_ >= config().client_async_semaphore_value) {
        return post([self = shared_from_this(), done = std::move(done)] {
            done(kerolox::Error(kerolox::ErrorKind::too_much_request,
                                "invokeAsyncImpl invoke too fast"));
        });
    }
    ++calls_under_way_;
    send(address, std::make_shared<net::Call>(std::move(call)), deadline, timeout_ms, false,
         [this, done = std::move(done)](Reply reply) {
             --calls_under_way_;
             done(std::move(reply));
         });
}

void ClientCore::send(const std::string& address, std::shared_ptr<net::Call> call,
                      std::int64_t deadline_ms, std::int64_t timeout_ms, bool is_replay,
                      std::function<void(Reply)> done) {
    Peer& to = peer(address);
    const auto transmit = [this, &to, call, deadline_ms, timeout_ms, is_replay,
                           done](net::Connection& connection) {
        std::vector<ExtField> fields;
        for (const auto& [name, value] : call->fields) fields.push_back({name, value});
        wire::HeaderParts parts;
        parts.encoding = encoding();
        // Codes of the pop family don't fit the binary header's two bytes.
        if (call->code > std::numeric_limits<std::int16_t>::max())
            parts.encoding = wire::Encoding::kJson;
        parts.code = call->code;
        parts.language = call->language;
        parts.extra = fields;
        const std::array<Slice, 1> body{Slice::own(call->body)};
        const std::int64_t left = std::max<std::int64_t>(deadline_ms - clock().steady_ms(), 1);
        connection.call(
            parts, body, left,
            [this, &to, call, deadline_ms, timeout_ms, is_replay,
             done](Result<const wire::Command*> answer) {
                if (!answer) return done(call_error(answer.error(), to.address(), timeout_ms));
                const wire::Command& command = **answer;
                if (command.code == static_cast<std::int32_t>(wire::ResponseCode::kGoAway) &&
                    config().enable_reconnect_for_go_away) {
                    to.retire();
                    if (is_replay) return done(go_away_error(to.address()));
                    return send(to.address(), call, deadline_ms, timeout_ms, true, done);
                }
                net::Answer own;
                own.code = static_cast<wire::ResponseCode>(command.code);
                own.remark = command.remark;
                own.version = command.version;
                own.body = command.body;
                for (const ExtField& field : command.fields.rows())
                    own.fields.emplace_back(field.key, field.value);
                intercept([&](kerolox::Interceptor& interceptor) {
                    interceptor.after_response(
                        {to.address(), call->code, command.code, own.remark});
                });
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
            parts.encoding = encoding();
            if (call->code > std::numeric_limits<std::int16_t>::max())
                parts.encoding = wire::Encoding::kJson;
            parts.code = call->code;
            parts.language = call->language;
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
        if (last) break;
        name_servers_.leave(address);
    }
    name_servers_answer_ = last.has_value();
    co_return last;
}

void ClientCore::decorate(std::string_view address, std::int32_t code, kerolox::ExtFields& fields,
                          std::string_view body) const {
    decorate_request(*this, address, code, fields, body);
}

}  // namespace kx::client
