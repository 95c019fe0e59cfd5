// SPDX-License-Identifier: Apache-2.0
//
// What the broker does again and again. An io thread's tick finds what is due and hands it to the
// workers; a job that is still running is not started twice.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/workers.h"

namespace kx::broker {

class PeriodicJobs {
public:
    PeriodicJobs(net::Workers& workers, const Clock& clock)
        : workers_(workers), clock_(clock), start_ms_(clock.steady_ms()) {}

    /// Before the first tick. `period_ms` is asked anew after each run, so that it may change.
    void add(std::string name, std::int64_t first_ms, std::function<std::int64_t()> period_ms,
             std::function<void()> work);
    /// On one thread at a time.
    void tick();
    /// Nothing is started any more; what runs goes on.
    void stop() { stopped_.store(true); }

private:
    struct Job {
        std::string name;
        std::int64_t due_ms = 0;
        std::function<std::int64_t()> period_ms;
        std::function<void()> work;
        std::atomic<bool> running{false};
    };

    net::Workers& workers_;
    const Clock& clock_;
    const std::int64_t start_ms_;
    std::atomic<bool> stopped_{false};
    std::vector<std::unique_ptr<Job>> jobs_;
};

}  // namespace kx::broker
