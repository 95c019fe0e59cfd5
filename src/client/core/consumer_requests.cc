// SPDX-License-Identifier: Apache-2.0
//
// What brokers ask of consumers: offsets set and told (220, 221), what a consumer is doing (307),
// one message to be consumed now (309).
#include <algorithm>

#include "client/consume/subscription.h"
#include "client/core/client_core.h"
#include "client/core/received.h"
#include "client/core/request_decoration.h"
#include "client/core/server_requests.h"
#include "client/core/thread_report.h"
#include "wire/bodies/consumer_offsets.h"
#include "wire/bodies/running_info.h"
#include "wire/requests/consumption.h"

namespace kx::client {
namespace {

/// A Java client's version whose abilities we have: tools compare it.
constexpr std::string_view kVersionName = "V5_4_0";

using Offsets = std::map<kerolox::Queue, std::int64_t>;

/// Both forms: a map whose keys are queues, and a list.
Result<Offsets> read_reset(std::string_view body) {
    Offsets offsets;
    KX_TRY(const Json json, Json::parse(body));
    const Json* table = json.find("offsetTable");
    if (table != nullptr && table->as_array() != nullptr) {
        KX_TRY(const auto list, from_json<wire::ResetOffsetList>(body));
        for (const auto& item : list.offset_table)
            offsets[{item.topic, item.broker_name, item.queue_id}] = item.offset;
        return offsets;
    }
    KX_TRY(const auto map, from_json<wire::ResetOffsets>(body));
    for (const auto& [key, offset] : map.offset_table)
        offsets[{key.topic, key.broker_name, key.queue_id}] = offset;
    return offsets;
}

std::int64_t wall_ms_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

wire::ConsumerRunningInfo info_of(ClientCore& core, const kerolox::ConsumerSnapshot& shot) {
    wire::ConsumerRunningInfo info;
    for (const auto& [name, value] : shot.properties) info.properties[name] = value;
    std::string servers;
    for (const std::string& address : core.name_servers().addresses()) servers += address + ";";
    info.properties["PROP_NAMESERVER_ADDR"] = servers;
    info.properties["PROP_CLIENT_VERSION"] = kVersionName;
    for (const auto& [topic, filter] : shot.subscriptions) {
        auto made = make_subscription(core.wire_name(topic), filter, 0);
        if (made) info.subscription_set.push_back(std::move(made).value());
    }
    std::ranges::sort(info.subscription_set, {}, &wire::SubscriptionData::topic);
    for (const kerolox::QueueState& state : shot.queues) {
        wire::ProcessQueueInfo& one =
            info.mq_table[{state.queue.broker, state.queue.id, core.wire_name(state.queue.topic)}];
        one.cached_msg_count = static_cast<std::int32_t>(state.cached_messages);
        one.cached_msg_size_in_mib = static_cast<std::int32_t>(state.cached_bytes >> 20);
        one.cached_msg_min_offset = state.cached_min_offset;
        one.cached_msg_max_offset = state.cached_max_offset;
        one.commit_offset = state.committed;
        one.dropped = state.dropped;
        one.locked = state.locked;
        one.last_pull_timestamp = wall_ms_of(state.last_pull);
        one.last_consume_timestamp = wall_ms_of(state.last_consume);
        one.last_lock_timestamp = wall_ms_of(state.last_lock);
        one.try_unlock_times = state.unlock_tries;
    }
    for (const kerolox::PoppedQueueState& state : shot.popped) {
        wire::PopQueueInfo& one = info.mq_pop_table[{state.queue.broker, state.queue.id,
                                                     core.wire_name(state.queue.topic)}];
        one.wait_ack_count = static_cast<std::int32_t>(state.unfinished);
        one.dropped = state.dropped;
        one.last_pop_timestamp = wall_ms_of(state.last_pop);
    }
    for (const kerolox::TopicStatistics& from : shot.topics) {
        info.status_table[core.wire_name(from.topic)] = {
            from.consume_failed, from.consume_failed_tps, from.consume_ok_tps,
            from.consume_rt_ms,  from.pull_rt_ms,         from.pull_tps};
    }
    return info;
}

std::string not_here(std::string_view group) {
    return fmt::format("The Consumer Group <{}> not exist in this consumer", group);
}

}  // namespace

void ServerRequests::reset_offsets(net::Request& request) {
    request.no_answer();
    const auto header = request.header<wire::GroupAndTopic>();
    const auto offsets = read_reset(request.body());
    if (!header || !offsets) {
        core_.log(kerolox::LogLevel::warn, "client", "offsets that {} sets are unreadable: {}",
                  request.connection().peer(), header ? offsets.error().text : header.error().text);
        return;
    }
    core_.log(kerolox::LogLevel::info, "client", "{} sets offsets of {} in {}",
              request.connection().peer(), header->group, header->topic);
    if (const auto consumer = core_.consumer(header->group))
        consumer->reset_offsets(std::string(header->topic), *offsets);
}

void ServerRequests::consumer_status(net::Request& request) {
    const auto header = request.header<wire::GroupAndTopic>();
    if (!header) return request.refuse(header.error());
    wire::OffsetsOfClient body;
    if (const auto consumer = core_.consumer(header->group)) {
        for (const auto& [queue, offset] : consumer->offsets(header->topic))
            body.message_queue_table[{queue.broker, queue.id, queue.topic}] = offset;
    }
    request.ok_body(to_json(body));
}

void ServerRequests::running_info(net::Request& request) {
    const auto header = request.header<wire::ForClient>();
    if (!header) return request.refuse(header.error());
    const auto consumer = core_.consumer(header->consumer_group);
    if (!consumer) {
        return request.refuse(wire::ResponseCode::kSystemError, not_here(header->consumer_group));
    }
    wire::ConsumerRunningInfo info = info_of(core_, consumer->snapshot());
    if (!header->jstack_enable.value_or(false)) return request.ok_body(to_json(info));
    // A process of many threads takes a while to look through: not here.
    auto answer = std::make_shared<net::Responder>(request.defer());
    CallbackPool::Work work = [answer, told = std::move(info)]() mutable {
        told.jstack = describe_threads();
        const Slice slice = Slice::own(to_json(told));
        net::Reply reply;
        reply.body = std::span(&slice, 1);
        answer->send(reply);
    };
    if (!core_.runtime().callbacks().post(work)) work();
}

void ServerRequests::consume_directly(net::Request& request) {
    const auto header = request.header<wire::ForClient>();
    if (!header) return request.refuse(header.error());
    const auto consumer = core_.consumer(header->consumer_group);
    if (!consumer) {
        return request.refuse(wire::ResponseCode::kSystemError, not_here(header->consumer_group));
    }
    const std::string broker(request.command().fields.find("brokerName").value_or(""));
    DecodeOptions options;
    options.name_space = core_.config().name_space;
    options.queue_from_record = true;
    options.queue.broker = broker;
    if (const auto record = model::decode_record(request.body()))
        options.queue.topic = without_namespace(options.name_space, record->topic);
    auto messages = decode_messages(request.body(), options);
    if (!messages || messages->empty()) {
        return request.refuse(wire::ResponseCode::kSystemError,
                              messages ? "it holds no message" : messages.error().text());
    }
    consumer->consume_directly(messages->front(), broker, request.defer());
}

}  // namespace kx::client
