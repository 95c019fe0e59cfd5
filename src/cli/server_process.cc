// SPDX-License-Identifier: Apache-2.0
#include "cli/server_process.h"

#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "cli/dev_config.h"
#include "cli/endpoints.h"
#include "cli/startup_screen.h"
#include "cli/version.h"
#include "net/io_metrics.h"

namespace kx::cli {
namespace {

log::Level level_from(std::string_view name) {
    if (name == "debug") return log::Level::kDebug;
    if (name == "warn") return log::Level::kWarn;
    if (name == "error") return log::Level::kError;
    return log::Level::kInfo;
}

void warn_all(const std::vector<std::string>& warnings) {
    for (const std::string& line : warnings) log::warn("config", "{}", line);
}

std::string with_port(const std::string& host, std::uint16_t port) {
    return fmt::format("{}:{}", host, port);
}

/// Where a client on this machine reaches a server that listens on `bind`.
std::string reachable(const std::string& bind) {
    return bind == "0.0.0.0" || bind == "::" ? "127.0.0.1" : bind;
}

}  // namespace

ServerProcess::ServerProcess(std::string log_level)
    : log_level_(std::move(log_level)), started_ms_(system_clock().steady_ms()) {}

ServerProcess::~ServerProcess() { static_cast<void>(stop()); }

void ServerProcess::set_up_logging(const net::KeroloxConfig& config) {
    log::set_level(log_level_.empty() ? static_cast<log::Level>(config.log_level)
                                      : level_from(log_level_));
    if (!config.log_file.empty()) log::also_to_file(config.log_file);
}

Status ServerProcess::start_pool(const net::KeroloxConfig& config) {
    set_up_logging(config);
    pool_ = std::make_unique<net::IoPool>(static_cast<std::size_t>(std::max(config.io_threads, 0)),
                                          system_clock());
    pool_->start();
    return {};
}

Status ServerProcess::run_namesrv(namesrv::NamesrvConfig config) {
    namesrv::NameServerOptions options;
    options.config = std::move(config);
    KX_TRY(namesrv_, namesrv::NameServer::start(std::move(options), *pool_));
    return {};
}

Status ServerProcess::run_broker(broker::BrokerConfig config) {
    broker::BrokerOptions options;
    options.config = std::move(config);
    KX_TRY(broker_, broker::Broker::start(std::move(options), *pool_));
    return {};
}

Status ServerProcess::start_dev(const ConfigSources& sources, const std::string& data) {
    broker::BrokerConfig broker_config;
    namesrv::NamesrvConfig namesrv_config;
    DevKeys dev;
    broker::fill_host_defaults(broker_config);
    namesrv::fill_host_defaults(namesrv_config);
    auto parts = broker::config_parts(broker_config);
    parts.push_back(config_part("name server", static_cast<namesrv::NamesrvKeys&>(namesrv_config)));
    parts.push_back(config_part("kerolox dev", dev));
    ConfigTable table(std::move(parts));
    KX_TRY(const ConfigReport report, table.load(sources));
    KX_CHECK(broker::fix_up(broker_config));
    KX_CHECK(start_pool(broker_config.kerolox));
    warn_all(report.warnings);

    namesrv_config.listen_port = dev.namesrv_port;
    namesrv_config.server = broker_config.server;
    namesrv_config.kerolox = broker_config.kerolox;
    KX_CHECK(run_namesrv(std::move(namesrv_config)));
    const std::string bind = broker_config.server.bind_address;
    broker_config.namesrv_addr = with_port(reachable(bind), namesrv_->port());
    const net::KeroloxConfig kerolox = broker_config.kerolox;
    KX_CHECK(run_broker(std::move(broker_config)));
    return open_for_business(bind, kerolox, report, data);
}

Status ServerProcess::start_namesrv(namesrv::LoadedConfig loaded) {
    KX_CHECK(start_pool(loaded.config.kerolox));
    warn_all(loaded.report.warnings);
    const std::string bind = loaded.config.server.bind_address;
    const net::KeroloxConfig kerolox = loaded.config.kerolox;
    const std::string directory = parent_path(loaded.config.kv_config_path);
    KX_CHECK(run_namesrv(std::move(loaded.config)));
    return open_for_business(bind, kerolox, loaded.report, directory);
}

Status ServerProcess::start_broker(broker::LoadedConfig loaded, ConfigSources sources) {
    broker_sources_ = std::move(sources);
    KX_CHECK(start_pool(loaded.config.kerolox));
    warn_all(loaded.report.warnings);
    const std::string bind = loaded.config.server.bind_address;
    const net::KeroloxConfig kerolox = loaded.config.kerolox;
    const std::string directory = loaded.config.store_path_root_dir;
    KX_CHECK(run_broker(std::move(loaded.config)));
    return open_for_business(bind, kerolox, loaded.report, directory);
}

Status ServerProcess::open_for_business(const std::string& bind, const net::KeroloxConfig& config,
                                        const ConfigReport& report, const std::string& directory) {
    KX_CHECK(start_http(bind, config.http_port, report.is_set("httpPort")));
    endpoints_directory_ = directory;
    Endpoints endpoints;
    endpoints.pid = ::getpid();
    const std::string host = reachable(bind);
    if (namesrv_) endpoints.namesrv = with_port(host, namesrv_->port());
    if (broker_) {
        endpoints.broker = broker_->address();
        endpoints.fast = with_port(host, broker_->fast_port());
    }
    if (http_) endpoints.http = with_port(host, http_->port());
    KX_CHECK(write_endpoints(posix_file_system(), directory, endpoints));
    print_screen(bind);
    return {};
}

Status ServerProcess::start_http(const std::string& bind, std::int32_t port, bool chosen) {
    if (port < 0) return {};
    console::HttpOptions options;
    options.bind_address = bind;
    options.port = static_cast<std::uint16_t>(port);
    console::HealthSource source;
    source.metrics = [this] { return metrics(); };
    source.why_not_ready = [this] { return why_not_ready(); };
    auto http = console::HttpServer::listen(pool_->at(pool_->size() - 1).context(), options,
                                            console::health_routes(std::move(source)));
    if (http) {
        http_ = std::move(*http);
    } else if (chosen) {
        return tl::unexpected(std::move(http).error());
    } else {
        // A name server and a broker on one host have the same default: the second goes without.
        log::warn("cli", "no health and metrics: {}; set httpPort", http.error().text);
    }
    return {};
}

MetricRows ServerProcess::metrics() const {
    MetricRows rows;
    if (namesrv_) namesrv_->append_metrics(rows);
    if (broker_) broker_->append_metrics(rows);
    net::append_metrics(*pool_, rows);
    return rows;
}

std::vector<std::string> ServerProcess::why_not_ready() const {
    std::vector<std::string> reasons;
    if (namesrv_) reasons = namesrv_->not_ready();
    if (broker_)
        for (std::string& reason : broker_->why_not_ready()) reasons.push_back(std::move(reason));
    return reasons;
}

void ServerProcess::print_screen(const std::string& bind) const {
    StartupScreen screen(version_line());
    if (namesrv_) screen.row("name server", with_port(bind, namesrv_->port()));
    if (broker_) {
        const broker::StartFacts facts = broker_->start_facts();
        screen.row("broker",
                   fmt::format("{} ({}, cluster {}), fast port {}", broker_->address(),
                               facts.broker_name, facts.cluster_name, broker_->fast_port()));
        screen.row("data",
                   fmt::format("{}, {} free", facts.directory, human_bytes(facts.disk_free_bytes)));
        screen.row("SEND_OK means", facts.promise);
        screen.row("recovery",
                   fmt::format("{} ms, {} records read, last stop was {}", facts.recovery_ms,
                               facts.recovered_records, facts.clean_start ? "clean" : "not clean"));
    }
    if (http_) {
        screen.row("http",
                   fmt::format("{}: /healthz /readyz /metrics", with_port(bind, http_->port())));
    }
    for (const std::string& limit : low_limits()) screen.row("low limit", limit);
    screen.row("ready in", fmt::format("{} ms", system_clock().steady_ms() - started_ms_));
    if (namesrv_ && broker_) {
        const std::string address = with_port(reachable(bind), namesrv_->port());
        screen.row("produce", fmt::format("echo hello | kerolox produce Demo -n {}", address));
        screen.row("consume", fmt::format("kerolox consume Demo -n {} --from :start", address));
    }
    screen.print();
}

void ServerProcess::reload() {
    if (!broker_ || broker_sources_.file.empty())
        return log::info("cli", "HUP: there is no configuration file to read again");
    const auto loaded = broker::load_config(broker_sources_);
    if (!loaded) return log::error("cli", "HUP: nothing changed: {}", loaded.error().text);
    warn_all(loaded->report.warnings);
    broker_->reload(loaded->config);
}

Status ServerProcess::stop() {
    Status status;
    if (!endpoints_directory_.empty()) remove_endpoints(posix_file_system(), endpoints_directory_);
    endpoints_directory_.clear();
    if (http_) {
        boost::asio::io_context& context = pool_->at(pool_->size() - 1).context();
        std::shared_ptr<console::HttpServer> server = std::move(http_);
        boost::asio::post(context, [server] { server->stop(); });
    }
    if (broker_) status = broker_->stop();
    if (namesrv_) namesrv_->stop();
    if (pool_) pool_->stop();
    broker_.reset();
    namesrv_.reset();
    return status;
}

}  // namespace kx::cli
