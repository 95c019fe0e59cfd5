// SPDX-License-Identifier: Apache-2.0
//
// Pages of a table that is sorted by name, for requests 21 and 201: [seq, seq + min(max, limit)).
// A caller whose version is not the table's begins again at 0. Source: protocol.md 2.13.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

#include "wire/bodies/common.h"

namespace kx::broker {

struct Page {
    std::int32_t seq = 0;
    std::optional<std::int32_t> max;
    std::string_view version;  ///< DataVersion as JSON
};

template <class Table>
void keep_page(Table& table, const wire::DataVersion& version, const Page& page,
               std::int32_t limit) {
    const auto seen = from_json<wire::DataVersion>(page.version);
    const bool same = seen && *seen == version;
    const std::int64_t begin = same ? std::clamp<std::int64_t>(page.seq, 0, std::ssize(table)) : 0;
    const std::int64_t size = std::clamp(page.max.value_or(limit), 0, std::max(0, limit));
    const std::int64_t end = std::min<std::int64_t>(begin + size, std::ssize(table));
    table.erase(std::next(table.begin(), end), table.end());
    table.erase(table.begin(), std::next(table.begin(), begin));
}

}  // namespace kx::broker
