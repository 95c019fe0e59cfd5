// SPDX-License-Identifier: Apache-2.0
//
// What PullOptions collects (client.md 22).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "client/consume/consumer_parts.h"

namespace kx::client {

struct PullConfig {
    std::string consumer_group;
    ModelChoice message_model = ModelChoice::kClustering;
    std::int64_t broker_suspend_max_time_millis = 20'000;
    std::int64_t consumer_timeout_millis_when_suspend = 30'000;
    std::int64_t consumer_pull_timeout_millis = 10'000;
    std::int32_t max_reconsume_times = 16;
    bool enable_rebalance = true;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
namespace detail {

struct PullSettings {
    kx::client::PullConfig config;
    std::vector<std::string> topics;
    std::shared_ptr<AllocateStrategy> strategy;  ///< null: average
    std::shared_ptr<OffsetStore> offset_store;
    AssignmentListener on_assignment;
    kx::client::Problems problems;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
