// SPDX-License-Identifier: Apache-2.0
#include "wire/requests/clients.h"

#include <algorithm>

#include "client/admin/commands.h"
#include "client/core/errors.h"
#include "client/core/received.h"
#include "wire/bodies/clients.h"
#include "wire/bodies/running_info.h"
#include "wire/requests/consumption.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kGetConsumerConnections = 203;
constexpr std::int32_t kGetProducerConnections = 204;
constexpr std::int32_t kGetRunningInfo = 307;
constexpr std::int32_t kConsumeDirectly = 309;
constexpr auto kConsumerNotOnline =
    static_cast<std::int32_t>(wire::ResponseCode::kConsumerNotOnline);

/// Clients that several brokers know, once each.
using ClientsById = std::map<std::string, kerolox::ConnectedClient>;

void add_clients(const std::vector<wire::ClientConnection>& connections, ClientsById& clients) {
    for (const wire::ClientConnection& one : connections) {
        clients[one.client_id] = {one.client_id, one.client_addr, one.language.value_or(""),
                                  one.version};
    }
}

std::vector<kerolox::ConnectedClient> in_order(const ClientsById& clients) {
    std::vector<kerolox::ConnectedClient> all;
    for (const auto& [id, client] : clients) all.push_back(client);
    return all;
}

kerolox::Filter shown_filter(const wire::SubscriptionData& data) {
    return data.is_tag_type() ? kerolox::Filter::tags(data.sub_string)
                              : kerolox::Filter::sql(data.sub_string);
}

kerolox::StartFrom shown_start(wire::ConsumeFromWhere where) {
    switch (where) {
        case wire::ConsumeFromWhere::kFirstOffset:
        case wire::ConsumeFromWhere::kMinOffset: return kerolox::StartFrom::first;
        case wire::ConsumeFromWhere::kTimestamp: return kerolox::StartFrom::timestamp;
        default: return kerolox::StartFrom::last;
    }
}

/// What a broker could not tell where others could: told in the log, since the answer stands.
void log_missing(const AdminCore& core, const std::vector<kerolox::Error>& failures) {
    for (const kerolox::Error& failure : failures) {
        // That nobody is connected there is no failure.
        if (failure.kind() == kerolox::ErrorKind::broker) continue;
        core.client().log(kerolox::LogLevel::warn, "admin",
                          "clients of one broker are left out: {}", failure.describe());
    }
}

/// What to answer when nobody told anything: rather that a broker could not be asked than that
/// another knows of no client.
const kerolox::Error& gravest(const std::vector<kerolox::Error>& failures) {
    const auto grave = std::ranges::find_if(failures, [](const kerolox::Error& failure) {
        return failure.kind() != kerolox::ErrorKind::broker;
    });
    return grave == failures.end() ? failures.front() : *grave;
}

kerolox::ConsumerSnapshot shown_snapshot(const AdminCore& core, wire::ConsumerRunningInfo info) {
    kerolox::ConsumerSnapshot snapshot;
    snapshot.properties.assign(info.properties.begin(), info.properties.end());
    for (auto& [key, value] : info.user_consumer_info) snapshot.properties.emplace_back(key, value);
    if (info.jstack) snapshot.properties.emplace_back("jstack", std::move(*info.jstack));
    for (const wire::SubscriptionData& data : info.subscription_set)
        snapshot.subscriptions.emplace_back(core.user_name(data.topic), shown_filter(data));
    for (const auto& [key, queue] : info.mq_table) {
        kerolox::QueueState state;
        state.queue = core.user_queue(key.topic, key.broker_name, key.queue_id);
        state.committed = queue.commit_offset;
        state.cached_messages = static_cast<std::size_t>(std::max(queue.cached_msg_count, 0));
        state.cached_bytes = static_cast<std::size_t>(std::max(queue.cached_msg_size_in_mib, 0))
                             << 20;
        state.cached_min_offset = queue.cached_msg_min_offset;
        state.cached_max_offset = queue.cached_msg_max_offset;
        state.locked = queue.locked;
        state.dropped = queue.dropped;
        state.last_pull = admin_time(queue.last_pull_timestamp);
        state.last_consume = admin_time(queue.last_consume_timestamp);
        state.last_lock = admin_time(queue.last_lock_timestamp);
        state.unlock_tries = queue.try_unlock_times;
        snapshot.queues.push_back(std::move(state));
    }
    for (const auto& [key, queue] : info.mq_pop_table) {
        kerolox::PoppedQueueState state;
        state.queue = core.user_queue(key.topic, key.broker_name, key.queue_id);
        state.unfinished = static_cast<std::size_t>(std::max(queue.wait_ack_count, 0));
        state.dropped = queue.dropped;
        state.last_pop = admin_time(queue.last_pop_timestamp);
        snapshot.popped.push_back(std::move(state));
    }
    for (const auto& [topic, status] : info.status_table) {
        snapshot.topics.push_back({core.user_name(topic), status.pull_rt, status.pull_tps,
                                   status.consume_rt, status.consume_ok_tps,
                                   status.consume_failed_tps, status.consume_failed_msgs});
    }
    return snapshot;
}

}  // namespace

AdminOutcome<kerolox::GroupConnections> connections(AdminCore core, std::string group) {
    const std::string wire_group = core.wire_name(group);
    auto brokers = co_await core.brokers_of_group(wire_group);
    if (!brokers) co_return brokers.error();
    wire::ConsumerGroupName header;
    header.consumer_group = wire_group;
    const auto replies =
        co_await core.ask_all(*brokers, net::Call(kGetConsumerConnections, header));
    kerolox::GroupConnections found;
    ClientsById clients;
    std::map<std::string, kerolox::Filter> subscriptions;
    std::vector<kerolox::Error> failures;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto body = admin_body<wire::ConsumerConnection>(replies[i], (*brokers)[i].address);
        if (!body) {
            failures.push_back(body.error());
            continue;
        }
        add_clients(body->connection_set, clients);
        for (const auto& [topic, data] : body->subscription_table)
            subscriptions.insert_or_assign(core.user_name(topic), shown_filter(data));
        found.model = body->message_model == wire::MessageModel::kBroadcasting
                          ? kerolox::GroupModel::broadcasting
                          : kerolox::GroupModel::clustering;
        found.start_from = shown_start(body->consume_from_where);
        found.actively = body->consume_type == wire::ConsumeType::kActively;
    }
    if (clients.empty() && !failures.empty()) co_return gravest(failures);
    if (clients.empty())
        co_return client_error("Not found the consumer group connection", kConsumerNotOnline);
    log_missing(core, failures);
    found.clients = in_order(clients);
    found.subscriptions.assign(subscriptions.begin(), subscriptions.end());
    co_return found;
}

AdminOutcome<std::vector<kerolox::ConnectedClient>> producers(AdminCore core, std::string group,
                                                              std::string topic) {
    const std::string wire_group = core.wire_name(group);
    auto brokers = co_await core.brokers_of_topic(core.wire_name(topic));
    if (!brokers) co_return brokers.error();
    wire::ProducerGroupName header;
    header.producer_group = wire_group;
    const auto replies =
        co_await core.ask_all(*brokers, net::Call(kGetProducerConnections, header));
    ClientsById clients;
    std::vector<kerolox::Error> failures;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto body = admin_body<wire::ProducerConnection>(replies[i], (*brokers)[i].address);
        if (body) {
            add_clients(body->connection_set, clients);
        } else {
            failures.push_back(body.error());
        }
    }
    if (clients.empty() && !failures.empty()) co_return gravest(failures);
    if (clients.empty()) co_return client_error("Not found the producer group connection");
    log_missing(core, failures);
    co_return in_order(clients);
}

AdminOutcome<kerolox::ConsumerSnapshot> consumer_snapshot(AdminCore core, std::string group,
                                                          std::string client_id, bool stacks) {
    const std::string wire_group = core.wire_name(group);
    auto brokers = co_await core.brokers_of_group(wire_group);
    if (!brokers) co_return brokers.error();
    wire::ForClient header;
    header.consumer_group = wire_group;
    header.client_id = client_id;
    header.jstack_enable = stacks;
    const AdminCore patient = core.patient();
    kerolox::Error failure =
        client_error("Not found the consumer group connection", kConsumerNotOnline);
    // One broker after the other: each would disturb the same client with the same question.
    for (const AdminTarget& broker : *brokers) {
        if (broker.address.empty()) continue;
        const auto reply = co_await patient.ask(broker.address, net::Call(kGetRunningInfo, header));
        auto info = admin_body<wire::ConsumerRunningInfo>(reply, broker.address);
        if (info) co_return shown_snapshot(core, std::move(*info));
        failure = info.error();
    }
    co_return failure;
}

AdminOutcome<kerolox::ConsumeOutcome> consume_directly(AdminCore core, std::string group,
                                                       std::string client_id, std::string topic,
                                                       std::string message_id) {
    const auto message = co_await view(core, topic, std::move(message_id));
    if (!message) co_return message.error();
    const std::string wire_group = core.wire_name(group);
    const std::string wire_topic = core.wire_name(topic);
    const std::string address = message->store_host();
    wire::ForClient header;
    header.consumer_group = wire_group;
    header.client_id = client_id;
    header.topic = wire_topic;
    header.msg_id = message->offset_id();
    const AdminCore patient = core.patient();
    const auto reply = co_await patient.ask(address, net::Call(kConsumeDirectly, header));
    auto result = admin_body<wire::ConsumeDirectlyResult>(reply, address);
    if (!result) co_return result.error();
    co_return kerolox::ConsumeOutcome{result->order, result->auto_commit,
                                      std::move(result->consume_result),
                                      std::move(result->remark).value_or(""),
                                      std::chrono::milliseconds(result->spent_time_mills)};
}

}  // namespace kx::client::admin
