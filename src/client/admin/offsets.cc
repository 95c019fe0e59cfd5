// SPDX-License-Identifier: Apache-2.0
#include "wire/requests/offsets.h"

#include "client/admin/commands.h"
#include "client/core/errors.h"
#include "wire/bodies/topics.h"
#include "wire/requests/admin.h"
#include "wire/requests/groups.h"

namespace kx::client::admin {
namespace {

constexpr std::int32_t kQueryOffset = 14;
constexpr std::int32_t kUpdateOffset = 15;
constexpr std::int32_t kSearchOffset = 29;
constexpr std::int32_t kGetMaxOffset = 30;
constexpr std::int32_t kGetMinOffset = 31;
constexpr std::int32_t kGetEarliestTime = 32;
constexpr std::int32_t kResetOffset = 222;
constexpr std::int32_t kCloneOffset = 314;
constexpr std::int64_t kToTheEnd = -1;

/// RocketMQ's sentence before the reason; kind and code stay the reason's.
kerolox::Error wrapped(const kerolox::Error& why, std::string_view address) {
    kerolox::Error::Detail detail;
    detail.kind = why.kind();
    detail.code = why.code();
    detail.text = fmt::format("Invoke Broker[{}] exception: {}", address, why.text());
    detail.peer = address;
    detail.retriable = why.retriable();
    detail.cause = why;
    return kerolox::Error(std::move(detail));
}

struct QueueReply {
    std::string address;
    AdminCore::Reply reply;
};

/// Asks the queue's master.
Awaitable<QueueReply> ask_master(AdminCore core, kerolox::Queue queue, net::Call call) {
    auto master = co_await core.master_of(core.wire_name(queue.topic), queue.broker);
    if (!master) co_return QueueReply{{}, master.error()};
    AdminCore::Reply reply = co_await core.ask(*master, std::move(call));
    if (!reply) reply = wrapped(reply.error(), *master);
    co_return QueueReply{std::move(*master), std::move(reply)};
}

AdminOutcome<std::int64_t> end_offset(AdminCore core, kerolox::Queue queue, std::int32_t code) {
    const std::string topic = core.wire_name(queue.topic);
    wire::QueueOfTopic header;
    header.topic = topic;
    header.queue_id = queue.id;
    const QueueReply answer = co_await ask_master(core, queue, net::Call(code, header));
    co_return admin_header<wire::OffsetAnswer>(answer.reply, answer.address)
        .transform([](const wire::OffsetAnswer& found) { return found.offset; });
}

}  // namespace

AdminOutcome<std::int64_t> min_offset(AdminCore core, kerolox::Queue queue) {
    return end_offset(std::move(core), std::move(queue), kGetMinOffset);
}

AdminOutcome<std::int64_t> max_offset(AdminCore core, kerolox::Queue queue) {
    return end_offset(std::move(core), std::move(queue), kGetMaxOffset);
}

AdminOutcome<std::int64_t> offset_for_time(AdminCore core, kerolox::Queue queue, Time time) {
    const std::string topic = core.wire_name(queue.topic);
    wire::SearchOffset header;
    header.topic = topic;
    header.queue_id = queue.id;
    header.timestamp = admin_ms(time);
    header.boundary_type = "lower";
    const QueueReply answer = co_await ask_master(core, queue, net::Call(kSearchOffset, header));
    co_return admin_header<wire::OffsetAnswer>(answer.reply, answer.address)
        .transform([](const wire::OffsetAnswer& found) { return found.offset; });
}

AdminOutcome<Time> earliest_time(AdminCore core, kerolox::Queue queue) {
    const std::string topic = core.wire_name(queue.topic);
    wire::QueueOfTopic header;
    header.topic = topic;
    header.queue_id = queue.id;
    const QueueReply answer = co_await ask_master(core, queue, net::Call(kGetEarliestTime, header));
    co_return admin_header<wire::TimestampAnswer>(answer.reply, answer.address)
        .transform([](const wire::TimestampAnswer& found) { return admin_time(found.timestamp); });
}

AdminOutcome<std::int64_t> committed(AdminCore core, std::string group, kerolox::Queue queue) {
    const std::string topic = core.wire_name(queue.topic);
    const std::string wire_group = core.wire_name(group);
    wire::QueryConsumerOffset header;
    header.consumer_group = wire_group;
    header.topic = topic;
    header.queue_id = queue.id;
    header.set_zero_if_not_found = false;
    const QueueReply answer = co_await ask_master(core, queue, net::Call(kQueryOffset, header));
    constexpr auto kNone = static_cast<std::int32_t>(wire::ResponseCode::kQueryNotFound);
    if (!answer.reply && answer.reply.error().code() == kNone) co_return -1;
    co_return admin_header<wire::OffsetAnswer>(answer.reply, answer.address)
        .transform([](const wire::OffsetAnswer& found) { return found.offset; });
}

AdminOutcome<void> set_offset(AdminCore core, std::string group, kerolox::Queue queue,
                              std::int64_t offset) {
    const std::string topic = core.wire_name(queue.topic);
    const std::string wire_group = core.wire_name(group);
    wire::UpdateConsumerOffset header;
    header.consumer_group = wire_group;
    header.topic = topic;
    header.queue_id = queue.id;
    header.commit_offset = offset;
    const QueueReply answer = co_await ask_master(core, queue, net::Call(kUpdateOffset, header));
    if (!answer.reply) co_return answer.reply.error();
    co_return kerolox::Status();
}

AdminOutcome<std::vector<kerolox::PerBroker<std::vector<kerolox::QueueOffset>>>> reset_offset(
    AdminCore core, std::string group, std::string topic, Time time, bool force) {
    const std::string wire_group = core.wire_name(group);
    const std::string wire_topic = core.wire_name(topic);
    auto brokers = co_await core.brokers_of_topic(wire_topic);
    if (!brokers) co_return brokers.error();
    wire::ResetOffset header;
    header.group = wire_group;
    header.topic = wire_topic;
    header.timestamp = time == Time::max() ? kToTheEnd : admin_ms(time);
    header.force = force;
    net::Call call(kResetOffset, header);
    // A broker hands the new offsets on to its consumers in the form that the asker reads: CPP
    // means a list, which no other client understands.
    call.language = wire::Language::kJava;
    const AdminCore patient = core.patient();
    const auto replies = co_await patient.ask_all(*brokers, std::move(call));
    std::vector<kerolox::PerBroker<std::vector<kerolox::QueueOffset>>> outcomes;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const AdminTarget& broker = (*brokers)[i];
        const auto body = admin_body<wire::ResetOffsets>(replies[i], broker.address);
        if (!body) {
            outcomes.push_back({broker.broker, broker.address, body.error()});
            continue;
        }
        std::vector<kerolox::QueueOffset> offsets;
        for (const auto& [queue, offset] : body->offset_table) {
            offsets.push_back(
                {core.user_queue(queue.topic, queue.broker_name, queue.queue_id), offset});
        }
        outcomes.push_back({broker.broker, broker.address, std::move(offsets)});
    }
    co_return outcomes;
}

AdminOutcome<Told> clone_offset(AdminCore core, std::string from_group, std::string to_group,
                                std::string topic, bool offline_only) {
    const std::string from = core.wire_name(from_group);
    const std::string to = core.wire_name(to_group);
    const std::string wire_topic = core.wire_name(topic);
    auto brokers = co_await core.brokers_of_group(from, wire_topic);
    if (!brokers) co_return brokers.error();
    wire::CloneGroupOffset header;
    header.src_group = from;
    header.dest_group = to;
    header.topic = wire_topic;
    header.offline = offline_only;
    const AdminCore patient = core.patient();
    co_return co_await patient.tell_all(std::move(*brokers), net::Call(kCloneOffset, header));
}

}  // namespace kx::client::admin
