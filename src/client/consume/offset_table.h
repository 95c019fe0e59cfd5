// SPDX-License-Identifier: Apache-2.0
//
// A group's offsets: what is to be committed, in memory, and where it is kept: at the brokers, in a
// local file (broadcasting), or in the application's own store (client.md 18). On the home thread,
// but for update(), which consuming threads call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/sync.h"
#include "client/core/client_core.h"
#include "kerolox/consumer.hpp"

namespace kx::client {

enum class OffsetSource : std::uint8_t { kMemory, kMemoryThenStore, kStore };

class OffsetTable {
public:
    using Read = kerolox::Result<std::int64_t>;

    virtual ~OffsetTable() = default;

    /// Brokers keep them.
    static std::unique_ptr<OffsetTable> remote(ClientCore& core, std::string group);
    /// `<dir>/<client id>/<group>/offsets.json`, in RocketMQ's own form. Without an instance name
    /// the client id is "<ip>@DEFAULT" there, so that the next run finds it.
    static std::unique_ptr<OffsetTable> local(ClientCore& core, std::string group,
                                              std::string directory);
    static std::unique_ptr<OffsetTable> custom(ClientCore& core, std::string group,
                                               std::shared_ptr<kerolox::OffsetStore> store);

    /// Reads what is kept at the start (local files).
    virtual kerolox::Status load() { return {}; }
    /// -1: nothing is stored. Queues carry topics as they travel.
    Awaitable<Read> read(kerolox::Queue queue, OffsetSource source);
    /// Writes out what is in memory for these queues, forgets the others.
    virtual Awaitable<kerolox::Status> persist(std::set<kerolox::Queue> queues) = 0;
    /// Writes one queue's offset now, waiting for the answer.
    virtual Awaitable<kerolox::Status> write(kerolox::Queue queue, std::int64_t offset,
                                             std::int64_t timeout_ms) = 0;
    Awaitable<kerolox::Status> write(kerolox::Queue queue, std::int64_t offset) {
        constexpr std::int64_t kUsualMs = 5'000;
        return write(std::move(queue), offset, kUsualMs);
    }

    /// Any thread. `increase_only`: a smaller offset changes nothing. Nothing changes once frozen.
    void update(const kerolox::Queue& queue, std::int64_t offset, bool increase_only);
    /// Sets the offset and takes no further update until remove().
    void update_and_freeze(const kerolox::Queue& queue, std::int64_t offset);
    void remove(const kerolox::Queue& queue);
    /// -1 where there is none.
    std::int64_t in_memory(const kerolox::Queue& queue) const;
    std::map<kerolox::Queue, std::int64_t> all() const;

protected:
    /// What is stored; -1: nothing.
    virtual Awaitable<Read> read_stored(kerolox::Queue queue) = 0;
    /// Forgets other queues; what is known of these.
    std::vector<kerolox::QueueOffset> keep_only(const std::set<kerolox::Queue>& queues);

private:
    struct Entry {
        std::int64_t offset = -1;
        bool frozen = false;
    };
    mutable Mutex mutex_;
    std::map<kerolox::Queue, Entry> entries_ KX_GUARDED_BY(mutex_);
};

/// Offsets a queue has, or a group has in it: codes 30, 31, 29, 14.
Awaitable<kerolox::Result<std::int64_t>> query_max_offset(ClientCore& core, kerolox::Queue queue);
Awaitable<kerolox::Result<std::int64_t>> query_min_offset(ClientCore& core, kerolox::Queue queue);
Awaitable<kerolox::Result<std::int64_t>> query_offset_at(ClientCore& core, kerolox::Queue queue,
                                                         std::int64_t time_ms);
/// -1 where the broker has none.
Awaitable<kerolox::Result<std::int64_t>> query_committed(ClientCore& core, std::string group,
                                                         kerolox::Queue queue);

}  // namespace kx::client
