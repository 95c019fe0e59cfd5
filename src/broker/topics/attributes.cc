// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/attributes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>

namespace kx::broker {
namespace {

constexpr std::array kTopicRules = {
    AttributeRule{.name = "queue.type", .changeable = false, .values = "BatchCQ|SimpleCQ"},
    AttributeRule{.name = "cleanup.policy", .changeable = false, .values = "DELETE|COMPACTION"},
    AttributeRule{.name = "message.type",
                  .values = "UNSPECIFIED|NORMAL|FIFO|DELAY|TRANSACTION|MIXED"},
    AttributeRule{
        .name = "reserve.time", .min = -1, .max = std::numeric_limits<std::int64_t>::max()},
};
constexpr std::array kGroupRules = {
    AttributeRule{.name = "priority.factor", .min = 0, .max = 100},
};

bool is_one_of(std::string_view values, std::string_view value) {
    while (!values.empty()) {
        const std::size_t end = std::min(values.find('|'), values.size());
        if (values.substr(0, end) == value) return true;
        values.remove_prefix(std::min(end + 1, values.size()));
    }
    return false;
}

Status verify(const AttributeRule& rule, std::string_view value) {
    if (!rule.values.empty()) {
        if (is_one_of(rule.values, value)) return {};
        return fail(Errc::kInvalidArgument, "value is not in set: {}; {}={}", rule.values,
                    rule.name, value);
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool whole = error == std::errc{} && end == value.data() + value.size();
    if (whole && number >= rule.min && number <= rule.max) return {};
    return fail(Errc::kInvalidArgument, "value is not in range({}, {}); {}={}", rule.min, rule.max,
                rule.name, value);
}

Result<const AttributeRule*> rule_of(std::span<const AttributeRule> rules, std::string_view key) {
    const auto found = std::ranges::find(rules, key, &AttributeRule::name);
    if (found == rules.end()) return fail(Errc::kInvalidArgument, "unsupported key: {}", key);
    return &*found;
}

Status check_text(std::string_view key) {
    if (key.empty() || key.find_first_of("+-") != std::string_view::npos)
        return fail(Errc::kInvalidArgument, "kv string format wrong.");
    return {};
}

}  // namespace

std::span<const AttributeRule> topic_attributes() { return kTopicRules; }
std::span<const AttributeRule> group_attributes() { return kGroupRules; }

Result<Attributes> parse_attributes(std::string_view text) {
    Attributes parsed;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string_view item = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = item.find('=');
        const std::string_view key = item.substr(0, equals);
        const bool adds = equals != std::string_view::npos;
        if (adds && !key.starts_with('+'))
            return fail(Errc::kInvalidArgument, "add/alter attribute format is wrong: {}", key);
        if (!adds && !key.starts_with('-'))
            return fail(Errc::kInvalidArgument, "delete attribute format is wrong: {}", key);
        const std::string_view value = adds ? item.substr(equals + 1) : std::string_view{};
        if (!parsed.emplace(key, value).second)
            return fail(Errc::kInvalidArgument, "key duplication: {}", key);
    }
    return parsed;
}

Result<Attributes> change_attributes(std::span<const AttributeRule> rules, bool create,
                                     const Attributes& current, const Attributes& changes) {
    Attributes next = current;
    std::set<std::string_view> seen;
    for (const auto& [signed_key, value] : changes) {
        const bool adds = signed_key.starts_with('+');
        const bool removes = signed_key.starts_with('-');
        const std::string key = adds || removes ? signed_key.substr(1) : signed_key;
        KX_CHECK(check_text(key));
        if (!seen.insert(std::string_view(signed_key).substr(adds || removes ? 1 : 0)).second)
            return fail(Errc::kInvalidArgument, "key duplication. key: {}", key);
        if (create && !adds) {
            return fail(Errc::kInvalidArgument,
                        "only add attribute is supported while creating topic. key: {}", key);
        }
        if (!adds && !removes) return fail(Errc::kInvalidArgument, "wrong format key: {}", key);
        if (removes && !current.contains(key))
            return fail(Errc::kInvalidArgument, "attempt to delete a nonexistent key: {}", key);
        KX_TRY(const AttributeRule* rule, rule_of(rules, key));
        if (!create && !rule->changeable) {
            return fail(Errc::kInvalidArgument,
                        "attempt to update an unchangeable attribute. key: {}", key);
        }
        if (adds) KX_CHECK(verify(*rule, value));
        if (adds) next[key] = value;
        if (removes) next.erase(key);
    }
    return next;
}

}  // namespace kx::broker
