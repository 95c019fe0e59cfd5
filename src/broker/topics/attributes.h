// SPDX-License-Identifier: Apache-2.0
//
// Attributes of topics and groups, and the changes that requests ask for: "+key=value" adds or
// replaces, "-key" removes. Source: protocol.md 4.12, broker.md 4.5.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kx::broker {

using Attributes = std::map<std::string, std::string>;

struct AttributeRule {
    std::string_view name;
    bool changeable = true;
    std::string_view values{};  ///< "A|B|C"; empty: a whole number in [min, max]
    std::int64_t min = 0;
    std::int64_t max = 0;
};

std::span<const AttributeRule> topic_attributes();
std::span<const AttributeRule> group_attributes();

/// "+a=b,-c" as signed keys with their values. Empty text is no change.
Result<Attributes> parse_attributes(std::string_view text);

/// `current` after the signed `changes`. A new owner (`create`) can only add.
Result<Attributes> change_attributes(std::span<const AttributeRule> rules, bool create,
                                     const Attributes& current, const Attributes& changes);

}  // namespace kx::broker
