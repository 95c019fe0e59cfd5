// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/properties.h"
#include "client/admin/commands.h"
#include "client/core/errors.h"
#include "wire/requests/kv_config.h"
#include "wire/requests/namesrv.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kUpdateBrokerConfig = 25;
constexpr std::int32_t kGetBrokerConfig = 26;
constexpr std::int32_t kGetRuntimeInfo = 28;
constexpr std::int32_t kPutKv = 100;
constexpr std::int32_t kGetKv = 101;
constexpr std::int32_t kDeleteKv = 102;
constexpr std::int32_t kWipeWritePermission = 205;
constexpr std::int32_t kListKv = 219;
constexpr std::int32_t kUpdateNameServerConfig = 318;
constexpr std::int32_t kGetNameServerConfig = 319;
constexpr std::int32_t kAddWritePermission = 327;

std::string properties_text(const kerolox::Properties& properties) {
    std::vector<Property> rows;
    for (const auto& [key, value] : properties) rows.push_back({key, value, 0});
    return write_properties(rows);
}

wire::KvConfigKey kv_key(const std::string& name_space, const std::string& key) {
    wire::KvConfigKey header;
    header.name_space = name_space;
    header.key = key;
    return header;
}

/// At every name server, since each has routes of its own; the largest count tells.
template <class Answer>
AdminOutcome<std::int32_t> change_permission(AdminCore core, std::int32_t code, std::string broker,
                                             std::int32_t Answer::* count) {
    wire::BrokerNameOnly header;
    header.broker_name = broker;
    const auto servers = core.name_servers();
    if (servers.empty())
        co_return client_error("No name server address, please set it.", kNoNameServer);
    const auto replies = co_await core.ask_all(servers, net::Call(code, header));
    std::int32_t most = 0;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto answer = admin_header<Answer>(replies[i], servers[i].address);
        if (!answer) co_return answer.error();
        most = std::max(most, (*answer).*count);
    }
    co_return most;
}

}  // namespace

AdminOutcome<kerolox::Properties> broker_config(AdminCore core, std::string address) {
    const auto reply = co_await core.ask(address, net::Call(kGetBrokerConfig));
    co_return admin_properties(reply, address);
}

AdminOutcome<void> update_broker_config(AdminCore core, std::string address,
                                        kerolox::Properties changes) {
    const auto reply =
        co_await core.ask(address, net::Call(kUpdateBrokerConfig, properties_text(changes)));
    if (!reply) co_return reply.error();
    co_return kerolox::Status();
}

AdminOutcome<kerolox::Properties> broker_stats(AdminCore core, std::string address) {
    const auto reply = co_await core.ask(address, net::Call(kGetRuntimeInfo));
    auto body = admin_body<wire::KvTable>(reply, address);
    if (!body) co_return body.error();
    co_return std::move(body->table);
}

AdminOutcome<std::vector<kerolox::PerBroker<kerolox::Properties>>> name_server_config(
    AdminCore core) {
    const auto servers = core.name_servers();
    const auto replies = co_await core.ask_all(servers, net::Call(kGetNameServerConfig));
    std::vector<kerolox::PerBroker<kerolox::Properties>> configs;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        configs.push_back(
            {{}, servers[i].address, admin_properties(replies[i], servers[i].address)});
    }
    co_return configs;
}

AdminOutcome<Told> update_name_server_config(AdminCore core, kerolox::Properties changes) {
    co_return co_await core.tell_all(core.name_servers(),
                                     net::Call(kUpdateNameServerConfig, properties_text(changes)));
}

AdminOutcome<std::string> kv_get(AdminCore core, std::string name_space, std::string key) {
    const auto reply = co_await core.ask_name_server(net::Call(kGetKv, kv_key(name_space, key)));
    co_return admin_header<wire::KvConfigValue>(reply, "the name server")
        .transform([](const wire::KvConfigValue& found) { return std::string(found.value); });
}

AdminOutcome<Told> kv_put(AdminCore core, std::string name_space, std::string key,
                          std::string value) {
    wire::PutKvConfig header;
    header.name_space = name_space;
    header.key = key;
    header.value = value;
    co_return co_await core.tell_all(core.name_servers(), net::Call(kPutKv, header));
}

AdminOutcome<Told> kv_delete(AdminCore core, std::string name_space, std::string key) {
    co_return co_await core.tell_all(core.name_servers(),
                                     net::Call(kDeleteKv, kv_key(name_space, key)));
}

AdminOutcome<kerolox::Properties> kv_list(AdminCore core, std::string name_space) {
    const auto reply = co_await core.ask_name_server(net::Call(kListKv, kv_key(name_space, {})));
    auto body = admin_body<wire::KvTable>(reply, "the name server");
    if (!body) co_return body.error();
    co_return std::move(body->table);
}

AdminOutcome<std::int32_t> wipe_write_permission(AdminCore core, std::string broker) {
    return change_permission(std::move(core), kWipeWritePermission, std::move(broker),
                             &wire::WipeWritePermAnswer::wipe_topic_count);
}

AdminOutcome<std::int32_t> add_write_permission(AdminCore core, std::string broker) {
    return change_permission(std::move(core), kAddWritePermission, std::move(broker),
                             &wire::AddWritePermAnswer::add_topic_count);
}

AdminOutcome<kerolox::Admin::Answer> raw(AdminCore core, std::string address, net::Call call) {
    auto reply = address.empty()
                     ? co_await core.client().ask_name_server(std::move(call), core.timeout_ms())
                     : co_await core.client().call(address, std::move(call), core.timeout_ms());
    if (!reply) co_return reply.error();
    co_return kerolox::Admin::Answer{static_cast<std::int32_t>(reply->code),
                                     std::move(reply->remark), std::move(reply->fields),
                                     kerolox::Bytes(std::move(reply->body))};
}

}  // namespace kx::client::admin
