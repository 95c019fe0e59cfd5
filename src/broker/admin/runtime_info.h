// SPDX-License-Identifier: Apache-2.0
//
// GET_BROKER_RUNTIME_INFO 28: figures by the names that mqadmin and the dashboard read. Keys whose
// feature is not there yet are left out. Source: broker.md 28.2.
#pragma once

#include <map>
#include <string>

#include "base/file_system.h"
#include "base/snapshot.h"
#include "broker/admin/rates.h"
#include "broker/config.h"
#include "net/request.h"
#include "net/router.h"
#include "store/message_store.h"

namespace kx::broker {

class RuntimeInfo {
public:
    RuntimeInfo(Snapshot<BrokerConfig>& config, store::MessageStore& store,
                const net::Router& router, const Rates& rates, FileSystem& files,
                const Clock& clock)
        : config_(config),
          store_(store),
          router_(router),
          rates_(rates),
          files_(files),
          clock_(clock),
          boot_wall_ms_(clock.wall_ms()),
          boot_steady_ms_(clock.steady_ms()) {}

    /// On a worker: it asks the file system.
    void get(net::Request& request);
    std::map<std::string, std::string> table() const;

private:
    void add_store(std::map<std::string, std::string>& table) const;
    void add_disk(std::map<std::string, std::string>& table) const;
    void add_rates(std::map<std::string, std::string>& table) const;
    void add_queues(std::map<std::string, std::string>& table) const;

    Snapshot<BrokerConfig>& config_;
    store::MessageStore& store_;
    const net::Router& router_;
    const Rates& rates_;
    FileSystem& files_;
    const Clock& clock_;
    const std::int64_t boot_wall_ms_;
    const std::int64_t boot_steady_ms_;
};

}  // namespace kx::broker
