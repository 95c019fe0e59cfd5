// SPDX-License-Identifier: Apache-2.0
//
// The messages of one queue between their pull and their end (client.md 16). The offset that may
// be committed never passes a message that is not finished. Any thread.
#pragma once

#include <atomic>
#include <boost/circular_buffer.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/sync.h"
#include "kerolox/message.hpp"

namespace kx::client {

class ProcessQueue {
public:
    using Message = kerolox::MessageView;

    /// Times are of the steady clock: nobody sets it.
    explicit ProcessQueue(std::int64_t now_ms)
        : last_pull_ms(now_ms), last_consume_ms(now_ms), last_lock_ms(now_ms) {}

    /// In the order of their offsets. True: nobody works on this queue yet, an ordered consumer
    /// starts now.
    bool put(std::span<const Message> messages);
    /// Finished. The offset to commit: the first one that is not finished, or the one behind the
    /// last; -1 when there was nothing.
    std::int64_t remove(std::span<const Message> messages);
    bool contains(const Message& message) const;
    /// The first one that is not finished.
    std::optional<Message> first() const;

    // Ordered consumption: messages are taken, then committed or put back.
    /// None: whoever asked works no longer on this queue.
    std::vector<Message> take(std::size_t max);
    /// Everything taken is finished: the offset to commit. Nothing was taken: no offset.
    std::optional<std::int64_t> commit();
    /// Everything taken comes again.
    void rollback();
    /// These come again, perhaps changed since.
    void put_back(std::span<const Message> messages);

    void clear();
    bool empty() const { return count() == 0; }
    std::size_t count() const { return count_.load(std::memory_order_relaxed); }
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    /// From the first that is not finished to the last.
    std::int64_t span() const;
    struct Bounds {
        std::int64_t first = 0;
        std::int64_t last = 0;
    };
    Bounds bounds() const;

    bool lock_is_old(std::int64_t now_ms) const {
        return now_ms - last_lock_ms.load(std::memory_order_relaxed) > kLockLivesMs;
    }
    bool pull_is_old(std::int64_t now_ms) const {
        return now_ms - last_pull_ms.load(std::memory_order_relaxed) > kPullIdleMs;
    }

    static constexpr std::int64_t kLockLivesMs = 30'000;
    static constexpr std::int64_t kPullIdleMs = 120'000;

    /// Not ours any more: results don't count.
    std::atomic<bool> dropped{false};
    /// At the broker, for ordered consumption.
    std::atomic<bool> locked{false};
    /// An ordered listener runs right now.
    std::atomic<bool> listening{false};
    std::atomic<std::int64_t> last_pull_ms;
    std::atomic<std::int64_t> last_consume_ms;
    std::atomic<std::int64_t> last_lock_ms;
    std::atomic<std::int64_t> unlock_tries{0};

private:
    enum class State : std::uint8_t { kWaiting, kTaken, kDone };
    struct Slot {
        std::int64_t offset;
        State state;
        Message message;
    };
    using Slots = boost::circular_buffer<Slot>;

    Slots::iterator find(std::int64_t offset) KX_REQUIRES(mutex_);
    Slots::const_iterator find(std::int64_t offset) const KX_REQUIRES(mutex_);
    void insert(const Message& message) KX_REQUIRES(mutex_);
    void make_room() KX_REQUIRES(mutex_);
    void finish(Slot& slot) KX_REQUIRES(mutex_);
    void drop_finished() KX_REQUIRES(mutex_);

    mutable Mutex mutex_;
    /// By offset; the first and the last are never done.
    Slots slots_ KX_GUARDED_BY(mutex_);
    std::int64_t highest_ KX_GUARDED_BY(mutex_) = -1;
    bool working_ KX_GUARDED_BY(mutex_) = false;
    // Written under the lock, read without.
    std::atomic<std::size_t> count_{0};
    std::atomic<std::size_t> bytes_{0};
};

}  // namespace kx::client
