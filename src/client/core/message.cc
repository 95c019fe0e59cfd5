// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "client/core/access.h"
#include "client/core/errors.h"
#include "client/core/message_data.h"
#include "client/core/name_checks.h"
#include "client/core/received.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

namespace property = model::property;

/// Sorted.
constexpr std::array kSystemProperties = [] {
    std::array names{property::kKeys,
                     property::kTags,
                     property::kWait,
                     property::kDelay,
                     property::kRetryTopic,
                     property::kRealTopic,
                     property::kRealQueueId,
                     property::kTransactionPrepared,
                     property::kProducerGroup,
                     property::kMinOffset,
                     property::kMaxOffset,
                     std::string_view("BUYER_ID"),
                     property::kOriginMessageId,
                     std::string_view("TRANSFER_FLAG"),
                     std::string_view("CORRECTION_FLAG"),
                     std::string_view("MQ2_FLAG"),
                     property::kReconsumeTime,
                     property::kMsgRegion,
                     property::kUniqKey,
                     std::string_view("EXTEND_UNIQ_INFO"),
                     property::kMaxReconsumeTimes,
                     property::kConsumeStartTime,
                     property::kTransactionPreparedQueueOffset,
                     property::kTransactionCheckTimes,
                     property::kCheckImmunityTime,
                     property::kInstanceId,
                     property::kCorrelationId,
                     property::kReplyToClient,
                     property::kTtl,
                     property::kArriveTime,
                     property::kPushReplyTime,
                     property::kCluster,
                     property::kMessageType,
                     property::kPopCheckPoint,
                     property::kInnerNum,
                     property::kInnerBase,
                     property::kTimerDelayMs,
                     property::kTimerDelaySec,
                     property::kTimerDeliverMs,
                     property::kTimerEnqueueMs,
                     property::kTimerDequeueMs,
                     property::kTimerRollTimes,
                     property::kTimerOutMs,
                     property::kTimerDeleteUniqKey,
                     property::kFirstPopTime,
                     property::kShardingKey,
                     property::kTraceSwitch,
                     property::kBornHost,
                     property::kBornTimestamp,
                     property::kDlqOriginTopic,
                     property::kDlqOriginMessageId,
                     property::kCrc32,
                     property::kMultiDispatch,
                     property::kMultiQueueOffset};
    std::ranges::sort(names);
    return names;
}();

bool is_blank(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return std::isspace(c) != 0; });
}

bool has_separator(std::string_view text) {
    return text.find(model::kNameValueSeparator) != std::string_view::npos ||
           text.find(model::kPropertySeparator) != std::string_view::npos;
}

}  // namespace

bool is_system_property(std::string_view name) {
    return std::ranges::binary_search(kSystemProperties, name);
}

kerolox::Message raw_message(std::string topic, kerolox::Bytes body, std::string properties,
                             std::int32_t flag) {
    kerolox::Message message(std::move(topic), std::move(body));
    Access::data(message)->properties = std::move(properties);
    Access::data(message)->flag = flag;
    return message;
}

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

namespace property = kx::model::property;

namespace {

void note(detail::MessageData& data, std::string text) {
    if (!data.problem) data.problem = kx::client::client_error(std::move(text), 13);
}

/// A property the system itself reads.
void set_system(detail::MessageData& data, std::string_view name, std::string_view value) {
    if (kx::client::has_separator(value)) {
        note(data, fmt::format("the value of {} holds a byte 1 or 2", name));
        return;
    }
    kx::model::set_property(data.properties, name, value);
}

std::int64_t ms_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

Message::Message(std::string topic, Bytes body) : data_(std::make_unique<detail::MessageData>()) {
    data_->topic = std::move(topic);
    data_->body = std::move(body);
}
Message::Message(std::string topic, std::string_view text)
    : Message(std::move(topic), Bytes::copy(text)) {}
Message::Message(std::unique_ptr<detail::MessageData> data) noexcept : data_(std::move(data)) {}
Message::Message(Message&&) noexcept = default;
Message& Message::operator=(Message&&) noexcept = default;
Message::~Message() = default;

Message& Message::tag(std::string tag) & {
    set_system(*data_, property::kTags, tag);
    return *this;
}

Message& Message::key(std::string key) & {
    if (key.find(' ') != std::string::npos) {
        note(*data_, fmt::format("the key \"{}\" holds a blank, which separates keys", key));
        return *this;
    }
    const auto known = kx::model::find_property(data_->properties, property::kKeys);
    set_system(*data_, property::kKeys, known ? fmt::format("{} {}", *known, key) : key);
    return *this;
}

Message& Message::property(std::string name, std::string value) & {
    if (kx::client::is_blank(name) || kx::client::is_blank(value)) {
        note(*data_, "The name or value of property can not be null or blank string!");
    } else if (kx::client::is_system_property(name)) {
        note(*data_, fmt::format("The Property<{}> is used by system, input another please", name));
    } else if (kx::client::has_separator(name) || kx::client::has_separator(value)) {
        note(*data_, fmt::format("the property {} holds a byte 1 or 2", name));
    } else {
        kx::model::set_property(data_->properties, name, value);
    }
    return *this;
}

Message& Message::sharding_key(std::string key) & {
    set_system(*data_, property::kShardingKey, key);
    return *this;
}
Message& Message::delay_level(int level) & {
    if (level < 0) note(*data_, fmt::format("the delay level {} is negative", level));
    kx::model::set_property(data_->properties, property::kDelay, std::to_string(level));
    return *this;
}
Message& Message::deliver_after(std::chrono::milliseconds delay) & {
    if (delay.count() < 0) note(*data_, "the delay is negative");
    kx::model::set_property(data_->properties, property::kTimerDelayMs,
                            std::to_string(delay.count()));
    return *this;
}
Message& Message::deliver_at(std::chrono::system_clock::time_point time) & {
    kx::model::set_property(data_->properties, property::kTimerDeliverMs,
                            std::to_string(ms_of(time)));
    return *this;
}
Message& Message::wait_store(bool wait) & {
    data_->wait_store = wait;
    return *this;
}
Message& Message::body(Bytes body) & {
    data_->body = std::move(body);
    return *this;
}
Message& Message::flag(std::int32_t flag) & {
    data_->flag = flag;
    return *this;
}
Message& Message::check_immunity(std::chrono::seconds time) & {
    kx::model::set_property(data_->properties, property::kCheckImmunityTime,
                            std::to_string(time.count()));
    return *this;
}

const std::string& Message::topic() const noexcept { return data_->topic; }
const Bytes& Message::body() const noexcept { return data_->body; }
std::optional<std::string_view> Message::property(std::string_view name) const noexcept {
    return kx::model::find_property(data_->properties, name);
}
std::optional<std::string_view> Message::tag() const noexcept { return property(property::kTags); }
std::optional<std::string_view> Message::keys() const noexcept { return property(property::kKeys); }
std::int32_t Message::flag() const noexcept { return data_->flag; }

Status Message::check() const {
    if (data_ == nullptr) return kx::client::client_error("the message is null", 13);
    if (data_->problem) return *data_->problem;
    if (Status valid = kx::client::check_topic(data_->topic); !valid) return valid;
    if (!kx::model::is_sendable_topic(data_->topic)) {
        return kx::client::client_error(
            fmt::format("Sending message to topic[{}] is forbidden.", data_->topic));
    }
    if (data_->body.empty()) return kx::client::client_error("the message body length is zero", 13);
    const auto queues = property(property::kMultiDispatch);
    if (queues && queues->find('/') != std::string_view::npos) {
        return kx::client::client_error(
            fmt::format("INNER_MULTI_DISPATCH {} can not contains / character", *queues), 13);
    }
    return {};
}

Message Message::clone() const { return Message(std::make_unique<detail::MessageData>(*data_)); }

Message MessageView::to_message(std::string topic) const {
    std::string properties;
    for (const auto& [name, value] : this->properties()) {
        const bool keeps = name == property::kKeys || name == property::kTags ||
                           name == property::kShardingKey || !kx::client::is_system_property(name);
        if (keeps) kx::model::append_property(properties, name, value);
    }
    return kx::client::raw_message(std::move(topic), bytes(), std::move(properties), flag());
}

}  // namespace v1
}  // namespace kerolox
