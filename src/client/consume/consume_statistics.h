// SPDX-License-Identifier: Apache-2.0
//
// How fast a consumer pulls and consumes, by topic (client.md 25). Counted by any thread; sampled
// every ten seconds on the home thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "kerolox/consumer.hpp"

namespace kx::client {

struct TopicCounters {
    std::atomic<std::int64_t> pulled{0};
    std::atomic<std::int64_t> pulls{0};
    std::atomic<std::int64_t> pull_ms{0};
    std::atomic<std::int64_t> consumed{0};
    std::atomic<std::int64_t> failed{0};
    std::atomic<std::int64_t> batches{0};
    std::atomic<std::int64_t> consume_us{0};

    static void add(std::atomic<std::int64_t>& counter, std::int64_t by) {
        counter.fetch_add(by, std::memory_order_relaxed);
    }
};

class ConsumeStatistics {
public:
    static constexpr std::int64_t kSampleMs = 10'000;

    /// Lives as long as this object.
    TopicCounters& of(const std::string& topic);
    void sample(std::int64_t now_ms);
    /// Over the last minute, failures over the last hour.
    std::vector<kerolox::TopicStatistics> figures(std::int64_t now_ms) const;

private:
    struct Sample {
        std::int64_t at_ms = 0;
        std::int64_t pulled = 0;
        std::int64_t pulls = 0;
        std::int64_t pull_ms = 0;
        std::int64_t consumed = 0;
        std::int64_t failed = 0;
        std::int64_t batches = 0;
        std::int64_t consume_us = 0;
    };
    struct Topic {
        TopicCounters counters;
        std::deque<Sample> minute;  ///< the oldest first
        std::deque<Sample> hour;
    };
    static Sample sample_of(const Topic& topic, std::int64_t now_ms);

    mutable Mutex mutex_;
    std::map<std::string, std::unique_ptr<Topic>> topics_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::client
