// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command_report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>

#include "base/json.h"

namespace kx::cli {
namespace {

struct Percentile {
    std::string_view name;
    std::string_view json_name;
    double share;
};
constexpr std::array kPercentiles{
    Percentile{"p50", "p50", 0.5},         Percentile{"p90", "p90", 0.9},
    Percentile{"p99", "p99", 0.99},        Percentile{"p99.9", "p999", 0.999},
    Percentile{"p99.99", "p9999", 0.9999},
};

std::string_view name_of(BenchMode mode) {
    switch (mode) {
        case BenchMode::kProduce: return "produce";
        case BenchMode::kConsume: return "consume";
        case BenchMode::kLatency: return "latency";
    }
    return "";
}

double per(double count, double unit) { return unit > 0 ? count / unit : 0; }

/// 1234567 as "1,234,567".
std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string percentile_line(const LatencyHistogram& times) {
    std::string line;
    for (const Percentile& wanted : kPercentiles)
        line += fmt::format("{} {:.0f}  ", wanted.name, times.percentile_us(wanted.share));
    return line + fmt::format("max {:.0f}  µs", times.max_us());
}

void write_times(JsonWriter& json, std::string_view name, const LatencyHistogram& times) {
    json.key(name);
    json.begin_object();
    json.key("count");
    json.number(static_cast<std::int64_t>(times.count()));
    json.key("mean");
    json.number(times.mean_us());
    for (const Percentile& wanted : kPercentiles) {
        json.key(wanted.json_name);
        json.number(times.percentile_us(wanted.share));
    }
    json.key("max");
    json.number(times.max_us());
    json.end_object();
}

void write_errors(JsonWriter& json, const BenchReport& report) {
    json.key("errors");
    json.begin_object();
    for (const auto& [code, count] : report.errors) {
        json.key(std::to_string(code));
        json.number(count);
    }
    json.end_object();
}

}  // namespace

void BenchReport::add(const BenchReport& other) {
    messages += other.messages;
    bytes += other.bytes;
    pulls += other.pulls;
    unanswered += other.unanswered;
    latency.add(other.latency);
    delivery.add(other.delivery);
    for (const auto& [code, count] : other.errors) errors[code] += count;
    if (first_error.empty()) first_error = other.first_error;
}

std::int64_t BenchReport::failed() const {
    std::int64_t count = unanswered;
    for (const auto& [code, times] : errors) count += times;
    return count;
}

std::string report_text(const BenchOptions& options, const BenchReport& report, bool colour) {
    const std::string_view bold = colour ? "\x1b[1m" : "";
    const std::string_view plain = colour ? "\x1b[0m" : "";
    std::string out;
    const auto line = [&](std::string_view name, const std::string& value) {
        out += fmt::format("  {}{:<12}{} {}\n", bold, name, plain, value);
    };
    const auto messages = static_cast<double>(report.messages);
    out += fmt::format("kerolox bench {}  {}", name_of(options.mode), options.topic);
    if (options.mode != BenchMode::kConsume)
        out += fmt::format("  {} bytes, {} in flight", options.size, options.inflight);
    out += fmt::format(", {} connection{}\n", options.connections,
                       options.connections == 1 ? "" : "s");
    line("messages", fmt::format("{} in {:.2f} s", grouped(report.messages), report.seconds));
    line("rate", fmt::format("{}/s, {:.1f} MiB/s",
                             grouped(static_cast<std::int64_t>(per(messages, report.seconds))),
                             per(static_cast<double>(report.bytes) / (1 << 20), report.seconds)));
    if (options.rate > 0) line("wanted", fmt::format("{:.0f}/s", options.rate));
    if (options.mode == BenchMode::kConsume) {
        line("a pull",
             fmt::format("{:.1f} messages", per(messages, static_cast<double>(report.pulls))));
        line("pull time", percentile_line(report.latency));
    } else {
        line("send time", percentile_line(report.latency));
    }
    if (options.mode == BenchMode::kLatency) line("delivery", percentile_line(report.delivery));
    line("own CPU",
         fmt::format("{:.0f} %, {:.2f} µs a message", per(report.cpu_seconds * 100, report.seconds),
                     per(report.cpu_seconds * 1e6, messages)));
    if (report.unanswered > 0) line("unanswered", grouped(report.unanswered));
    for (const auto& [code, count] : report.errors)
        line(code < 0 ? "no answer" : fmt::format("code {}", code), grouped(count));
    if (!report.first_error.empty()) line("first error", report.first_error);
    return out;
}

std::string report_json(const BenchOptions& options, const BenchReport& report) {
    std::string out;
    JsonWriter json(out, JsonWriter::Style::kStandard);
    const auto number = [&json](std::string_view name, auto value) {
        json.key(name);
        json.number(value);
    };
    const auto messages = static_cast<double>(report.messages);
    json.begin_object();
    json.key("mode");
    json.text(name_of(options.mode));
    json.key("topic");
    json.text(options.topic);
    number("size", options.size);
    number("inflight", options.inflight);
    number("connections", options.connections);
    number("rateWanted", options.rate);
    number("seconds", report.seconds);
    number("messages", report.messages);
    number("messagesPerSecond", per(messages, report.seconds));
    number("bytesPerSecond", per(static_cast<double>(report.bytes), report.seconds));
    if (options.mode == BenchMode::kConsume) number("pulls", report.pulls);
    write_times(json, options.mode == BenchMode::kConsume ? "pullUs" : "sendUs", report.latency);
    if (options.mode == BenchMode::kLatency) write_times(json, "deliveryUs", report.delivery);
    number("cpuSeconds", report.cpu_seconds);
    number("cpuUsPerMessage", per(report.cpu_seconds * 1e6, messages));
    number("unanswered", report.unanswered);
    write_errors(json, report);
    if (!report.first_error.empty()) {
        json.key("firstError");
        json.text(report.first_error);
    }
    json.end_object();
    out.push_back('\n');
    return out;
}

double process_cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace kx::cli
