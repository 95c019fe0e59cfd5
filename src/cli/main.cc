// SPDX-License-Identifier: Apache-2.0
//
// kerolox: one executable, a subcommand for each thing it can be. Exit codes (every command): 0
// done, 1 failed, 2 wrong usage, 3 not found, 4 denied, 5 unreachable, 6 done in part.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/bench_command.h"
#include "cli/config_command.h"
#include "cli/consume_command.h"
#include "cli/exit_codes.h"
#include "cli/produce_command.h"
#include "cli/server_commands.h"
#include "cli/store_command.h"
#include "cli/version.h"

namespace {

/// The options that the three servers share.
void add_server_options(CLI::App& command, kx::cli::ServerOptions& options) {
    command.add_option("--set", options.set, "a configuration key: KEY=VALUE (repeatable)")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->take_all();
    command.add_option("--log-level", options.log_level, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
}

void add_dev(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<kx::cli::ServerOptions>();
    CLI::App* command = app.add_subcommand("dev", "name server and broker in one process");
    options->data = "kerolox-data";
    command->add_option("--data", options->data, "where everything is kept")->capture_default_str();
    command->add_option("--bind", options->bind, "the address to listen on");
    add_server_options(*command, *options);
    command->callback([options, &exit_code] { exit_code = kx::cli::run_dev(*options); });
}

void add_namesrv(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<kx::cli::ServerOptions>();
    CLI::App* command = app.add_subcommand("namesrv", "a name server");
    command->add_option("-c,--configFile", options->config_file,
                        "a namesrv.conf, as Java reads it");
    command->add_flag("-p,--printConfigItem", options->print_all, "print every key and its value");
    add_server_options(*command, *options);
    command->callback([options, &exit_code] { exit_code = kx::cli::run_namesrv(*options); });
}

void add_broker(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<kx::cli::ServerOptions>();
    CLI::App* command = app.add_subcommand("broker", "a broker");
    command->add_option("-c,--configFile", options->config_file, "a broker.conf, as Java reads it");
    command->add_option("-n,--namesrvAddr", options->namesrv, "name servers: HOST:PORT;HOST:PORT");
    command->add_flag("-p,--printConfigItem", options->print_all, "print every key and its value");
    command->add_flag("-m,--printImportantConfig", options->print_important,
                      "print the important keys and their values");
    add_server_options(*command, *options);
    command->callback([options, &exit_code] { exit_code = kx::cli::run_broker(*options); });
}

void add_config(CLI::App& app, int& exit_code) {
    CLI::App* config = app.add_subcommand("config", "what configuration keys mean");
    config->require_subcommand(1);

    CLI::App* explain = config->add_subcommand("explain", "meaning, type, unit, default of keys");
    auto key = std::make_shared<std::string>();
    auto json = std::make_shared<bool>(false);
    auto markdown = std::make_shared<bool>(false);
    explain->add_option("KEY", *key, "one key; all when it is left out");
    explain->add_flag("--json", *json, "as JSON");
    explain->add_flag("--markdown", *markdown, "as docs/config.md");
    explain->callback([key, json, markdown, &exit_code] {
        const std::optional<std::string> one = key->empty() ? std::nullopt : std::optional(*key);
        exit_code =
            *markdown ? kx::cli::config_explain_markdown() : kx::cli::config_explain(one, *json);
    });

    CLI::App* check = config->add_subcommand("check", "looks for mistakes in a file");
    auto file = std::make_shared<std::string>();
    check->add_option("FILE", *file, "a broker.conf or namesrv.conf")->required();
    check->callback([file, &exit_code] { exit_code = kx::cli::config_check(*file); });
}

void add_store(CLI::App& app, int& exit_code) {
    CLI::App* store = app.add_subcommand("store", "reads a store, Java's or ours; changes nothing");
    store->require_subcommand(1);
    for (const bool dump : {true, false}) {
        CLI::App* command =
            dump ? store->add_subcommand("dump", "prints every record")
                 : store->add_subcommand("check", "checks records, CRCs and consume queues");
        auto options = std::make_shared<kx::cli::StoreOptions>();
        command->add_option("DIR", options->directory, "the storePathRootDir")->required();
        command->add_flag("--json", options->json, "one JSON object a line");
        if (dump) {
            command->add_flag("--bodies", options->bodies, "with the bodies, as text");
            command->add_option("--topic", options->topic, "only this topic");
        }
        command->callback([options, dump, &exit_code] {
            exit_code = dump ? kx::cli::store_dump(*options) : kx::cli::store_check(*options);
        });
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Kerolox: a RocketMQ-compatible message broker in one program"};
    app.require_subcommand(1);
    app.set_version_flag("--version", kx::cli::version_line());
    int exit_code = 0;
    add_dev(app, exit_code);
    add_namesrv(app, exit_code);
    add_broker(app, exit_code);
    kx::cli::add_produce_command(app, exit_code);
    kx::cli::add_consume_command(app, exit_code);
    kx::cli::add_bench_command(app, exit_code);
    add_config(app, exit_code);
    add_store(app, exit_code);
    app.add_subcommand("version", "version, commit, compiler")->callback([] {
        std::puts(kx::cli::version_line().c_str());
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kx::cli::kWrongUsage;
    }
    return exit_code;
}
