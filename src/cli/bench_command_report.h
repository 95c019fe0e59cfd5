// SPDX-License-Identifier: Apache-2.0
//
// What a bench found out, and how it is told: a table for people, an object for programs.
#pragma once

#include <map>
#include <string>

#include "cli/bench_command.h"
#include "cli/bench_command_histogram.h"

namespace kx::cli {

struct BenchReport {
    double seconds = 0;           ///< of the measured stretch
    double cpu_seconds = 0;       ///< of this process in it
    std::int64_t messages = 0;    ///< accepted, or read
    std::int64_t bytes = 0;       ///< of their bodies
    std::int64_t pulls = 0;       ///< consume: answered with messages
    std::int64_t unanswered = 0;  ///< sends that nobody answered
    LatencyHistogram latency;     ///< of a send, from when it was due; consume: of a pull
    LatencyHistogram delivery;    ///< latency: from when it was due until it was read
    std::map<std::int32_t, std::int64_t> errors;  ///< by response code; -1: no answer came
    std::string first_error;

    void add(const BenchReport& other);
    std::int64_t failed() const;
};

std::string report_text(const BenchOptions& options, const BenchReport& report, bool colour);
std::string report_json(const BenchOptions& options, const BenchReport& report);

/// CPU time that this process has used, all threads, user and system.
double process_cpu_seconds();

}  // namespace kx::cli
