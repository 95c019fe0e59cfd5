// SPDX-License-Identifier: Apache-2.0
//
// What PushOptions collects (client.md 3.4).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "client/consume/consume_time.h"
#include "client/core/option_table.h"
#include "kerolox/consumer.hpp"

namespace kx::client {

enum class ModelName : int { kClustering, kBroadcasting };
enum class StartName : int { kLast, kFirst, kTimestamp, kLastAndMinOnBoot, kMin, kMax };

struct PushConfig {
    std::string consumer_group;
    ModelName message_model = ModelName::kClustering;
    StartName consume_from_where = StartName::kLast;
    std::string consume_timestamp;  ///< empty: 30 minutes before the start
    std::int32_t consume_thread_min = 20;
    std::int32_t consume_thread_max = 20;
    std::int64_t adjust_thread_pool_nums_threshold = 100'000;
    std::int32_t consume_concurrently_max_span = 2'000;
    std::int32_t pull_threshold_for_queue = 1'000;
    std::int32_t pull_threshold_size_for_queue = 100;
    std::int32_t pull_threshold_for_topic = -1;
    std::int32_t pull_threshold_size_for_topic = -1;
    std::int64_t pull_interval = 0;
    std::int32_t consume_message_batch_max_size = 1;
    std::int32_t pull_batch_size = 32;
    std::int32_t pull_batch_size_in_bytes = 256 * 1024;
    bool post_subscription_when_pull = false;
    std::int32_t max_reconsume_times = -1;
    std::int64_t suspend_current_queue_time_millis = 1'000;
    std::int64_t consume_timeout = 15;
    std::int64_t pop_invisible_time = 60'000;
    std::int32_t pop_batch_nums = 32;
    std::int32_t pop_threshold_for_queue = 96;
    std::int64_t await_termination_millis_when_shutdown = 0;
    bool client_rebalance = true;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
namespace detail {

struct PushSettings {
    kx::client::PushConfig config;
    std::map<std::string, Filter> subscriptions;  ///< by the application's topics
    ConcurrentListener concurrent;
    OrderlyListener ordered;
    ConcurrentTask concurrent_task;
    OrderlyTask ordered_task;
    bool manual_commit = false;
    Executor executor;
    std::shared_ptr<AllocateStrategy> strategy = kerolox::strategy::average();
    std::shared_ptr<OffsetStore> offset_store;
    AssignmentListener on_assignment;
    kx::client::Problems problems;

    bool is_ordered() const { return ordered != nullptr || ordered_task != nullptr; }
    bool is_broadcasting() const {
        return config.message_model == kx::client::ModelName::kBroadcasting;
    }
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
