// SPDX-License-Identifier: Apache-2.0
//
// QUERY_ASSIGNMENT 400: which queues a member of a group has, when brokers decide it.
// Source: protocol.md 2.10.
#pragma once

#include "wire/bodies/common.h"
#include "wire/bodies/heartbeat.h"

namespace kx::wire {

struct QueryAssignment {
    std::string client_id;
    std::string consumer_group;
    MessageModel message_model = MessageModel::kClustering;
    std::string strategy_name;
    std::string topic;

    static constexpr auto members() {
        return std::array{
            member<&QueryAssignment::client_id>("clientId"),
            member<&QueryAssignment::consumer_group>("consumerGroup"),
            member<&QueryAssignment::message_model>("messageModel"),
            member<&QueryAssignment::strategy_name>("strategyName"),
            member<&QueryAssignment::topic>("topic"),
        };
    }
};

struct QueueAssignment {
    std::optional<QueueKey> message_queue;
    std::string mode = "PULL";  ///< or POP

    static constexpr auto members() {
        return std::array{
            member<&QueueAssignment::message_queue>("messageQueue"),
            member<&QueueAssignment::mode>("mode"),
        };
    }
};

struct QueueAssignments {
    std::optional<std::vector<QueueAssignment>> message_queue_assignments;

    static constexpr auto members() {
        return std::array{
            member<&QueueAssignments::message_queue_assignments>("messageQueueAssignments")};
    }
};

}  // namespace kx::wire
