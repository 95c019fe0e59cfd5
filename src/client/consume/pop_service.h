// SPDX-License-Identifier: Apache-2.0
//
// The pop mode of a push consumer (client.md 24.1, 24.4): messages of queues that brokers assign
// are popped and acknowledged one by one; there are no offsets.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "client/consume/consume_service.h"
#include "client/consume/pop_call.h"
#include "client/core/awaiting.h"

namespace kx::client {

/// A queue that is popped; id -1 stands for any queue of its broker.
struct PoppedQueue {
    PoppedQueue(kerolox::Queue own, TopicCounters& figures, std::int64_t now_ms)
        : queue(std::move(own)), counters(figures), last_pop_ms(now_ms) {}

    const kerolox::Queue queue;  ///< as it travels
    TopicCounters& counters;
    std::atomic<bool> dropped{false};
    std::atomic<std::int64_t> unfinished{0};  ///< messages with the listener or before it
    std::atomic<std::int64_t> last_pop_ms;    ///< by the steady clock
};
using PoppedQueuePtr = std::shared_ptr<PoppedQueue>;

class PopService {
public:
    explicit PopService(PushCore& core) : core_(core) {}

    // Home thread.
    /// These are popped from now on, others of the topic no more. True when that is a change.
    bool take(const std::string& topic, const std::set<kerolox::Queue>& queues,
              TopicCounters& counters);
    /// Topics that are popped.
    std::set<std::string> topics() const;
    std::vector<kerolox::Queue> queues() const;
    std::vector<PoppedQueuePtr> all() const;
    void stop();

private:
    Awaitable<void> keep_popping(std::shared_ptr<PushCore> life, PoppedQueuePtr queue);
    Awaitable<kerolox::Result<PopReply>> pop_once(PoppedQueuePtr queue);
    void submit(const PoppedQueuePtr& queue, std::vector<kerolox::MessageView> messages,
                std::int64_t expires_ms);
    void run(const PoppedQueuePtr& queue, const kerolox::MessageBatch& batch,
             std::int64_t expires_ms);
    void ended(const PoppedQueuePtr& queue, const kerolox::MessageBatch& batch,
               std::int64_t expires_ms, kerolox::ConsumeResult result);
    static Awaitable<void> settle(std::shared_ptr<PushCore> core, PoppedQueuePtr queue,
                                  kerolox::MessageBatch batch, std::size_t good,
                                  std::int32_t level);

    PushCore& core_;
    mutable Mutex mutex_;
    std::map<kerolox::Queue, PoppedQueuePtr> queues_ KX_GUARDED_BY(mutex_);
};

/// How long a message that failed stays invisible; nothing: it is not to come again.
std::optional<std::int64_t> pop_retry_ms(std::int32_t reconsume_times, std::int32_t level,
                                         std::int32_t max_reconsume_times, std::int64_t age_ms);

}  // namespace kx::client
