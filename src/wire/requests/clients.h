// SPDX-License-Identifier: Apache-2.0
//
// Clients that come and go: 34, 35, 38, 40, 203, 204. Source: protocol.md 2.6.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct HeartbeatAnswer {
    bool supports_v2 = true;
    bool sub_change = true;  ///< send the full form again

    static constexpr auto fields() {
        return std::array{
            field<&HeartbeatAnswer::supports_v2>("IS_SUPPORT_HEART_BEAT_V2", "", kRequired),
            field<&HeartbeatAnswer::sub_change>("IS_SUB_CHANGE", "", kRequired),
        };
    }
};

struct UnregisterClient {
    std::string_view client_id;
    std::string_view producer_group;
    std::string_view consumer_group;

    static constexpr auto fields() {
        return std::array{
            field<&UnregisterClient::client_id>("clientID"),
            field<&UnregisterClient::producer_group>("producerGroup"),
            field<&UnregisterClient::consumer_group>("consumerGroup"),
        };
    }
};

/// GET_CONSUMER_LIST_BY_GROUP 38, GET_CONSUMER_CONNECTION_LIST 203, and what the broker sends with
/// NOTIFY_CONSUMER_IDS_CHANGED 40.
struct ConsumerGroupName {
    std::string_view consumer_group;

    static constexpr auto fields() {
        return std::array{
            field<&ConsumerGroupName::consumer_group>("consumerGroup", "", kRequired)};
    }
};

struct ProducerGroupName {
    std::string_view producer_group;

    static constexpr auto fields() {
        return std::array{
            field<&ProducerGroupName::producer_group>("producerGroup", "", kRequired)};
    }
};

/// A header class without a field: its answers carry an empty extFields.
struct EmptyHeader {
    static constexpr auto fields() { return std::array<FieldRow, 0>{}; }
};

}  // namespace kx::wire
