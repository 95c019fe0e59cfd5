// SPDX-License-Identifier: Apache-2.0
//
// Everything a name server can be told. Its own keys are members of NamesrvConfig itself, the other
// structs are by name (config.server.bind_address, config.kerolox.http_port).
//
//   KX_TRY(LoadedConfig loaded, load_config({.file = path, .set = options}));
//   for (const std::string& line : loaded.report.warnings) log::warn("namesrv", "{}", line);
//   Snapshot<NamesrvConfig> config(std::move(loaded.config));
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/config_key.h"
#include "base/config_table.h"
#include "net/remoting_config.h"

namespace kx::namesrv {

/// The keys of RocketMQ's NamesrvConfig, in its order.
struct NamesrvKeys {
    std::string rocketmq_home;
    std::string kv_config_path;
    std::string config_store_path;
    std::string product_env_name = "center";
    bool cluster_test = false;
    bool order_message_enable = false;
    bool return_order_topic_config_to_broker = true;

    // Java's thread pools and their queues.
    std::int32_t client_request_thread_pool_nums = 8;
    std::int32_t default_thread_pool_nums = 16;
    std::int32_t client_request_thread_pool_queue_capacity = 50'000;
    std::int32_t default_thread_pool_queue_capacity = 10'000;

    // Brokers and routes.
    std::int64_t scan_not_active_broker_interval = 5'000;
    std::int32_t un_register_broker_queue_capacity = 3'000;
    bool support_acting_master = false;
    bool enable_all_topic_list = true;
    bool enable_topic_list = true;
    bool notify_min_broker_id_changed = false;
    bool enable_controller_in_namesrv = false;
    bool need_wait_for_service = false;
    std::int32_t wait_seconds_for_service = 45;
    bool delete_topic_with_broker_registration = false;
    std::string config_black_list = "configBlackList;configStorePath;kvConfigPath";

    static std::span<const ConfigRow> keys();
};

/// The port of `kerolox namesrv`: RocketMQ's key of its NettyServerConfig.
struct ListenKeys {
    std::int32_t listen_port = 9'876;

    static std::span<const ConfigRow> keys();
};

struct NamesrvConfig : NamesrvKeys, ListenKeys {
    net::RemotingServerConfig server;
    net::RemotingClientConfig client;
    net::TlsConfig tls;
    net::KeroloxConfig kerolox;
    std::vector<Property> unknown;  ///< keys of the file that nobody knows, kept for writing back
};

/// Every struct, for reading sources and printing. TLS keys are no part of remote_config_parts().
std::vector<ConfigPart> config_parts(NamesrvConfig& config);
std::vector<ConfigPart> config_parts(const NamesrvConfig& config);
/// The structs that GET_ and UPDATE_NAMESRV_CONFIG deal with.
std::vector<ConfigPart> remote_config_parts(NamesrvConfig& config);
std::vector<ConfigPart> remote_config_parts(const NamesrvConfig& config);

/// Sets the defaults that depend on the machine and the environment. Before anything is read.
void fill_host_defaults(NamesrvConfig& config);

struct LoadedConfig {
    NamesrvConfig config;
    ConfigReport report;
};

/// Defaults, then file, environment and options.
Result<LoadedConfig> load_config(const ConfigSources& sources);

/// Fails with RocketMQ's remark when the update touches a key of the black list.
Status check_update(const NamesrvConfig& config, std::span<const Property> properties);
ConfigUpdate update_config(NamesrvConfig& config, std::span<const Property> properties);

/// The body of GET_NAMESRV_CONFIG, and what is written to configStorePath after an update.
std::string config_text(const NamesrvConfig& config);

}  // namespace kx::namesrv
