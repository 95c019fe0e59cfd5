// SPDX-License-Identifier: Apache-2.0
//
// What clients say about themselves: HEART_BEAT 34 and UNREGISTER_CLIENT 35.
// Source: protocol.md 2.6, broker.md 3.
#pragma once

#include <memory>

#include "broker/clients/live_clients.h"
#include "broker/groups/group_table.h"
#include "broker/topics/topic_table.h"
#include "net/request.h"
#include "net/workers.h"

namespace kx::broker {

class ClientHandler {
public:
    ClientHandler(LiveClients& clients, GroupTable& groups, TopicTable& topics,
                  Snapshot<BrokerConfig>& config, net::Workers& workers, const Clock& clock)
        : clients_(clients),
          groups_(groups),
          topics_(topics),
          config_(config),
          workers_(workers),
          clock_(clock) {}

    void heartbeat(net::Request& request);
    void unregister(net::Request& request);

private:
    /// A heartbeat and who sent it.
    struct Beat {
        wire::HeartbeatData data;
        wire::Language language = wire::Language::kUnknown;
        std::int32_t version = 0;
    };
    /// Where a consumer entry's retry messages go.
    struct RetryTopic {
        std::string name;
        std::int32_t queues = 0;
        bool order = false;
        std::int32_t sys_flag = 0;
    };

    bool is_served(const wire::ConsumerData& data) const;
    RetryTopic retry_topic_of(const Beat& beat, const wire::ConsumerData& data,
                              const wire::SubscriptionGroupConfig& group) const;
    bool needs_new_topic(const Beat& beat) const;
    void create_topics(const Beat& beat);
    template <class Target>
    void apply(const Beat& beat, net::Connection& connection, Target& target);

    LiveClients& clients_;
    GroupTable& groups_;
    TopicTable& topics_;
    Snapshot<BrokerConfig>& config_;
    net::Workers& workers_;
    const Clock& clock_;
};

}  // namespace kx::broker
