// SPDX-License-Identifier: Apache-2.0
#include "client/produce/fault_table.h"

#include <algorithm>
#include <array>

namespace kx::client {

std::int64_t avoidance_ms(std::int64_t latency_ms) {
    struct Step {
        std::int64_t latency_ms;
        std::int64_t avoided_ms;
    };
    constexpr std::array<Step, 7> kSteps{{{50, 0},
                                          {100, 0},
                                          {550, 2'000},
                                          {1'800, 5'000},
                                          {3'000, 6'000},
                                          {5'000, 10'000},
                                          {15'000, 30'000}}};
    std::int64_t avoided = 0;
    for (const Step& step : kSteps)
        if (latency_ms >= step.latency_ms) avoided = step.avoided_ms;
    return avoided;
}

void FaultTable::update(std::string_view broker, std::int64_t latency_ms, bool isolate,
                        bool reachable) {
    constexpr std::int64_t kIsolationLatencyMs = 10'000;
    auto found = items_.find(broker);
    if (found == items_.end()) found = items_.emplace(broker, Item{}).first;
    Item& item = found->second;
    item.latency_ms = latency_ms;
    item.reachable = reachable;
    const std::int64_t avoided = avoidance_ms(isolate ? kIsolationLatencyMs : latency_ms);
    if (avoided > 0)
        item.available_from_ms = std::max(item.available_from_ms, clock_.steady_ms() + avoided);
}

bool FaultTable::is_available(std::string_view broker) const {
    const auto found = items_.find(broker);
    return found == items_.end() || clock_.steady_ms() >= found->second.available_from_ms;
}

bool FaultTable::is_reachable(std::string_view broker) const {
    const auto found = items_.find(broker);
    return found == items_.end() || found->second.reachable;
}

std::vector<std::string> FaultTable::due_for_probe(std::int64_t interval_ms) {
    const std::int64_t now = clock_.steady_ms();
    std::vector<std::string> due;
    for (auto& [broker, item] : items_) {
        if (now < item.probe_from_ms) continue;
        item.probe_from_ms = now + interval_ms;
        due.push_back(broker);
    }
    return due;
}

void FaultTable::mark_reachable(std::string_view broker) {
    if (const auto found = items_.find(broker); found != items_.end())
        found->second.reachable = true;
}

void FaultTable::forget(std::string_view broker) {
    if (const auto found = items_.find(broker); found != items_.end()) items_.erase(found);
}

}  // namespace kx::client
