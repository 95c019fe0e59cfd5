// SPDX-License-Identifier: Apache-2.0
//
// Consumer groups as configured: requests 200, 201, 225, 352 and subscriptionGroup.json.
// Source: protocol.md 2.2, storage.md 1.4.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_members.h"
#include "wire/bodies/common.h"

namespace kx::wire {

struct SimpleSubscriptionData {
    std::string expression;
    std::string expression_type;
    std::string topic;
    std::int64_t version = 0;

    bool operator==(const SimpleSubscriptionData&) const = default;

    static constexpr auto members() {
        return std::array{
            member<&SimpleSubscriptionData::expression>("expression"),
            member<&SimpleSubscriptionData::expression_type>("expressionType"),
            member<&SimpleSubscriptionData::topic>("topic"),
            member<&SimpleSubscriptionData::version>("version"),
        };
    }
};

struct CustomizedRetryPolicy {
    std::vector<std::int64_t> next;

    bool operator==(const CustomizedRetryPolicy&) const = default;

    static constexpr auto members() {
        return std::array{member<&CustomizedRetryPolicy::next>("next")};
    }
};

struct ExponentialRetryPolicy {
    std::int64_t initial = 5'000;
    std::int64_t max = 7'200'000;
    std::int64_t multiplier = 2;

    bool operator==(const ExponentialRetryPolicy&) const = default;

    static constexpr auto members() {
        return std::array{
            member<&ExponentialRetryPolicy::initial>("initial"),
            member<&ExponentialRetryPolicy::max>("max"),
            member<&ExponentialRetryPolicy::multiplier>("multiplier"),
        };
    }
};

struct GroupRetryPolicy {
    std::optional<CustomizedRetryPolicy> customized_retry_policy;
    std::optional<ExponentialRetryPolicy> exponential_retry_policy;
    std::string type = "CUSTOMIZED";

    bool operator==(const GroupRetryPolicy&) const = default;

    static constexpr auto members() {
        return std::array{
            member<&GroupRetryPolicy::customized_retry_policy>("customizedRetryPolicy"),
            member<&GroupRetryPolicy::exponential_retry_policy>("exponentialRetryPolicy"),
            member<&GroupRetryPolicy::type>("type"),
        };
    }
};

struct SubscriptionGroupConfig {
    std::map<std::string, std::string> attributes;
    std::int64_t broker_id = 0;
    bool consume_broadcast_enable = true;
    bool consume_enable = true;
    bool consume_from_min_enable = true;
    bool consume_message_orderly = false;
    std::int32_t consume_timeout_minute = 15;
    std::string group_name;
    GroupRetryPolicy group_retry_policy;
    std::int32_t group_sys_flag = 0;
    bool notify_consumer_ids_changed_enable = true;
    std::int32_t retry_max_times = 16;
    std::int32_t retry_queue_nums = 1;
    std::optional<std::vector<SimpleSubscriptionData>> subscription_data_set;
    std::int64_t which_broker_when_consume_slowly = 1;

    bool operator==(const SubscriptionGroupConfig&) const = default;

    static constexpr auto members() {
        using G = SubscriptionGroupConfig;
        return std::array{
            member<&G::attributes>("attributes"),
            member<&G::broker_id>("brokerId"),
            member<&G::consume_broadcast_enable>("consumeBroadcastEnable"),
            member<&G::consume_enable>("consumeEnable"),
            member<&G::consume_from_min_enable>("consumeFromMinEnable"),
            member<&G::consume_message_orderly>("consumeMessageOrderly"),
            member<&G::consume_timeout_minute>("consumeTimeoutMinute"),
            member<&G::group_name>("groupName"),
            member<&G::group_retry_policy>("groupRetryPolicy"),
            member<&G::group_sys_flag>("groupSysFlag"),
            member<&G::notify_consumer_ids_changed_enable>("notifyConsumerIdsChangedEnable"),
            member<&G::retry_max_times>("retryMaxTimes"),
            member<&G::retry_queue_nums>("retryQueueNums"),
            member<&G::subscription_data_set>("subscriptionDataSet"),
            member<&G::which_broker_when_consume_slowly>("whichBrokerWhenConsumeSlowly"),
        };
    }
};

/// subscriptionGroup.json and the answer of 201. The forbidden table is group -> topic -> bits.
struct SubscriptionGroupTable {
    DataVersion data_version;
    std::map<std::string, std::map<std::string, std::int32_t>> forbidden_table;
    std::map<std::string, SubscriptionGroupConfig> subscription_group_table;

    static constexpr auto members() {
        using T = SubscriptionGroupTable;
        return std::array{
            member<&T::data_version>("dataVersion"),
            member<&T::forbidden_table>("forbiddenTable"),
            member<&T::subscription_group_table>("subscriptionGroupTable"),
        };
    }
};

struct SubscriptionGroupList {
    std::vector<SubscriptionGroupConfig> group_config_list;

    static constexpr auto members() {
        return std::array{
            member<&SubscriptionGroupList::group_config_list>("groupConfigList"),
        };
    }
};

}  // namespace kx::wire
