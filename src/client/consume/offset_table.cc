// SPDX-License-Identifier: Apache-2.0
#include "client/consume/offset_table.h"

namespace kx::client {

void OffsetTable::update(const kerolox::Queue& queue, std::int64_t offset, bool increase_only) {
    MutexLock lock(mutex_);
    Entry& entry = entries_[queue];
    if (entry.frozen || (increase_only && offset <= entry.offset)) return;
    entry.offset = offset;
}

void OffsetTable::update_and_freeze(const kerolox::Queue& queue, std::int64_t offset) {
    MutexLock lock(mutex_);
    entries_[queue] = {offset, true};
}

void OffsetTable::remove(const kerolox::Queue& queue) {
    MutexLock lock(mutex_);
    entries_.erase(queue);
}

std::int64_t OffsetTable::in_memory(const kerolox::Queue& queue) const {
    MutexLock lock(mutex_);
    const auto found = entries_.find(queue);
    return found == entries_.end() ? -1 : found->second.offset;
}

std::map<kerolox::Queue, std::int64_t> OffsetTable::all() const {
    MutexLock lock(mutex_);
    std::map<kerolox::Queue, std::int64_t> offsets;
    for (const auto& [queue, entry] : entries_) offsets.emplace(queue, entry.offset);
    return offsets;
}

std::vector<kerolox::QueueOffset> OffsetTable::keep_only(const std::set<kerolox::Queue>& queues) {
    MutexLock lock(mutex_);
    std::erase_if(entries_, [&](const auto& entry) { return !queues.contains(entry.first); });
    std::vector<kerolox::QueueOffset> kept;
    for (const auto& [queue, entry] : entries_)
        if (entry.offset >= 0) kept.push_back({queue, entry.offset});
    return kept;
}

Awaitable<OffsetTable::Read> OffsetTable::read(kerolox::Queue queue, OffsetSource source) {
    if (source != OffsetSource::kStore) {
        const std::int64_t known = in_memory(queue);
        if (known >= 0 || source == OffsetSource::kMemory) co_return known;
    }
    Read stored = co_await read_stored(queue);
    if (stored && stored.value() >= 0) update(queue, stored.value(), false);
    co_return stored;
}

}  // namespace kx::client
