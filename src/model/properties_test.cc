// SPDX-License-Identifier: Apache-2.0
#include "model/properties.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "model/java_hash.h"

namespace kx::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Properties, CountOnlyWhatJavaCounts) {
    EXPECT_THAT(to_pairs("a\x01"
                         "1\x02"
                         "b\x01"
                         "2\x02"),
                ElementsAre(Pair("a", "1"), Pair("b", "2")));
    EXPECT_THAT(to_pairs("a\x01"
                         "1"),
                ElementsAre(Pair("a", "1")));
    EXPECT_THAT(to_pairs("a\x01"
                         "1\x02"
                         "a\x01"
                         "2\x02"),
                ElementsAre(Pair("a", "2")));
    EXPECT_THAT(to_pairs("a\x01\x02"
                         "\x01v\x02"
                         "abc\x02"
                         "a\x02\x02\x02"),
                IsEmpty());
    EXPECT_THAT(to_pairs("a\x01v\x01w\x02"), ElementsAre(Pair("a", "v\x01w")));
    EXPECT_THAT(to_pairs(""), IsEmpty());
}

TEST(Properties, FindTheLastThatCounts) {
    EXPECT_EQ(find_property("TAGS\x01x\x02TAGS\x01y\x02", "TAGS"), "y");
    EXPECT_EQ(find_property("TAGS\x01x\x02TAGS\x01\x02", "TAGS"), "x");
    EXPECT_EQ(find_property("TAGSX\x01x\x02XTAGS\x01x", "TAGS"), std::nullopt);
    EXPECT_EQ(find_property("XTAGS\x01x\x02TAGS\x01"
                            "1",
                            "TAGS"),
              "1");
    EXPECT_EQ(property_or_empty("", "TAGS"), "");
}

TEST(Properties, AppendPutsAMissingSeparatorRight) {
    std::string text =
        "a\x01"
        "1";
    append_property(text, "b", "2");
    append_property(text, "c", "");
    EXPECT_EQ(text,
              "a\x01"
              "1\x02"
              "b\x01"
              "2\x02");
    EXPECT_TRUE(remove_property(text, "a"));
    EXPECT_FALSE(remove_property(text, "a"));
    set_property(text, "b", "3");
    EXPECT_EQ(text,
              "b\x01"
              "3\x02");
}

TEST(Properties, AgreeWithAMapOnRandomText) {
    std::mt19937 random(11);
    const std::string letters = "ab\x01\x02";
    for (int round = 0; round < 20000; ++round) {
        std::string text(random() % 20, ' ');
        for (char& c : text) c = letters[random() % letters.size()];
        std::map<std::string, std::string> expected;
        for (PropertyReader reader(text); const auto entry = reader.next();) {
            expected[std::string(entry->name)] = entry->value;
        }
        for (const auto& name : {"a", "b", "ab", "ba", "aa"}) {
            const auto found = find_property(text, name);
            ASSERT_EQ(found.has_value(), expected.contains(name));
            if (found) EXPECT_EQ(*found, expected[name]);
        }
        std::string changed = text;
        set_property(changed, "a", "new");
        EXPECT_EQ(find_property(changed, "a"), "new");
        remove_property(changed, "a");
        EXPECT_EQ(find_property(changed, "a"), std::nullopt);
    }
}

TEST(JavaHash, CountsUtf16CodeUnits) {
    EXPECT_EQ(java_hash("TagA"), 2598919);
    EXPECT_EQ(java_hash(""), 0);
    EXPECT_EQ(java_hash("北京"), 0x5317 * 31 + 0x4EAC);
    EXPECT_EQ(java_hash("\U0001F600"), 0xD83D * 31 + 0xDE00);
    EXPECT_EQ(utf16_length("\U0001F600"), 2);
    EXPECT_EQ(java_hash("\xff"), 0xFFFD);
    EXPECT_EQ(java_hash("\xe5\x8c"), 0xFFFD);
    EXPECT_EQ(tags_code_of("TAGS\x01TagA\x02"), 2598919);
    EXPECT_LT(tags_code_of("TAGS\x01zzzzzzz\x02"), 1LL << 31);
}

}  // namespace
}  // namespace kx::model
