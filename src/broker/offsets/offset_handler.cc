// SPDX-License-Identifier: Apache-2.0
#include "broker/offsets/offset_handler.h"

#include "wire/requests/clients.h"

namespace kx::broker {
namespace {

using wire::ResponseCode;

bool is_upper(std::string_view boundary) {
    constexpr std::string_view kUpper = "upper";
    return std::ranges::equal(boundary, kUpper, {}, [](char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
}

/// An answer whose success carries a remark, as RocketMQ's does here and there.
template <class Header>
void answer_with_remark(net::Request& request, const Header& header, std::string_view remark) {
    net::Reply reply;
    reply.remark = remark;
    request.send(reply.with(header));
}

void refuse_with_fields(net::Request& request, ResponseCode code, std::string_view remark) {
    net::Reply reply;
    reply.code = code;
    reply.remark = remark;
    request.send(reply.with(wire::EmptyHeader{}));
}

}  // namespace

std::optional<std::int64_t> OffsetHandler::known_offset(
    const wire::QueryConsumerOffset& query) const {
    if (config_.get()->use_server_side_reset_offset) {
        const auto reset = offsets_.find_reset(query.consumer_group, query.topic, query.queue_id);
        if (reset) return reset;
    }
    return offsets_.committed(query.consumer_group, query.topic, query.queue_id);
}

void OffsetHandler::query(net::Request& request) {
    const auto query = request.header<wire::QueryConsumerOffset>();
    if (!query) return request.refuse(query.error());
    const auto known = known_offset(*query);
    if (known && *known >= 0) return request.ok(wire::OffsetAnswer{*known});
    if (query->set_zero_if_not_found == std::optional(false)) {
        return refuse_with_fields(request, ResponseCode::kQueryNotFound,
                                  "Not found, do not set to zero, maybe this group boot first");
    }
    // A group without an offset may begin at 0 as long as message 0 is fresh; on a topic with a
    // past the client shall decide where to begin.
    const store::QueuePtr queue = store_.find_queue(query->topic, query->queue_id);
    const bool at_its_beginning =
        !queue || (store_.min_offset(*queue) <= 0 &&
                   (queue->max_offset() == 0 || store_.in_memory(*queue, 0)));
    if (at_its_beginning) return request.ok(wire::OffsetAnswer{0});
    refuse_with_fields(request, ResponseCode::kQueryNotFound,
                       "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first");
}

void OffsetHandler::update(net::Request& request) {
    const auto commit = request.header<wire::UpdateConsumerOffset>();
    if (!commit) return request.refuse(commit.error());
    // Unlike a heartbeat or a pull, a commit never creates its group.
    if (!groups_.find(commit->consumer_group)) {
        return refuse_with_fields(request, ResponseCode::kSubscriptionGroupNotExist,
                                  fmt::format("Group {} not exist!", commit->consumer_group));
    }
    if (!topics_.find(commit->topic)) {
        return refuse_with_fields(request, ResponseCode::kTopicNotExist,
                                  fmt::format("Topic {} not exist!", commit->topic));
    }
    if (!commit->queue_id) {
        return refuse_with_fields(request, ResponseCode::kInvalidParameter,
                                  fmt::format("QueueId is null, topic is {}", commit->topic));
    }
    if (!commit->commit_offset) {
        return refuse_with_fields(request, ResponseCode::kInvalidParameter,
                                  fmt::format("Offset is null, topic is {}", commit->topic));
    }
    if (config_.get()->use_server_side_reset_offset &&
        offsets_.has_reset(commit->consumer_group, commit->topic, *commit->queue_id)) {
        // The consumer does not know of the reset yet: what it commits is overtaken.
        return answer_with_remark(request, wire::EmptyHeader{}, "Offset has been previously reset");
    }
    offsets_.commit(commit->consumer_group, commit->topic, *commit->queue_id,
                    *commit->commit_offset, request.connection().peer());
    request.ok(wire::EmptyHeader{});
}

void OffsetHandler::all(net::Request& request) { request.ok_body(to_json(offsets_.table())); }

void OffsetHandler::search_by_time(net::Request& request) {
    const auto search = request.header<wire::SearchOffset>();
    if (!search) return request.refuse(search.error());
    const auto boundary =
        is_upper(search->boundary_type) ? store::Boundary::kUpper : store::Boundary::kLower;
    const store::QueuePtr queue = store_.find_queue(search->topic, search->queue_id);
    const std::int64_t offset =
        queue ? store_.offset_by_time(*queue, search->timestamp, boundary) : 0;
    request.ok(wire::OffsetAnswer{offset});
}

void OffsetHandler::max_offset(net::Request& request) {
    const auto header = request.header<wire::QueueOfTopic>();
    if (!header) return request.refuse(header.error());
    const store::QueuePtr queue = store_.find_queue(header->topic, header->queue_id);
    request.ok(wire::OffsetAnswer{queue ? queue->max_offset() : 0});
}

void OffsetHandler::min_offset(net::Request& request) {
    const auto header = request.header<wire::QueueOfTopic>();
    if (!header) return request.refuse(header.error());
    const store::QueuePtr queue = store_.find_queue(header->topic, header->queue_id);
    answer_with_remark(request, wire::OffsetAnswer{queue ? store_.min_offset(*queue) : 0}, "");
}

void OffsetHandler::earliest_store_time(net::Request& request) {
    const auto header = request.header<wire::QueueOfTopic>();
    if (!header) return request.refuse(header.error());
    const store::QueuePtr queue = store_.find_queue(header->topic, header->queue_id);
    const std::int64_t time = queue ? store_.store_time(*queue, store_.min_offset(*queue)) : -1;
    request.ok(wire::TimestampAnswer{time});
}

void OffsetHandler::view_message(net::Request& request) {
    const auto header = request.header<wire::ViewMessage>();
    if (!header) return request.refuse(header.error());
    auto record = store_.record_at(header->offset);
    if (!record) {
        return request.refuse(
            ResponseCode::kSystemError,
            fmt::format("can not find message by the offset, {}", header->offset));
    }
    const std::array<Slice, 1> body{std::move(*record)};
    net::Reply reply;
    reply.body = body;
    request.send(reply);
}

}  // namespace kx::broker
