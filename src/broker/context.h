// SPDX-License-Identifier: Apache-2.0
//
// What the broker's handlers share. broker.cc builds it; nothing in it is replaced while the
// broker runs, but for the configuration's snapshot.
#pragma once

#include "base/clock.h"
#include "base/snapshot.h"
#include "broker/clients/client_manager.h"
#include "broker/config.h"
#include "broker/groups/group_table.h"
#include "broker/locks/queue_locks.h"
#include "broker/offsets/offset_table.h"
#include "broker/topics/topic_table.h"
#include "model/message.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "net/workers.h"
#include "store/message_store.h"

namespace kx::broker {

struct Context {
    const Clock& clock;
    net::IoPool& io;
    net::Workers& workers;  ///< for what may wait for the disk
    store::MessageStore& store;
    TopicTable& topics;
    GroupTable& groups;
    ClientManager& clients;
    OffsetTable& offsets;
    QueueLocks& locks;
    Snapshot<BrokerConfig>& config;  ///< every key of the broker, changed as a whole
    model::HostPort store_host;      ///< brokerIP1 and the real port: stored in every record
};

}  // namespace kx::broker
