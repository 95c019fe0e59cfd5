// SPDX-License-Identifier: Apache-2.0
#include "client/consume/consume_statistics.h"

#include <algorithm>

namespace kx::client {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourSampleMs = 600'000;
constexpr std::int64_t kHourMs = 3'600'000;

double ratio(std::int64_t sum, std::int64_t count) {
    return count <= 0 ? 0.0 : static_cast<double>(sum) / static_cast<double>(count);
}

}  // namespace

TopicCounters& ConsumeStatistics::of(const std::string& topic) {
    MutexLock lock(mutex_);
    auto& entry = topics_[topic];
    if (!entry) entry = std::make_unique<Topic>();
    return entry->counters;
}

ConsumeStatistics::Sample ConsumeStatistics::sample_of(const Topic& topic, std::int64_t now_ms) {
    const TopicCounters& from = topic.counters;
    return {now_ms,
            from.pulled.load(std::memory_order_relaxed),
            from.pulls.load(std::memory_order_relaxed),
            from.pull_ms.load(std::memory_order_relaxed),
            from.consumed.load(std::memory_order_relaxed),
            from.failed.load(std::memory_order_relaxed),
            from.batches.load(std::memory_order_relaxed),
            from.consume_us.load(std::memory_order_relaxed)};
}

void ConsumeStatistics::sample(std::int64_t now_ms) {
    MutexLock lock(mutex_);
    for (const auto& [name, topic] : topics_) {
        const Sample now = sample_of(*topic, now_ms);
        topic->minute.push_back(now);
        while (now_ms - topic->minute.front().at_ms > kMinuteMs) topic->minute.pop_front();
        if (topic->hour.empty() || now_ms - topic->hour.back().at_ms >= kHourSampleMs)
            topic->hour.push_back(now);
        while (now_ms - topic->hour.front().at_ms > kHourMs) topic->hour.pop_front();
    }
}

std::vector<kerolox::TopicStatistics> ConsumeStatistics::figures(std::int64_t now_ms) const {
    MutexLock lock(mutex_);
    std::vector<kerolox::TopicStatistics> all;
    for (const auto& [name, topic] : topics_) {
        const Sample now = sample_of(*topic, now_ms);
        const Sample from = topic->minute.empty() ? Sample{} : topic->minute.front();
        const Sample hour = topic->hour.empty() ? Sample{} : topic->hour.front();
        const std::int64_t over =
            from.at_ms == 0 ? kMinuteMs : std::max<std::int64_t>(now_ms - from.at_ms, 1);
        kerolox::TopicStatistics one;
        one.topic = name;
        one.pull_rt_ms = ratio(now.pull_ms - from.pull_ms, now.pulls - from.pulls);
        one.pull_tps = ratio((now.pulled - from.pulled) * 1000, over);
        one.consume_rt_ms =
            ratio(now.consume_us - from.consume_us, now.batches - from.batches) / 1000;
        one.consume_ok_tps = ratio((now.consumed - from.consumed) * 1000, over);
        one.consume_failed_tps = ratio((now.failed - from.failed) * 1000, over);
        one.consume_failed = now.failed - hour.failed;
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace kx::client
