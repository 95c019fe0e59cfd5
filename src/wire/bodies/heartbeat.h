// SPDX-License-Identifier: Apache-2.0
//
// HEART_BEAT 34: who a client is, what it produces and what it subscribes to.
// Source: protocol.md 2.2, 2.6.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_members.h"

namespace kx::wire {

enum class ConsumeType : std::uint8_t { kActively, kPassively, kPop };
enum class MessageModel : std::uint8_t { kBroadcasting, kClustering };
enum class ConsumeFromWhere : std::uint8_t {
    kLastOffset,
    kLastOffsetAndFromMinWhenBootFirst,
    kMinOffset,
    kMaxOffset,
    kFirstOffset,
    kTimestamp,
};

namespace heartbeat_detail {

inline constexpr std::array<std::string_view, 3> kConsumeTypes{"CONSUME_ACTIVELY",
                                                               "CONSUME_PASSIVELY", "CONSUME_POP"};
inline constexpr std::array<std::string_view, 2> kMessageModels{"BROADCASTING", "CLUSTERING"};
inline constexpr std::array<std::string_view, 6> kConsumeFromWheres{
    "CONSUME_FROM_LAST_OFFSET",  "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
    "CONSUME_FROM_MIN_OFFSET",   "CONSUME_FROM_MAX_OFFSET",
    "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP",
};

/// By name, or by ordinal, as clients that are not written in Java send it.
template <class Enum>
bool parse_enum(std::span<const std::string_view> names, std::string_view text, Enum& value) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] != text) continue;
        value = static_cast<Enum>(i);
        return true;
    }
    unsigned ordinal = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ordinal);
    if (error != std::errc{} || end != text.data() + text.size() || ordinal >= names.size())
        return false;
    value = static_cast<Enum>(ordinal);
    return true;
}

}  // namespace heartbeat_detail

inline std::string_view to_name(ConsumeType value) {
    return heartbeat_detail::kConsumeTypes[static_cast<std::size_t>(value)];
}
inline bool from_name(std::string_view name, ConsumeType& value) {
    return heartbeat_detail::parse_enum(heartbeat_detail::kConsumeTypes, name, value);
}
inline std::string_view to_name(MessageModel value) {
    return heartbeat_detail::kMessageModels[static_cast<std::size_t>(value)];
}
inline bool from_name(std::string_view name, MessageModel& value) {
    return heartbeat_detail::parse_enum(heartbeat_detail::kMessageModels, name, value);
}
inline std::string_view to_name(ConsumeFromWhere value) {
    return heartbeat_detail::kConsumeFromWheres[static_cast<std::size_t>(value)];
}
inline bool from_name(std::string_view name, ConsumeFromWhere& value) {
    return heartbeat_detail::parse_enum(heartbeat_detail::kConsumeFromWheres, name, value);
}

struct SubscriptionData {
    bool class_filter_mode = false;
    std::vector<std::int32_t> code_set;  ///< hashes of the tags
    std::string expression_type = "TAG";
    std::string sub_string;
    std::int64_t sub_version = 0;
    std::vector<std::string> tags_set;
    std::string topic;

    bool operator==(const SubscriptionData&) const = default;
    bool is_tag_type() const { return expression_type.empty() || expression_type == "TAG"; }

    static constexpr auto members() {
        return std::array{
            member<&SubscriptionData::class_filter_mode>("classFilterMode"),
            member<&SubscriptionData::code_set>("codeSet"),
            member<&SubscriptionData::expression_type>("expressionType"),
            member<&SubscriptionData::sub_string>("subString"),
            member<&SubscriptionData::sub_version>("subVersion"),
            member<&SubscriptionData::tags_set>("tagsSet"),
            member<&SubscriptionData::topic>("topic"),
        };
    }
};

struct ConsumerData {
    ConsumeFromWhere consume_from_where = ConsumeFromWhere::kLastOffset;
    ConsumeType consume_type = ConsumeType::kPassively;
    std::string group_name;
    MessageModel message_model = MessageModel::kClustering;
    std::vector<SubscriptionData> subscription_data_set;
    bool unit_mode = false;

    static constexpr auto members() {
        return std::array{
            member<&ConsumerData::consume_from_where>("consumeFromWhere"),
            member<&ConsumerData::consume_type>("consumeType"),
            member<&ConsumerData::group_name>("groupName"),
            member<&ConsumerData::message_model>("messageModel"),
            member<&ConsumerData::subscription_data_set>("subscriptionDataSet"),
            member<&ConsumerData::unit_mode>("unitMode"),
        };
    }
};

struct ProducerData {
    std::string group_name;

    static constexpr auto members() {
        return std::array{member<&ProducerData::group_name>("groupName")};
    }
};

struct HeartbeatData {
    std::string client_id;
    std::vector<ConsumerData> consumer_data_set;
    std::int32_t heartbeat_fingerprint = 0;  ///< 0: version 1 of the heartbeat
    std::vector<ProducerData> producer_data_set;
    bool without_sub = false;  ///< subscriptions are left out: only the connection is refreshed

    static constexpr auto members() {
        return std::array{
            member<&HeartbeatData::client_id>("clientID"),
            member<&HeartbeatData::consumer_data_set>("consumerDataSet"),
            member<&HeartbeatData::heartbeat_fingerprint>("heartbeatFingerprint"),
            member<&HeartbeatData::producer_data_set>("producerDataSet"),
            member<&HeartbeatData::without_sub>("withoutSub"),
        };
    }
};

}  // namespace kx::wire
