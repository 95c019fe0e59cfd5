// SPDX-License-Identifier: Apache-2.0
//
// The queue locks of this broker, in memory.
#pragma once

#include <map>

#include "base/clock.h"
#include "base/sync.h"
#include "broker/locks/queue_locks.h"
#include "broker/tables/text_map.h"

namespace kx::broker {

class TimedQueueLocks final : public QueueLocks {
public:
    /// RocketMQ's lock lifetime; clients renew every 20 s.
    static constexpr std::int64_t kLifetimeMs = 60'000;

    explicit TimedQueueLocks(const Clock& clock) : clock_(clock) {}

    std::vector<wire::QueueKey> lock(const std::string& group, const std::string& client_id,
                                     const std::vector<wire::QueueKey>& queues) override;
    void unlock(const std::string& group, const std::string& client_id,
                const std::vector<wire::QueueKey>& queues) override;
    bool any_held(std::string_view group) const override;
    /// Forgets what is expired; clients that died leave their locks behind.
    void sweep();

private:
    struct Lock {
        std::string client_id;
        std::int64_t last_ms = 0;
    };
    using Locks = std::map<wire::QueueKey, Lock>;

    bool expired(const Lock& lock, std::int64_t now_ms) const {
        return now_ms - lock.last_ms > kLifetimeMs;
    }

    const Clock& clock_;
    mutable Mutex mutex_;
    TextMap<Locks> groups_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::broker
