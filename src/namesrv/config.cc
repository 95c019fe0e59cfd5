// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "namesrv/config.h"

namespace kx::namesrv {
namespace {

using enum KeyTier;

constexpr ConfigRow kNamesrvRows[] = {
    key<&NamesrvKeys::rocketmq_home>("rocketmqHome", kA,
                                     "RocketMQ's installation directory; not required here",
                                     HostDefault{"the environment variable ROCKETMQ_HOME"}),
    key<&NamesrvKeys::kv_config_path>("kvConfigPath", kA, "file of the key-value store",
                                      HostDefault{"$HOME/namesrv/kvConfig.json"}),
    key<&NamesrvKeys::config_store_path>("configStorePath", kA,
                                         "file that hot updates are written to",
                                         HostDefault{"$HOME/namesrv/namesrv.properties"}),
    key<&NamesrvKeys::product_env_name>("productEnvName", kC, "label used in cluster-test mode",
                                        NoMeaning{"internal to RocketMQ"}),
    key<&NamesrvKeys::cluster_test>("clusterTest", kC, "ask another environment for unknown topics",
                                    NoMeaning{"internal to RocketMQ"}),
    key<&NamesrvKeys::order_message_enable>("orderMessageEnable", kA,
                                            "return order-topic settings with routes", kLive),
    key<&NamesrvKeys::return_order_topic_config_to_broker>(
        "returnOrderTopicConfigToBroker", kB, "return order-topic settings to registering brokers",
        kLive),
    key<&NamesrvKeys::client_request_thread_pool_nums>("clientRequestThreadPoolNums", kA,
                                                       "workers for route requests", kOnIoThreads),
    key<&NamesrvKeys::default_thread_pool_nums>("defaultThreadPoolNums", kA,
                                                "workers for all but route requests", kOnIoThreads),
    key<&NamesrvKeys::client_request_thread_pool_queue_capacity>(
        "clientRequestThreadPoolQueueCapacity", kA, "route requests that may wait", kNoQueues),
    key<&NamesrvKeys::default_thread_pool_queue_capacity>(
        "defaultThreadPoolQueueCapacity", kA, "other requests that may wait", kNoQueues),
    key<&NamesrvKeys::scan_not_active_broker_interval>(
        "scanNotActiveBrokerInterval", kA, "pause between two looks for brokers that fell silent",
        kMs, kLive, Range{1, INT32_MAX}),
    key<&NamesrvKeys::un_register_broker_queue_capacity>(
        "unRegisterBrokerQueueCapacity", kB, "unregistrations that may wait", kNoQueues),
    key<&NamesrvKeys::support_acting_master>(
        "supportActingMaster", kB, "publish the smallest slave as acting master in routes", kLive),
    key<&NamesrvKeys::enable_all_topic_list>("enableAllTopicList", kA,
                                             "answer the request for all topics", kLive),
    key<&NamesrvKeys::enable_topic_list>("enableTopicList", kA,
                                         "answer requests for lists of topics", kLive),
    key<&NamesrvKeys::notify_min_broker_id_changed>("notifyMinBrokerIdChanged", kB,
                                                    "push minimum-id changes to brokers", kLive),
    key<&NamesrvKeys::enable_controller_in_namesrv>("enableControllerInNamesrv", kB,
                                                    "run a controller in the name server", kLater),
    key<&NamesrvKeys::need_wait_for_service>("needWaitForService", kB,
                                             "refuse routes for a while after the start", kLive),
    key<&NamesrvKeys::wait_seconds_for_service>(
        "waitSecondsForService", kB,
        "how long routes are refused after the start when needWaitForService is set", kSeconds,
        kLive),
    key<&NamesrvKeys::delete_topic_with_broker_registration>(
        "deleteTopicWithBrokerRegistration", kB, "a full registration removes the topics it lacks",
        kLive),
    key<&NamesrvKeys::config_black_list>(
        "configBlackList", kA, "keys that cannot be changed from outside, separated by ';'"),
};

constexpr ConfigRow kListenRows[] = {
    key<&ListenKeys::listen_port>("listenPort", kA,
                                  "port of the remoting protocol; 0: the system chooses", kPort,
                                  kImportant),
};

/// Keys that RocketMQ protects whatever configBlackList says.
constexpr std::string_view kProtected = "configBlackList;configStorePath;kvConfigPath;rocketmqHome";

std::string environment_or(const char* name, std::string otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : std::move(otherwise);
}

template <class Config>
std::vector<ConfigPart> remote_parts(Config& config) {
    using Keys = std::conditional_t<std::is_const_v<Config>, const NamesrvKeys, NamesrvKeys>;
    using Listen = std::conditional_t<std::is_const_v<Config>, const ListenKeys, ListenKeys>;
    return {config_part("name server", static_cast<Keys&>(config)),
            config_part("remoting server", config.server),
            config_part("remoting client", config.client),
            config_part("listening", static_cast<Listen&>(config)),
            config_part("kerolox", config.kerolox)};
}

template <class Config>
std::vector<ConfigPart> all_parts(Config& config) {
    std::vector<ConfigPart> parts = remote_parts(config);
    parts.push_back(config_part("tls", config.tls));
    return parts;
}

}  // namespace

std::span<const ConfigRow> NamesrvKeys::keys() { return kNamesrvRows; }

std::span<const ConfigRow> ListenKeys::keys() { return kListenRows; }

std::vector<ConfigPart> config_parts(NamesrvConfig& config) { return all_parts(config); }
std::vector<ConfigPart> config_parts(const NamesrvConfig& config) { return all_parts(config); }
std::vector<ConfigPart> remote_config_parts(NamesrvConfig& config) { return remote_parts(config); }
std::vector<ConfigPart> remote_config_parts(const NamesrvConfig& config) {
    return remote_parts(config);
}

void fill_host_defaults(NamesrvConfig& config) {
    const std::string home = environment_or("HOME", "/root");
    config.rocketmq_home = environment_or("ROCKETMQ_HOME", "");
    config.kv_config_path = home + "/namesrv/kvConfig.json";
    config.config_store_path = home + "/namesrv/namesrv.properties";
}

Result<LoadedConfig> load_config(const ConfigSources& sources) {
    LoadedConfig loaded;
    fill_host_defaults(loaded.config);
    ConfigTable table(config_parts(loaded.config));
    KX_TRY(loaded.report, table.load(sources));
    loaded.config.unknown = loaded.report.unknown;
    // Hot updates go to the file the server was started with, whatever that file says.
    if (!sources.file.empty()) loaded.config.config_store_path = sources.file;
    return loaded;
}

Status check_update(const NamesrvConfig& config, std::span<const Property> properties) {
    return check_black_list(properties, kProtected, config.config_black_list);
}

ConfigUpdate update_config(NamesrvConfig& config, std::span<const Property> properties) {
    return ConfigTable(remote_config_parts(config)).update(properties);
}

std::string config_text(const NamesrvConfig& config) {
    return ConfigTable(remote_config_parts(config)).to_properties(config.unknown);
}

}  // namespace kx::namesrv
