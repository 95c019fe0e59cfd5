// SPDX-License-Identifier: Apache-2.0
//
// The command line of the load generator.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace kx::bench {

struct Options {
    std::string mode;  // "send" or "pull"
    std::string address = "127.0.0.1:10911";
    std::string topic = "BenchTopic";
    std::string broker_name = "broker-a";
    int queues = 4;
    int connections = 1;
    size_t inflight = 1;    // closed loop: requests without an answer, over all connections
    double rate = 0;        // open loop: sends a second; 0 is the closed loop
    size_t size = 128;      // bytes of a message body
    double seconds = 5;     // the measured stretch
    double warmup = 1;      // before it, with the same load
    uint64_t messages = 0;  // closed loop: measure exactly so many sends instead of a stretch
    pid_t watch = 0;        // report the CPU time of this process too
};

/// Throws std::invalid_argument with a sentence for whoever typed the line.
Options parse_options(int argc, char** argv);

extern const char* const kUsage;

}  // namespace kx::bench
