// SPDX-License-Identifier: Apache-2.0
#include "client/core/option_table.h"

#include <algorithm>

#include "base/config_table.h"

namespace kx::client {

void set_option(std::span<const ConfigRow> rows, void* config, std::string_view key,
                const std::string& value, Problems& problems) {
    const auto row = std::ranges::find_if(rows, [&](const ConfigRow& one) {
        return one.name == key || (!one.alias.empty() && one.alias == key);
    });
    if (row == rows.end()) {
        std::size_t best = 4;
        std::string_view nearest;
        for (const ConfigRow& one : rows) {
            const std::size_t distance = edit_distance(one.name, key);
            if (distance < best) best = distance, nearest = one.name;
        }
        problems.push_back({std::string(key), value,
                            nearest.empty()
                                ? fmt::format("unknown key {}", key)
                                : fmt::format("unknown key {}, did you mean {}?", key, nearest)});
        return;
    }
    if (const Status set = set_value(*row, config, value); !set)
        problems.push_back({std::string(key), row->secret ? "***" : value, set.error().text});
}

void check_ranges(std::span<const ConfigRow> rows, const void* config, Problems& problems) {
    for (const ConfigRow& row : rows) {
        if (row.type != KeyType::kInt && row.type != KeyType::kLong) continue;
        const void* at = row.at(config);
        const std::int64_t value = row.type == KeyType::kInt
                                       ? *static_cast<const std::int32_t*>(at)
                                       : *static_cast<const std::int64_t*>(at);
        if (value >= row.min && value <= row.max) continue;
        problems.push_back({std::string(row.name), std::to_string(value),
                            fmt::format("{} Out of range [{}, {}]", row.name, row.min, row.max)});
    }
}

std::string describe_options(std::span<const ConfigRow> rows, const void* config) {
    std::vector<std::string> lines;
    for (const ConfigRow& row : rows) {
        const std::string value = value_text(row, config);
        lines.push_back(
            fmt::format("{}={}\n", row.name, row.secret && !value.empty() ? "***" : value));
    }
    std::ranges::sort(lines);
    std::string text;
    for (const std::string& line : lines) text += line;
    return text;
}

kerolox::Status as_status(const Problems& problems) {
    if (problems.empty()) return {};
    std::string text;
    for (const kerolox::ConfigProblem& one : problems) {
        if (!text.empty()) text += "; ";
        text += one.text.find(one.key) == std::string::npos
                    ? fmt::format("{}: {}", one.key, one.text)
                    : one.text;
    }
    return kerolox::Error(kerolox::ErrorKind::usage, std::move(text));
}

}  // namespace kx::client
