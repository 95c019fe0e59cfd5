// SPDX-License-Identifier: Apache-2.0
//
// Sends, in one of two ways.
// Closed loop: a fixed number of requests is in flight; each answer lets the next one go.
// Open loop: request i is due at start + i / rate. Its latency counts from when it was due, so that
// a server that stalls pays for every request that should have been sent meanwhile.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/connection.h"
#include "common/wire.h"
#include "generator/measurement.h"
#include "generator/options.h"
#include "generator/send_frames.h"

namespace kx::bench {

class SendLoad {
public:
    explicit SendLoad(const Options& options);

    /// Creates the topic, then runs the load and prints the report.
    void run();

private:
    void create_topic();
    void run_closed(Window& window);
    void run_open(Window& window);
    void wait_for_rest(Window& window);

    bool can_issue(const Connection& connection) const;
    void issue(Connection& connection, int64_t due_ns);
    /// Serves what is ready; each answer is followed by a new request when `refill` is set.
    void serve(Window& window, int64_t limit_ns, bool refill);
    void complete(const Frame& response, int64_t now, const Window& window);

    Options options_;
    SendFrames frames_;
    Poller poller_;
    std::vector<std::unique_ptr<Connection>> connections_;
    // Slot n belongs to the request of opaque kOpaqueBase + n, and holds when it was due.
    std::vector<int64_t> due_ns_;
    std::vector<uint32_t> free_slots_;
    FieldFinder opaque_{"opaque"};
    FieldFinder code_{"code"};
    int64_t last_answer_ns_ = 0;
    Report report_;
};

}  // namespace kx::bench
