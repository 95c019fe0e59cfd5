// SPDX-License-Identifier: Apache-2.0
//
// What a room counts, as rows: a probe's members are plain numbers, and when somebody asks for the
// metrics each probe appends one row per figure. Names and labels equal RocketMQ's exporter, so
// that existing dashboards work. The text is made in console/metrics_text.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kx {

enum class MetricType : std::uint8_t { kCounter, kGauge };

struct MetricRow {
    std::string_view name;    ///< "rocketmq_messages_in_total"; a literal
    std::string_view help{};  ///< a literal; the first row of a name gives it
    MetricType type = MetricType::kGauge;
    std::vector<std::pair<std::string_view, std::string>> labels{};
    double value = 0;
};

using MetricRows = std::vector<MetricRow>;

}  // namespace kx
