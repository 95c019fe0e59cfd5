// SPDX-License-Identifier: Apache-2.0
//
// Who is connected: producers and consumers by group, learnt from heartbeats and forgotten when
// their connection closes or falls silent. Any thread. Source: broker.md 3.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/connection.h"
#include "wire/bodies/heartbeat.h"

namespace kx::broker {

/// What a consumer group subscribes to on one topic.
using SubscriptionPtr = std::shared_ptr<const wire::SubscriptionData>;

struct ClientInfo {
    net::ConnectionPtr connection;
    std::string client_id;
    wire::Language language = wire::Language::kUnknown;
    std::int32_t version = 0;
    std::int64_t last_update_ms = 0;
};

struct ConsumerGroupInfo {  ///< a copy, for administrative answers
    wire::ConsumeType consume_type{};
    wire::MessageModel message_model{};
    wire::ConsumeFromWhere consume_from_where{};
    std::vector<ClientInfo> clients;
    std::vector<SubscriptionPtr> subscriptions;
};

/// What a pull without an inline subscription needs to know of its group, in one look-up.
struct PullView {
    bool group_online = false;
    bool broadcasting = false;
    SubscriptionPtr subscription;  ///< null: the topic is not subscribed
};

class ClientManager {
public:
    virtual ~ClientManager() = default;

    virtual PullView pull_view(std::string_view group, std::string_view topic) const = 0;
    virtual std::vector<std::string> consumer_ids(std::string_view group) const = 0;
    virtual std::optional<ConsumerGroupInfo> consumer_group(std::string_view group) const = 0;
    virtual std::vector<ClientInfo> producers(std::string_view group) const = 0;
    virtual std::vector<std::string> groups_of_topic(std::string_view topic) const = 0;
};

}  // namespace kx::broker
