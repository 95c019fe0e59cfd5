// SPDX-License-Identifier: Apache-2.0
//
// What one run finds out: the measured stretch with the CPU time spent in it, and the report.

#pragma once

#include <unistd.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/histogram.h"

namespace kx::bench {

/// The measured stretch. It opens and closes with the first tick at or after the wanted times, and
/// reads all clocks there, so that counts, seconds and CPU time belong to the same stretch.
class Window {
public:
    Window(int64_t begin_ns, int64_t end_ns, pid_t watched);

    void tick(int64_t now) {
        if (state_ == State::kBefore && now >= begin_ns_) open();
        if (state_ == State::kOpen && now >= end_ns_) close();
    }
    void close();

    bool is_open() const { return state_ == State::kOpen; }
    bool is_over() const { return state_ == State::kOver; }
    int64_t begin_ns() const { return begin_ns_; }
    int64_t end_ns() const { return end_ns_; }
    double seconds() const { return to_seconds(end_.elapsed - start_.elapsed); }
    double own_cpu_seconds() const { return to_seconds(end_.own - start_.own); }
    std::optional<double> watched_cpu_seconds() const;

private:
    enum class State { kBefore, kOpen, kOver };
    struct Reading {
        int64_t elapsed = 0;
        int64_t own = 0;
        int64_t watched = 0;
    };
    static double to_seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }
    void open();
    Reading read() const;

    int64_t begin_ns_;
    int64_t end_ns_;
    CpuClock own_;
    std::optional<CpuClock> watched_;
    State state_ = State::kBefore;
    Reading start_;
    Reading end_;
};

struct Report {
    uint64_t count = 0;                  // messages accepted (or pulled) within the stretch
    uint64_t pulls = 0;                  // pull requests answered with messages
    uint64_t unanswered = 0;             // sends of the stretch without any answer
    Histogram latency;                   // of a send (or a pull)
    std::map<int64_t, uint64_t> errors;  // answers other than success, by response code
};

/// One line of JSON on standard output.
void print_report(const std::string& mode, const Report& report, const Window& window);

}  // namespace kx::bench
