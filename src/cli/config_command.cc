// SPDX-License-Identifier: Apache-2.0
#include "cli/config_command.h"

#include <cstdio>
#include <set>

#include "base/config_table.h"
#include "base/json.h"
#include "broker/config.h"
#include "cli/dev_config.h"
#include "cli/exit_codes.h"
#include "namesrv/config.h"

namespace kx::cli {
namespace {

/// Every struct of every server, with a title that says where its keys are valid.
class AllKeys {
public:
    AllKeys() : table_(parts()) {}
    const ConfigTable& table() const { return table_; }
    broker::BrokerConfig& broker() { return broker_; }

private:
    std::vector<ConfigPart> parts() {
        std::vector<ConfigPart> all = config_parts(broker_);
        all.push_back(config_part("name server", static_cast<namesrv::NamesrvKeys&>(namesrv_)));
        all.push_back(config_part("name server", static_cast<namesrv::ListenKeys&>(namesrv_)));
        all.push_back(config_part("kerolox dev", dev_));
        return all;
    }

    broker::BrokerConfig broker_;
    namesrv::NamesrvConfig namesrv_;
    DevKeys dev_;
    ConfigTable table_;
};

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string default_text(const ConfigEntry& entry) {
    if (!entry.row->default_note.empty()) return std::string(entry.row->default_note);
    std::string value = entry.default_value();
    return value.empty() ? "(none)" : value;
}

std::string_view live_text(const ConfigRow& row) {
    if (row.state != KeyState::kWorks) return "no";
    return row.live ? "yes" : "no: takes effect at the next start";
}

std::string explanation(const ConfigEntry& entry) {
    const ConfigRow& row = *entry.row;
    std::string out = fmt::format("{} ({})\n  {}\n", row.name, entry.part->title, row.meaning);
    const auto line = [&out](std::string_view name, std::string_view value) {
        if (!value.empty()) out += fmt::format("  {:<20} {}\n", name, value);
    };
    line("type", type_text(row));
    line("unit", row.unit);
    line("default", default_text(entry));
    line("changes at run time", live_text(row));
    line("state", state_text(row));
    line("also spelt", row.alias);
    line("environment", environment_name(row.name));
    return out;
}

void write_json(JsonWriter& json, const ConfigEntry& entry) {
    const ConfigRow& row = *entry.row;
    const auto text = [&json](std::string_view name, std::string_view value) {
        json.key(name);
        json.text(value);
    };
    json.begin_object();
    text("key", row.name);
    text("of", entry.part->title);
    text("meaning", row.meaning);
    text("type", type_text(row));
    if (!row.unit.empty()) text("unit", row.unit);
    text("default", default_text(entry));
    json.key("live");
    json.boolean(row.live && row.state == KeyState::kWorks);
    json.key("works");
    json.boolean(row.state == KeyState::kWorks);
    text("state", state_text(row));
    text("environment", environment_name(row.name));
    json.end_object();
}

int print_json(std::span<const ConfigEntry> entries) {
    std::string out;
    JsonWriter json(out, JsonWriter::Style::kStandard);
    json.begin_array();
    for (const ConfigEntry& entry : entries) write_json(json, entry);
    json.end_array();
    print(stdout, out + "\n");
    return kDone;
}

std::vector<ConfigEntry> every_entry(const ConfigTable& table) {
    std::vector<ConfigEntry> all;
    for (const ConfigPart& part : table.parts())
        for (const ConfigRow& row : part.rows) all.push_back({&part, &row});
    return all;
}

int list_all(const ConfigTable& table) {
    std::string out;
    for (const ConfigPart& part : table.parts()) {
        out += fmt::format("\n{}\n", part.title);
        for (const ConfigRow& row : part.rows) {
            const ConfigEntry entry{&part, &row};
            const std::string_view mark = row.state == KeyState::kWorks ? " " : "-";
            out += fmt::format("{} {} = {}\n      {}\n", mark, row.name, default_text(entry),
                               row.meaning);
        }
    }
    out +=
        "\n-: accepted, without effect in this version. `kerolox config explain KEY` tells more.\n";
    print(stdout, std::string_view(out).substr(1));
    return kDone;
}

/// In a table cell a bar would end the cell.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out.push_back('\\');
        out.push_back(c);
    }
    return out;
}

std::string markdown_row(const ConfigEntry& entry) {
    const ConfigRow& row = *entry.row;
    std::string type(type_text(row));
    if (!row.unit.empty()) type += fmt::format(", {}", row.unit);
    std::string meaning(row.meaning);
    if (row.state == KeyState::kLater) meaning += " — *later*";
    if (row.state == KeyState::kNoMeaning)
        meaning += fmt::format(" — *no meaning: {}*", row.reason);
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, cell(type),
                       cell(default_text(entry)),
                       row.live && row.state == KeyState::kWorks ? "yes" : "", cell(meaning));
}

struct Complaints {
    std::string text;
    std::string notes;
    int count = 0;

    void add(std::string_view place, std::string_view what) {
        text += fmt::format("{}: {}\n", place, what);
        ++count;
    }
};

void check_property(const ConfigTable& table, const Property& property, std::string_view place,
                    Complaints& found) {
    const std::span<const ConfigEntry> entries = table.find(property.key);
    if (entries.empty()) {
        found.add(place, table.unknown_key_text(property.key));
        return;
    }
    bool works = false;
    for (const ConfigEntry& entry : entries) {
        works = works || entry.row->state == KeyState::kWorks;
        const Status set = set_value(*entry.row, entry.part->config, property.value);
        if (set) continue;
        found.add(place,
                  fmt::format("{}: {}", property.key,
                              entry.row->secret ? "the value is malformed" : set.error().text));
        return;
    }
    const ConfigRow& row = *entries.front().row;
    if (!works) found.notes += fmt::format("{}: {}: {}\n", place, row.name, state_text(row));
}

}  // namespace

int config_explain(const std::optional<std::string>& key, bool json) {
    const AllKeys keys;
    if (!key) return json ? print_json(every_entry(keys.table())) : list_all(keys.table());

    const std::span<const ConfigEntry> entries = keys.table().find(*key);
    if (entries.empty()) {
        print(stderr, keys.table().unknown_key_text(*key) + "\n");
        return kNotFound;
    }
    if (json) return print_json(entries);
    for (const ConfigEntry& entry : entries) print(stdout, explanation(entry));
    return kDone;
}

int config_explain_markdown() {
    const AllKeys keys;
    std::string out =
        "# Configuration keys\n\n"
        "Made by `kerolox config explain --markdown`; edit the rows in `src/`, not this page.\n\n"
        "A value comes from, strongest first: an option (`--set key=value`), the environment\n"
        "(`KEROLOX_` and the key in upper snake case: `KEROLOX_LISTEN_PORT`), the file (`-c`, "
        "Java\n"
        "properties), the default. *Live*: a change by `updateBrokerConfig` or HUP takes effect "
        "in\n"
        "the running server. *Later*: accepted, but its feature is not in this version.\n";
    std::string_view title;
    for (const ConfigPart& part : keys.table().parts()) {
        if (part.title != title) {
            title = part.title;
            out += fmt::format("\n## {}{}\n\n", static_cast<char>(title[0] - 'a' + 'A'),
                               title.substr(1));
            out += "| Key | Type | Default | Live | Meaning |\n| --- | --- | --- | --- | --- |\n";
        }
        for (const ConfigRow& row : part.rows) out += markdown_row({&part, &row});
    }
    print(stdout, out);
    return kDone;
}

int config_check(const std::string& path) {
    const auto properties = read_properties_file(path);
    if (!properties) {
        print(stderr, properties.error().text + "\n");
        return properties.error().code == Errc::kNotFound ? kNotFound : kFailed;
    }
    AllKeys keys;
    Complaints found;
    std::set<std::string_view> seen;
    for (const Property& property : *properties) {
        const std::string place = fmt::format("{}:{}", path, property.line);
        if (!seen.insert(property.key).second)
            found.notes +=
                fmt::format("{}: {} is set again; the last line counts\n", place, property.key);
        check_property(keys.table(), property, place, found);
    }
    if (const Status sound = fix_up(keys.broker()); !sound) found.add(path, sound.error().text);

    print(stderr, found.text + found.notes);
    if (found.count > 0) return kFailed;
    print(stdout, fmt::format("{}: {} keys, all known and well-formed\n", path, seen.size()));
    return kDone;
}

}  // namespace kx::cli
