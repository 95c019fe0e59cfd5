// SPDX-License-Identifier: Apache-2.0
//
// Offsets, asked for and committed: QUERY_CONSUMER_OFFSET 14, UPDATE_CONSUMER_OFFSET 15,
// GET_ALL_CONSUMER_OFFSET 43; and those of the queues themselves: 29, 30, 31, 32.
// Source: protocol.md 2.5, broker.md 9.
#pragma once

#include "base/snapshot.h"
#include "broker/config.h"
#include "broker/groups/group_table.h"
#include "broker/offsets/stored_offset_table.h"
#include "broker/topics/topic_table.h"
#include "net/request.h"
#include "wire/requests/offsets.h"

namespace kx::broker {

class OffsetHandler {
public:
    OffsetHandler(StoredOffsetTable& offsets, GroupTable& groups, TopicTable& topics,
                  store::MessageStore& store, Snapshot<BrokerConfig>& config)
        : offsets_(offsets), groups_(groups), topics_(topics), store_(store), config_(config) {}

    void query(net::Request& request);
    void update(net::Request& request);
    void all(net::Request& request);

    void search_by_time(net::Request& request);
    void max_offset(net::Request& request);
    void min_offset(net::Request& request);
    void earliest_store_time(net::Request& request);
    /// VIEW_MESSAGE_BY_ID 33.
    void view_message(net::Request& request);

private:
    std::optional<std::int64_t> known_offset(const wire::QueryConsumerOffset& query) const;

    StoredOffsetTable& offsets_;
    GroupTable& groups_;
    TopicTable& topics_;
    store::MessageStore& store_;
    Snapshot<BrokerConfig>& config_;
};

}  // namespace kx::broker
