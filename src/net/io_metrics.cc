// SPDX-License-Identifier: Apache-2.0
#include "net/io_metrics.h"

#include "net/io_thread.h"
#include "net/router.h"

namespace kx::net {
namespace {

struct IoFigure {
    std::string_view name;
    std::string_view help;
    MetricType type;
    std::atomic<std::int64_t> IoProbe::* member;
};

constexpr IoFigure kIoFigures[] = {
    {"kerolox_connections", "open connections", MetricType::kGauge, &IoProbe::connections},
    {"kerolox_frames_in_total", "frames received", MetricType::kCounter, &IoProbe::frames_in},
    {"kerolox_frames_out_total", "answers sent", MetricType::kCounter, &IoProbe::frames_out},
    {"kerolox_bytes_in_total", "bytes received", MetricType::kCounter, &IoProbe::bytes_in},
    {"kerolox_bytes_out_total", "bytes sent", MetricType::kCounter, &IoProbe::bytes_out},
    {"kerolox_closed_idle_total", "connections closed as idle", MetricType::kCounter,
     &IoProbe::closed_idle},
    {"kerolox_closed_slow_total", "connections closed because the peer did not read",
     MetricType::kCounter, &IoProbe::closed_slow},
    {"kerolox_closed_malformed_total", "connections closed because the peer sent garbage",
     MetricType::kCounter, &IoProbe::closed_malformed},
};

}  // namespace

void append_metrics(const IoPool& pool, MetricRows& rows) {
    for (const IoFigure& figure : kIoFigures) {
        for (std::size_t i = 0; i < pool.size(); ++i) {
            const std::int64_t value =
                (pool.at(i).probe().*figure.member).load(std::memory_order_relaxed);
            rows.push_back({figure.name,
                            figure.help,
                            figure.type,
                            {{"io_thread", std::to_string(i)}},
                            static_cast<double>(value)});
        }
    }
}

void append_metrics(const Router& router, std::string_view server, MetricRows& rows) {
    const auto add = [&](std::string_view name, std::string_view help, MetricType type,
                         const Processor& processor, std::int64_t value) {
        rows.push_back({name,
                        help,
                        type,
                        {{"server", std::string(server)}, {"processor", processor.options.name}},
                        static_cast<double>(value)});
    };
    for (const auto& processor : router.processors())
        add("kerolox_requests_total", "requests handled", MetricType::kCounter, *processor,
            processor->handled.load(std::memory_order_relaxed));
    for (const auto& processor : router.processors())
        add("kerolox_requests_refused_total", "requests refused before their handler ran",
            MetricType::kCounter, *processor, processor->refused.load(std::memory_order_relaxed));
    for (const auto& processor : router.processors())
        add("rocketmq_processor_watermark", "requests that wait for their answer",
            MetricType::kGauge, *processor, processor->in_flight.load(std::memory_order_relaxed));
}

}  // namespace kx::net
