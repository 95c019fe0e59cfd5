// SPDX-License-Identifier: Apache-2.0
#include "broker/clients/client_handler.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "model/names.h"
#include "net/io_thread.h"
#include "wire/requests/clients.h"

namespace kx::broker {
void ClientHandler::heartbeat(net::Request& request) {
    auto data = from_json<wire::HeartbeatData>(request.body());
    if (!data) return request.refuse(data.error());
    const Beat beat{std::move(*data), request.command().language, request.command().version};
    auto missing = topics_to_make(beat);
    if (missing.empty()) return apply(beat, request.connection(), request);

    // A new topic is written to its file: off the io thread, and back to it for the rest.
    auto later = std::make_shared<net::Responder>(request.defer());
    auto kept = std::make_shared<const Beat>(beat);
    const bool posted = workers_.post([this, kept, later, missing = std::move(missing)] {
        topics_.create_internal_all(missing);
        const net::ConnectionPtr connection = later->connection();
        boost::asio::post(connection->thread().context(), [this, kept, later, connection] {
            if (!connection->is_open()) return later->drop();
            apply(*kept, *connection, *later);
        });
    });
    if (!posted) later->refuse(wire::ResponseCode::kServiceNotAvailable, "the broker stops");
}

bool ClientHandler::is_served(const wire::ConsumerData& data) const {
    return data.consume_type != wire::ConsumeType::kActively ||
           !config_.get()->reject_pull_consumer_enable;
}

InternalTopic ClientHandler::retry_topic_of(const Beat& beat, const wire::ConsumerData& data,
                                            const wire::SubscriptionGroupConfig& group) const {
    InternalTopic topic;
    topic.name = model::retry_topic(data.group_name);
    topic.queues = group.retry_queue_nums;
    topic.sys_flag = data.unit_mode ? kUnitSubTopic : 0;
    if (beat.data.without_sub) {
        // A short heartbeat names no topics, and so says nothing about their order.
        const TopicPtr known = topics_.find(topic.name);
        topic.order = known && known->config().order;
        return topic;
    }
    topic.order = std::ranges::any_of(data.subscription_data_set, [this](const auto& subscription) {
        const TopicPtr known = topics_.find(subscription.topic);
        return known && known->config().order;
    });
    return topic;
}

std::vector<InternalTopic> ClientHandler::topics_to_make(const Beat& beat) const {
    std::vector<InternalTopic> missing;
    for (const wire::ConsumerData& data : beat.data.consumer_data_set) {
        if (!is_served(data)) continue;
        const GroupConfigPtr group = groups_.find_or_create(data.group_name);
        if (!group) continue;
        InternalTopic wanted = retry_topic_of(beat, data, *group);
        if (!wanted.is_met_by(topics_.find(wanted.name))) missing.push_back(std::move(wanted));
    }
    return missing;
}

template <class Target>
void ClientHandler::apply(const Beat& beat, net::Connection& connection, Target& target) {
    ClientInfo client;
    client.connection = connection.shared_from_this();
    client.client_id = beat.data.client_id;
    client.language = beat.language;
    client.version = beat.version;
    client.last_update_ms = clock_.steady_ms();

    const std::int32_t fingerprint = beat.data.heartbeat_fingerprint;
    wire::HeartbeatAnswer answer;
    answer.sub_change = fingerprint == 0;
    for (const wire::ConsumerData& data : beat.data.consumer_data_set) {
        // An entry whose group is neither known nor creatable is passed over; the heartbeat as a
        // whole succeeds all the same.
        if (!is_served(data) || !groups_.find_or_create(data.group_name)) continue;
        const bool short_form = fingerprint != 0 && beat.data.without_sub;
        if (clients_.register_consumer(client, data, fingerprint, short_form))
            answer.sub_change = true;
    }
    const auto config = config_.get();
    const bool producers_served =
        config->enable_register_producer || !config->reject_transaction_message;
    if (producers_served) {
        for (const wire::ProducerData& data : beat.data.producer_data_set)
            clients_.register_producer(client, data.group_name);
    }
    target.send(net::Reply{}.with(answer));
}

void ClientHandler::unregister(net::Request& request) {
    const auto header = request.header<wire::UnregisterClient>();
    if (!header) return request.refuse(header.error());
    const std::uint64_t connection = request.connection().id();
    if (!header->producer_group.empty())
        clients_.unregister_producer(connection, header->producer_group);
    if (!header->consumer_group.empty())
        clients_.unregister_consumer(connection, header->consumer_group);
    request.ok(wire::EmptyHeader{});
}

}  // namespace kx::broker
