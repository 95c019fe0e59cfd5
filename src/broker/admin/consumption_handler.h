// SPDX-License-Identifier: Apache-2.0
//
// How far groups are, and what their members say of themselves: GET_CONSUME_STATS 208,
// QUERY_TOPIC_CONSUME_BY_WHO 300, QUERY_TOPICS_BY_CONSUMER 343, QUERY_SUBSCRIPTION_BY_CONSUMER 345;
// GET_CONSUMER_RUNNING_INFO 307 and CONSUME_MESSAGE_DIRECTLY 309, which a client answers.
// Source: protocol.md 2.12, 2.14, broker.md 29.1.
#pragma once

#include <set>
#include <vector>

#include "base/snapshot.h"
#include "broker/clients/client_manager.h"
#include "broker/config.h"
#include "broker/groups/group_table.h"
#include "broker/offsets/stored_offset_table.h"
#include "broker/topics/topic_table.h"
#include "net/request.h"
#include "wire/requests/consumption.h"

namespace kx::broker {

class ConsumptionHandler {
public:
    ConsumptionHandler(StoredOffsetTable& offsets, GroupTable& groups, TopicTable& topics,
                       ClientManager& clients, store::MessageStore& store,
                       Snapshot<BrokerConfig>& config)
        : offsets_(offsets),
          groups_(groups),
          topics_(topics),
          clients_(clients),
          store_(store),
          config_(config) {}

    /// On a worker: it reads store times.
    void stats(net::Request& request);
    void groups_of_topic(net::Request& request);
    void topics_of_group(net::Request& request);
    void subscription(net::Request& request);
    void running_info(net::Request& request);
    void consume_directly(net::Request& request);

private:
    std::vector<std::string> topics_asked_for(const wire::GetConsumeStats& wish) const;
    /// Hands the request on to the client that its header names, with `more` fields.
    void forward(net::Request& request, const wire::ForClient& wish,
                 std::vector<std::pair<std::string, std::string>> more, Slice body);

    StoredOffsetTable& offsets_;
    GroupTable& groups_;
    TopicTable& topics_;
    ClientManager& clients_;
    store::MessageStore& store_;
    Snapshot<BrokerConfig>& config_;
};

}  // namespace kx::broker
