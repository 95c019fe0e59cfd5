// SPDX-License-Identifier: Apache-2.0
//
// What brokers ask of the name server. Source: protocol.md 2.11, 5.2-5.4.
#include "base/crc32.h"
#include "base/log.h"
#include "namesrv/handlers.h"
#include "namesrv/registration_body.h"
#include "wire/requests/namesrv.h"
#include "wire/requests/registration.h"

namespace kx::namesrv {
namespace {

using wire::ResponseCode;

constexpr std::string_view kZoneField = "__ZONE_NAME";

/// The fields and the body of 103, checked against each other.
wire::Outcome<Registration> read_registration(const net::Request& request) {
    const auto header = request.header<wire::RegisterBroker>();
    if (!header) return tl::unexpected(wire::refusal_of(header.error()));
    if (header->broker_name.empty() || header->broker_addr.empty() || header->cluster_name.empty())
        return wire::refuse(ResponseCode::kSystemError,
                            "a broker registers with its name, address and cluster; one is empty");
    if (header->body_crc32 != 0 && header->body_crc32 != crc31(request.body())) {
        return wire::refuse(ResponseCode::kSystemError,
                            "crc32 not match; the header says {}, the body of {} bytes has {}",
                            header->body_crc32, request.body().size(), crc31(request.body()));
    }
    auto body = parse_registration(request.body(), header->compressed, request.command().version);
    if (!body)
        return wire::refuse(ResponseCode::kSystemError, "Failed to decode RegisterBrokerBody; {}",
                            body.error().text);
    Registration registration;
    registration.broker_name = header->broker_name;
    registration.address = header->broker_addr;
    registration.cluster = header->cluster_name;
    registration.ha_address = header->ha_server_addr;
    registration.broker_id = header->broker_id;
    registration.timeout_ms = header->heartbeat_timeout_millis;
    registration.acting_master = header->enable_acting_master;
    if (const auto zone = request.command().fields.find(kZoneField))
        registration.zone_name = std::string(*zone);
    registration.filter_servers = std::move(body->filter_servers);
    registration.topics = std::move(body->topics);
    return registration;
}

void refuse_registration(net::Request& request, const wire::Refusal& refusal) {
    KX_LOG_LIMITED(warn, "namesrv", "{}", refusal.remark);
    const wire::RegisterBrokerAnswer none;
    net::Reply reply;
    reply.with(none);  // RocketMQ refuses with an empty header here
    reply.code = refusal.code;
    reply.remark = refusal.remark;
    request.send(reply);
}

void notify_all(Context& context, const Withdrawn& withdrawn) {
    for (const MinIdChange& change : withdrawn.changes) context.notify(change);
}

}  // namespace

void register_broker(Context& context, net::Request& request) {
    auto registration = read_registration(request);
    if (!registration) return refuse_registration(request, registration.error());
    registration->connection = request.connection().id();
    const std::string who = registration->broker_name + " at " + registration->address;
    const auto config = context.config.get();

    const auto registered =
        context.routes.register_broker(std::move(*registration), rules_of(*config));
    if (!registered) return refuse_registration(request, registered.error());
    if (!registered->outdated_by.empty()) {
        KX_LOG_LIMITED(
            warn, "namesrv",
            "the registration of broker {} is ignored: {} holds its id with a later state", who,
            registered->outdated_by);
    }
    if (registered->change) context.notify(*registered->change);

    wire::RegisterBrokerAnswer answer;
    if (!registered->ha_address.empty()) answer.ha_server_addr = registered->ha_address;
    if (!registered->master_address.empty()) answer.master_addr = registered->master_address;
    net::Reply reply;
    reply.with(answer);
    std::vector<Slice> body;
    if (config->return_order_topic_config_to_broker) {
        if (auto ordered = context.kv.list(kOrderTopicNamespace))
            body.push_back(Slice::own(to_json(wire::KvTable{std::move(*ordered)})));
    }
    reply.body = body;
    request.send(reply);
}

void unregister_broker(Context& context, net::Request& request) {
    const auto header = request.header<wire::BrokerIdentity>();
    if (!header) return request.refuse(header.error());
    KX_LOG_LIMITED(info, "namesrv", "broker {} at {} unregisters", header->broker_name,
                   header->broker_addr);
    notify_all(context, context.routes.unregister(header->cluster_name, header->broker_name,
                                                  header->broker_addr, header->broker_id));
    request.ok();
}

void query_data_version(Context& context, net::Request& request) {
    const auto header = request.header<wire::BrokerIdentity>();
    if (!header) return request.refuse(header.error());
    // Without a body the broker only asks for what is known of it.
    const bool compares = !request.body().empty();
    const auto version = from_json<wire::DataVersion>(compares ? request.body() : "{}");
    if (!version) return request.refuse(version.error());

    const auto check =
        context.routes.check_version(header->cluster_name, header->broker_addr, *version);
    const wire::DataVersionAnswer answer{check.changed || !compares};
    std::vector<Slice> body;
    if (check.stored) body.push_back(Slice::own(to_json(*check.stored)));
    net::Reply reply;
    reply.with(answer);
    reply.body = body;
    request.send(reply);
}

void broker_heartbeat(Context& context, net::Request& request) {
    const auto header = request.header<wire::BrokerHeartbeat>();
    if (!header) return request.refuse(header.error());
    context.routes.touch(header->cluster_name, header->broker_addr);
    request.ok();
}

void get_broker_members(Context& context, net::Request& request) {
    const auto header = request.header<wire::GetBrokerMemberGroup>();
    if (!header) return request.refuse(header.error());
    const wire::BrokerMemberGroupAnswer answer{
        context.routes.members(header->cluster_name, header->broker_name)};
    const std::array<Slice, 1> body{Slice::own(to_json(answer))};
    net::Reply reply;
    reply.remark = "not set any response code";  // as RocketMQ leaves it here
    reply.body = body;
    request.send(reply);
}

}  // namespace kx::namesrv
