// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pull_call.h"

#include <array>
#include <memory>
#include <utility>

#include "client/consume/pop_offsets.h"
#include "client/consume/subscription.h"
#include "client/core/received.h"
#include "client/core/request_decoration.h"
#include "net/router.h"
#include "wire/requests/pull.h"

namespace kx::client {
namespace {

using kerolox::PullStatus;

constexpr std::int32_t kPullMessage = 11;
constexpr std::int32_t kLitePullMessage = 361;
/// Brokers from V4_1_0_SNAPSHOT on know other filters than tags.
constexpr std::int32_t kFiltersSince = 232;

/// A pull on its way; keeps what the caller may have dropped meanwhile.
struct PullJob : std::enable_shared_from_this<PullJob> {
    PullJob(ClientCore& client, const PullCall& call, PullDone then)
        : core(client),
          group(call.group),
          queue(call.queue),
          offset(call.offset),
          max_messages(call.max_messages),
          max_bytes(call.max_bytes),
          commit_offset(call.commit_offset),
          suspend(call.suspend),
          suspend_ms(call.suspend_ms),
          with_subscription(call.with_subscription),
          lite(call.lite),
          subscription(*call.subscription),
          broker_id(call.broker_id),
          timeout_ms(call.timeout_ms),
          deadline_ms(client.clock().steady_ms() + call.timeout_ms),
          done(std::move(then)) {}

    void start();
    void ask_route();
    void go(const std::string& address);
    void transmit(Peer& peer, net::Connection& connection);
    void transmit_decorated(const std::string& address);
    void on_answer(Peer& peer, const Result<const wire::Command*>& answer);
    wire::PullMessage header_for(const std::string& address) const;
    kerolox::Result<PullReply> reply_of(std::int32_t code, std::string_view remark,
                                        const Result<wire::PullAnswer>& answer,
                                        std::string_view body, const std::string& address) const;
    void show_pop_origins(std::vector<kerolox::MessageView>& messages) const;
    bool keeps(const kerolox::MessageView& message) const;
    void finish_soon(kerolox::Error error);
    std::int32_t code() const { return lite ? kLitePullMessage : kPullMessage; }

    ClientCore& core;
    const std::string group;
    const kerolox::Queue queue;
    const std::int64_t offset;
    const std::int32_t max_messages;
    const std::int32_t max_bytes;
    const std::int64_t commit_offset;
    const bool suspend;
    const std::int64_t suspend_ms;
    const bool with_subscription;
    const bool lite;
    const wire::SubscriptionData subscription;
    const std::int64_t broker_id;
    const std::int64_t timeout_ms;
    const std::int64_t deadline_ms;
    PullDone done;
    bool in_call = false;
    bool reconnected = false;
};

void PullJob::start() {
    const std::string address = core.routes().address_to_read(queue.broker, broker_id, false);
    if (address.empty()) return ask_route();
    go(address);
}

/// Nobody is known by that broker's name: perhaps the name server knows better.
void PullJob::ask_route() {
    core.routes().refresh(
        queue.topic, RouteUse::kRead, 0, [self = shared_from_this()](const RouteTable::Outcome&) {
            const std::string address =
                self->core.routes().address_to_read(self->queue.broker, self->broker_id, false);
            if (!address.empty()) return self->go(address);
            self->finish_soon(client_error(
                fmt::format("The broker[{}] not exist", self->queue.broker), kBrokerNotExist));
        });
}

void PullJob::go(const std::string& address) {
    const std::int32_t version = core.routes().version_at(address);
    if (!subscription.is_tag_type() && version > 0 && version < kFiltersSince) {
        return finish_soon(client_error(
            fmt::format("The broker[{}, {}] does not upgrade to support for filter message by {}",
                        queue.broker, version, subscription.expression_type)));
    }
    if (core.decorates()) return transmit_decorated(address);
    Peer& peer = core.peer(address);
    if (net::Connection* connection = peer.ready(); connection != nullptr)
        return transmit(peer, *connection);
    peer.connect(
        [self = shared_from_this(), &peer](const kerolox::Status& status) {
            net::Connection* connection = status ? peer.ready() : nullptr;
            if (connection != nullptr) return self->transmit(peer, *connection);
            self->finish_soon(
                status ? connect_error(Error{Errc::kUnavailable, "the connection closed at once"},
                                       peer.address())
                       : status.error());
        },
        deadline_ms);
}

wire::PullMessage PullJob::header_for(const std::string& address) const {
    wire::PullMessage header;
    header.consumer_group = group;
    header.topic = queue.topic;
    header.queue_id = queue.id;
    header.queue_offset = offset;
    header.max_msg_nums = max_messages;
    // A slave keeps no offsets of its own.
    const bool to_master = address == core.routes().master_of(queue.broker);
    if (commit_offset > 0 && to_master) header.sys_flag |= wire::kPullCommitOffset;
    if (suspend) header.sys_flag |= wire::kPullSuspend;
    if (with_subscription) header.sys_flag |= wire::kPullSubscription;
    if (lite) header.sys_flag |= wire::kPullLite;
    header.commit_offset = commit_offset;
    header.suspend_timeout_millis = suspend_ms;
    if (with_subscription) header.subscription = subscription.sub_string;
    header.sub_version = subscription.sub_version;
    header.expression_type = subscription.expression_type;
    header.max_msg_bytes = max_bytes;
    header.broker_name = queue.broker;
    return header;
}

void PullJob::transmit(Peer& peer, net::Connection& connection) {
    const wire::PullMessage header = header_for(peer.address());
    wire::HeaderParts parts;
    parts.encoding = core.encoding();
    parts.code = code();
    parts.with(header);
    const std::int64_t left = std::max<std::int64_t>(deadline_ms - core.clock().steady_ms(), 1);
    in_call = true;
    connection.call(parts, {}, left,
                    [self = shared_from_this(), &peer](Result<const wire::Command*> answer) {
                        self->on_answer(peer, answer);
                    });
    in_call = false;
}

void PullJob::on_answer(Peer& peer, const Result<const wire::Command*>& answer) {
    if (!answer) {
        kerolox::Error error = call_error(answer.error(), peer.address(), timeout_ms);
        // Nothing was sent: who called is still up the stack.
        if (in_call) return finish_soon(std::move(error));
        return done(std::move(error));
    }
    const wire::Command& command = **answer;
    if (command.code == static_cast<std::int32_t>(wire::ResponseCode::kGoAway) &&
        core.config().enable_reconnect_for_go_away && !std::exchange(reconnected, true)) {
        peer.retire();
        return go(peer.address());
    }
    done(reply_of(command.code, command.remark, read_header<wire::PullAnswer>(command.fields),
                  command.body, peer.address()));
}

void PullJob::transmit_decorated(const std::string& address) {
    const std::int64_t left = std::max<std::int64_t>(deadline_ms - core.clock().steady_ms(), 1);
    core.call(
        address, net::Call(code(), header_for(address)), left,
        [self = shared_from_this(), address](const ClientCore::Reply& reply) {
            if (!reply) return self->done(reply.error());
            self->done(self->reply_of(static_cast<std::int32_t>(reply->code), reply->remark,
                                      reply->header<wire::PullAnswer>(), reply->body, address));
        });
}

kerolox::Result<PullReply> PullJob::reply_of(std::int32_t code, std::string_view remark,
                                             const Result<wire::PullAnswer>& answer,
                                             std::string_view body,
                                             const std::string& address) const {
    PullReply reply;
    switch (static_cast<wire::ResponseCode>(code)) {
        case wire::ResponseCode::kSuccess: reply.status = PullStatus::found; break;
        case wire::ResponseCode::kPullNotFound: reply.status = PullStatus::no_new_message; break;
        case wire::ResponseCode::kPullRetryImmediately:
            reply.status = PullStatus::no_matched_message;
            break;
        case wire::ResponseCode::kPullOffsetMoved: reply.status = PullStatus::offset_illegal; break;
        default: return broker_error(code, remark, address);
    }
    if (!answer) {
        return kerolox::Error(
            kerolox::ErrorKind::protocol,
            fmt::format("{} answered a pull unreadably: {}", address, answer.error().text));
    }
    reply.next_offset = answer->next_begin_offset;
    reply.min_offset = answer->min_offset;
    reply.max_offset = answer->max_offset;
    reply.suggested_broker_id = answer->suggest_which_broker_id;
    if (reply.status != PullStatus::found) return reply;
    const ClientConfig& config = core.config();
    DecodeOptions options;
    options.queue = {std::string(core.user_name(queue.topic)), queue.broker, queue.id};
    options.name_space = config.name_space;
    options.offset_delta = answer->offset_delta.value_or(0);
    options.min_offset = answer->min_offset;
    options.max_offset = answer->max_offset;
    options.read_body = config.decode_read_body;
    options.expand = config.decode_decompress_body;
    auto messages = decode_messages(body, options);
    if (!messages) return messages.error();
    reply.messages = std::move(messages).value();
    show_pop_origins(reply.messages);
    std::erase_if(reply.messages, [this](const auto& message) { return !keeps(message); });
    return reply;
}

/// Pulled, they are the same messages that a pop would have shown as those of the topic itself.
void PullJob::show_pop_origins(std::vector<kerolox::MessageView>& messages) const {
    const std::size_t origin = pop_origin_topic(queue.topic, group).size();
    if (origin == 0) return;
    for (kerolox::MessageView& view : messages) {
        ReceivedMessage& message = mutable_message(view);
        if (message.record.topic != queue.topic) continue;
        message.topic =
            without_namespace(core.config().name_space,
                              message.record.topic.substr(message.record.topic.size() - origin));
    }
}

bool PullJob::keeps(const kerolox::MessageView& message) const {
    if (!subscription.tags_set.empty() && !subscription.class_filter_mode &&
        !wants(subscription, message.tag())) {
        return false;
    }
    return kept_by_interceptors(core, group, message);
}

void PullJob::finish_soon(kerolox::Error error) {
    core.post([self = shared_from_this(), error = std::move(error)] { self->done(error); });
}

}  // namespace

bool kept_by_interceptors(const ClientCore& core, std::string_view group,
                          const kerolox::MessageView& message) {
    for (const auto& interceptor : core.settings().interceptors) {
        try {
            if (!interceptor->keep(core.user_name(group), message)) return false;
        } catch (const std::exception& error) {
            core.log(kerolox::LogLevel::warn, "consumer", "an interceptor's keep() threw: {}",
                     error.what());
        } catch (...) {
            core.log(kerolox::LogLevel::warn, "consumer", "an interceptor's keep() threw");
        }
    }
    return true;
}

void pull(ClientCore& core, const PullCall& call, PullDone done) {
    std::make_shared<PullJob>(core, call, std::move(done))->start();
}

Awaitable<kerolox::Result<PullReply>> pull(ClientCore& core, PullCall call) {
    return awaiting<kerolox::Result<PullReply>>(
        [&core, call = std::move(call)](const PullDone& done) { pull(core, call, done); });
}

}  // namespace kx::client
