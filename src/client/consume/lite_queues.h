// SPDX-License-Identifier: Apache-2.0
//
// The queues a lite pull consumer has, and what is cached of them: pulls put messages in, poll()
// takes them out (client.md 23). Any thread; queues carry topics as they travel; times are of the
// steady clock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/sync.h"
#include "kerolox/consumer.hpp"

namespace kx::client {

class LiteQueues {
public:
    struct Limits {
        std::int64_t all_messages = 10'000;
        std::int64_t batch = 10;
        std::int64_t queue_messages = 1'000;
        std::int64_t queue_bytes = 100 << 20;
        std::int64_t span = 2'000;
    };
    explicit LiteQueues(Limits limits) : limits_(limits) {}

    /// A queue's turn of pulling. Another turn begins with each seek; what an old one brings after
    /// that does not count.
    struct Turn {
        kerolox::Queue queue{};
        std::uint64_t number = 0;
    };
    struct Changes {
        std::vector<Turn> begun;                            ///< of queues that are new
        std::vector<kerolox::Queue> gone{};                 ///< their cached messages are dropped
        std::map<kerolox::Queue, std::int64_t> consumed{};  ///< how far poll() came in those
    };

    /// Everything else goes.
    Changes assign(const std::set<kerolox::Queue>& queues);
    /// Other queues of the topic go.
    Changes assign(std::string_view topic, const std::set<kerolox::Queue>& queues);
    /// Queues of other topics go.
    Changes keep_topics(const std::set<std::string>& topics);
    bool has(const kerolox::Queue& queue) const;
    std::set<kerolox::Queue> all() const;
    void pause(const kerolox::Queue& queue, bool paused);

    // --- pulling ---

    enum class Next : std::uint8_t { kStop, kPaused, kFull, kPull };
    struct Step {
        Next next = Next::kStop;
        std::int64_t offset = -1;  ///< -1: where the group begins
    };
    /// What a turn is to do next. Noted as a pull's time.
    Step step(const Turn& turn, std::int64_t now_ms);
    bool is_current(const Turn& turn) const;
    /// False when the turn is over; then nothing was put. `messages` may be empty.
    bool put(const Turn& turn, std::vector<kerolox::MessageView> messages,
             std::int64_t next_offset);
    /// The next pull begins there; what is cached of the queue goes. Nothing for a queue it has
    /// not.
    std::optional<Turn> seek(const kerolox::Queue& queue, std::int64_t offset);

    // --- consuming ---

    struct Batch {
        kerolox::MessageBatch messages{};
        std::uint64_t turn = 0;
        std::int64_t consumed_before = -1;
    };
    /// The oldest batch; its messages count as consumed.
    std::optional<Batch> take(std::int64_t now_ms);
    /// It was not consumed after all: comes first again.
    void put_back(Batch batch);
    /// How far poll() came; queues nobody polled from are left out.
    std::map<kerolox::Queue, std::int64_t> consumed() const;
    /// With times of day by that clock.
    std::vector<kerolox::QueueState> states(const Clock& clock) const;

private:
    struct Entry {
        std::uint64_t turn = 0;
        bool paused = false;
        bool seek_is_due = false;
        std::int64_t pull_offset = -1;
        std::int64_t consumed = -1;
        std::int64_t messages = 0;
        std::int64_t bytes = 0;
        std::deque<std::pair<std::int64_t, std::int64_t>> spans{};  ///< of cached batches
        std::optional<std::int64_t> last_pull_ms{};
        std::optional<std::int64_t> last_take_ms{};
    };
    using Entries = std::map<kerolox::Queue, Entry>;

    template <class Goes>
    Changes drop(Goes goes) KX_REQUIRES(mutex_);
    void add(const std::set<kerolox::Queue>& queues, Changes& changes) KX_REQUIRES(mutex_);
    Entry* current(const Turn& turn) KX_REQUIRES(mutex_);
    void forget_cached(const kerolox::Queue& queue, Entry& entry) KX_REQUIRES(mutex_);

    const Limits limits_;
    mutable Mutex mutex_;
    Entries entries_ KX_GUARDED_BY(mutex_);
    struct Cached {
        kerolox::Queue queue{};
        kerolox::MessageBatch messages{};
        std::int64_t bytes = 0;
    };
    std::deque<Cached> cache_ KX_GUARDED_BY(mutex_);
    std::uint64_t last_turn_ KX_GUARDED_BY(mutex_) = 0;
};

}  // namespace kx::client
