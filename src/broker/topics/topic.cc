// SPDX-License-Identifier: Apache-2.0
//
// One topic and its queues.
#include "base/assert.h"
#include "broker/topics/topic_table.h"

namespace kx::broker {

Topic::Topic(wire::TopicConfig config, store::MessageStore& store)
    : config_(std::move(config)),
      store_(store),
      queues_(static_cast<std::size_t>(
          std::max({0, config_.read_queue_nums, config_.write_queue_nums}))) {}

store::ConsumeQueue& Topic::queue(std::int32_t id) const {
    KX_ASSERT(id >= 0 && id < queue_count(), "queue {} of topic {}", id, config_.topic_name);
    auto& slot = queues_[static_cast<std::size_t>(id)];
    if (store::ConsumeQueue* known = slot.load(std::memory_order_acquire)) return *known;
    MutexLock lock(finding_);
    if (store::ConsumeQueue* known = slot.load(std::memory_order_acquire)) return *known;
    owned_.push_back(store_.queue(config_.topic_name, id));
    store::ConsumeQueue* found = owned_.back().get();
    slot.store(found, std::memory_order_release);
    return *found;
}

}  // namespace kx::broker
