// SPDX-License-Identifier: Apache-2.0
//
// What clients say about themselves: HEART_BEAT 34 and UNREGISTER_CLIENT 35.
// Source: protocol.md 2.6, broker.md 3.
#pragma once

#include <memory>

#include "broker/clients/live_clients.h"
#include "broker/groups/group_table.h"
#include "broker/topics/stored_topic_table.h"
#include "net/request.h"
#include "net/workers.h"

namespace kx::broker {

class ClientHandler {
public:
    ClientHandler(LiveClients& clients, GroupTable& groups, StoredTopicTable& topics,
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
    bool is_served(const wire::ConsumerData& data) const;
    /// Where a consumer entry's retry messages go.
    InternalTopic retry_topic_of(const Beat& beat, const wire::ConsumerData& data,
                                 const wire::SubscriptionGroupConfig& group) const;
    /// The retry topics that are not there, or not as they should be.
    std::vector<InternalTopic> topics_to_make(const Beat& beat) const;
    template <class Target>
    void apply(const Beat& beat, net::Connection& connection, Target& target);

    LiveClients& clients_;
    GroupTable& groups_;
    StoredTopicTable& topics_;
    Snapshot<BrokerConfig>& config_;
    net::Workers& workers_;
    const Clock& clock_;
};

}  // namespace kx::broker
