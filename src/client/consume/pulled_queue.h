// SPDX-License-Identifier: Apache-2.0
//
// A queue that a push consumer has: its messages, and where its pulling stands.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "client/consume/consume_statistics.h"
#include "client/consume/process_queue.h"
#include "kerolox/message.hpp"

namespace kx::client {

struct PulledQueue {
    PulledQueue(kerolox::Queue own, TopicCounters& figures, boost::asio::io_context& home,
                std::int64_t now_ms)
        : queue(std::move(own)), process(now_ms), counters(figures), timer(home) {}

    const kerolox::Queue queue;  ///< as it travels
    ProcessQueue process;
    TopicCounters& counters;
    /// The cache is full: who makes room has it pulled again.
    std::atomic<bool> waits_for_room{false};

    // Home thread.
    std::int64_t next_offset = 0;
    std::int64_t broker_id = 0;       ///< whom to pull from
    std::int64_t full_count = 0;      ///< how often the cache was full
    bool offset_known = false;        ///< next_offset is where the group stands
    boost::asio::steady_timer timer;  ///< until the next pull; cancelled: at once
};
using PulledQueuePtr = std::shared_ptr<PulledQueue>;

}  // namespace kx::client
