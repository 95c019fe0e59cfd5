// SPDX-License-Identifier: Apache-2.0
//
// `kerolox bench produce|consume|latency [TOPIC]`: puts a load on any RocketMQ-compatible server
// and says what it took.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace kx::cli {

enum class BenchMode : std::uint8_t {
    kProduce,  ///< sends as fast as the messages in flight allow, or at a rate
    kConsume,  ///< reads the topic from its start, again and again
    kLatency,  ///< sends at a rate and reads it back: time to the answer, time to the consumer
};

struct BenchOptions {
    BenchMode mode = BenchMode::kProduce;
    std::string topic = "KeroloxBench";
    std::string name_servers = "127.0.0.1:9876";
    std::int64_t size = 1024;     ///< bytes of a body
    std::int64_t inflight = 256;  ///< over all connections
    double seconds = 10;
    double warmup_seconds = 1;     ///< before these, not measured
    double rate = 0;               ///< messages a second; 0: as many as go
    std::int64_t connections = 1;  ///< to each broker
    std::int64_t queues = 0;       ///< uses so many of the topic's; 0: all
    std::string output = "text";   ///< "text" or "json"
};

/// The exit code. Blocks for the measured time, or until TERM or INT.
int run(const BenchOptions& options);

void add_bench_command(CLI::App& app, int& exit_code);

}  // namespace kx::cli
