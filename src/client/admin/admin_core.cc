// SPDX-License-Identifier: Apache-2.0
#include "client/admin/admin_core.h"

#include <algorithm>
#include <set>

#include "base/properties.h"
#include "client/core/errors.h"
#include "model/names.h"
#include "wire/requests/registration.h"

namespace kx::client {
namespace {

constexpr std::int32_t kAdminGetBrokerConfig = 26;
constexpr std::int32_t kAdminGetRoute = 105;
constexpr std::int32_t kAdminGetCluster = 106;

constexpr std::string_view kWrongCluster =
    "Make sure the specified clusterName exists or the name server connected to is correct.";

kerolox::Error no_such_broker(std::string_view broker) {
    return client_error(fmt::format("The broker[{}] not exist", broker), kBrokerNotExist);
}

AdminCore::Reply checked(AdminCore::Reply reply, std::string_view address) {
    if (!reply || reply->ok()) return reply;
    return broker_error(static_cast<std::int32_t>(reply->code), reply->remark, address);
}

std::string address_to_ask(const wire::BrokerData& broker) {
    return broker.broker_addrs.empty() ? std::string() : broker.broker_addrs.begin()->second;
}

std::string master_address(const wire::BrokerData& broker) {
    const auto master = broker.broker_addrs.find(0);
    return master == broker.broker_addrs.end() ? std::string() : master->second;
}

}  // namespace

/// Brokers serve these commands at their fast port as well, the configuration excepted.
std::string AdminCore::broker_address(const std::string& address, std::int32_t code) const {
    const std::size_t colon = address.rfind(':');
    if (!client().config().vip_channel_enabled || code == kAdminGetBrokerConfig ||
        colon == std::string::npos) {
        return address;
    }
    const int port = std::atoi(address.c_str() + colon + 1) - 2;
    return address.substr(0, colon + 1) + std::to_string(port);
}

Awaitable<AdminCore::Reply> AdminCore::ask(std::string address, net::Call call) const {
    return client().call_ok(broker_address(address, call.code), std::move(call), timeout_ms_);
}

Awaitable<AdminCore::Reply> AdminCore::ask_name_server(net::Call call) const {
    Reply reply = co_await client().ask_name_server(std::move(call), timeout_ms_);
    co_return checked(std::move(reply), {});
}

Awaitable<std::vector<AdminCore::Reply>> AdminCore::ask_all(std::vector<Request> requests) const {
    struct Round {
        std::vector<Reply> replies;
        std::size_t missing = 0;
        std::function<void(std::vector<Reply>)> done;

        void take(std::size_t index, Reply reply) {
            replies[index] = std::move(reply);
            if (--missing == 0) done(std::move(replies));
        }
    };
    if (requests.empty()) co_return std::vector<Reply>();
    auto round = std::make_shared<Round>();
    for (const Request& request : requests)
        round->replies.emplace_back(no_such_broker(request.to.broker));
    round->missing = requests.size() + 1;
    auto begin = [this, round, &requests](std::function<void(std::vector<Reply>)> done) {
        round->done = std::move(done);
        for (std::size_t i = 0; i < requests.size(); ++i) {
            Request& request = requests[i];
            if (request.to.address.empty()) {
                --round->missing;
                continue;
            }
            const bool is_broker = !request.to.broker.empty();
            const std::string address = is_broker
                                            ? broker_address(request.to.address, request.call.code)
                                            : request.to.address;
            client().call(address, std::move(request.call), timeout_ms_,
                          [round, i, address](Reply reply) {
                              round->take(i, checked(std::move(reply), address));
                          });
        }
        if (--round->missing == 0) round->done(std::move(round->replies));
    };
    co_return co_await awaiting<std::vector<Reply>>(begin);
}

Awaitable<std::vector<AdminCore::Reply>> AdminCore::ask_all(std::vector<AdminTarget> targets,
                                                            net::Call call) const {
    std::vector<Request> requests;
    for (AdminTarget& target : targets) requests.push_back({std::move(target), call});
    return ask_all(std::move(requests));
}

Awaitable<std::vector<kerolox::PerBroker<void>>> AdminCore::tell_all(
    std::vector<AdminTarget> targets, net::Call call) const {
    const std::vector<Reply> replies = co_await ask_all(targets, std::move(call));
    std::vector<kerolox::PerBroker<void>> outcomes;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        outcomes.push_back({targets[i].broker, targets[i].address,
                            replies[i] ? kerolox::Status() : replies[i].error()});
    }
    co_return outcomes;
}

std::vector<AdminTarget> AdminCore::name_servers() const {
    std::vector<AdminTarget> targets;
    for (const std::string& address : client().name_servers().addresses())
        targets.push_back({{}, address});
    return targets;
}

AdminOutcome<wire::TopicRoute> AdminCore::route(std::string wire_topic) const {
    wire::GetRoute header;
    header.topic = wire_topic;
    header.accept_standard_json_only = true;
    const Reply reply = co_await ask_name_server(net::Call(kAdminGetRoute, header));
    co_return admin_body<wire::TopicRoute>(reply, "the name server");
}

AdminOutcome<wire::ClusterInfo> AdminCore::cluster() const {
    const Reply reply = co_await ask_name_server(net::Call(kAdminGetCluster));
    co_return admin_body<wire::ClusterInfo>(reply, "the name server");
}

Awaitable<AdminCore::Targets> AdminCore::brokers_of(kerolox::Target target) const {
    using Kind = kerolox::Target::Kind;
    std::vector<AdminTarget> targets;
    if (target.name().empty() && target.kind() != Kind::everywhere)
        co_return usage_error("the target has no name");
    const auto cluster_info = co_await cluster();
    if (target.kind() == Kind::address) {
        // Its name is told where it is known; a broker may be asked that no name server knows.
        AdminTarget one{target.name(), target.name()};
        if (cluster_info) {
            for (const auto& [name, broker] : cluster_info->broker_addr_table)
                for (const auto& [id, address] : broker.broker_addrs)
                    if (address == one.address) one.broker = name;
        }
        targets.push_back(std::move(one));
        co_return targets;
    }
    if (!cluster_info) co_return cluster_info.error();
    std::set<std::string> names;
    for (const auto& [cluster_name, members] : cluster_info->cluster_addr_table) {
        if (target.kind() == Kind::everywhere || cluster_name == target.name())
            names.insert(members.begin(), members.end());
    }
    for (const std::string& name : names) {
        const auto broker = cluster_info->broker_addr_table.find(name);
        if (broker == cluster_info->broker_addr_table.end()) continue;
        targets.push_back({name, master_address(broker->second)});
    }
    if (targets.empty()) co_return client_error(std::string(kWrongCluster));
    co_return targets;
}

Awaitable<AdminCore::Targets> AdminCore::brokers_of_topic(std::string wire_topic) const {
    const auto found = co_await route(std::move(wire_topic));
    if (!found) co_return found.error();
    std::vector<AdminTarget> targets;
    for (const wire::BrokerData& broker : found->broker_datas)
        targets.push_back({broker.broker_name, address_to_ask(broker)});
    co_return targets;
}

Awaitable<AdminCore::Targets> AdminCore::brokers_of_group(std::string wire_group,
                                                          std::string wire_topic) const {
    std::vector<std::string> topics{wire_name(model::retry_topic(wire_group))};
    if (!wire_topic.empty()) topics.push_back(std::move(wire_topic));
    for (const std::string& topic : topics) {
        Targets targets = co_await brokers_of_topic(topic);
        const bool is_unknown =
            !targets &&
            targets.error().code() == static_cast<std::int32_t>(wire::ResponseCode::kTopicNotExist);
        if (!is_unknown) co_return targets;
    }
    // No name server knows either: whoever knows the group is among all brokers.
    co_return co_await brokers_of(kerolox::Target::everywhere());
}

AdminOutcome<std::string> AdminCore::master_of(std::string wire_topic, std::string broker) const {
    const auto found = co_await route(std::move(wire_topic));
    if (!found && found.error().kind() != kerolox::ErrorKind::broker) co_return found.error();
    if (found) {
        for (const wire::BrokerData& one : found->broker_datas) {
            if (one.broker_name != broker) continue;
            std::string address = master_address(one);
            if (!address.empty()) co_return address;
        }
    }
    co_return no_such_broker(broker);
}

std::chrono::system_clock::time_point admin_time(std::int64_t ms) {
    if (ms <= 0) return {};
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
}

std::int64_t admin_ms(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

kerolox::Result<kerolox::Properties> admin_properties(const AdminCore::Reply& reply,
                                                      std::string_view from) {
    if (!reply) return reply.error();
    auto parsed = parse_properties(reply->body);
    if (!parsed) {
        return kerolox::Error(
            kerolox::ErrorKind::protocol,
            fmt::format("the answer of {} is unreadable: {}", from, parsed.error().text));
    }
    kerolox::Properties properties;
    for (Property& property : *parsed) properties[property.key] = std::move(property.value);
    return properties;
}

}  // namespace kx::client
