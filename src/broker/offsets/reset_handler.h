// SPDX-License-Identifier: Apache-2.0
//
// INVOKE_BROKER_TO_RESET_OFFSET 222: puts a group's offsets on a topic to a time or a number. The
// consumer learns it with its next pull (the rule), or is told by a request of the broker's own
// (useServerSideResetOffset=false). Source: protocol.md 2.14, broker.md 9.4.
#pragma once

#include "base/snapshot.h"
#include "broker/clients/client_manager.h"
#include "broker/config.h"
#include "broker/groups/group_table.h"
#include "broker/offsets/offset_table.h"
#include "broker/topics/topic_table.h"
#include "net/request.h"
#include "wire/bodies/topics.h"
#include "wire/requests/admin.h"

namespace kx::broker {

class ResetHandler {
public:
    ResetHandler(OffsetTable& offsets, GroupTable& groups, TopicTable& topics,
                 ClientManager& clients, store::MessageStore& store, Snapshot<BrokerConfig>& config)
        : offsets_(offsets),
          groups_(groups),
          topics_(topics),
          clients_(clients),
          store_(store),
          config_(config) {}

    void reset(net::Request& request);

private:
    wire::Outcome<wire::ResetOffsets> reset_here(const wire::ResetOffset& wish);
    wire::Outcome<wire::ResetOffsets> reset_in_clients(const wire::ResetOffset& wish,
                                                       wire::Language language);
    wire::Outcome<std::int64_t> target_of_queue(const wire::ResetOffset& wish,
                                                std::int32_t queue_id) const;
    std::int64_t offset_at(std::string_view topic, std::int32_t queue_id,
                           std::int64_t timestamp) const;
    wire::Outcome<void> tell_clients(const wire::ResetOffset& wish, const std::string& body) const;

    OffsetTable& offsets_;
    GroupTable& groups_;
    TopicTable& topics_;
    ClientManager& clients_;
    store::MessageStore& store_;
    Snapshot<BrokerConfig>& config_;
};

}  // namespace kx::broker
