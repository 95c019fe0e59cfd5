// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_call.h"

#include <charconv>
#include <map>
#include <tuple>

#include "client/consume/pop_offsets.h"
#include "client/consume/pull_call.h"
#include "client/consume/subscription.h"
#include "client/core/received.h"
#include "model/names.h"
#include "model/properties.h"
#include "wire/bodies/pop.h"
#include "wire/requests/pop.h"

namespace kx::client {
namespace {

using kerolox::ErrorKind;

constexpr std::int32_t kPopMessage = 200'050;
constexpr std::int32_t kAckMessage = 200'051;
constexpr std::int32_t kChangeInvisibleTime = 200'053;
constexpr std::int32_t kBatchAckMessage = 200'151;
constexpr std::int64_t kAckTimeoutMs = 3'000;
/// More bits are no batch but a mistake: pops bring 32 messages.
constexpr std::int64_t kAckBitsMax = 1 << 16;

template <class Number>
kerolox::Status read_number(std::string_view text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return {};
    return usage_error(fmt::format("For input string: \"{}\"", text));
}

/// Only a broker's master pops. Asks for the topic's route when the broker is unknown.
Awaitable<kerolox::Result<std::string>> pop_address(ClientCore& core, std::string broker,
                                                    std::string topic) {
    std::string address = core.routes().master_of(broker);
    if (address.empty()) {
        (void)co_await core.routes().refresh(std::move(topic), RouteUse::kRead);
        address = core.routes().master_of(broker);
    }
    if (address.empty())
        co_return client_error(fmt::format("The broker[{}] not exist", broker), kBrokerNotExist);
    co_return address;
}

kerolox::Status add_check_points(const wire::PopAnswer& answer, const PopCall& call,
                                 std::vector<kerolox::MessageView>& messages) {
    auto offsets = PopOffsets::parse(answer);
    if (!offsets) return offsets.error();
    for (kerolox::MessageView& view : messages) {
        ReceivedMessage& message = mutable_message(view);
        message.topic = message.queue->topic;
        message.first_pop_time = std::to_string(answer.pop_time);
        const auto known =
            model::find_property(message.record.properties, model::property::kPopCheckPoint);
        // Without start offsets the answer is of a broker that never writes check points itself.
        if (known && !answer.start_offset_info.empty()) {
            message.pop_check_point = *known;
            continue;
        }
        const auto place = offsets->place_of(message.record, call.queue.topic);
        if (!place) return place.error();
        PopCheckPoint point;
        point.start_offset = place->start_offset;
        point.pop_time_ms = answer.pop_time;
        point.invisible_ms = answer.invisible_time;
        point.revive_queue = answer.revive_qid;
        point.retry_mark = place->retry_mark;
        point.broker = call.queue.broker;
        point.queue_id = place->queue_id;
        point.offset = place->offset;
        message.pop_check_point = point.text();
        if (call.in_order && place->reconsume_times > 0)
            message.reconsume_times = place->reconsume_times;
    }
    return {};
}

Awaitable<void> ack_unwanted(ClientCore& core, std::string group, std::string topic,
                             std::vector<PopCheckPoint> points) {
    for (const PopCheckPoint& point : points) {
        const auto status = co_await pop_ack(core, group, topic, point);
        if (!status) {
            core.log(kerolox::LogLevel::info, "consumer",
                     "a filtered message of {} was not acknowledged and comes again: {}", topic,
                     status.error().describe());
        }
    }
}

/// Takes out what the filter does not want, and acknowledges it: nobody else wants it either.
void drop_unwanted(ClientCore& core, const PopCall& call,
                   const wire::SubscriptionData& subscription,
                   std::vector<kerolox::MessageView>& messages) {
    std::vector<PopCheckPoint> unwanted;
    std::erase_if(messages, [&](const kerolox::MessageView& message) {
        const bool tag_fits = subscription.tags_set.empty() || wants(subscription, message.tag());
        if (tag_fits && kept_by_interceptors(core, call.group, message)) return false;
        auto point = PopCheckPoint::parse(message_of(message).pop_check_point);
        if (point) unwanted.push_back(std::move(point).value());
        return true;
    });
    if (!unwanted.empty())
        core.spawn(ack_unwanted(core, call.group, call.queue.topic, std::move(unwanted)));
}

std::optional<PopStatus> pop_status_of(wire::ResponseCode code) {
    switch (code) {
        case wire::ResponseCode::kSuccess: return PopStatus::kFound;
        case wire::ResponseCode::kPollingFull: return PopStatus::kPollingFull;
        case wire::ResponseCode::kPollingTimeout:
        case wire::ResponseCode::kPullNotFound: return PopStatus::kNotFound;
        default: return std::nullopt;
    }
}

}  // namespace

std::string PopCheckPoint::text() const {
    return fmt::format("{} {} {} {} {} {} {} {}", start_offset, pop_time_ms, invisible_ms,
                       revive_queue, retry_mark, broker, queue_id, offset);
}

kerolox::Result<PopCheckPoint> PopCheckPoint::parse(std::string_view text) {
    constexpr std::size_t kFields = 8;
    std::vector<std::string_view> fields;
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        fields.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (fields.size() < kFields) {
        return usage_error(
            fmt::format("getQueueOffset fail, extraInfoStrs length {}", fields.size()));
    }
    PopCheckPoint point;
    for (const kerolox::Status& read :
         {read_number(fields[0], point.start_offset), read_number(fields[1], point.pop_time_ms),
          read_number(fields[2], point.invisible_ms), read_number(fields[3], point.revive_queue),
          read_number(fields[6], point.queue_id), read_number(fields[7], point.offset)}) {
        if (!read) return read.error();
    }
    if (fields[4] != "0" && fields[4] != "1" && fields[4] != "2")
        return usage_error("getRetry fail, format is wrong");
    point.retry_mark = fields[4].front();
    point.broker = fields[5];
    return point;
}

Awaitable<kerolox::Result<PopReply>> pop(ClientCore& core, PopCall call) {
    // The caller's may change while the broker waits.
    const wire::SubscriptionData subscription = *call.subscription;
    const auto address = co_await pop_address(core, call.queue.broker, call.queue.topic);
    if (!address) co_return address.error();
    wire::PopMessage header;
    header.consumer_group = call.group;
    header.topic = call.queue.topic;
    header.queue_id = call.queue.id;
    header.max_msg_nums = call.max_messages;
    header.invisible_time = call.invisible_ms;
    header.poll_time = call.poll_ms;
    header.born_time = core.clock().wall_ms();
    header.init_mode = call.from_min ? 0 : 1;
    header.exp_type = subscription.expression_type;
    header.exp = subscription.sub_string;
    header.order = call.in_order;
    header.broker_name = call.queue.broker;
    const auto answer =
        co_await core.call(*address, net::Call(kPopMessage, header), call.timeout_ms);
    if (!answer) co_return answer.error();
    PopReply reply;
    const auto status = pop_status_of(answer->code);
    if (!status) {
        co_return broker_error(static_cast<std::int32_t>(answer->code), answer->remark, *address);
    }
    reply.status = *status;
    if (reply.status != PopStatus::kFound) co_return reply;
    const auto fields = answer->header<wire::PopAnswer>();
    if (!fields) {
        co_return kerolox::Error(
            ErrorKind::protocol,
            fmt::format("{} answered a pop unreadably: {}", *address, fields.error().text));
    }
    reply.pop_time_ms = fields->pop_time;
    reply.invisible_ms = fields->invisible_time;
    DecodeOptions options;
    options.queue = {std::string(core.user_name(call.queue.topic)), call.queue.broker, 0};
    options.name_space = core.config().name_space;
    options.read_body = core.config().decode_read_body;
    options.expand = core.config().decode_decompress_body;
    options.queue_from_record = true;
    auto messages = decode_messages(answer->body, options);
    if (!messages) co_return messages.error();
    reply.messages = std::move(messages).value();
    if (kerolox::Status placed = add_check_points(*fields, call, reply.messages); !placed)
        co_return placed.error();
    drop_unwanted(core, call, subscription, reply.messages);
    co_return reply;
}

Awaitable<kerolox::Status> pop_ack(ClientCore& core, std::string group, std::string topic,
                                   PopCheckPoint point) {
    const auto address = co_await pop_address(core, point.broker, topic);
    if (!address) co_return address.error();
    const std::string real_topic = pop_real_topic(topic, group, point.retry_mark);
    const std::string extra_info = point.text();
    wire::AckMessage header;
    header.consumer_group = group;
    header.topic = real_topic;
    header.queue_id = point.queue_id;
    header.extra_info = extra_info;
    header.offset = point.offset;
    header.broker_name = point.broker;
    const auto answer =
        co_await core.call_ok(*address, net::Call(kAckMessage, header), kAckTimeoutMs);
    if (!answer) co_return answer.error();
    co_return kerolox::Status();
}

Awaitable<std::vector<kerolox::Status>> pop_ack_batch(ClientCore& core, std::string group,
                                                      std::string topic,
                                                      std::vector<PopCheckPoint> points) {
    struct Entry {
        wire::BatchAck ack;
        std::vector<std::int64_t> bits;
    };
    using Key = std::tuple<char, std::int32_t, std::int64_t, std::int64_t>;
    std::map<std::string, std::map<Key, Entry>> brokers;
    std::vector<kerolox::Status> outcomes(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        const PopCheckPoint& point = points[i];
        const std::int64_t bit = point.offset - point.start_offset;
        if (bit < 0 || bit >= kAckBitsMax) {
            outcomes[i] =
                usage_error(fmt::format("offset {} does not belong to a pop that began at {}",
                                        point.offset, point.start_offset));
            continue;
        }
        Entry& entry = brokers[point.broker][{point.retry_mark, point.queue_id, point.start_offset,
                                              point.pop_time_ms}];
        entry.bits.push_back(bit);
        wire::BatchAck& ack = entry.ack;
        ack.consumer_group = group;
        ack.topic = topic;
        ack.retry = std::string(1, point.retry_mark);
        ack.start_offset = point.start_offset;
        ack.queue_id = point.queue_id;
        ack.revive_queue_id = point.revive_queue;
        ack.pop_time = point.pop_time_ms;
        ack.invisible_time = point.invisible_ms;
    }
    for (auto& [broker, entries] : brokers) {
        wire::BatchAckRequest body;
        body.broker_name = broker;
        for (auto& [key, entry] : entries) {
            entry.ack.bit_set = pop_ack_bits(entry.bits);
            body.acks.push_back(std::move(entry.ack));
        }
        kerolox::Status outcome;
        const auto address = co_await pop_address(core, broker, topic);
        if (address) {
            const auto answer = co_await core.call_ok(
                *address, net::Call(kBatchAckMessage, to_json(body)), kAckTimeoutMs);
            if (!answer) outcome = answer.error();
        } else {
            outcome = address.error();
        }
        for (std::size_t i = 0; i < points.size(); ++i)
            if (points[i].broker == broker && outcomes[i]) outcomes[i] = outcome;
    }
    co_return outcomes;
}

Awaitable<kerolox::Result<PopCheckPoint>> pop_change_invisible(ClientCore& core, std::string group,
                                                               std::string topic,
                                                               PopCheckPoint point,
                                                               std::int64_t invisible_ms) {
    const auto address = co_await pop_address(core, point.broker, topic);
    if (!address) co_return address.error();
    const std::string real_topic = pop_real_topic(topic, group, point.retry_mark);
    const std::string extra_info = point.text();
    wire::ChangeInvisibleTime header;
    header.consumer_group = group;
    header.topic = real_topic;
    header.queue_id = point.queue_id;
    header.extra_info = extra_info;
    header.offset = point.offset;
    header.invisible_time = invisible_ms;
    header.broker_name = point.broker;
    const auto answer =
        co_await core.call_ok(*address, net::Call(kChangeInvisibleTime, header), kAckTimeoutMs);
    if (!answer) co_return answer.error();
    const auto fields = answer->header<wire::InvisibleTimeAnswer>();
    if (!fields) {
        co_return kerolox::Error(ErrorKind::protocol, fmt::format("{} answered unreadably: {}",
                                                                  *address, fields.error().text));
    }
    PopCheckPoint next = std::move(point);
    // From here on the message stands alone: its check point begins at its own offset.
    next.start_offset = next.offset;
    next.pop_time_ms = fields->pop_time;
    next.invisible_ms = fields->invisible_time;
    next.revive_queue = fields->revive_qid;
    co_return next;
}

}  // namespace kx::client
