// SPDX-License-Identifier: Apache-2.0
#include "broker/clients/group_query_handler.h"

#include "wire/bodies/clients.h"
#include "wire/bodies/lists.h"
#include "wire/requests/clients.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

std::optional<std::string> language_name(wire::Language language) {
    const std::string_view name = wire::name_of(language);
    if (name.empty()) return std::nullopt;
    return std::string(name);
}

wire::ClientConnection connection_of(const ClientInfo& client) {
    return {client.connection->peer(), client.client_id, language_name(client.language),
            client.version};
}

}  // namespace

void GroupQueryHandler::consumer_ids(net::Request& request) {
    const auto header = request.header<wire::ConsumerGroupName>();
    if (!header) return request.refuse(header.error());
    wire::ConsumerIdList answer{clients_.consumer_ids(header->consumer_group)};
    if (answer.consumer_id_list.empty()) {
        return request.refuse(
            ResponseCode::kSystemError,
            fmt::format("no consumer for this group, {}", header->consumer_group));
    }
    const std::array<Slice, 1> body{Slice::own(to_json(answer))};
    net::Reply reply;
    reply.body = body;
    request.send(reply.with(wire::EmptyHeader{}));
}

void GroupQueryHandler::consumer_connections(net::Request& request) {
    const auto header = request.header<wire::ConsumerGroupName>();
    if (!header) return request.refuse(header.error());
    const auto group = clients_.consumer_group(header->consumer_group);
    if (!group) {
        return request.refuse(
            ResponseCode::kConsumerNotOnline,
            fmt::format("the consumer group[{}] not online", header->consumer_group));
    }
    wire::ConsumerConnection answer;
    answer.consume_from_where = group->consume_from_where;
    answer.consume_type = group->consume_type;
    answer.message_model = group->message_model;
    for (const ClientInfo& client : group->clients)
        answer.connection_set.push_back(connection_of(client));
    for (const SubscriptionPtr& subscription : group->subscriptions)
        answer.subscription_table[subscription->topic] = *subscription;
    request.ok_body(to_json(answer));
}

void GroupQueryHandler::producer_connections(net::Request& request) {
    const auto header = request.header<wire::ProducerGroupName>();
    if (!header) return request.refuse(header.error());
    const auto clients = clients_.producers(header->producer_group);
    if (clients.empty()) {
        return request.refuse(
            ResponseCode::kSystemError,
            fmt::format("the producer group[{}] not exist", header->producer_group));
    }
    wire::ProducerConnection answer;
    for (const ClientInfo& client : clients) answer.connection_set.push_back(connection_of(client));
    request.ok_body(to_json(answer));
}

void GroupQueryHandler::all_producers(net::Request& request) {
    const std::int64_t wall_minus_steady = clock_.wall_ms() - clock_.steady_ms();
    wire::ProducerTable answer;
    for (const auto& [group, clients] : clients_.all_producers()) {
        for (const ClientInfo& client : clients) {
            answer.data[group].push_back({client.client_id, language_name(client.language),
                                          client.last_update_ms + wall_minus_steady,
                                          "/" + client.connection->peer(), client.version});
        }
    }
    request.ok_body(to_json(answer));
}

void GroupQueryHandler::check_client(net::Request& request) {
    const auto check = from_json<wire::CheckClient>(request.body());
    if (!check) return request.refuse(check.error());
    const auto& subscription = check->subscription_data;
    if (!subscription || subscription->is_tag_type()) return request.ok();
    request.refuse(ResponseCode::kSystemError,
                   fmt::format("The broker does not support consumer to filter message by {}",
                               subscription->expression_type));
}

}  // namespace kx::broker
