// SPDX-License-Identifier: Apache-2.0
#include "broker/send/send_handler.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <random>

#include "broker/send/put_refusal.h"
#include "model/batch.h"
#include "model/java_hash.h"
#include "model/message_id.h"
#include "model/names.h"
#include "model/properties.h"
#include "model/validators.h"

namespace kx::broker {
namespace {

using wire::Outcome;
using wire::ResponseCode;

constexpr std::int32_t kSendMessageV1 = 10;
/// Clients from 3.4.9 on send maxReconsumeTimes.
constexpr std::int32_t kMaxReconsumeVersion = 121;

std::uint32_t random_number() {
    thread_local std::minstd_rand generator(std::random_device{}());
    return static_cast<std::uint32_t>(generator());
}

BrokerMarks marks_of(const BrokerConfig& config) {
    return {config.region_id, config.trace_on ? "true" : "false", config.broker_cluster_name};
}

}  // namespace

SendHandler::SendHandler(Context& context)
    : context_(context),
      marks_(marks_of(*context.config.get())),
      replies_(marks_.region, marks_.trace_on == "true"),
      durability_(context.io, context.store, replies_),
      unique_ids_(context.store_host, ::getpid(), static_cast<std::int32_t>(random_number()),
                  context.clock) {}

void SendHandler::handle(net::Request& request) {
    const Names names = request.code() == kSendMessageV1 ? Names::kLong : Names::kShort;
    const auto header = request.header<wire::SendMessage>(names);
    if (!header) return replies_.refuse(request, {ResponseCode::kSystemError, header.error().text});
    const auto config = context_.config.get();
    const Send send{*header, request.body(), request.connection(), request.command().version,
                    *config};
    if (const auto named = check_name(send); !named) return replies_.refuse(request, named.error());
    const TopicPtr topic = context_.topics.find(header->topic);
    if (!topic || new_topic_sends_.has(request.connection().id(), header->topic))
        return wait_for_topic(request, *header);
    answer(request, send, topic);
}

template <class Target>
void SendHandler::answer(Target& target, const Send& send, const TopicPtr& topic) {
    auto stored = store(send, topic);
    if (!stored) {
        net::IoProbe::add(probe_.refused, 1);
        return replies_.refuse(target, stored.error());
    }
    const bool wait = stored->wait_store &&
                      send.config.flush_disk_type == FlushDiskType::kSyncFlush &&
                      context_.store.flushed().value() < stored->message.end;
    if (!wait) return replies_.accept(target, ResponseCode::kSuccess, stored->message);
    context_.store.request_flush();
    const std::int64_t deadline = context_.clock.steady_ms() + send.config.sync_flush_timeout;
    if constexpr (std::is_same_v<Target, net::Request>) {
        durability_.add(std::move(stored->message), target.defer(), deadline);
    } else {
        durability_.add(std::move(stored->message), std::move(target), deadline);
    }
}

void SendHandler::wait_for_topic(net::Request& request, const wire::SendMessage& header) {
    const std::uint64_t connection_id = request.connection().id();
    const auto waiting = std::make_shared<NewTopicSends::Waiting>(NewTopicSends::Waiting{
        request.defer(), connection_id, std::string(request.frame()), std::string(header.topic),
        std::string(header.default_topic), header.default_topic_queue_nums, header.unit_mode});
    if (new_topic_sends_.add(waiting)) create_topic(waiting);
}

/// Creating a topic writes a file: a worker does it, then the sends go on where they came from.
void SendHandler::create_topic(const WaitingPtr& first) {
    const bool posted = context_.workers.post([this, first] {
        const auto connection = first->later.connection();
        context_.topics.create_on_send({first->topic, first->default_topic, first->queue_nums,
                                        first->unit_mode, connection->peer()});
        boost::asio::post(connection->thread().context(), [this, first, connection] {
            connection->thread().run_turn([&] { go_on(first); });
        });
    });
    if (posted) return;
    for (WaitingPtr next = first; next; next = new_topic_sends_.next_after(*next)) {
        replies_.refuse(next->later, {ResponseCode::kServiceNotAvailable,
                                      "service not available now: stopping"});
    }
}

/// The topic of `first` was created, or could not be: then the one behind it may ask differently.
void SendHandler::go_on(const WaitingPtr& first) {
    for (WaitingPtr next = first; next; next = new_topic_sends_.next_after(*next)) {
        const TopicPtr topic = context_.topics.find(next->topic);
        if (!topic && next != first) return create_topic(next);
        send_waiting(*next, topic);
    }
}

void SendHandler::send_waiting(NewTopicSends::Waiting& waiting, const TopicPtr& topic) {
    const auto connection = waiting.later.connection();
    if (!connection->is_open()) return waiting.later.drop();
    if (!topic) {
        return replies_.refuse(
            waiting.later,
            {ResponseCode::kTopicNotExist, fmt::format("topic[{}] not exist, apply first please!{}",
                                                       waiting.topic, wire::kSeeFaq)});
    }
    wire::Command command;
    // These bytes were decoded before and cannot fail now.
    if (!connection->thread().decoder().decode(waiting.frame, command)) return;
    const auto again = read_header<wire::SendMessage>(
        command.fields, command.code == kSendMessageV1 ? Names::kLong : Names::kShort);
    if (!again) return;
    const auto config = context_.config.get();
    answer(waiting.later, Send{*again, command.body, *connection, command.version, *config}, topic);
}

/// What is checked before the topic is looked up, in RocketMQ's order.
Outcome<void> SendHandler::check_name(const Send& send) const {
    const std::int64_t accept_from = send.config.start_accept_send_request_time_stamp;
    if (accept_from > 0 && context_.clock.wall_ms() < accept_from) {
        return wire::refuse(ResponseCode::kSystemError,
                            "broker unable to service, until {} (startAcceptSendRequestTimeStamp)",
                            accept_from);
    }
    if (const auto valid = model::validate_topic(send.header.topic); !valid)
        return wire::refuse(ResponseCode::kInvalidParameter, "{}", valid.error().text);
    if (!model::is_sendable_topic(send.header.topic)) {
        return wire::refuse(ResponseCode::kNoPermission,
                            "Sending message to topic[{}] is forbidden.", send.header.topic);
    }
    return {};
}

Outcome<SendHandler::Stored> SendHandler::store(const Send& send, const TopicPtr& given_topic) {
    TopicPtr topic = given_topic;
    const wire::TopicConfig* config = &topic->config();
    if (config->order && (send.config.broker_permission & wire::kWrite) == 0) {
        return wire::refuse(ResponseCode::kNoPermission,
                            "the broker[{}] sending message is forbidden", send.config.broker_ip1);
    }
    const std::int32_t queues = std::max(config->write_queue_nums, config->read_queue_nums);
    if (send.header.queue_id >= queues) {
        return wire::refuse(ResponseCode::kInvalidParameter,
                            "request queueId[{}] is illegal, topic {} has {} read and {} write "
                            "queues Producer: {}",
                            send.header.queue_id, send.header.topic, config->read_queue_nums,
                            config->write_queue_nums, send.connection.peer());
    }
    if (const auto type = config->attributes.find("queue.type");
        type != config->attributes.end() && type->second == "BatchCQ") {
        return wire::refuse(ResponseCode::kMessageIllegal,
                            "topic {} has queue.type=BatchCQ, which Kerolox does not serve yet",
                            send.header.topic);
    }
    if (model::is_retry_topic(send.header.topic)) {
        auto redirected = redirect_retry(send, topic);
        if (!redirected) return tl::unexpected(std::move(redirected).error());
        topic = std::move(*redirected);
    }
    model::NewMessage message;
    message.topic = topic->config().topic_name;
    message.queue_id = choose_queue(send, *topic);
    message.flag = send.header.flag;
    message.sys_flag = send.header.sys_flag;
    if (topic->config().topic_filter_type == "MULTI_TAG") message.sys_flag |= model::kMultiTags;
    message.born_timestamp = send.header.born_timestamp;
    message.born_host = send.connection.peer_host();
    message.store_host = context_.store_host;
    message.reconsume_times = send.header.reconsume_times;
    return send.header.batch ? store_batch(send, *topic, message)
                             : store_single(send, *topic, message);
}

std::int32_t SendHandler::choose_queue(const Send& send, const Topic& topic) const {
    const std::int32_t write_queues = std::max(topic.config().write_queue_nums, 1);
    // A retry that became a dead letter goes to a topic with queues of its own.
    if (send.header.queue_id >= 0 && send.header.queue_id < topic.queue_count())
        return send.header.queue_id;
    return static_cast<std::int32_t>(random_number() % static_cast<std::uint32_t>(write_queues));
}

/// Messages that clients send back to %RETRY%group themselves: dead letters after too many tries,
/// and for ordered groups (broker.md 5.3).
Outcome<TopicPtr> SendHandler::redirect_retry(const Send& send, const TopicPtr& topic) {
    std::string_view group = send.header.topic.substr(model::kRetryTopicPrefix.size());
    group = group.substr(0, group.find('+'));
    const GroupConfigPtr config = context_.groups.find(group);
    if (!config) {
        return wire::refuse(ResponseCode::kSubscriptionGroupNotExist,
                            "subscription group not exist, {} {}", group, wire::kSeeFaq);
    }
    const bool own_limit =
        send.client_version >= kMaxReconsumeVersion && send.header.max_reconsume_times;
    const std::int32_t limit =
        own_limit ? *send.header.max_reconsume_times : config->retry_max_times;
    if (send.header.reconsume_times <= limit && !context_.locks.any_held(group)) return topic;
    TopicPtr dead = context_.topics.create_internal(model::dlq_topic(group), 1,
                                                    wire::kRead | wire::kWrite, false, 0);
    if (!dead) {
        return wire::refuse(ResponseCode::kSystemError, "topic[{}] not exist",
                            model::dlq_topic(group));
    }
    return dead;
}

/// What RocketMQ stores in another topic first and this version does not deliver yet.
Outcome<void> SendHandler::refuse_unserved(const SendProperties& properties, const Send& send) {
    if (properties.transaction) {
        return wire::refuse(ResponseCode::kNoPermission,
                            "the broker[{}] sending transaction message is forbidden; Kerolox does "
                            "not serve transactions yet",
                            send.config.broker_ip1);
    }
    if (properties.delayed) {
        return wire::refuse(ResponseCode::kMessageIllegal,
                            "the message has a delay level (DELAY), and Kerolox does not serve "
                            "delayed messages yet");
    }
    if (properties.timed) {
        return wire::refuse(ResponseCode::kSystemError,
                            "accurate timer message is not enabled, timerWheelEnable is false; "
                            "Kerolox does not serve timer messages yet");
    }
    return {};
}

Outcome<SendHandler::Stored> SendHandler::store_single(const Send& send, const Topic& topic,
                                                       model::NewMessage& message) {
    if (send.body.empty()) {
        return wire::refuse(ResponseCode::kSystemError, "the message to topic {} has no body",
                            send.header.topic);
    }
    const SendProperties read = SendProperties::read(send.header.properties);
    if (auto served = refuse_unserved(read, send); !served) return tl::unexpected(served.error());
    if (const auto policy = topic.config().attributes.find("cleanup.policy");
        policy != topic.config().attributes.end() && policy->second == "COMPACTION" &&
        read.keys.empty()) {
        return wire::refuse(ResponseCode::kMessageIllegal, "Required message key is missing");
    }
    if (read.inner_num != ((message.sys_flag & model::kInnerBatch) != 0)) {
        return wire::refuse(ResponseCode::kMessageIllegal,
                            "the message is illegal: INNER_NUM and the inner-batch flag disagree");
    }
    if (read.priority && *read.priority >= 0)
        message.queue_id =
            std::min(*read.priority, std::max(topic.config().write_queue_nums, 1) - 1);

    Stored stored;
    stored.wait_store = read.wait_store;
    std::string& unique_key = stored.message.unique_key;
    const bool make_key = read.unique_key.empty();
    unique_key = make_key ? unique_ids_.next() : std::string(read.unique_key);
    thread_local std::string properties;
    build_stored_properties(properties, send.header.properties, read, marks_,
                            make_key ? std::string_view(unique_key) : std::string_view{});
    message.properties = properties;
    message.body = send.body;
    message.tags_code = read.tags.empty() ? 0 : model::java_hash(read.tags);

    const store::PutResult put = context_.store.append(topic.queue(message.queue_id), message);
    if (put.status != store::PutStatus::kOk) return tl::unexpected(refusal_for(put, send));
    stored.message.msg_id = model::encode_offset_id(message.store_host, put.physical_offset);
    stored.message.queue_id = message.queue_id;
    stored.message.queue_offset = put.queue_offset;
    stored.message.end = put.end;
    probe_.messages.fetch_add(1, std::memory_order_relaxed);
    probe_.bytes.fetch_add(static_cast<std::int64_t>(send.body.size()), std::memory_order_relaxed);
    return stored;
}

Outcome<SendHandler::Stored> SendHandler::store_batch(const Send& send, const Topic& topic,
                                                      model::NewMessage& message) {
    if (model::is_retry_topic(send.header.topic)) {
        return wire::refuse(ResponseCode::kMessageIllegal,
                            "batch request does not support retry group {}", send.header.topic);
    }
    const auto items = model::split_batch(send.body);
    if (!items) return wire::refuse(ResponseCode::kMessageIllegal, "{}", items.error().text);
    if (items->empty()) return wire::refuse(ResponseCode::kMessageIllegal, "the batch is empty");

    Stored stored;
    for (const model::BatchItem& item : *items) {
        const SendProperties read = SendProperties::read(item.properties);
        if (auto served = refuse_unserved(read, send); !served)
            return tl::unexpected(served.error());
        stored.wait_store = stored.wait_store && read.wait_store;
    }
    // "Wait for the disk" is the batch's own word, in the request's properties.
    stored.wait_store = SendProperties::read(send.header.properties).wait_store;

    const store::PutResult put =
        context_.store.append_batch(topic.queue(message.queue_id), message, *items);
    if (put.status != store::PutStatus::kOk) return tl::unexpected(refusal_for(put, send));
    std::int64_t at = put.physical_offset;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const auto record = context_.store.record_at(at);
        if (!record) break;  // only a cleaned log could lose what was just written
        if (i > 0) stored.message.msg_id.push_back(',');
        stored.message.msg_id += model::encode_offset_id(message.store_host, at);
        at += static_cast<std::int64_t>(record->bytes.size());
    }
    stored.message.queue_id = message.queue_id;
    stored.message.queue_offset = put.queue_offset;
    stored.message.end = put.end;
    probe_.messages.fetch_add(static_cast<std::int64_t>(items->size()), std::memory_order_relaxed);
    probe_.bytes.fetch_add(static_cast<std::int64_t>(send.body.size()), std::memory_order_relaxed);
    return stored;
}

wire::Refusal SendHandler::refusal_for(const store::PutResult& put, const Send& send) const {
    return put_refusal(put, context_.store.figures().disk_used_ratio, send.config.max_message_size);
}

}  // namespace kx::broker
