// SPDX-License-Identifier: Apache-2.0
//
// `kerolox dev`, `namesrv` and `broker`: from options to running servers and back. The return value
// is the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kx::cli {

struct ServerOptions {
    std::string config_file;
    std::string namesrv;           ///< broker: -n
    std::string data;              ///< dev: --data
    std::string bind;              ///< dev: --bind
    std::vector<std::string> set;  ///< "key=value"
    std::string log_level;
    bool print_all = false;
    bool print_important = false;
};

int run_dev(const ServerOptions& options);
int run_namesrv(const ServerOptions& options);
int run_broker(const ServerOptions& options);

}  // namespace kx::cli
