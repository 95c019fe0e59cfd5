// SPDX-License-Identifier: Apache-2.0
//
// The broker, put together: store, tables, handlers, ports, name servers. start() builds it from
// below upwards; stop() takes it apart from above downwards, so that nobody calls what is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/probe.h"
#include "base/result.h"
#include "broker/config.h"

namespace kx::net {
class IoPool;
}

namespace kx::broker {

struct BrokerOptions {
    BrokerConfig config;  ///< loaded and fixed up
    const Clock* clock = &system_clock();
    FileSystem* files = &posix_file_system();
};

/// What the start-up screen tells.
struct StartFacts {
    std::string broker_name;
    std::string cluster_name;
    std::string address;  ///< as clients are told
    std::string directory;
    std::int64_t disk_free_bytes = 0;
    std::string promise;  ///< what a message that was answered SEND_OK survives
    std::int64_t recovery_ms = 0;
    std::int64_t recovered_records = 0;
    bool clean_start = true;
    std::vector<std::string> name_servers;
    std::size_t registered = 0;  ///< of the name servers
};

class Broker {
public:
    /// Serves, and has told the name servers that answer, when it returns. `pool` runs, and
    /// outlives the broker.
    static Result<std::unique_ptr<Broker>> start(BrokerOptions options, net::IoPool& pool);
    ~Broker();

    std::string address() const;  ///< brokerIP1 and the real port
    std::uint16_t port() const;
    std::uint16_t fast_port() const;
    StartFacts start_facts() const;
    /// Empty: ready for clients.
    std::vector<std::string> why_not_ready() const;
    void append_metrics(MetricRows& rows) const;

    /// The configuration was read again: takes over what differs, as UPDATE_BROKER_CONFIG does.
    void reload(const BrokerConfig& config);
    /// Leaves the name servers, finishes what is under way, writes the tables, closes the store.
    /// Not from an io thread. The second call does nothing.
    Status stop();

private:
    struct Parts;
    explicit Broker(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace kx::broker
