// SPDX-License-Identifier: Apache-2.0
//
// How far groups have consumed: 208, 345. Source: protocol.md 2.2.
#pragma once

#include "wire/bodies/common.h"
#include "wire/bodies/heartbeat.h"

namespace kx::wire {

struct ConsumeOffset {
    std::int64_t broker_offset = 0;
    std::int64_t consumer_offset = 0;
    std::int64_t last_timestamp = 0;  ///< store time of the last consumed message
    std::int64_t pull_offset = 0;

    static constexpr auto members() {
        return std::array{
            member<&ConsumeOffset::broker_offset>("brokerOffset"),
            member<&ConsumeOffset::consumer_offset>("consumerOffset"),
            member<&ConsumeOffset::last_timestamp>("lastTimestamp"),
            member<&ConsumeOffset::pull_offset>("pullOffset"),
        };
    }
};

struct ConsumeStats {
    double consume_tps = 0;
    std::map<QueueKey, ConsumeOffset> offset_table;

    static constexpr auto members() {
        return std::array{
            member<&ConsumeStats::consume_tps>("consumeTps"),
            member<&ConsumeStats::offset_table>("offsetTable"),
        };
    }
};

struct SubscriptionOfGroup {
    std::string group;
    std::optional<SubscriptionData> subscription_data;  ///< absent: offline
    std::string topic;

    static constexpr auto members() {
        return std::array{
            member<&SubscriptionOfGroup::group>("group"),
            member<&SubscriptionOfGroup::subscription_data>("subscriptionData"),
            member<&SubscriptionOfGroup::topic>("topic"),
        };
    }
};

}  // namespace kx::wire
