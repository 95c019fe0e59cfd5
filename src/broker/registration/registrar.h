// SPDX-License-Identifier: Apache-2.0
//
// The broker's duty towards name servers: to tell all of them, in parallel, who it is and which
// topics it has; again after changes and in good time; and to say good-bye.
// Source: broker.md 2.6, protocol.md 2.11.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/snapshot.h"
#include "base/sync.h"
#include "broker/config.h"
#include "broker/topics/stored_topic_table.h"
#include "net/rpc_client.h"
#include "net/workers.h"

namespace kx::broker {

/// What clients and slaves are told; the ports are the real ones.
struct BrokerAddresses {
    std::string broker;  ///< brokerIP1:listenPort
    std::string ha;      ///< brokerIP2:haListenPort
};

class Registrar {
public:
    Registrar(Snapshot<BrokerConfig>& config, StoredTopicTable& topics, net::RpcClient& client,
              net::Workers& workers, BrokerAddresses addresses);

    // All of these wait for the answers, at most `wait_ms`; what comes later still counts. For
    // workers and the starting thread, not for io threads.

    /// The whole table. Unless forced, name servers that have this version already are spared.
    void register_all(bool forced, std::int64_t wait_ms);
    /// Only the topics named, with the table's version.
    void register_topics(const std::vector<std::string>& names, std::int64_t wait_ms);
    void unregister(std::int64_t wait_ms);

    /// Pause between two registrations as configured now.
    std::int64_t period_ms() const;
    /// Name servers whose last full registration succeeded; empty text when one did or none is
    /// configured, else the reason of the last failure.
    std::size_t registered_count() const;
    std::string why_not_registered() const;

private:
    class Round;
    using RoundPtr = std::shared_ptr<Round>;

    std::vector<std::string> name_servers() const;
    net::Call registration(const wire::TopicTable& table) const;
    net::Call single_registration(const wire::TopicConfig& config) const;
    net::Call identified(std::int32_t code, std::string body) const;
    void mask_permissions(wire::TopicTable& table, bool keep_rest) const;
    wire::TopicTable whole_table() const;
    void send_full(const std::string& address, const RoundPtr& round);
    void ask_version_first(const std::string& address, const RoundPtr& round);
    void take_order_config(const std::string& body);
    void note(const std::string& address, const std::string& failure);

    Snapshot<BrokerConfig>& config_;
    StoredTopicTable& topics_;
    net::RpcClient& client_;
    net::Workers& workers_;
    const BrokerAddresses addresses_;
    mutable Mutex mutex_;
    std::map<std::string, std::string> failures_ KX_GUARDED_BY(mutex_);  ///< empty: registered
};

}  // namespace kx::broker
