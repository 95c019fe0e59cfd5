// SPDX-License-Identifier: Apache-2.0
#include "model/properties.h"

#include <algorithm>

#include "model/java_hash.h"

namespace kx::model {
namespace {

/// The property of one entry, if the entry counts.
std::optional<Property> parse_entry(std::string_view entry) {
    if (entry.size() < 3) return std::nullopt;
    const std::size_t at = entry.find(kNameValueSeparator);
    if (at == std::string_view::npos || at == 0 || at == entry.size() - 1) return std::nullopt;
    return Property{entry.substr(0, at), entry.substr(at + 1)};
}

}  // namespace

std::optional<Property> PropertyReader::next() {
    while (!rest_.empty()) {
        const std::size_t end = rest_.find(kPropertySeparator);
        const std::string_view entry = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
        if (auto property = parse_entry(entry)) return property;
    }
    return std::nullopt;
}

std::optional<std::string_view> find_property(std::string_view properties, std::string_view name) {
    // The last one wins, so the walk goes from the back.
    std::string_view rest = properties;
    while (!rest.empty()) {
        const std::size_t before = rest.rfind(kPropertySeparator);
        const bool first = before == std::string_view::npos;
        const std::string_view entry = first ? rest : rest.substr(before + 1);
        if (entry.size() > name.size() + 1 && entry[name.size()] == kNameValueSeparator &&
            entry.starts_with(name)) {
            if (auto property = parse_entry(entry); property && property->name == name) {
                return property->value;
            }
        }
        if (first) break;
        rest = rest.substr(0, before);
    }
    return std::nullopt;
}

std::string_view property_or_empty(std::string_view properties, std::string_view name) {
    return find_property(properties, name).value_or(std::string_view{});
}

bool has_property(std::string_view properties, std::string_view name) {
    return find_property(properties, name).has_value();
}

void append_property(std::string& properties, std::string_view name, std::string_view value) {
    if (name.empty() || value.empty()) return;
    properties.reserve(properties.size() + name.size() + value.size() + 3);
    if (!properties.empty() && properties.back() != kPropertySeparator) {
        properties += kPropertySeparator;
    }
    properties += name;
    properties += kNameValueSeparator;
    properties += value;
    properties += kPropertySeparator;
}

bool remove_property(std::string& properties, std::string_view name) {
    bool removed = false;
    std::size_t from = 0;
    while (from < properties.size()) {
        const std::size_t found = properties.find(kPropertySeparator, from);
        const std::size_t end = found == std::string::npos ? properties.size() : found + 1;
        const std::string_view entry = std::string_view(properties).substr(from, end - from);
        if (entry.size() > name.size() && entry[name.size()] == kNameValueSeparator &&
            entry.starts_with(name)) {
            properties.erase(from, end - from);
            removed = true;
        } else {
            from = end;
        }
    }
    return removed;
}

void set_property(std::string& properties, std::string_view name, std::string_view value) {
    remove_property(properties, name);
    append_property(properties, name, value);
}

std::vector<std::pair<std::string, std::string>> to_pairs(std::string_view properties) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (PropertyReader reader(properties); const auto entry = reader.next();) {
        const auto known = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) {
            return pair.first == entry->name;
        });
        if (known == pairs.end()) {
            pairs.emplace_back(entry->name, entry->value);
        } else {
            known->second = entry->value;
        }
    }
    return pairs;
}

std::int64_t tags_code_of(std::string_view properties) {
    const std::string_view tags = property_or_empty(properties, property::kTags);
    return tags.empty() ? 0 : java_hash(tags);
}

}  // namespace kx::model
