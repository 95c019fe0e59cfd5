// SPDX-License-Identifier: Apache-2.0
//
// Requests to the name server that are neither registration nor key-value store: liveness, members
// of a broker group, write permission, topic lists. Source: protocol.md 2.11.
#pragma once

#include "base/field.h"

namespace kx::wire {

/// BROKER_HEARTBEAT 904, as far as a name server cares.
struct BrokerHeartbeat {
    std::string_view cluster_name;
    std::string_view broker_addr;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&BrokerHeartbeat::cluster_name>("clusterName", "", kRequired),
            field<&BrokerHeartbeat::broker_addr>("brokerAddr", "", kRequired),
            field<&BrokerHeartbeat::broker_name>("brokerName", "", kRequired),
        };
    }
};

/// GET_BROKER_MEMBER_GROUP 901.
struct GetBrokerMemberGroup {
    std::string_view cluster_name;
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{
            field<&GetBrokerMemberGroup::cluster_name>("clusterName", "", kRequired),
            field<&GetBrokerMemberGroup::broker_name>("brokerName", "", kRequired),
        };
    }
};

/// NOTIFY_MIN_BROKER_ID_CHANGE 905, one-way from the name server to brokers.
struct NotifyMinBrokerId {
    std::optional<std::int64_t> min_broker_id;
    std::string_view broker_name;
    std::string_view min_broker_addr;
    std::string_view offline_broker_addr;
    std::string_view ha_broker_addr;

    static constexpr auto fields() {
        return std::array{
            field<&NotifyMinBrokerId::min_broker_id>("minBrokerId"),
            field<&NotifyMinBrokerId::broker_name>("brokerName"),
            field<&NotifyMinBrokerId::min_broker_addr>("minBrokerAddr"),
            field<&NotifyMinBrokerId::offline_broker_addr>("offlineBrokerAddr"),
            field<&NotifyMinBrokerId::ha_broker_addr>("haBrokerAddr"),
        };
    }
};

/// WIPE_WRITE_PERM_OF_BROKER 205, ADD_WRITE_PERM_OF_BROKER 327.
struct BrokerNameOnly {
    std::string_view broker_name;

    static constexpr auto fields() {
        return std::array{field<&BrokerNameOnly::broker_name>("brokerName", "", kRequired)};
    }
};

struct WipeWritePermAnswer {
    std::int32_t wipe_topic_count = 0;

    static constexpr auto fields() {
        return std::array{field<&WipeWritePermAnswer::wipe_topic_count>("wipeTopicCount")};
    }
};

struct AddWritePermAnswer {
    std::int32_t add_topic_count = 0;

    static constexpr auto fields() {
        return std::array{field<&AddWritePermAnswer::add_topic_count>("addTopicCount")};
    }
};

/// DELETE_TOPIC_IN_NAMESRV 216; REGISTER_TOPIC_IN_NAMESRV 217 has no cluster.
struct TopicInNamesrv {
    std::string_view topic;
    std::string_view cluster_name;

    static constexpr auto fields() {
        return std::array{
            field<&TopicInNamesrv::topic>("topic", "", kRequired),
            field<&TopicInNamesrv::cluster_name>("clusterName"),
        };
    }
};

/// GET_TOPICS_BY_CLUSTER 224.
struct GetTopicsByCluster {
    std::string_view cluster;

    static constexpr auto fields() {
        return std::array{field<&GetTopicsByCluster::cluster>("cluster", "", kRequired)};
    }
};

}  // namespace kx::wire
