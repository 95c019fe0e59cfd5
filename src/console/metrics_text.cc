// SPDX-License-Identifier: Apache-2.0
#include "console/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <unordered_map>

namespace kx::console {
namespace {

prometheus::ClientMetric to_metric(const MetricRow& row) {
    prometheus::ClientMetric metric;
    for (const auto& [name, value] : row.labels) metric.label.push_back({std::string(name), value});
    if (row.type == MetricType::kCounter) {
        metric.counter.value = row.value;
    } else {
        metric.gauge.value = row.value;
    }
    return metric;
}

}  // namespace

std::string metrics_text(std::span<const MetricRow> rows) {
    std::vector<prometheus::MetricFamily> families;
    std::unordered_map<std::string_view, std::size_t> places;
    for (const MetricRow& row : rows) {
        const auto [place, is_new] = places.try_emplace(row.name, families.size());
        if (is_new) {
            prometheus::MetricFamily& family = families.emplace_back();
            family.name = row.name;
            family.help = row.help;
            family.type = row.type == MetricType::kCounter ? prometheus::MetricType::Counter
                                                           : prometheus::MetricType::Gauge;
        }
        families[place->second].metric.push_back(to_metric(row));
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace kx::console
