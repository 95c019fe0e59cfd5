// SPDX-License-Identifier: Apache-2.0
#include "base/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kx {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<Property> properties_of(std::string_view text) {
    auto result = parse_properties(text);
    EXPECT_TRUE(result.has_value()) << result.error().text;
    return result.value_or(std::vector<Property>{});
}

TEST(Properties, TakesEverySeparator) {
    EXPECT_THAT(properties_of("a=1\nb:2\nc 3\nd \t= 4\ne : 5\nf==6\ng= =7"),
                ElementsAre(FieldsAre("a", "1", 1), FieldsAre("b", "2", 2), FieldsAre("c", "3", 3),
                            FieldsAre("d", "4", 4), FieldsAre("e", "5", 5), FieldsAre("f", "=6", 6),
                            FieldsAre("g", "=7", 7)));
}

TEST(Properties, SkipsCommentsAndBlankLinesAndCountsThem) {
    EXPECT_THAT(properties_of("# one\n\n  ! two \\\r\n   a = 1\r\n\t\nb"),
                ElementsAre(FieldsAre("a", "1", 4), FieldsAre("b", "", 6)));
}

TEST(Properties, JoinsContinuedLines) {
    EXPECT_THAT(properties_of("list=a,\\\n     b,\\\n  # c\nnext=1\\\\\nlast=2\\"),
                ElementsAre(FieldsAre("list", "a,b,# c", 1), FieldsAre("next", "1\\", 4),
                            FieldsAre("last", "2", 5)));
}

TEST(Properties, UndoesEscapes) {
    EXPECT_THAT(properties_of("a\\=b\\:c\\ d = \\t\\n\\r\\f\\q\\u0041\\u00e9\\\\"),
                ElementsAre(FieldsAre("a=b:c d", "\t\n\r\fqA\xc3\xa9\\", 1)));
    EXPECT_THAT(properties_of("smile=\\ud83d\\ude00 half=\\ud83d"),
                ElementsAre(FieldsAre("smile", "\xf0\x9f\x98\x80 half=\xef\xbf\xbd", 1)));
}

TEST(Properties, NamesTheLineOfABrokenEscape) {
    const auto result = parse_properties("a=1\n\nb=\\u12x4\n");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::kMalformed);
    EXPECT_THAT(result.error().text, HasSubstr("line 3"));
}

TEST(Properties, TakesUtf8AndFallsBackToLatin1) {
    EXPECT_THAT(properties_of("name=\xe4\xb8\xad"),
                ElementsAre(FieldsAre("name", "\xe4\xb8\xad", 1)));
    EXPECT_THAT(properties_of("name=caf\xe9"), ElementsAre(FieldsAre("name", "caf\xc3\xa9", 1)));
    EXPECT_THAT(properties_of("\xef\xbb\xbfname=1"), ElementsAre(FieldsAre("name", "1", 1)));
}

TEST(Properties, KeepsTrailingBlanksOfAValue) {
    EXPECT_THAT(properties_of("a= b  \n"), ElementsAre(FieldsAre("a", "b  ", 1)));
}

TEST(Properties, IsEmptyForAnEmptyText) { EXPECT_THAT(properties_of(""), IsEmpty()); }

TEST(Properties, WritesSortedLinesAsJavaDoes) {
    const std::vector<Property> all = {{"b", "1:2=3 4", 0}, {"a", "", 0}, {"A", "/x;y", 0}};
    EXPECT_EQ(write_properties(all), "A=/x;y\na=\nb=1:2=3 4\n");
}

TEST(Properties, WritesWhatItReadsBack) {
    const std::vector<Property> all = {{"# a=b: c", " two\nlines\\ \t", 0},
                                       {"\xef\xbb\xbf", "x", 0}};
    const std::vector<Property> again = properties_of(write_properties(all));
    ASSERT_EQ(again.size(), 2U);
    EXPECT_EQ(again[0].key, all[0].key);
    EXPECT_EQ(again[0].value, all[0].value);
    EXPECT_EQ(again[1].key, all[1].key);
}

TEST(Properties, NamesTheFileItCannotRead) {
    const auto result = read_properties_file("/nowhere/broker.conf");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::kNotFound);
    EXPECT_THAT(result.error().text, HasSubstr("/nowhere/broker.conf"));
}

}  // namespace
}  // namespace kx
