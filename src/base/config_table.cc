// SPDX-License-Identifier: Apache-2.0
#include "base/config_table.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/assert.h"

namespace kx {
namespace {

constexpr std::string_view kEnvironmentPrefix = "KEROLOX_";

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

/// The candidate most like `text`, letters' case aside, or empty when none is near enough.
template <class Names>
std::string_view most_alike(std::string_view text, const Names& names) {
    constexpr std::size_t kEditsMax = 5;
    constexpr std::size_t kLengthMax = 128;  // the cost is quadratic; no key is that long
    if (text.size() > kLengthMax) return {};
    const std::string wanted = lower_case(text);
    std::size_t best = std::min(kEditsMax, 1 + text.size() / 4) + 1;  // nothing found yet
    std::string_view found;
    for (const std::string_view name : names) {
        const std::size_t distance = edit_distance(wanted, lower_case(name));
        // Of equally near names the first in the alphabet, whatever the order of the table.
        if (distance > best || (distance == best && name > found)) continue;
        best = distance;
        found = name;
    }
    return found;
}

/// A key set to a value other than the one it had, though nothing reads it.
std::string without_effect(const ConfigRow& row) {
    if (row.state == KeyState::kLater)
        return fmt::format("{} is accepted, but its feature is not in this version", row.name);
    return fmt::format("{} is accepted, but has no meaning here: {}", row.name, row.reason);
}

std::string join(const std::set<std::string_view>& names) {
    std::string out;
    for (const std::string_view name : names) {
        if (!out.empty()) out += ", ";
        out += name;
    }
    return out;
}

}  // namespace

struct ConfigTable::Loading {
    ConfigReport report;
    std::set<std::string_view> set;  ///< rows' own names
    std::set<std::string_view> warned;
    std::set<std::string_view> idle;  ///< without effect, and left at the value they had anyway

    void note(const Origin& origin, const ConfigRow& row, bool changes) {
        if (!changes) {
            idle.insert(row.name);
        } else if (warned.insert(row.name).second) {
            report.warnings.push_back(fmt::format("{}: {}", origin.place, without_effect(row)));
        }
    }
};

std::vector<std::string> process_environment() {
    std::vector<std::string> all;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
        all.emplace_back(*entry);
    return all;
}

bool ConfigReport::is_set(std::string_view key) const {
    return std::binary_search(set.begin(), set.end(), key);
}

bool ConfigUpdate::changed(std::string_view key) const {
    return std::any_of(changes.begin(), changes.end(),
                       [key](const ConfigChange& change) { return change.key == key; });
}

ConfigTable::ConfigTable(std::vector<ConfigPart> parts) : parts_(std::move(parts)) {
    for (const ConfigPart& part : parts_) {
        for (const ConfigRow& row : part.rows) {
            by_name_[row.name].push_back({&part, &row});
            if (!row.alias.empty()) by_name_[row.alias].push_back({&part, &row});
        }
    }
}

std::span<const ConfigEntry> ConfigTable::find(std::string_view key) const {
    const auto found = by_name_.find(key);
    if (found == by_name_.end()) return {};
    return found->second;
}

std::string ConfigTable::nearest(std::string_view key) const {
    std::vector<std::string_view> names;
    names.reserve(by_name_.size());
    for (const auto& [name, entries] : by_name_) names.push_back(name);
    return std::string(most_alike(key, names));
}

std::string ConfigTable::unknown_key_text(std::string_view key) const {
    const std::string alike = nearest(key);
    if (alike.empty()) return fmt::format("unknown key {}", key);
    return fmt::format("unknown key {}, did you mean {}?", key, alike);
}

Result<ConfigReport> ConfigTable::load(const ConfigSources& sources) {
    Loading loading;
    if (!sources.file.empty()) KX_CHECK(load_file(sources.file, loading));
    KX_CHECK(load_environment(sources.environment, loading));
    KX_CHECK(load_options(sources.set, loading));

    for (const std::string_view name : loading.warned) loading.idle.erase(name);
    if (!loading.idle.empty()) {
        // A file that Java wrote back names every key there is: one line for all of them.
        loading.report.warnings.push_back(
            fmt::format("set to their defaults, and without effect here: {}", join(loading.idle)));
    }
    loading.report.set.assign(loading.set.begin(), loading.set.end());
    return std::move(loading.report);
}

Status ConfigTable::load_file(const std::string& path, Loading& loading) {
    KX_TRY(const std::vector<Property> properties, read_properties_file(path));
    for (const Property& property : properties) {
        const Origin origin{fmt::format("{}:{}", path, property.line), property.key,
                            property.value};
        if (find(property.key).empty()) loading.report.unknown.push_back(property);
        KX_CHECK(take(origin, loading));
    }
    return {};
}

Status ConfigTable::load_environment(std::span<const std::string> environment, Loading& loading) {
    std::map<std::string, std::string_view> keys;
    for (const ConfigPart& part : parts_)
        for (const ConfigRow& row : part.rows) keys.emplace(environment_name(row.name), row.name);

    for (const std::string& entry : environment) {
        if (!entry.starts_with(kEnvironmentPrefix)) continue;
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos) continue;
        const std::string name = entry.substr(0, equals);
        const auto key = keys.find(name);
        if (key == keys.end()) {
            std::vector<std::string_view> names;
            names.reserve(keys.size());
            for (const auto& [known, unused] : keys) names.push_back(known);
            const std::string_view alike = most_alike(name, names);
            loading.report.warnings.push_back(fmt::format(
                "environment: {} names no key{}", name,
                alike.empty() ? std::string() : fmt::format(", did you mean {}?", alike)));
            continue;
        }
        KX_CHECK(take({fmt::format("environment {}", name), key->second,
                       std::string_view(entry).substr(equals + 1)},
                      loading));
    }
    return {};
}

Status ConfigTable::load_options(std::span<const std::string> options, Loading& loading) {
    for (const std::string& option : options) {
        const std::size_t equals = option.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(Errc::kInvalidArgument, "option \"{}\" is not of the form KEY=VALUE",
                        option);
        const std::string_view text = option;
        KX_CHECK(take({"option", text.substr(0, equals), text.substr(equals + 1)}, loading));
    }
    return {};
}

Status ConfigTable::take(const Origin& origin, Loading& loading) {
    const std::span<const ConfigEntry> entries = find(origin.key);
    if (entries.empty()) {
        loading.report.warnings.push_back(
            fmt::format("{}: {}", origin.place, unknown_key_text(origin.key)));
        return {};
    }
    const bool works = std::any_of(entries.begin(), entries.end(), [](const ConfigEntry& entry) {
        return entry.row->state == KeyState::kWorks;
    });
    for (const ConfigEntry& entry : entries) {
        KX_ASSERT(entry.part->config != nullptr, "{} is read-only here", entry.part->title);
        const std::string before = entry.value();
        if (const Status set = set_value(*entry.row, entry.part->config, origin.value); !set) {
            return fail(set.error().code, "{}: {}: {}", origin.place, origin.key,
                        entry.row->secret ? "the value is malformed" : set.error().text);
        }
        loading.set.insert(entry.row->name);
        if (!works) loading.note(origin, *entry.row, entry.value() != before);
    }
    return {};
}

ConfigUpdate ConfigTable::update(std::span<const Property> properties) {
    ConfigUpdate result;
    for (const Property& property : properties) {
        const std::span<const ConfigEntry> entries = find(property.key);
        if (entries.empty()) {
            result.ignored.push_back(unknown_key_text(property.key));
            continue;
        }
        bool told = false;
        for (const ConfigEntry& entry : entries) {
            KX_ASSERT(entry.part->config != nullptr, "{} is read-only here", entry.part->title);
            const std::string before = entry.value();
            const Status set =
                set_value(*entry.row, entry.part->config, property.value, Strictness::kAsJava);
            if (!set) {
                if (!told) {
                    result.ignored.push_back(fmt::format("{}: {}", property.key, set.error().text));
                }
                told = true;
                continue;
            }
            const std::string after = entry.value();
            if (after == before || result.changed(entry.row->name)) continue;
            result.changes.push_back(
                {std::string(entry.row->name), before, after, entry.row->live});
        }
    }
    return result;
}

std::string ConfigTable::to_properties(std::span<const Property> more) const {
    std::map<std::string_view, std::string> values;
    for (const Property& property : more) values[property.key] = property.value;
    for (const ConfigPart& part : parts_) {
        for (const ConfigRow& row : part.rows) {
            std::string value = value_text(row, part.view);
            if (row.nullable && value.empty()) continue;
            values[row.name] = std::move(value);
        }
    }
    std::vector<Property> sorted;
    sorted.reserve(values.size());
    for (auto& [key, value] : values) sorted.push_back({std::string(key), std::move(value), 0});
    return write_properties(sorted);
}

std::string ConfigTable::print(bool important_only) const {
    std::string out;
    for (const ConfigPart& part : parts_) {
        std::string lines;
        for (const ConfigRow& row : part.rows) {
            if (important_only && !row.important) continue;
            const std::string value = value_text(row, part.view);
            lines +=
                fmt::format("{}={}\n", row.name, row.secret && !value.empty() ? "(secret)" : value);
        }
        if (!lines.empty()) out += fmt::format("# {}\n{}", part.title, lines);
    }
    return out;
}

Status check_black_list(std::span<const Property> properties, std::string_view fixed,
                        std::string_view configured) {
    for (std::string_view list : {fixed, configured}) {
        while (!list.empty()) {
            const std::size_t end = std::min(list.find(';'), list.size());
            const std::string_view name = list.substr(0, end);
            list.remove_prefix(std::min(end + 1, list.size()));
            for (const Property& property : properties)
                if (!name.empty() && property.key == name)
                    return fail(Errc::kPermissionDenied, "Can not update config in black list.");
        }
    }
    return {};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the table of distances between the prefixes of a and of b.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

}  // namespace kx
