// SPDX-License-Identifier: Apache-2.0
#include "broker/periodic_jobs.h"

namespace kx::broker {

void PeriodicJobs::add(std::string name, std::int64_t first_ms,
                       std::function<std::int64_t()> period_ms, std::function<void()> work) {
    auto job = std::make_unique<Job>();
    job->name = std::move(name);
    job->due_ms = start_ms_ + first_ms;
    job->period_ms = std::move(period_ms);
    job->work = std::move(work);
    jobs_.push_back(std::move(job));
}

void PeriodicJobs::tick() {
    if (stopped_.load(std::memory_order_relaxed)) return;
    const std::int64_t now = clock_.steady_ms();
    for (const auto& job : jobs_) {
        if (now < job->due_ms) continue;
        constexpr std::int64_t kShortestMs = 50;
        job->due_ms = now + std::max(kShortestMs, job->period_ms());
        if (job->running.exchange(true)) continue;
        const bool posted = workers_.post([self = job.get()] {
            self->work();
            self->running.store(false);
        });
        if (!posted) job->running.store(false);
    }
}

}  // namespace kx::broker
