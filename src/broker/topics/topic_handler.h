// SPDX-License-Identifier: Apache-2.0
//
// Administration of topics: 17, 18, 21, 202, 215, 305, 351. What changes a topic runs on workers:
// it waits for the file. Source: protocol.md 2.13, broker.md 4.5.
#pragma once

#include "broker/offsets/stored_offset_table.h"
#include "broker/topics/stored_topic_table.h"
#include "net/request.h"

namespace kx::broker {

class TopicHandler {
public:
    TopicHandler(StoredTopicTable& topics, StoredOffsetTable& offsets, store::MessageStore& store,
                 Snapshot<BrokerConfig>& config)
        : topics_(topics), offsets_(offsets), store_(store), config_(config) {}

    void update(net::Request& request);
    void update_list(net::Request& request);
    void remove(net::Request& request);
    void get(net::Request& request);
    void all(net::Request& request);
    void system_topics(net::Request& request);
    void stats(net::Request& request);

private:
    void remove_everywhere(const std::string& topic);

    StoredTopicTable& topics_;
    StoredOffsetTable& offsets_;
    store::MessageStore& store_;
    Snapshot<BrokerConfig>& config_;
};

}  // namespace kx::broker
