// SPDX-License-Identifier: Apache-2.0
//
// The servers of one process and what they share: io threads, the HTTP port, endpoints.json, the
// start-up screen. Started once, stopped once, by the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "broker/broker.h"
#include "broker/config.h"
#include "console/http_server.h"
#include "namesrv/config.h"
#include "namesrv/namesrv.h"
#include "net/io_thread.h"

namespace kx::cli {

class ServerProcess {
public:
    /// `log_level`: from the command line; empty: the configuration's.
    explicit ServerProcess(std::string log_level);
    ~ServerProcess();

    Status start_dev(const ConfigSources& sources, const std::string& data);
    Status start_namesrv(namesrv::LoadedConfig loaded);
    Status start_broker(broker::LoadedConfig loaded, ConfigSources sources);

    /// HUP: reads the broker's configuration again; what can change at run time does.
    void reload();
    Status stop();

private:
    void set_up_logging(const net::KeroloxConfig& config);
    Status start_pool(const net::KeroloxConfig& config);
    Status run_namesrv(namesrv::NamesrvConfig config);
    Status run_broker(broker::BrokerConfig config);
    /// HTTP port, endpoints.json in `directory`, screen.
    Status open_for_business(const std::string& bind, const net::KeroloxConfig& config,
                             const ConfigReport& report, const std::string& directory);
    /// `chosen`: the user set the port, so that it must work.
    Status start_http(const std::string& bind, std::int32_t port, bool chosen);
    MetricRows metrics() const;
    std::vector<std::string> why_not_ready() const;
    void print_screen(const std::string& bind) const;

    const std::string log_level_;
    const std::int64_t started_ms_;
    std::unique_ptr<net::IoPool> pool_;
    std::unique_ptr<namesrv::NameServer> namesrv_;
    std::unique_ptr<broker::Broker> broker_;
    std::unique_ptr<console::HttpServer> http_;
    std::string endpoints_directory_;
    ConfigSources broker_sources_;
};

}  // namespace kx::cli
