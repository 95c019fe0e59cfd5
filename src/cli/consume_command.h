// SPDX-License-Identifier: Apache-2.0
//
// `kerolox consume TOPIC`: writes messages to standard output, formatted, as they come or up to the
// present end. With a group it goes on where the group is and commits what it wrote.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace kx::cli {

struct ConsumeOptions {
    std::string topic{};
    std::string name_servers = "127.0.0.1:9876";
    std::string group{};
    std::string from = ":start";  ///< ":start", ":end", "@TIME"
    std::int64_t count = 0;       ///< ends after so many; 0: never
    bool exit_at_end = false;
    std::string tags = "*";
    std::string format = "%s\\n";
    std::string output = "text";  ///< "text" or "json"
};

/// The exit code. Blocks until the end, the count, TERM or INT.
int run(const ConsumeOptions& options);

void add_consume_command(CLI::App& app, int& exit_code);

}  // namespace kx::cli
