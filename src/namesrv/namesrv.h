// SPDX-License-Identifier: Apache-2.0
//
// The name server, put together: brokers register here, clients ask here where a topic lives. It
// keeps nothing but the key-value store; everything else comes back with the next registrations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/probe.h"
#include "base/result.h"
#include "namesrv/config.h"

namespace kx::net {
class IoPool;
}

namespace kx::namesrv {

struct NameServerOptions {
    NamesrvConfig config;
    const Clock* clock = &system_clock();
    FileSystem* files = &posix_file_system();
};

class NameServer {
public:
    /// Listens when it returns. `pool` runs, and outlives the name server.
    static Result<std::unique_ptr<NameServer>> start(NameServerOptions options, net::IoPool& pool);
    ~NameServer();

    std::uint16_t port() const;
    /// Accepts no more, finishes what is under way, closes all connections. Not from an io thread.
    void stop();

    /// Why clients had better ask another name server; empty: ready.
    std::vector<std::string> not_ready() const;
    void append_metrics(MetricRows& rows) const;

private:
    struct Parts;
    explicit NameServer(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace kx::namesrv
