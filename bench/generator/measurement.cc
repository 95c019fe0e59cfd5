// SPDX-License-Identifier: Apache-2.0

#include "generator/measurement.h"

#include <cstdio>

namespace kx::bench {

Window::Window(int64_t begin_ns, int64_t end_ns, pid_t watched)
    : begin_ns_(begin_ns), end_ns_(end_ns), own_(getpid()) {
    if (watched > 0) watched_.emplace(watched);
}

void Window::open() {
    state_ = State::kOpen;
    start_ = read();
}

void Window::close() {
    if (state_ != State::kOpen) return;
    state_ = State::kOver;
    end_ = read();
}

Window::Reading Window::read() const {
    return {now_ns(), own_.read_ns(), watched_ ? watched_->read_ns() : 0};
}

std::optional<double> Window::watched_cpu_seconds() const {
    if (!watched_) return std::nullopt;
    return to_seconds(end_.watched - start_.watched);
}

void print_report(const std::string& mode, const Report& report, const Window& window) {
    const Histogram& latency = report.latency;
    std::printf("{\"mode\":\"%s\",\"count\":%lu,\"seconds\":%.4f,\"rate\":%.1f,", mode.c_str(),
                report.count, window.seconds(),
                static_cast<double>(report.count) / window.seconds());
    std::printf("\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,",
                latency.percentile_us(0.5), latency.percentile_us(0.99),
                latency.percentile_us(0.999), latency.max_us());
    std::printf("\"pulls\":%lu,\"unanswered\":%lu,\"errors\":{", report.pulls, report.unanswered);
    const char* comma = "";
    for (const auto& [code, count] : report.errors) {
        std::printf("%s\"%ld\":%lu", comma, code, count);
        comma = ",";
    }
    std::printf("},\"own_cpu_seconds\":%.4f", window.own_cpu_seconds());
    if (const std::optional<double> watched = window.watched_cpu_seconds()) {
        std::printf(",\"watched_cpu_seconds\":%.4f", *watched);
    }
    std::printf("}\n");
}

}  // namespace kx::bench
