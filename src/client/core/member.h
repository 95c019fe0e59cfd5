// SPDX-License-Identifier: Apache-2.0
//
// What a client knows of the producers and consumers made from it. All calls come on the client's
// home thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "client/core/awaiting.h"
#include "client/core/route.h"
#include "kerolox/consumer.hpp"
#include "kerolox/message.hpp"
#include "net/request.h"
#include "wire/bodies/heartbeat.h"

namespace kx::client {

class Member {
public:
    virtual ~Member() = default;
    /// As it travels, namespace included.
    virtual const std::string& group() const = 0;
    /// Topics whose routes are kept fresh.
    virtual void add_topics(std::set<std::string>& topics) const = 0;
    virtual void add_to_heartbeat(wire::HeartbeatData& heartbeat) const = 0;
    /// The route of one of its topics is known for the first time, or changed.
    virtual void on_route(const std::string& topic, const RoutePtr& route) = 0;
    /// Ends within the grace; what is cut off then is told in the log. Called once or more.
    virtual Awaitable<void> shut(std::int64_t grace_ms) = 0;
};

/// CHECK_TRANSACTION_STATE, taken apart.
struct TransactionCheck {
    kerolox::MessageView message{};
    std::string address{};  ///< of the broker that asks
    std::string topic{};    ///< as it travels
    std::int64_t state_table_offset = 0;
    std::int64_t commit_log_offset = 0;
    std::string message_id{};
    std::string transaction_id{};
    std::string offset_message_id{};
    std::string broker_name{};
};

class ProducerMember : public Member {
public:
    /// False: this producer has no checker.
    virtual bool check_transaction(TransactionCheck check) = 0;
};

class ConsumerMember : public Member {
public:
    /// Members or queues may have changed: look soon.
    virtual void rebalance_soon() = 0;
    virtual void persist_offsets() = 0;
    /// RESET_CONSUMER_CLIENT_OFFSET.
    virtual void reset_offsets(const std::string& topic,
                               std::map<kerolox::Queue, std::int64_t> offsets) = 0;
    /// GET_CONSUMER_STATUS_FROM_CLIENT: offsets in memory; an empty topic means all.
    virtual std::map<kerolox::Queue, std::int64_t> offsets(std::string_view topic) const = 0;
    /// GET_CONSUMER_RUNNING_INFO.
    virtual kerolox::ConsumerSnapshot snapshot() const = 0;
    /// CONSUME_MESSAGE_DIRECTLY: answers through `responder`, from whatever thread.
    virtual void consume_directly(kerolox::MessageView message, std::string broker,
                                  net::Responder responder) = 0;
};

}  // namespace kx::client
