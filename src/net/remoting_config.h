// SPDX-License-Identifier: Apache-2.0
//
// The keys every server has: RocketMQ's NettyServerConfig, NettyClientConfig and TLS properties,
// and our own. Meanings, units and states are the rows in remoting_config.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/config_key.h"

namespace kx::net {

/// The listening side. `listenPort` is with the server itself: each has its own default.
struct RemotingServerConfig {
    std::string bind_address = "0.0.0.0";
    std::int32_t server_worker_threads = 8;
    std::int32_t server_callback_executor_threads = 0;
    std::int32_t server_selector_threads = 3;
    std::int32_t server_oneway_semaphore_value = 256;
    std::int32_t server_async_semaphore_value = 64;
    std::int32_t server_channel_max_idle_time_seconds = 120;
    std::int32_t server_socket_snd_buf_size = 0;
    std::int32_t server_socket_rcv_buf_size = 0;
    std::int32_t write_buffer_high_water_mark = 0;
    std::int32_t write_buffer_low_water_mark = 0;
    std::int32_t server_socket_backlog = 1'024;
    bool server_netty_worker_group_enable = true;
    bool server_pooled_byte_buf_allocator_enable = true;
    bool enable_shutdown_gracefully = false;
    std::int32_t shutdown_wait_time_seconds = 30;
    bool use_epoll_native_selector = false;

    static std::span<const ConfigRow> keys();
};

/// Calls to other servers.
struct RemotingClientConfig {
    std::int32_t client_worker_threads = 4;
    std::int32_t client_callback_executor_threads = 0;
    std::int32_t client_oneway_semaphore_value = 65'535;
    std::int32_t client_async_semaphore_value = 65'535;
    std::int32_t connect_timeout_millis = 3'000;
    std::int64_t channel_not_active_interval = 60'000;
    bool is_scan_available_name_srv = true;
    std::int32_t client_channel_max_idle_time_seconds = 120;
    std::int32_t client_socket_snd_buf_size = 0;
    std::int32_t client_socket_rcv_buf_size = 0;
    bool client_pooled_byte_buf_allocator_enable = false;
    bool client_close_socket_if_timeout = true;
    bool use_tls = false;
    std::string socks_proxy_config = "{}";
    std::int32_t write_buffer_high_water_mark = 0;
    std::int32_t write_buffer_low_water_mark = 0;
    bool disable_callback_executor = false;
    bool disable_netty_worker_group = false;
    std::int64_t max_reconnect_interval_time_seconds = 60;
    bool enable_reconnect_for_go_away = true;

    static std::span<const ConfigRow> keys();
};

/// System properties in Java; here keys like all others.
struct TlsConfig {
    std::string tls_server_mode = "permissive";
    bool tls_enable = false;
    std::string tls_config_file = "/etc/rocketmq/tls.properties";
    bool tls_test_mode_enable = true;
    std::string tls_server_need_client_auth = "none";
    std::string tls_server_key_path;
    std::string tls_server_key_password;
    std::string tls_server_cert_path;
    bool tls_server_auth_client = false;
    std::string tls_server_trust_cert_path;
    std::string tls_client_key_path;
    std::string tls_client_key_password;
    std::string tls_client_cert_path;
    bool tls_client_auth_server = false;
    std::string tls_client_trust_cert_path;

    static std::span<const ConfigRow> keys();
};

enum class LogLevel : int { kDebug, kInfo, kWarn, kError };

/// Keys that RocketMQ does not have. Java passes over them in a file.
struct KeroloxConfig {
    std::int32_t http_port = 10'900;
    std::int32_t io_threads = 0;
    std::int32_t worker_threads = 0;
    std::int64_t bytes_in_flight_per_connection = 64 << 20;
    std::int64_t bytes_in_flight_total = 0;
    std::int64_t stalled_peer_millis = 30'000;
    std::int32_t held_pulls_max = 100'000;
    LogLevel log_level = LogLevel::kInfo;
    std::string log_file;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::net
