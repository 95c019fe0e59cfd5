// SPDX-License-Identifier: Apache-2.0
#include "broker/offsets/reset_handler.h"

#include "base/log.h"
#include "net/io_thread.h"
#include "net/router.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

constexpr std::int32_t kResetConsumerClientOffset = 220;
/// Older clients do not know request 220 (V3_0_7_SNAPSHOT).
constexpr std::int32_t kResetVersion = 28;

/// The body of 220 for callers that are written in C++.
struct OffsetOfQueue {
    std::string broker_name;
    std::int64_t offset = 0;
    std::int32_t queue_id = 0;
    std::string topic;

    static constexpr auto members() {
        return std::array{
            member<&OffsetOfQueue::broker_name>("brokerName"),
            member<&OffsetOfQueue::offset>("offset"),
            member<&OffsetOfQueue::queue_id>("queueId"),
            member<&OffsetOfQueue::topic>("topic"),
        };
    }
};
struct OffsetList {
    std::vector<OffsetOfQueue> offset_table;

    static constexpr auto members() {
        return std::array{member<&OffsetList::offset_table>("offsetTable")};
    }
};

std::string body_for(const wire::ResetOffsets& offsets, wire::Language language) {
    if (language != wire::Language::kCpp) return to_json(offsets);
    OffsetList list;
    for (const auto& [queue, offset] : offsets.offset_table)
        list.offset_table.push_back({queue.broker_name, offset, queue.queue_id, queue.topic});
    return to_json(list);
}

}  // namespace

void ResetHandler::reset(net::Request& request) {
    const auto wish = request.header<wire::ResetOffset>();
    if (!wish) return request.refuse(wish.error());
    log::info("broker", "group={} topic={} reset asked for: queue={} timestamp={} peer={}",
              wish->group, wish->topic, wish->queue_id, wish->timestamp,
              request.connection().peer());
    const auto done = config_.get()->use_server_side_reset_offset
                          ? reset_here(*wish)
                          : reset_in_clients(*wish, request.command().language);
    if (!done) return request.refuse(done.error().code, done.error().remark);
    request.ok_body(to_json(*done));
}

std::int64_t ResetHandler::offset_at(std::string_view topic, std::int32_t queue_id,
                                     std::int64_t timestamp) const {
    const store::QueuePtr queue = store_.find_queue(topic, queue_id);
    if (!queue) return 0;
    if (timestamp < 0) return queue->max_offset();
    return store_.offset_by_time(*queue, timestamp, store::Boundary::kLower);
}

wire::Outcome<std::int64_t> ResetHandler::target_of_queue(const wire::ResetOffset& wish,
                                                          std::int32_t queue_id) const {
    const bool numbered = wish.queue_id >= 0 && wish.offset && *wish.offset != -1;
    if (!numbered) return offset_at(wish.topic, queue_id, wish.timestamp);
    const store::QueuePtr queue = store_.find_queue(wish.topic, queue_id);
    const std::int64_t min = queue ? store_.min_offset(*queue) : 0;
    const std::int64_t max = queue ? queue->max_offset() : 0;
    if (*wish.offset >= min && *wish.offset <= max + 1) return *wish.offset;
    return wire::refuse(ResponseCode::kSystemError,
                        "Target offset {} not in consume queue range [{}-{}]", *wish.offset, min,
                        max);
}

wire::Outcome<wire::ResetOffsets> ResetHandler::reset_here(const wire::ResetOffset& wish) {
    const TopicPtr topic = topics_.find(wish.topic);
    if (!topic)
        return wire::refuse(ResponseCode::kTopicNotExist, "Topic {} does not exist", wish.topic);
    if (!groups_.find(wish.group)) {
        return wire::refuse(ResponseCode::kSubscriptionGroupNotExist, "Group {} does not exist",
                            wish.group);
    }
    std::vector<std::int32_t> queues;
    if (wish.queue_id >= 0) {
        queues.push_back(wish.queue_id);
    } else {
        for (std::int32_t id = 0; id < topic->config().read_queue_nums; ++id) queues.push_back(id);
    }
    if (queues.empty()) return wire::refuse(ResponseCode::kSystemError, "No queues to reset.");
    const std::string broker = config_.get()->broker_name;
    wire::ResetOffsets reset;
    for (const std::int32_t id : queues) {
        const auto target = target_of_queue(wish, id);
        if (!target) return tl::unexpected(target.error());
        reset.offset_table[{broker, id, std::string(wish.topic)}] = *target;
    }
    for (const auto& [queue, offset] : reset.offset_table)
        offsets_.set_reset(wish.group, wish.topic, queue.queue_id, offset);
    return reset;
}

wire::Outcome<wire::ResetOffsets> ResetHandler::reset_in_clients(const wire::ResetOffset& wish,
                                                                 wire::Language language) {
    const TopicPtr topic = topics_.find(wish.topic);
    if (!topic) {
        return wire::refuse(ResponseCode::kTopicNotExist,
                            "[reset-offset] reset offset failed, no topic in this broker. topic={}",
                            wish.topic);
    }
    const std::string broker = config_.get()->broker_name;
    wire::ResetOffsets reset;
    for (std::int32_t id = 0; id < topic->config().write_queue_nums; ++id) {
        const auto committed = offsets_.committed(wish.group, wish.topic, id);
        if (!committed) {
            return wire::refuse(ResponseCode::kSystemError, "THe consumer group <{}> not exist",
                                wish.group);
        }
        const std::int64_t target =
            std::max<std::int64_t>(0, offset_at(wish.topic, id, wish.timestamp));
        reset.offset_table[{broker, id, std::string(wish.topic)}] =
            wish.force || target < *committed ? target : *committed;
    }
    if (auto told = tell_clients(wish, body_for(reset, language)); !told)
        return tl::unexpected(told.error());
    return reset;
}

wire::Outcome<void> ResetHandler::tell_clients(const wire::ResetOffset& wish,
                                               const std::string& body) const {
    const auto group = clients_.consumer_group(wish.group);
    if (!group) {
        return wire::refuse(
            ResponseCode::kConsumerNotOnline,
            "Consumer not online, so can not reset offset, Group: {} Topic: {} Timestamp: {}",
            wish.group, wish.topic, wish.timestamp);
    }
    for (const ClientInfo& client : group->clients) {
        if (client.version >= kResetVersion) continue;
        return wire::refuse(ResponseCode::kSystemError,
                            "the client does not support this feature. version={}", client.version);
    }
    const auto text = Slice::own(body);
    for (const ClientInfo& client : group->clients) {
        client.connection->post([text, topic = std::string(wish.topic),
                                 name = std::string(wish.group),
                                 timestamp = wish.timestamp](net::Connection& self) {
            wire::ResetOffset header;
            header.group = name;
            header.topic = topic;
            header.timestamp = timestamp;
            header.force = true;
            wire::HeaderParts parts;
            parts.encoding = net::answer_encoding();
            parts.code = kResetConsumerClientOffset;
            parts.with(header);
            const std::array<Slice, 1> bodies{text};
            if (const Status sent = self.call_oneway(parts, bodies); !sent)
                log::warn("broker", "group={} peer={} was not told of a reset: {}", name,
                          self.peer(), sent.error().text);
        });
    }
    return {};
}

}  // namespace kx::broker
