// SPDX-License-Identifier: Apache-2.0
#include "broker/locks/timed_queue_locks.h"

#include <algorithm>

namespace kx::broker {

std::vector<wire::QueueKey> TimedQueueLocks::lock(const std::string& group,
                                                  const std::string& client_id,
                                                  const std::vector<wire::QueueKey>& queues) {
    const std::int64_t now = clock_.steady_ms();
    std::vector<wire::QueueKey> held;
    MutexLock guard(mutex_);
    Locks& locks = groups_[group];
    for (const wire::QueueKey& queue : queues) {
        Lock& lock = locks[queue];
        const bool free = lock.client_id.empty() || expired(lock, now);
        if (!free && lock.client_id != client_id) continue;
        lock.client_id = client_id;
        lock.last_ms = now;
        held.push_back(queue);
    }
    return held;
}

void TimedQueueLocks::unlock(const std::string& group, const std::string& client_id,
                             const std::vector<wire::QueueKey>& queues) {
    MutexLock guard(mutex_);
    const auto found = groups_.find(group);
    if (found == groups_.end()) return;
    for (const wire::QueueKey& queue : queues) {
        const auto lock = found->second.find(queue);
        if (lock != found->second.end() && lock->second.client_id == client_id)
            found->second.erase(lock);
    }
    if (found->second.empty()) groups_.erase(found);
}

bool TimedQueueLocks::any_held(std::string_view group) const {
    const std::int64_t now = clock_.steady_ms();
    MutexLock guard(mutex_);
    const auto found = groups_.find(group);
    if (found == groups_.end()) return false;
    return std::ranges::any_of(found->second,
                               [&](const auto& entry) { return !expired(entry.second, now); });
}

void TimedQueueLocks::sweep() {
    const std::int64_t now = clock_.steady_ms();
    MutexLock guard(mutex_);
    for (auto group = groups_.begin(); group != groups_.end();) {
        std::erase_if(group->second, [&](const auto& entry) { return expired(entry.second, now); });
        const auto here = group++;
        if (here->second.empty()) groups_.erase(here);
    }
}

}  // namespace kx::broker
