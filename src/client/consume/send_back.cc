// SPDX-License-Identifier: Apache-2.0
#include "client/consume/send_back.h"

#include "client/core/message_data.h"
#include "client/core/received.h"
#include "client/produce/internal_send.h"
#include "model/names.h"
#include "model/properties.h"
#include "wire/requests/send_back.h"

namespace kx::client {
namespace {

constexpr std::int32_t kSendBack = 36;
/// Levels of the first tries are too short to be of use.
constexpr std::int32_t kFirstRetryLevel = 3;

Awaitable<kerolox::Status> ask_broker(ClientCore& core, SendBackCall call) {
    const std::string broker = call.message.queue().broker;
    const std::string address =
        broker.empty() ? call.message.store_host() : core.routes().master_of(broker);
    if (address.empty()) {
        co_return client_error(fmt::format("Broker[{}] master node does not exist", broker),
                               kBrokerNotExist);
    }
    const std::string topic = core.wire_name(call.message.topic());
    wire::SendBack header;
    header.offset = call.message.commit_log_offset();
    header.group = call.group;
    header.delay_level = call.delay_level;
    header.origin_msg_id = call.message.id();
    header.origin_topic = topic;
    header.unit_mode = core.config().unit_mode;
    header.max_reconsume_times = call.max_reconsume_times;
    header.broker_name = broker;
    const auto answer =
        co_await core.call_ok(address, net::Call(kSendBack, header), call.timeout_ms);
    if (!answer) co_return answer.error();
    co_return kerolox::Status();
}

}  // namespace

Awaitable<kerolox::Status> send_to_retry_topic(ClientCore& core, SendBackCall call) {
    namespace property = model::property;
    const kerolox::MessageView& message = call.message;
    std::string properties(message_of(message).record.properties);
    const std::string origin(model::property_or_empty(properties, property::kOriginMessageId));
    const std::int32_t times = message.reconsume_times();
    model::set_property(properties, property::kOriginMessageId,
                        origin.empty() ? message.id() : std::string_view(origin));
    model::set_property(properties, property::kRetryTopic, core.wire_name(message.topic()));
    model::set_property(properties, property::kReconsumeTime, std::to_string(times + 1));
    model::set_property(properties, property::kMaxReconsumeTimes,
                        std::to_string(call.max_reconsume_times));
    model::remove_property(properties, property::kTransactionPrepared);
    model::set_property(properties, property::kDelay, std::to_string(kFirstRetryLevel + times));
    auto again = raw_message(model::retry_topic(call.group), message.bytes(), std::move(properties),
                             message.flag());
    const auto sent = co_await send_internal(core, std::move(again));
    if (!sent) co_return sent.error();
    co_return kerolox::Status();
}

Awaitable<kerolox::Status> send_back(ClientCore& core, SendBackCall call) {
    const kerolox::Status asked = co_await ask_broker(core, call);
    if (asked) co_return asked;
    core.log(kerolox::LogLevel::warn, "consumer", "{} could not be sent back, it is sent anew: {}",
             call.message.id(), asked.error().describe());
    co_return co_await send_to_retry_topic(core, std::move(call));
}

kerolox::MessageView with_reconsume_times(const kerolox::MessageView& message, std::int32_t times) {
    struct Own {
        kerolox::MessageView origin;  // keeps the frame
        kerolox::detail::ReceivedMessage message;
    };
    auto own = std::make_shared<Own>(Own{message, message_of(message)});
    own->message.reconsume_times = times;
    return Access::make<kerolox::MessageView>(
        std::shared_ptr<const kerolox::detail::ReceivedMessage>(own, &own->message));
}

}  // namespace kx::client
