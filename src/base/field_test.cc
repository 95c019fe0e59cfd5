// SPDX-License-Identifier: Apache-2.0
//
// The table engine of request headers: what it reads, refuses and writes.
#include "base/field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace kx {
namespace {

using ::testing::HasSubstr;

struct Sample {
    std::string_view topic;
    std::int32_t queue_id = 7;
    std::int64_t offset = -1;
    bool order = false;
    double rate = 0.5;
    std::optional<std::string_view> tag;
    std::optional<std::int32_t> times;

    static constexpr auto fields() {
        return std::array{
            field<&Sample::topic>("topic", "b", kRequired),
            field<&Sample::queue_id>("queueId", "e", kRequired),
            field<&Sample::offset>("offset"),
            field<&Sample::order>("order", "k"),
            field<&Sample::rate>("rate"),
            field<&Sample::tag>("tag", "t"),
            field<&Sample::times>("times"),
        };
    }
};

ExtFields fields_of(std::initializer_list<ExtField> rows) {
    ExtFields fields;
    for (const ExtField& row : rows) fields.add(row.key, row.value);
    return fields;
}

std::string error_of(const Result<Sample>& result) {
    return result ? std::string("no error") : result.error().text;
}

TEST(HeaderFields, AreReadByTheirLongNamesInAnyOrder) {
    const auto read = read_header<Sample>(fields_of({{"times", "3"},
                                                     {"rate", "2.25"},
                                                     {"order", "TRUE"},
                                                     {"offset", "-9223372036854775808"},
                                                     {"queueId", "2147483647"},
                                                     {"topic", "orders"},
                                                     {"tag", ""}}));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->topic, "orders");
    EXPECT_EQ(read->queue_id, 2147483647);
    EXPECT_EQ(read->offset, std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(read->order);
    EXPECT_EQ(read->rate, 2.25);
    EXPECT_EQ(read->tag, "");
    EXPECT_EQ(read->times, 3);
}

TEST(HeaderFields, AreReadByTheirShortNamesAndByTheLongOnesOfRowsWithoutAny) {
    const auto read = read_header<Sample>(
        fields_of({{"b", "orders"}, {"e", "1"}, {"offset", "5"}, {"topic", "x"}}), Names::kShort);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->topic, "orders");
    EXPECT_EQ(read->offset, 5);
}

TEST(HeaderFields, KeepTheirDefaultsWhenTheyAreAbsent) {
    const auto read = read_header<Sample>(fields_of({{"topic", ""}, {"queueId", "0"}}));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->offset, -1);
    EXPECT_FALSE(read->tag.has_value());
    EXPECT_FALSE(read->times.has_value());
}

TEST(HeaderFields, MissingOnesAreNamed) {
    EXPECT_THAT(error_of(read_header<Sample>(fields_of({{"topic", "t"}}))),
                HasSubstr("queueId is missing"));
    EXPECT_THAT(error_of(read_header<Sample>(ExtFields{})), HasSubstr("topic is missing"));
}

TEST(HeaderFields, MalformedNumbersAreNamed) {
    for (const std::string_view bad : {"", " 1", "1 ", "0x1", "1.0", "2147483648", "-2147483649",
                                       "--1", "+-1", "+", "-", "one", "99999999999999999999"}) {
        const auto read = read_header<Sample>(fields_of({{"topic", "t"}, {"queueId", bad}}));
        EXPECT_THAT(error_of(read), HasSubstr("queueId")) << "value '" << bad << "'";
    }
    const std::string huge(1 << 20, '9');
    const auto read = read_header<Sample>(fields_of({{"topic", "t"}, {"queueId", huge}}));
    EXPECT_LT(error_of(read).size(), 200U) << "the error must not carry the whole value";
}

TEST(HeaderFields, TakeASignBeforeNumbersAsJavaDoes) {
    const auto read = read_header<Sample>(fields_of({{"topic", "t"}, {"queueId", "+12"}}));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->queue_id, 12);
}

TEST(HeaderFields, BooleansAreTrueOnlyForTheWordTrue) {
    for (const std::string_view text : {"1", "yes", "", "truer", "tru", " true"}) {
        const auto read =
            read_header<Sample>(fields_of({{"topic", ""}, {"queueId", "0"}, {"order", text}}));
        ASSERT_TRUE(read);
        EXPECT_FALSE(read->order) << text;
    }
}

TEST(HeaderFields, TheLastOfEqualNamesWins) {
    const ExtFields fields =
        fields_of({{"queueId", "1"}, {"topic", "a"}, {"queueId", "2"}, {"topic", "b"}});
    const auto read = read_header<Sample>(fields);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->queue_id, 2);
    EXPECT_EQ(read->topic, "b");
    EXPECT_EQ(fields.find("queueId"), "2");
}

TEST(HeaderFields, SpillBeyondTwoDozen) {
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back("extra" + std::to_string(i));
    ExtFields fields;
    for (int round = 0; round < 2; ++round) {
        fields.clear();
        for (std::size_t i = 0; i < names.size(); ++i) {
            fields.add(names[i], names[i]);
            ASSERT_EQ(fields.size(), i + 1);
            ASSERT_EQ(fields.rows().size(), i + 1);
            ASSERT_EQ(fields.rows().front().key, "extra0");
            ASSERT_EQ(fields.rows().back().key, names[i]);
        }
        fields.add("queueId", "4");
        fields.add("topic", "t");
        EXPECT_EQ(fields.find("extra23"), "extra23");
        EXPECT_EQ(fields.find("extra24"), "extra24");
        EXPECT_EQ(fields.find("nothing"), std::nullopt);
        const auto read = read_header<Sample>(fields);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->queue_id, 4);
    }
}

TEST(HeaderFields, CopiesAreIndependent) {
    ExtFields original;
    for (int i = 0; i < 30; ++i) original.add("k", "v");
    ExtFields copy = original;
    original.clear();
    EXPECT_EQ(copy.size(), 30U);
    EXPECT_EQ(copy.find("k"), "v");
}

TEST(HeaderFields, WriteWhatTheyReadBack) {
    Sample sample;
    sample.topic = "orders";
    sample.queue_id = std::numeric_limits<std::int32_t>::min();
    sample.offset = std::numeric_limits<std::int64_t>::max();
    sample.order = true;
    sample.rate = 0.1;
    sample.tag = "";
    ExtFields written;
    std::vector<std::string> texts;
    texts.reserve(16);
    for (const FieldRow& row : rows_of<Sample>()) {
        Buffer text;
        if (!row.write(&sample, text)) continue;
        texts.emplace_back(text.view());
        written.add(row.name, texts.back());
    }
    EXPECT_EQ(written.size(), 6U) << "an absent optional is not written";
    const auto read = read_header<Sample>(written);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->topic, sample.topic);
    EXPECT_EQ(read->queue_id, sample.queue_id);
    EXPECT_EQ(read->offset, sample.offset);
    EXPECT_EQ(read->order, sample.order);
    EXPECT_EQ(read->rate, sample.rate);
    EXPECT_EQ(read->tag, sample.tag);
}

TEST(HeaderFields, ADefaultViewMeansNullAndIsNotWritten) {
    const Sample sample;
    Buffer text;
    EXPECT_FALSE(rows_of<Sample>()[0].write(&sample, text));
    EXPECT_TRUE(text.empty());
}

TEST(HeaderFields, KnowTheirKinds) {
    std::string kinds;
    for (const FieldRow& row : rows_of<Sample>()) kinds.push_back(static_cast<char>(row.kind));
    EXPECT_EQ(kinds, "SILBDSI");
}

}  // namespace
}  // namespace kx
