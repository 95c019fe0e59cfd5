// SPDX-License-Identifier: Apache-2.0
//
// The config structs of one process, seen as one flat list of keys. A key that several structs
// have (brokerName, listenPort) is set in each of them by one line, as RocketMQ does it.
//
//   ConfigTable table({config_part("broker", config.broker), config_part("store", config.store)});
//   KX_TRY(const ConfigReport report, table.load({.file = path, .set = {"listenPort=0"}}));
//
// A table borrows the structs and costs a few hundred pointers: make one when needed. A live change
// is made on a copy of the structs that is then published as a Snapshot.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/config_key.h"
#include "base/properties.h"
#include "base/result.h"

namespace kx {

/// One struct within a table. Made from a const struct it can only be looked at.
struct ConfigPart {
    std::string_view title;
    std::span<const ConfigRow> rows;
    const void* view = nullptr;
    void* config = nullptr;          ///< null when the struct is const
    const void* defaults = nullptr;  ///< a struct nobody touched
};

namespace config_detail {
template <class Config>
const void* untouched() {
    static const Config config{};
    return &config;
}
}  // namespace config_detail

template <class Config>
ConfigPart config_part(std::string_view title, Config& config) {
    using Plain = std::remove_const_t<Config>;
    ConfigPart part{title, Plain::keys(), &config, nullptr, config_detail::untouched<Plain>()};
    if constexpr (!std::is_const_v<Config>) part.config = &config;
    return part;
}

/// Where values come from, weakest first: file, environment, options.
struct ConfigSources {
    std::string file{};                      ///< empty: none
    std::vector<std::string> environment{};  ///< "NAME=value"; only KEROLOX_* is looked at
    std::vector<std::string> set{};          ///< "key=value", from --set and other options
};

/// This process's environment, for ConfigSources.
std::vector<std::string> process_environment();

struct ConfigReport {
    std::vector<std::string> warnings;  ///< for the log: unknown keys, keys without effect
    std::vector<std::string> set;       ///< the keys somebody set, sorted
    std::vector<Property> unknown;      ///< of the file; written back with everything else

    bool is_set(std::string_view key) const;
};

struct ConfigChange {
    std::string key;
    std::string from;
    std::string to;
    bool live = false;  ///< false: takes effect at the next start
};

struct ConfigUpdate {
    std::vector<ConfigChange> changes;
    std::vector<std::string> ignored;  ///< unknown keys and bad values, as sentences for the log

    bool changed(std::string_view key) const;
};

/// One row and the struct it belongs to.
struct ConfigEntry {
    const ConfigPart* part = nullptr;
    const ConfigRow* row = nullptr;

    std::string value() const { return value_text(*row, part->view); }
    std::string default_value() const { return value_text(*row, part->defaults); }
};

class ConfigTable {
public:
    explicit ConfigTable(std::vector<ConfigPart> parts);
    ConfigTable(const ConfigTable&) = delete;
    ConfigTable& operator=(const ConfigTable&) = delete;

    std::span<const ConfigPart> parts() const { return parts_; }
    /// Every struct's row of that name, in the order of the parts; empty when nobody knows the key.
    std::span<const ConfigEntry> find(std::string_view key) const;
    /// The known key most like `key`, or empty when none is like it.
    std::string nearest(std::string_view key) const;
    /// `unknown key X`, and if one is like it, `, did you mean Y?`
    std::string unknown_key_text(std::string_view key) const;

    /// Reads all sources in order of precedence. Fails on the first malformed value, naming its
    /// place: "broker.conf:12: listenPort: ...". What is only odd becomes a warning.
    Result<ConfigReport> load(const ConfigSources& sources);

    /// A change by request: what is unknown or malformed is passed over, as RocketMQ does it.
    ConfigUpdate update(std::span<const Property> properties);

    /// "key=value" lines sorted by key: the body of GET_BROKER_CONFIG, and the file written after
    /// an update. Of equal keys the later struct's value counts. `more` are keys of nobody.
    std::string to_properties(std::span<const Property> more = {}) const;

    /// What -p (all) and -m (important only) print; secrets are masked.
    std::string print(bool important_only) const;

private:
    struct Origin {
        std::string place;  ///< "broker.conf:12", "--set", "environment KEROLOX_X"
        std::string_view key;
        std::string_view value;
    };
    struct Loading;

    Status load_file(const std::string& path, Loading& loading);
    Status load_environment(std::span<const std::string> environment, Loading& loading);
    Status load_options(std::span<const std::string> options, Loading& loading);
    Status take(const Origin& origin, Loading& loading);

    std::vector<ConfigPart> parts_;
    std::unordered_map<std::string_view, std::vector<ConfigEntry>> by_name_;
};

/// Fails with RocketMQ's remark when `properties` sets a key named in one of the `;` lists.
Status check_black_list(std::span<const Property> properties, std::string_view fixed,
                        std::string_view configured);

/// The number of single-character edits (swapped neighbours count as one) from `a` to `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace kx
