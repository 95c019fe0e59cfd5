// SPDX-License-Identifier: Apache-2.0
//
// Everything a broker can be told. The broker's and the store's keys are members of BrokerConfig
// itself (config.long_polling_enable, config.max_message_size); the other structs are by name
// (config.server.bind_address, config.kerolox.http_port).
//
//   KX_TRY(LoadedConfig loaded, load_config({.file = path, .set = options}));
//   for (const std::string& line : loaded.report.warnings) log::warn("broker", "{}", line);
//   Snapshot<BrokerConfig> config(std::move(loaded.config));
//
// A hot update (UPDATE_BROKER_CONFIG, HUP) edits a copy and publishes it:
//
//   KX_CHECK(check_update(*config.get(), properties));
//   config.update([&](BrokerConfig& next) { result = update_config(next, properties); });
#pragma once

#include <string>

#include "base/config_table.h"
#include "broker/config_broker.h"
#include "broker/config_features.h"
#include "broker/config_store.h"
#include "net/remoting_config.h"

namespace kx::broker {

struct BrokerConfig : BrokerKeys, StoreKeys {
    net::RemotingServerConfig server;
    net::RemotingClientConfig client;
    net::TlsConfig tls;
    AuthConfig auth;
    TieredStoreConfig tiered;
    net::KeroloxConfig kerolox;
    std::vector<Property> unknown;  ///< keys of the file that nobody knows, kept for writing back

    bool is_master() const { return broker_id == 0; }
    /// brokerIP1 and the port, as clients and name servers are told.
    std::string address() const;
    /// brokerIP2 and the replication port.
    std::string ha_address() const;
    /// accessMessageInMemoryMaxRatio, ten points less on a slave, as RocketMQ does it.
    std::int32_t memory_percent() const;
};

/// Every struct, for reading sources and for -p and -m.
std::vector<ConfigPart> config_parts(BrokerConfig& config);
std::vector<ConfigPart> config_parts(const BrokerConfig& config);
/// The structs that GET_ and UPDATE_BROKER_CONFIG deal with: all but TLS and auth.
std::vector<ConfigPart> remote_config_parts(BrokerConfig& config);
std::vector<ConfigPart> remote_config_parts(const BrokerConfig& config);

/// Sets the defaults that depend on the machine and the environment: names, addresses, the root
/// directory, NAMESRV_ADDR, ROCKETMQ_HOME. Before anything is read.
void fill_host_defaults(BrokerConfig& config);

/// RocketMQ's corrections of values: a master has id 0, haListenPort follows listenPort, queue
/// files hold whole entries, ... After everything is read. Fails on what cannot be: a slave whose
/// id is 0, a name server address without a port.
Status fix_up(BrokerConfig& config);

struct LoadedConfig {
    BrokerConfig config;
    ConfigReport report;
};

/// Defaults, then file, environment and options, then fix_up().
Result<LoadedConfig> load_config(const ConfigSources& sources);

/// Fails with RocketMQ's remark when the update touches a key of the black list.
Status check_update(const BrokerConfig& config, std::span<const Property> properties);
/// Applies an update to a copy that is then published; runs fix-ups of single values again.
ConfigUpdate update_config(BrokerConfig& config, std::span<const Property> properties);

/// The body of GET_BROKER_CONFIG, and what is written to brokerConfigPath after an update.
std::string config_text(const BrokerConfig& config);

}  // namespace kx::broker
