// SPDX-License-Identifier: Apache-2.0
//
// Long polling: pulls that found nothing, kept by the queue they wait for. An arrival that passes
// the tag filter wakes them; so do their deadline, and every 5 s any newer message at all, whatever
// its tag (RocketMQ's sweep). Nothing polls. Source: broker.md 8.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sync.h"
#include "filter/tag_filter.h"
#include "net/request.h"
#include "store/message_store.h"

namespace kx::broker {

/// A pull that outlives its request: everything is owned.
struct HeldPull {
    net::Responder later;
    std::string group;
    std::string topic;
    std::string subscription;
    std::string expression_type;
    std::int32_t code = 0;
    std::int32_t queue_id = 0;
    std::int64_t offset = 0;
    std::int32_t max_count = 0;
    std::int32_t sys_flag = 0;
    std::int64_t sub_version = 0;
    std::optional<std::int64_t> commit_offset;  ///< to be stored with the answer
    filter::TagFilter filter;
    std::int64_t deadline_ms = 0;  ///< steady
};
using HeldPullPtr = std::shared_ptr<HeldPull>;

class PullHold final : public store::MessageArrivals {
public:
    /// Runs on the io thread of the pull's connection.
    using Wake = std::function<void(HeldPullPtr)>;

    PullHold(const Clock& clock, std::size_t held_max, Wake wake);

    /// False when too many are held. `queue` may get its first message any time now.
    bool hold(const store::QueuePtr& queue, HeldPullPtr pull);
    /// From the ticker of one io thread: wakes what is due.
    void tick();
    /// Wakes everything; nothing is held from now on.
    void stop();
    std::size_t size() const { return held_.load(std::memory_order_relaxed); }

    void message_arrived(store::ConsumeQueue& queue, std::int64_t queue_offset,
                         std::int64_t tags_code) override;

private:
    struct Waiting {
        store::QueuePtr queue;  ///< pinned: the key is its address
        std::vector<HeldPullPtr> pulls;
    };
    struct Shard {
        Mutex mutex;
        absl::flat_hash_map<const store::ConsumeQueue*, Waiting> queues KX_GUARDED_BY(mutex);
    };
    static constexpr std::size_t kShards = 16;

    Shard& shard_of(const store::ConsumeQueue* queue);
    void wake(std::vector<HeldPullPtr> pulls);
    template <class IsDue>
    void take_due(IsDue is_due);

    const Clock& clock_;
    const std::size_t held_max_;
    const Wake wake_;
    std::array<Shard, kShards> shards_;
    std::atomic<std::size_t> held_{0};
    std::atomic<bool> stopped_{false};
    std::int64_t next_sweep_ms_;  ///< the ticking thread's
};

}  // namespace kx::broker
