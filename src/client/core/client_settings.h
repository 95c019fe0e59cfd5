// SPDX-License-Identifier: Apache-2.0
//
// What ClientOptions collects: the keys every RocketMQ client has (client.md 3.1 and 3.2), and what
// no key can say.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config_key.h"
#include "client/core/option_table.h"
#include "kerolox/client.hpp"

namespace kx::client {

struct ClientConfig {
    std::string namesrv_addr;
    std::string namesrv_domain;
    std::string namesrv_domain_subgroup = "nsaddr";
    std::string client_ip;
    std::string instance_name = "DEFAULT";
    std::string name_space;
    std::string name_space_v2;
    std::string access_channel = "LOCAL";
    std::int32_t client_callback_executor_threads = 0;
    std::int32_t client_worker_threads = 1;
    std::int32_t poll_name_server_interval = 30'000;
    std::int32_t heartbeat_broker_interval = 30'000;
    std::int32_t persist_consumer_offset_interval = 5'000;
    std::int64_t pull_time_delay_mills_when_exception = 1'000;
    std::int32_t rebalance_wait_interval = 20'000;
    std::int32_t rebalance_min_interval = 1'000;
    std::int32_t trace_msg_batch_num = 10;
    bool unit_mode = false;
    std::string unit_name;
    bool decode_read_body = true;
    bool decode_decompress_body = true;
    bool vip_channel_enabled = false;
    bool use_heartbeat_v2 = false;
    bool use_tls = false;
    bool tls_test_mode_enable = false;
    bool tls_client_auth_server = true;
    std::string tls_client_trust_cert_path;
    std::string tls_client_cert_path;
    std::string tls_client_key_path;
    std::string tls_client_key_password;
    std::string socks_proxy_config = "{}";
    std::int32_t mq_client_api_timeout = 3'000;
    std::int32_t detect_timeout = 200;
    std::int32_t detect_interval = 2'000;
    bool enable_stream_request_type = false;
    bool enable_heartbeat_channel_event_listener = true;
    bool enable_trace = false;
    std::string trace_topic;
    std::int32_t max_page_size_in_get_metadata = 2'000;
    std::int32_t client_async_semaphore_value = 65'535;
    std::int32_t client_oneway_semaphore_value = 65'535;
    std::int32_t connect_timeout_millis = 3'000;
    std::int32_t client_channel_max_idle_time_seconds = 120;
    bool client_close_socket_if_timeout = true;
    bool enable_reconnect_for_go_away = true;
    std::string local_offset_store_dir;
    std::string serialize_type = "JSON";
    std::string zone_name;
    bool zone_mode = false;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {
namespace detail {

struct ClientSettings {
    kx::client::ClientConfig config;
    std::function<std::string()> name_server_fetcher;
    std::int64_t lookup_again_ms = 10'000;  ///< until the list is asked for again in need
    CredentialsProvider credentials;
    bool tls_verify_host_name = false;
    std::shared_ptr<void> runtime;  ///< a RuntimeCore; null: one of its own
    bool callbacks_on_io = false;
    bool require_name_server = true;
    LogSink log_sink = log_to_stderr;
    LogLevel log_level = LogLevel::warn;
    std::shared_ptr<MetricsSink> metrics;
    std::vector<std::shared_ptr<Interceptor>> interceptors;
    kx::client::Problems problems;  ///< of set() calls
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
