// SPDX-License-Identifier: Apache-2.0
//
// The tag filter as the broker applies it: by the 32-bit Java hash alone (clients compare the text
// again). Source: protocol.md 4.7, broker.md 17.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kx::filter {

class TagFilter {
public:
    TagFilter() = default;  ///< matches everything
    /// "*" or empty matches everything; otherwise tags joined by "||", trimmed, empty ones ignored.
    static TagFilter parse(std::string_view expression);
    static TagFilter of_codes(std::vector<std::int32_t> codes);

    bool matches_all() const { return codes_.empty(); }
    bool matches(std::int64_t tags_code) const;
    const std::vector<std::int32_t>& codes() const { return codes_; }

private:
    std::vector<std::int32_t> codes_;  // sorted
};

/// The single tags of an expression, as SubscriptionData's tagsSet has them; empty for "*".
std::vector<std::string> tags_of(std::string_view expression);

}  // namespace kx::filter
