// SPDX-License-Identifier: Apache-2.0
//
// Administration of consumer groups: 200, 201, 207, 225, 352, 353. Source: protocol.md 2.13,
// broker.md 4.4. What changes a group runs on workers: it waits for the file.
#pragma once

#include "broker/groups/stored_group_table.h"
#include "broker/offsets/offset_table.h"
#include "net/request.h"

namespace kx::broker {

class GroupHandler {
public:
    GroupHandler(StoredGroupTable& groups, OffsetTable& offsets, Snapshot<BrokerConfig>& config)
        : groups_(groups), offsets_(offsets), config_(config) {}

    void update(net::Request& request);
    void update_list(net::Request& request);
    void remove(net::Request& request);
    void get(net::Request& request);
    void all(net::Request& request);
    void forbidden(net::Request& request);

private:
    StoredGroupTable& groups_;
    OffsetTable& offsets_;
    Snapshot<BrokerConfig>& config_;
};

}  // namespace kx::broker
