// SPDX-License-Identifier: Apache-2.0
#include "broker/config.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <thread>

namespace kx::broker {
namespace {

/// Keys that RocketMQ protects whatever configBlackList says.
constexpr std::string_view kProtectedKeys = "brokerConfigPath;rocketmqHome;configBlackList";

constexpr std::int32_t kQueueEntryBytes = 20;
constexpr std::int32_t kTimerWindowSlotsMax = 7 * 24 * 3600 - 60;

template <class From, class To>
using ConstLike = std::conditional_t<std::is_const_v<From>, const To, To>;

// The order is RocketMQ's: of equal keys the later struct's value is the one that is printed.
template <class Config>
std::vector<ConfigPart> remote_parts_of(Config& config) {
    return {config_part("broker", static_cast<ConstLike<Config, BrokerKeys>&>(config)),
            config_part("remoting server", config.server),
            config_part("remoting client", config.client),
            config_part("store", static_cast<ConstLike<Config, StoreKeys>&>(config)),
            config_part("tiered store", config.tiered),
            config_part("kerolox", config.kerolox)};
}

template <class Config>
std::vector<ConfigPart> parts_of(Config& config) {
    std::vector<ConfigPart> parts = remote_parts_of(config);
    parts.push_back(config_part("auth", config.auth));
    parts.push_back(config_part("tls", config.tls));
    return parts;
}

std::string variable_or(const char* name, std::string otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : std::move(otherwise);
}

std::string host_name() {
    char name[256] = {};
    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "DEFAULT_BROKER";
    return name;
}

/// Bridges belong to containers and virtual machines: nobody outside reaches us there.
bool is_bridge(const std::string& interface) {
    std::error_code ignored;
    return std::filesystem::exists("/sys/class/net/" + interface + "/bridge", ignored);
}

/// As RocketMQ chooses: an address outside 192.168 if there is one, else the last one found.
std::string host_address() {
    ifaddrs* first = nullptr;
    std::string chosen = "127.0.0.1";
    if (getifaddrs(&first) != 0) return chosen;
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
        if ((entry->ifa_flags & IFF_UP) == 0) continue;
        if ((entry->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) != 0) continue;
        if (is_bridge(entry->ifa_name)) continue;
        sockaddr_in address{};
        std::memcpy(&address, entry->ifa_addr, sizeof address);
        char text[INET_ADDRSTRLEN] = {};
        inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
        chosen = text;
        if (!chosen.starts_with("192.168")) break;
    }
    freeifaddrs(first);
    return chosen;
}

/// Java sizes its pools by the processors. Nothing here reads these; tools print them.
void fill_pool_sizes(BrokerConfig& config) {
    const auto cpus = static_cast<std::int32_t>(std::max(1U, std::thread::hardware_concurrency()));
    config.send_message_thread_pool_nums = std::min(cpus, 4);
    config.put_message_future_thread_pool_nums = std::min(cpus, 4);
    config.pull_message_thread_pool_nums = 16 + 2 * cpus;
    config.lite_pull_message_thread_pool_nums = 16 + 2 * cpus;
    config.process_reply_message_thread_pool_nums = 16 + 2 * cpus;
    config.query_message_thread_pool_nums = 8 + cpus;
    config.heartbeat_thread_pool_nums = std::min(32, cpus);
    config.end_transaction_thread_pool_nums =
        std::max(8 + 2 * cpus, 4 * config.send_message_thread_pool_nums);
    config.client.client_callback_executor_threads = cpus;
}

/// Single values that RocketMQ takes for others, at the start and after each update.
void fix_up_values(BrokerConfig& config) {
    config.register_name_server_period =
        std::clamp(config.register_name_server_period, 10'000, 60'000);
    config.disk_max_used_space_ratio = std::clamp(config.disk_max_used_space_ratio, 10, 95);
    if (config.timer_roll_window_slot < 2 || config.timer_roll_window_slot > kTimerWindowSlotsMax)
        config.timer_roll_window_slot = kTimerWindowSlotsMax;

    constexpr std::int64_t kMostEntries =
        std::numeric_limits<std::int32_t>::max() / kQueueEntryBytes;
    const std::int64_t entries =
        (std::int64_t{config.mapped_file_size_consume_queue} + kQueueEntryBytes - 1) /
        kQueueEntryBytes;
    config.mapped_file_size_consume_queue =
        static_cast<std::int32_t>(std::min(entries, kMostEntries)) * kQueueEntryBytes;
}

Status fix_up_role(BrokerConfig& config) {
    if (config.enable_controller_mode) return {};  // the controller gives role and id
    if (config.broker_role != BrokerRole::kSlave) {
        config.broker_id = 0;
        return {};
    }
    if (config.broker_id > 0) return {};
    return fail(Errc::kInvalidArgument,
                "Slave's brokerId must be > 0: brokerRole is SLAVE, brokerId is {}",
                config.broker_id);
}

bool is_host_and_port(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view text = address.substr(colon + 1);
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port > 0 && port <= 65'535;
}

Status check_name_servers(std::string_view list) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(';'), list.size());
        const std::string_view address = list.substr(0, end);
        if (!address.empty() && !is_host_and_port(address)) {
            return fail(Errc::kInvalidArgument,
                        "namesrvAddr: \"{}\" is not of the form HOST:PORT, e.g. "
                        "127.0.0.1:9876;192.168.0.1:9876",
                        address);
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return {};
}

}  // namespace

std::string BrokerConfig::address() const { return fmt::format("{}:{}", broker_ip1, listen_port); }
std::string BrokerConfig::ha_address() const {
    return fmt::format("{}:{}", broker_ip2, ha_listen_port);
}

std::int32_t BrokerConfig::memory_percent() const {
    const std::int32_t less = broker_role == BrokerRole::kSlave ? 10 : 0;
    return std::max(0, access_message_in_memory_max_ratio - less);
}

std::vector<ConfigPart> config_parts(BrokerConfig& config) { return parts_of(config); }
std::vector<ConfigPart> config_parts(const BrokerConfig& config) { return parts_of(config); }
std::vector<ConfigPart> remote_config_parts(BrokerConfig& config) {
    return remote_parts_of(config);
}
std::vector<ConfigPart> remote_config_parts(const BrokerConfig& config) {
    return remote_parts_of(config);
}

void fill_host_defaults(BrokerConfig& config) {
    config.rocketmq_home = variable_or("ROCKETMQ_HOME", "");
    config.namesrv_addr = variable_or("NAMESRV_ADDR", "");
    config.broker_name = host_name();
    config.broker_ip1 = host_address();
    config.broker_ip2 = config.broker_ip1;
    config.store_path_root_dir = variable_or("HOME", "/root") + "/store";
    fill_pool_sizes(config);
}

Status fix_up(BrokerConfig& config) {
    fix_up_values(config);
    KX_CHECK(fix_up_role(config));
    if (config.ha_listen_port <= 0 && config.listen_port > 0)
        config.ha_listen_port = config.listen_port + 1;
    return check_name_servers(config.namesrv_addr);
}

Result<LoadedConfig> load_config(const ConfigSources& sources) {
    LoadedConfig loaded;
    BrokerConfig& config = loaded.config;
    fill_host_defaults(config);
    ConfigTable table(config_parts(config));
    KX_TRY(loaded.report, table.load(sources));
    config.unknown = loaded.report.unknown;
    if (!sources.file.empty()) config.broker_config_path = sources.file;
    if (!loaded.report.is_set("useTLS")) {
        config.client.use_tls = config.tls.tls_enable || config.tls.tls_server_mode == "enforcing";
    }
    KX_CHECK(fix_up(config));
    return loaded;
}

Status check_update(const BrokerConfig& config, std::span<const Property> properties) {
    return check_black_list(properties, kProtectedKeys, config.config_black_list);
}

ConfigUpdate update_config(BrokerConfig& config, std::span<const Property> properties) {
    ConfigUpdate update = ConfigTable(remote_config_parts(config)).update(properties);
    fix_up_values(config);
    return update;
}

std::string config_text(const BrokerConfig& config) {
    return ConfigTable(remote_config_parts(config)).to_properties(config.unknown);
}

}  // namespace kx::broker
