// SPDX-License-Identifier: Apache-2.0
//
// `kerolox produce TOPIC`: each line of standard input becomes a message, or each --file does. Ends
// with the input; says on stderr what was sent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kx::cli {

struct ProduceOptions {
    std::string topic{};
    std::string name_servers = "127.0.0.1:9876";
    std::string tag{};
    std::vector<std::string> keys{};
    std::vector<std::string> properties{};  ///< "name=value"
    std::vector<std::string> files{};       ///< instead of standard input
    std::int64_t timeout_ms = 10'000;       ///< for a message with all its tries
    int input = 0;                          ///< the file descriptor that lines come from
};

/// The exit code. Blocks until the input ends, or TERM or INT comes.
int run(const ProduceOptions& options);

void add_produce_command(CLI::App& app, int& exit_code);

}  // namespace kx::cli
