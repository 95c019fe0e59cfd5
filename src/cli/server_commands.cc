// SPDX-License-Identifier: Apache-2.0
#include "cli/server_commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "cli/exit_codes.h"
#include "cli/server_process.h"
#include "cli/signals.h"
#include "cli/version.h"

namespace kx::cli {
namespace {

int complain(const Error& error) {
    fmt::print(stderr, "kerolox: {}\n", error.text);
    return kFailed;
}

ConfigSources sources_of(const ServerOptions& options) {
    ConfigSources sources;
    sources.file = options.config_file;
    sources.environment = process_environment();
    sources.set = options.set;
    return sources;
}

/// Serves until TERM or INT, then stops in order.
int serve(ServerProcess& process) {
    wait_for_stop([&process] { process.reload(); });
    if (const auto stopped = process.stop(); !stopped) return complain(stopped.error());
    return kDone;
}

}  // namespace

int run_dev(const ServerOptions& options) {
    block_signals();
    ServerOptions all = options;
    // What stands in front is overridden by what the user set.
    std::vector<std::string> own = {
        "storePathRootDir=" + options.data + "/store",
        "kvConfigPath=" + options.data + "/namesrv/kvConfig.json",
        "configStorePath=" + options.data + "/namesrv/namesrv.properties",
    };
    // A laptop's broker is for the laptop, unless told otherwise.
    const std::string bind = options.bind.empty() ? "127.0.0.1" : options.bind;
    own.push_back("bindAddress=" + bind);
    if (bind != "0.0.0.0" && bind != "::") own.push_back("brokerIP1=" + bind);
    own.push_back("brokerName=broker-a");
    all.set.insert(all.set.begin(), own.begin(), own.end());
    ServerProcess process(options.log_level);
    const auto started = process.start_dev(sources_of(all), options.data);
    if (!started) return complain(started.error());
    return serve(process);
}

int run_namesrv(const ServerOptions& options) {
    block_signals();
    auto loaded = namesrv::load_config(sources_of(options));
    if (!loaded) return complain(loaded.error());
    if (options.print_all) {
        fmt::print("{}", ConfigTable(namesrv::config_parts(loaded->config)).print(false));
        return kDone;
    }
    ServerProcess process(options.log_level);
    const auto started = process.start_namesrv(std::move(*loaded));
    if (!started) return complain(started.error());
    return serve(process);
}

int run_broker(const ServerOptions& options) {
    block_signals();
    ServerOptions all = options;
    if (!options.namesrv.empty()) all.set.push_back("namesrvAddr=" + options.namesrv);
    auto loaded = broker::load_config(sources_of(all));
    if (!loaded) return complain(loaded.error());
    if (options.print_all || options.print_important) {
        const ConfigTable table(broker::config_parts(loaded->config));
        fmt::print("{}", table.print(!options.print_all));
        return kDone;
    }
    loaded->config.broker_config_path = options.config_file;
    ServerProcess process(options.log_level);
    const auto started = process.start_broker(std::move(*loaded), sources_of(all));
    if (!started) return complain(started.error());
    return serve(process);
}

}  // namespace kx::cli
