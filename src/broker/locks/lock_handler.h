// SPDX-License-Identifier: Apache-2.0
//
// LOCK_BATCH_MQ 41 and UNLOCK_BATCH_MQ 42. Source: protocol.md 2.8, broker.md 10.
#pragma once

#include "broker/locks/queue_locks.h"
#include "net/request.h"

namespace kx::broker {

class LockHandler {
public:
    explicit LockHandler(QueueLocks& locks) : locks_(locks) {}

    void lock(net::Request& request);
    void unlock(net::Request& request);

private:
    QueueLocks& locks_;
};

}  // namespace kx::broker
