// SPDX-License-Identifier: Apache-2.0
//
// The list of RocketMQ's configuration keys (tests/data/config_keys.tsv) and the comparison of a
// config struct's rows with it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/config_table.h"

namespace kx::test {

struct JavaKey {
    std::string key;
    std::string type;
    std::string default_value;  ///< "(null)", "(empty)", "(host)" or the value
    std::string tier;
};

/// The keys of one of RocketMQ's config classes.
inline std::vector<JavaKey> java_keys(const std::string& config_class) {
    std::ifstream file(KX_TEST_DATA "/config_keys.tsv");
    EXPECT_TRUE(file.is_open());
    std::vector<JavaKey> keys;
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with('#')) continue;
        std::istringstream cells(line);
        std::string owner;
        JavaKey key;
        std::getline(cells, owner, '\t');
        std::getline(cells, key.key, '\t');
        std::getline(cells, key.type, '\t');
        std::getline(cells, key.default_value, '\t');
        std::getline(cells, key.tier, '\t');
        if (owner == config_class) keys.push_back(std::move(key));
    }
    return keys;
}

inline bool same_type(const ConfigRow& row, const std::string& java_type) {
    // RocketMQ's enumerations are named types there, and choices here.
    if (row.type == KeyType::kChoice) return java_type.find_first_of("ABCDEFGHIJKLMNOPQRST") == 0;
    return type_text(row) == java_type;
}

inline bool same_tier(const ConfigRow& row, const std::string& tier) {
    return std::string_view("ABC")[static_cast<std::size_t>(row.tier)] == tier[0];
}

/// Each key of the Java class has a row in `part`, of its type and with its default.
/// `elsewhere`: keys that stand in another struct on purpose; `ours`: defaults that differ so.
inline void expect_java_keys(const ConfigPart& part, const std::string& config_class,
                             const std::vector<std::string>& elsewhere = {},
                             const std::map<std::string, std::string>& ours = {}) {
    const std::vector<JavaKey> keys = java_keys(config_class);
    EXPECT_FALSE(keys.empty()) << config_class;
    std::map<std::string_view, const ConfigRow*> rows;
    for (const ConfigRow& row : part.rows)
        EXPECT_TRUE(rows.emplace(row.name, &row).second) << row.name << " twice";

    for (const JavaKey& key : keys) {
        if (std::find(elsewhere.begin(), elsewhere.end(), key.key) != elsewhere.end()) continue;
        ASSERT_TRUE(rows.contains(key.key)) << config_class << " " << key.key;
        const ConfigRow& row = *rows[key.key];
        EXPECT_TRUE(same_type(row, key.type)) << key.key << " is a " << key.type;
        if (const auto own = ours.find(key.key); own != ours.end()) {
            EXPECT_EQ(value_text(row, part.defaults), own->second) << key.key;
            continue;
        }
        EXPECT_TRUE(same_tier(row, key.tier)) << key.key << " is of tier " << key.tier;
        EXPECT_EQ(row.nullable, key.default_value == "(null)") << key.key;
        EXPECT_EQ(row.default_note.empty(), key.default_value != "(host)") << key.key;
        if (key.default_value == "(host)") continue;
        const bool blank = key.default_value == "(null)" || key.default_value == "(empty)";
        EXPECT_EQ(value_text(row, part.defaults), blank ? "" : key.default_value) << key.key;
    }
}

/// Every row says what it means, and every row without effect says why.
inline void expect_sound_rows(const ConfigPart& part) {
    std::map<std::string, std::string_view> variables;
    for (const ConfigRow& row : part.rows) {
        EXPECT_FALSE(row.meaning.empty()) << row.name;
        EXPECT_EQ(row.reason.empty(), row.state != KeyState::kNoMeaning) << row.name;
        EXPECT_EQ(row.choices.empty(), row.type != KeyType::kChoice) << row.name;
        const auto [other, is_new] = variables.emplace(environment_name(row.name), row.name);
        EXPECT_TRUE(is_new) << row.name << " and " << other->second << " share " << other->first;
    }
}

}  // namespace kx::test
