// SPDX-License-Identifier: Apache-2.0
//
// From pulled messages to the listener and back (client.md 19, 20): one service for listeners that
// run in parallel, one for those that keep the order of a queue.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/consume/pulled_queue.h"
#include "kerolox/consumer.hpp"

namespace kx::client {

class PushCore;

/// What CONSUME_MESSAGE_DIRECTLY tells.
struct DirectOutcome {
    bool ordered = false;
    bool auto_commit = true;
    std::string result{};
    std::string remark{};
};

class ConsumeService {
public:
    virtual ~ConsumeService() = default;
    /// Home thread. `idle`: nobody works on the queue.
    virtual void submit(const PulledQueuePtr& queue, std::vector<kerolox::MessageView> messages,
                        bool idle) = 0;
    /// Runs the listener once, on a listener thread; `done` on whatever thread.
    virtual void consume_directly(kerolox::MessageView message,
                                  std::function<void(DirectOutcome)> done) = 0;
};

/// A call of the listener: hooks before and after, how long it took.
class ListenerCall {
public:
    ListenerCall(PushCore& core, const kerolox::MessageBatch& batch);
    /// `failure`: what it threw; empty when it returned. Gives the steady time.
    std::int64_t ended(const kerolox::MessageBatch& batch, bool success, std::string_view failure,
                       TopicCounters& counters) const;

private:
    PushCore* core_;
    std::int64_t started_ns_;
};

/// The text of what is being thrown; only within a catch block.
std::string thrown_text();

/// Runs a parallel listener, function or coroutine. `answer` comes once, now or much later, on
/// whatever thread; `failure` is what it threw.
void call_concurrent_listener(
    PushCore& core, const kerolox::MessageBatch& batch,
    const std::function<void(kerolox::ConsumeResult result, const std::string& failure)>& answer);

std::unique_ptr<ConsumeService> make_concurrent_service(PushCore& core);
std::unique_ptr<ConsumeService> make_ordered_service(PushCore& core);

}  // namespace kx::client
