// SPDX-License-Identifier: Apache-2.0
//
// What is told about connected clients (203, 204, 328), the check of a subscription (46), and queue
// locks (41, 42). Source: protocol.md 2.2.
#pragma once

#include "wire/bodies/common.h"
#include "wire/bodies/heartbeat.h"

namespace kx::wire {

struct ClientConnection {
    std::string client_addr;
    std::string client_id;
    std::optional<std::string> language;  ///< absent when unknown
    std::int32_t version = 0;

    static constexpr auto members() {
        return std::array{
            member<&ClientConnection::client_addr>("clientAddr"),
            member<&ClientConnection::client_id>("clientId"),
            member<&ClientConnection::language>("language"),
            member<&ClientConnection::version>("version"),
        };
    }
};

struct ConsumerConnection {
    std::vector<ClientConnection> connection_set;
    ConsumeFromWhere consume_from_where{};
    ConsumeType consume_type{};
    MessageModel message_model{};
    std::map<std::string, SubscriptionData> subscription_table;

    static constexpr auto members() {
        return std::array{
            member<&ConsumerConnection::connection_set>("connectionSet"),
            member<&ConsumerConnection::consume_from_where>("consumeFromWhere"),
            member<&ConsumerConnection::consume_type>("consumeType"),
            member<&ConsumerConnection::message_model>("messageModel"),
            member<&ConsumerConnection::subscription_table>("subscriptionTable"),
        };
    }
};

struct ProducerConnection {
    std::vector<ClientConnection> connection_set;

    static constexpr auto members() {
        return std::array{member<&ProducerConnection::connection_set>("connectionSet")};
    }
};

struct ProducerInfo {
    std::string client_id;
    std::optional<std::string> language;
    std::int64_t last_update_timestamp = 0;
    std::string remote_ip;  ///< "/10.0.0.1:5000"
    std::int32_t version = 0;

    static constexpr auto members() {
        return std::array{
            member<&ProducerInfo::client_id>("clientId"),
            member<&ProducerInfo::language>("language"),
            member<&ProducerInfo::last_update_timestamp>("lastUpdateTimestamp"),
            member<&ProducerInfo::remote_ip>("remoteIP"),
            member<&ProducerInfo::version>("version"),
        };
    }
};

struct ProducerTable {
    std::map<std::string, std::vector<ProducerInfo>> data;

    static constexpr auto members() { return std::array{member<&ProducerTable::data>("data")}; }
};

struct CheckClient {
    std::string client_id;
    std::string group;
    std::optional<SubscriptionData> subscription_data;

    static constexpr auto members() {
        return std::array{
            member<&CheckClient::client_id>("clientId"),
            member<&CheckClient::group>("group"),
            member<&CheckClient::subscription_data>("subscriptionData"),
        };
    }
};

/// LOCK_BATCH_MQ 41 and UNLOCK_BATCH_MQ 42.
struct QueueLockRequest {
    std::string client_id;
    std::string consumer_group;
    std::vector<QueueKey> mq_set;
    bool only_this_broker = false;

    static constexpr auto members() {
        return std::array{
            member<&QueueLockRequest::client_id>("clientId"),
            member<&QueueLockRequest::consumer_group>("consumerGroup"),
            member<&QueueLockRequest::mq_set>("mqSet"),
            member<&QueueLockRequest::only_this_broker>("onlyThisBroker"),
        };
    }
};

struct QueueLockAnswer {
    std::vector<QueueKey> lock_ok_mq_set;

    static constexpr auto members() {
        return std::array{member<&QueueLockAnswer::lock_ok_mq_set>("lockOKMQSet")};
    }
};

}  // namespace kx::wire
