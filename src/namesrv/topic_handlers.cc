// SPDX-License-Identifier: Apache-2.0
//
// Routes, clusters and topics. Source: protocol.md 2.11, 5.5.
#include "namesrv/handlers.h"
#include "wire/requests/namesrv.h"
#include "wire/requests/registration.h"

namespace kx::namesrv {
namespace {

using wire::ResponseCode;
using UnitKind = RouteTable::UnitKind;

/// Clients from 4.9.4 on get JSON that any parser reads.
constexpr std::int32_t kStandardJsonVersion = 401;

/// The zone the client wants to stay in, or nothing.
std::optional<std::string_view> wanted_zone(const ExtFields& fields) {
    bool zone_mode = false;
    const auto mode = fields.find("__ZONE_MODE");
    if (!mode || !field_detail::parse(*mode, zone_mode) || !zone_mode) return std::nullopt;
    const auto zone = fields.find("__ZONE_NAME");
    if (!zone || zone->find_first_not_of(" \t\r\n") == std::string_view::npos) return std::nullopt;
    return zone;
}

void refuse_no_route(Context& context, net::Request& request, std::string_view topic) {
    const TableSizes sizes = context.routes.sizes();
    request.refuse(
        ResponseCode::kTopicNotExist,
        fmt::format("No topic route info in name server for the topic: {}{} ({} brokers are "
                    "registered here, none of them with this topic)",
                    topic, wire::kSeeFaq, sizes.brokers));
}

void answer_topics(net::Request& request, std::vector<std::string> topics) {
    request.ok_body(to_json(wire::TopicList{{}, std::move(topics)}));
}

/// enableAllTopicList and enableTopicList, as RocketMQ words their absence.
void refuse_disabled(net::Request& request, std::string_view key) {
    request.refuse(ResponseCode::kSystemError,
                   fmt::format("disable; {}=false on this name server", key));
}

void answer_unit_topics(Context& context, net::Request& request, UnitKind kind) {
    if (!context.config.get()->enable_topic_list)
        return refuse_disabled(request, "enableTopicList");
    answer_topics(request, context.routes.unit_topics(kind));
}

}  // namespace

RouteRules rules_of(const NamesrvConfig& config) {
    return {config.support_acting_master, config.delete_topic_with_broker_registration};
}

std::int64_t wait_left_ms(const Context& context) {
    const auto config = context.config.get();
    if (!config->need_wait_for_service) return 0;
    const std::int64_t waits_ms = std::int64_t{config->wait_seconds_for_service} * 1000;
    return std::max<std::int64_t>(0, context.started_ms + waits_ms - context.clock.steady_ms());
}

void get_route(Context& context, net::Request& request) {
    const auto header = request.header<wire::GetRoute>();
    if (!header) return request.refuse(header.error());
    if (const std::int64_t left_ms = wait_left_ms(context); left_ms > 0) {
        return request.refuse(
            ResponseCode::kSystemError,
            fmt::format("name server not ready; it waits for brokers {} ms more", left_ms));
    }
    const bool has_topic = header->topic.data() != nullptr;
    const auto config = context.config.get();
    auto route = context.routes.route(header->topic, rules_of(*config));
    if (!route) return refuse_no_route(context, request, has_topic ? header->topic : "null");
    if (config->order_message_enable)
        route->order_topic_conf = context.kv.get(kOrderTopicNamespace, header->topic);

    const bool standard = request.command().version >= kStandardJsonVersion ||
                          header->accept_standard_json_only.value_or(false);
    auto style = standard ? JsonWriter::Style::kStandard : JsonWriter::Style::kCompact;
    if (const auto zone = wanted_zone(request.command().fields)) {
        keep_zone(*route, *zone);
        style = JsonWriter::Style::kCompact;  // as RocketMQ's filter encodes it, for every client
    }
    request.ok_body(to_json(*route, style));
}

void get_cluster_info(Context& context, net::Request& request) {
    request.ok_body(to_json(context.routes.cluster_info()));
}

void wipe_write_perm(Context& context, net::Request& request) {
    const auto header = request.header<wire::BrokerNameOnly>();
    if (!header) return request.refuse(header.error());
    request.ok(
        wire::WipeWritePermAnswer{context.routes.wipe_write_permission(header->broker_name)});
}

void add_write_perm(Context& context, net::Request& request) {
    const auto header = request.header<wire::BrokerNameOnly>();
    if (!header) return request.refuse(header.error());
    request.ok(wire::AddWritePermAnswer{context.routes.add_write_permission(header->broker_name)});
}

void get_all_topics(Context& context, net::Request& request) {
    if (!context.config.get()->enable_all_topic_list)
        return refuse_disabled(request, "enableAllTopicList");
    answer_topics(request, context.routes.topics());
}

void delete_topic(Context& context, net::Request& request) {
    const auto header = request.header<wire::TopicInNamesrv>();
    if (!header) return request.refuse(header.error());
    context.routes.remove_topic(header->topic, header->cluster_name);
    request.ok();
}

void register_topic(Context& context, net::Request& request) {
    const auto header = request.header<wire::TopicInNamesrv>();
    if (!header) return request.refuse(header.error());
    if (!request.body().empty()) {
        const auto route = from_json<wire::TopicRoute>(request.body());
        if (!route) return request.refuse(route.error());
        context.routes.add_topic(header->topic, route->queue_datas);
    }
    request.ok();
}

void get_topics_by_cluster(Context& context, net::Request& request) {
    if (!context.config.get()->enable_topic_list)
        return refuse_disabled(request, "enableTopicList");
    const auto header = request.header<wire::GetTopicsByCluster>();
    if (!header) return request.refuse(header.error());
    answer_topics(request, context.routes.topics_of_cluster(header->cluster));
}

void get_system_topics(Context& context, net::Request& request) {
    request.ok_body(to_json(context.routes.system_topics()));
}

void get_unit_topics(Context& context, net::Request& request) {
    answer_unit_topics(context, request, UnitKind::kUnit);
}

void get_unit_sub_topics(Context& context, net::Request& request) {
    answer_unit_topics(context, request, UnitKind::kUnitSub);
}

void get_unit_sub_without_unit_topics(Context& context, net::Request& request) {
    answer_unit_topics(context, request, UnitKind::kUnitSubWithoutUnit);
}

}  // namespace kx::namesrv
