// SPDX-License-Identifier: Apache-2.0
//
// What ProducerOptions collects (client.md 3.3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/core/option_table.h"
#include "kerolox/producer.hpp"

namespace kx::client {

enum class CompressionName : int { kZlib, kLz4, kZstd, kNone };

struct ProducerConfig {
    std::string producer_group;
    std::string create_topic_key = "TBW102";
    std::int32_t default_topic_queue_nums = 4;
    std::int32_t send_msg_timeout = 3'000;
    std::int32_t send_msg_max_timeout_per_request = -1;
    std::int32_t retry_times_when_send_failed = 2;
    std::int32_t retry_times_when_send_async_failed = 2;
    bool retry_another_broker_when_not_store_ok = false;
    std::int32_t max_message_size = 4 * 1024 * 1024;
    std::int32_t compress_msg_body_over_howmuch = 4096;
    std::int32_t compress_level = 5;
    CompressionName compress_type = CompressionName::kZlib;
    bool send_latency_fault_enable = false;
    bool start_detector_enable = false;
    bool auto_batch = false;
    std::int32_t batch_max_delay_ms = 10;
    std::int32_t batch_max_bytes = 32 * 1024;
    std::int64_t total_batch_max_bytes = 32 * 1024 * 1024;
    bool enable_backpressure_for_async_mode = true;
    std::int32_t back_pressure_for_async_send_num = 16'384;
    std::int64_t back_pressure_for_async_send_size = 64 * 1024 * 1024;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
namespace detail {

struct ProducerSettings {
    kx::client::ProducerConfig config;
    BackPressure back_pressure = BackPressure::wait;
    std::size_t auto_batch_count = 1024;
    KeySpread key_spread = KeySpread::modulo;
    std::vector<std::int32_t> retry_codes{17, 14, 1, 2, 16, 204, 205, 1500};
    std::vector<std::string> topics;
    kx::client::Problems problems;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
