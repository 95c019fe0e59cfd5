// SPDX-License-Identifier: Apache-2.0
//
// What passes between brokers and name servers: 103, 104, 105, 322, 904, 905.
// Source: protocol.md 2.11.
#pragma once

#include "base/field.h"

namespace kx::wire {

struct GetRoute {
    std::string_view topic;
    std::optional<bool> accept_standard_json_only;

    static constexpr auto fields() {
        return std::array{
            field<&GetRoute::topic>("topic"),
            field<&GetRoute::accept_standard_json_only>("acceptStandardJsonOnly"),
        };
    }
};

struct RegisterBroker {
    std::string_view broker_name;
    std::string_view broker_addr;
    std::string_view cluster_name;
    std::string_view ha_server_addr;
    std::int64_t broker_id = 0;
    std::optional<std::int64_t> heartbeat_timeout_millis;
    std::optional<bool> enable_acting_master;
    bool compressed = false;
    std::int32_t body_crc32 = 0;  ///< crc31 of the bytes as sent; 0: do not check

    static constexpr auto fields() {
        return std::array{
            field<&RegisterBroker::broker_name>("brokerName", "", kRequired),
            field<&RegisterBroker::broker_addr>("brokerAddr", "", kRequired),
            field<&RegisterBroker::cluster_name>("clusterName", "", kRequired),
            field<&RegisterBroker::ha_server_addr>("haServerAddr", "", kRequired),
            field<&RegisterBroker::broker_id>("brokerId", "", kRequired),
            field<&RegisterBroker::heartbeat_timeout_millis>("heartbeatTimeoutMillis"),
            field<&RegisterBroker::enable_acting_master>("enableActingMaster"),
            field<&RegisterBroker::compressed>("compressed"),
            field<&RegisterBroker::body_crc32>("bodyCrc32"),
        };
    }
};

struct RegisterBrokerAnswer {
    std::string_view ha_server_addr;
    std::string_view master_addr;

    static constexpr auto fields() {
        return std::array{
            field<&RegisterBrokerAnswer::ha_server_addr>("haServerAddr"),
            field<&RegisterBrokerAnswer::master_addr>("masterAddr"),
        };
    }
};

/// UNREGISTER_BROKER 104 and QUERY_DATA_VERSION 322.
struct BrokerIdentity {
    std::string_view broker_name;
    std::string_view broker_addr;
    std::string_view cluster_name;
    std::int64_t broker_id = 0;

    static constexpr auto fields() {
        return std::array{
            field<&BrokerIdentity::broker_name>("brokerName", "", kRequired),
            field<&BrokerIdentity::broker_addr>("brokerAddr", "", kRequired),
            field<&BrokerIdentity::cluster_name>("clusterName", "", kRequired),
            field<&BrokerIdentity::broker_id>("brokerId", "", kRequired),
        };
    }
};

struct DataVersionAnswer {
    bool changed = true;

    static constexpr auto fields() {
        return std::array{field<&DataVersionAnswer::changed>("changed", "", kRequired)};
    }
};

}  // namespace kx::wire
