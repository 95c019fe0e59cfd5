// SPDX-License-Identifier: Apache-2.0
#include "broker/pull/pull_hold.h"

#include <boost/asio/post.hpp>

#include "net/io_thread.h"

namespace kx::broker {
namespace {
constexpr std::int64_t kSweepMs = 5000;
}

PullHold::PullHold(const Clock& clock, std::size_t held_max, Wake wake)
    : clock_(clock),
      held_max_(held_max),
      wake_(std::move(wake)),
      next_sweep_ms_(clock.steady_ms() + kSweepMs) {}

PullHold::Shard& PullHold::shard_of(const store::ConsumeQueue* queue) {
    return shards_[(reinterpret_cast<std::uintptr_t>(queue) >> 6) % kShards];
}

bool PullHold::hold(const store::QueuePtr& queue, HeldPullPtr pull) {
    if (stopped_ || held_.fetch_add(1) >= held_max_) {
        if (!stopped_) held_.fetch_sub(1);
        return false;
    }
    const std::int64_t offset = pull->offset;
    {
        Shard& shard = shard_of(queue.get());
        MutexLock lock(shard.mutex);
        Waiting& waiting = shard.queues[queue.get()];
        waiting.queue = queue;
        waiting.pulls.push_back(std::move(pull));
        queue->watchers().fetch_add(1);
    }
    // A message that came between the read and the line above told nobody: look again.
    if (queue->max_offset() > offset) {
        take_due([&queue, offset](const store::ConsumeQueue& own, const HeldPull& held) {
            return &own == queue.get() && held.offset <= offset;
        });
    }
    return true;
}

void PullHold::message_arrived(store::ConsumeQueue& queue, std::int64_t queue_offset,
                               std::int64_t tags_code) {
    std::vector<HeldPullPtr> due;
    {
        Shard& shard = shard_of(&queue);
        MutexLock lock(shard.mutex);
        const auto found = shard.queues.find(&queue);
        if (found == shard.queues.end()) return;
        std::erase_if(found->second.pulls, [&](const HeldPullPtr& held) {
            if (queue_offset < held->offset || !held->filter.matches(tags_code)) return false;
            due.push_back(held);
            return true;
        });
        queue.watchers().fetch_sub(static_cast<std::int32_t>(due.size()));
        if (found->second.pulls.empty()) shard.queues.erase(found);
    }
    wake(std::move(due));
}

void PullHold::tick() {
    const std::int64_t now = clock_.steady_ms();
    const bool sweep = now >= next_sweep_ms_;
    if (sweep) next_sweep_ms_ = now + kSweepMs;
    take_due([now, sweep](const store::ConsumeQueue& queue, const HeldPull& held) {
        return now >= held.deadline_ms || !held.later.connection()->is_open() ||
               (sweep && queue.max_offset() > held.offset);
    });
}

void PullHold::stop() {
    stopped_ = true;
    take_due([](const store::ConsumeQueue&, const HeldPull&) { return true; });
}

template <class IsDue>
void PullHold::take_due(IsDue is_due) {
    std::vector<HeldPullPtr> due;
    for (Shard& shard : shards_) {
        MutexLock lock(shard.mutex);
        absl::erase_if(shard.queues, [&](auto& entry) {
            Waiting& waiting = entry.second;
            const std::size_t before = waiting.pulls.size();
            std::erase_if(waiting.pulls, [&](const HeldPullPtr& held) {
                if (!is_due(*waiting.queue, *held)) return false;
                due.push_back(held);
                return true;
            });
            waiting.queue->watchers().fetch_sub(
                static_cast<std::int32_t>(before - waiting.pulls.size()));
            return waiting.pulls.empty();
        });
    }
    wake(std::move(due));
}

void PullHold::wake(std::vector<HeldPullPtr> pulls) {
    held_.fetch_sub(pulls.size());
    for (HeldPullPtr& pull : pulls) {
        const net::ConnectionPtr connection = pull->later.connection();
        if (!connection->is_open()) {
            pull->later.drop();
            continue;
        }
        boost::asio::post(connection->thread().context(),
                          [this, pull = std::move(pull)]() mutable { wake_(std::move(pull)); });
    }
}

}  // namespace kx::broker
