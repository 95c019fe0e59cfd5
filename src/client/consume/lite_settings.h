// SPDX-License-Identifier: Apache-2.0
//
// What LitePullOptions collects (client.md 23.1).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/consume/consume_time.h"
#include "client/consume/consumer_parts.h"

namespace kx::client {

struct LitePullConfig {
    std::string consumer_group;
    ModelChoice message_model = ModelChoice::kClustering;
    StartChoice consume_from_where = StartChoice::kLast;
    std::string consume_timestamp;  ///< yyyyMMddHHmmss; empty: half an hour before the start
    std::int64_t broker_suspend_max_time_millis = 20'000;
    std::int64_t consumer_timeout_millis_when_suspend = 30'000;
    std::int64_t consumer_pull_timeout_millis = 10'000;
    bool auto_commit = true;
    std::int64_t auto_commit_interval_millis = 5'000;
    std::int32_t pull_thread_nums = 20;
    std::int32_t pull_batch_size = 10;
    std::int64_t pull_threshold_for_all = 10'000;
    std::int32_t consume_max_span = 2'000;
    std::int32_t pull_threshold_for_queue = 1'000;
    std::int32_t pull_threshold_size_for_queue = 100;
    std::int64_t poll_timeout_millis = 5'000;
    std::int64_t topic_metadata_check_interval_millis = 30'000;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
namespace detail {

struct LitePullSettings {
    kx::client::LitePullConfig config;
    std::optional<std::int64_t> start_ms;  ///< of start_from(time): finer than the key
    std::vector<std::pair<std::string, Filter>> subscriptions;
    std::shared_ptr<AllocateStrategy> strategy;  ///< null: average
    std::shared_ptr<OffsetStore> offset_store;
    AssignmentListener on_assignment;
    std::function<void(std::string_view, std::span<const Queue>)> on_topic_change;
    kx::client::Problems problems;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
