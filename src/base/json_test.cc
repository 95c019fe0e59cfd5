// SPDX-License-Identifier: Apache-2.0
//
// JSON in fastjson's dialect: what the reader takes and refuses, and the writer's three forms.
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kx {
namespace {

using Style = JsonWriter::Style;

Json parsed(std::string_view text) {
    auto json = Json::parse(text);
    EXPECT_TRUE(json) << text << ": " << (json ? "" : json.error().text);
    return json ? *json : Json();
}

std::string text_of(const Json* json) {
    if (json == nullptr) return "(absent)";
    return json->as_text() != nullptr ? *json->as_text() : "(no text)";
}

TEST(JsonReader, ReadsEveryKindOfValue) {
    const Json json = parsed(R"({"t":"x","i":-5,"d":2.5,"b":true,"n":null,"a":[1,[]],"o":{}})");
    EXPECT_EQ(text_of(json.find("t")), "x");
    EXPECT_EQ(*json.find("i")->as_int(), -5);
    EXPECT_EQ(*json.find("d")->as_double(), 2.5);
    EXPECT_TRUE(*json.find("b")->as_bool());
    EXPECT_TRUE(json.find("n")->is_null());
    EXPECT_EQ(json.find("a")->as_array()->size(), 2U);
    EXPECT_TRUE(json.find("o")->as_object()->empty());
    EXPECT_EQ(json.find("missing"), nullptr);
    EXPECT_EQ(json.find("a")->find("x"), nullptr) << "an array has no members";
}

TEST(JsonReader, TakesBareIntegerKeys) {
    const Json json = parsed("{0:\"a\", -7 :\"b\",\n18:{3:4},\"q\":\"c\"}");
    EXPECT_EQ(text_of(json.find("0")), "a");
    EXPECT_EQ(text_of(json.find("-7")), "b");
    EXPECT_EQ(*json.find("18")->find("3")->as_int(), 4);
    EXPECT_EQ(text_of(json.find("q")), "c");
}

TEST(JsonReader, KeepsObjectKeysAsTheirText) {
    const Json json =
        parsed(R"({"m":{{"brokerName":"b{\"}","queueId":0,"topic":"t"}:5,{"a":{1:2}}:{"x":1}}})");
    const Json::Object& members = *json.find("m")->as_object();
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[0].first, R"({"brokerName":"b{\"}","queueId":0,"topic":"t"})");
    EXPECT_EQ(*members[0].second.as_int(), 5);
    EXPECT_EQ(members[1].first, R"({"a":{1:2}})");
    EXPECT_EQ(*members[1].second.find("x")->as_int(), 1);
}

TEST(JsonReader, RefusesMoreElementsThanMemoryIsMeantFor) {
    const auto zeros = [](std::size_t count) {
        std::string text = "[0";
        while (--count > 0) text += ",0";
        return text + "]";
    };
    EXPECT_TRUE(Json::parse(zeros(Json::kElementsMax)));
    const auto refused = Json::parse(zeros(Json::kElementsMax + 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kTooLarge);
    EXPECT_EQ(refused.error().text, "JSON of 2000003 bytes has more than 1000000 elements");
    EXPECT_TRUE(Json::parse(zeros(Json::kElementsMax + 1), Json::kAnyNumber));
    // Many bytes are no harm, nor are separators within a text.
    EXPECT_TRUE(Json::parse("\"" + std::string(4 << 20, ',') + "\""));
    std::string objects = "[";
    for (int i = 0; i < 400'000; ++i) objects += R"({"a":{}},)";
    objects.back() = ']';
    EXPECT_FALSE(Json::parse(objects));
}

TEST(JsonReader, TakesAReferenceMarkAsNull) {
    const Json json = parsed(R"({"a":{"$ref":"$.b"},"b":{"$ref":"x","y":1},"c":[{"$ref":"@"}]})");
    EXPECT_TRUE(json.find("a")->is_null());
    EXPECT_NE(json.find("b")->as_object(), nullptr) << "that is a member like any other";
    EXPECT_TRUE(json.find("c")->as_array()->front().is_null());
}

TEST(JsonReader, TheLastOfEqualKeysWins) {
    EXPECT_EQ(*parsed(R"({"a":1,"a":2})").find("a")->as_int(), 2);
}

TEST(JsonReader, UnescapesText) {
    EXPECT_EQ(
        text_of(parsed(R"({"k":"\"\\\/\b\f\n\r\t\u0001\u00e9\u20AC\ud83d\ude00"})").find("k")),
        "\"\\/\b\f\n\r\t\x01\u00e9\u20ac\U0001f600");
    EXPECT_EQ(parsed(R"({"\u0061":1})").find("a") != nullptr, true);
}

TEST(JsonReader, ReadsTheBoundsOfNumbers) {
    const Json json = parsed(R"([9223372036854775807,-9223372036854775808,18446744073709551615,
                                 1e300,-0.0,1E-2])");
    const Json::Array& items = *json.as_array();
    EXPECT_EQ(*items[0].as_int(), INT64_MAX);
    EXPECT_EQ(*items[1].as_int(), INT64_MIN);
    EXPECT_EQ(*items[2].as_double(), 18446744073709551615.0);
    EXPECT_EQ(*items[3].as_double(), 1e300);
    EXPECT_EQ(*items[5].as_double(), 0.01);
}

TEST(JsonReader, RefusesWhatIsNoJson) {
    for (const std::string_view bad : {"",
                                       " ",
                                       "{",
                                       "}",
                                       "[",
                                       "{]",
                                       "[1 2]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{,}",
                                       "nul",
                                       "NaN",
                                       "{\"a\":NaN}",
                                       "Infinity",
                                       "-",
                                       "01",
                                       "1.",
                                       "\"open",
                                       "\"\\x\"",
                                       "{a:1}",
                                       "{1.5:2}",
                                       "{'a':1}",
                                       "{\"a\":1}x",
                                       "{{\"a\":1}",
                                       "{{}",
                                       "[{{\"a\":1}:2]",
                                       "{1}",
                                       "{-:1}",
                                       "\"\\u12\"",
                                       "\"\\ud800\"",
                                       "{\"a\":1 \"b\":2}",
                                       "\xff",
                                       "{\"a\":\"\xff\"}",
                                       "99999999999999999999"}) {
        EXPECT_FALSE(Json::parse(bad)) << bad;
    }
}

TEST(JsonReader, SurvivesDepthBombs) {
    for (const std::size_t depth : {199UL, 300UL, 100'000UL}) {
        for (const std::string_view unit : {"[", "{\"a\":", "{1:", "{", "{{"}) {
            std::string text;
            for (std::size_t i = 0; i < depth; ++i) text += unit;
            EXPECT_FALSE(Json::parse(text)) << unit << " times " << depth;
        }
    }
    std::string deep = std::string(190, '[') + std::string(190, ']');
    EXPECT_TRUE(Json::parse(deep));
    deep = std::string(100'000, '[') + std::string(100'000, ']');
    EXPECT_FALSE(Json::parse(deep));
}

TEST(JsonReader, TakesHugeInput) {
    std::string text = "[";
    for (int i = 0; i < 50'000; ++i) text += R"({1:"value"},)";
    text += "0]";
    const Json json = parsed(text);
    EXPECT_EQ(json.as_array()->size(), 50'001U);
    const std::string quotes = "{\"k\":\"" + std::string(4 << 20, 'x') + "\"}";
    EXPECT_EQ(parsed(quotes).find("k")->as_text()->size(), 4U << 20);
}

TEST(JsonReader, NeverReadsBehindACutText) {
    const std::string whole = R"({"a\"b":{1:[true,null,-1.5e3,"\u00e9"]},{"k":"}"}:{"z":{}}})";
    ASSERT_TRUE(Json::parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string cut(whole.data(), size);  // its own allocation, so that ASan sees
        EXPECT_FALSE(Json::parse(cut)) << cut;
    }
}

TEST(BareKeys, AreQuotedOnlyWhereKeysStand) {
    EXPECT_EQ(quote_bare_keys("{1:[2,3],\"a\":4,-5:{6:7}}"),
              "{\"1\":[2,3],\"a\":4,\"-5\":{\"6\":7}}");
    EXPECT_EQ(quote_bare_keys("[1,2,{3:\"{4:5}\"}]"), "[1,2,{\"3\":\"{4:5}\"}]");
    EXPECT_EQ(quote_bare_keys(R"({{"q":"\""}:1})"), R"({"{\"q\":\"\\\"\"}":1})");
}

std::string written(Style style, const std::function<void(JsonWriter&)>& work) {
    std::string text;
    JsonWriter out(text, style);
    work(out);
    return text;
}

void write_offsets(JsonWriter& out) {
    out.begin_object();
    out.key("empty");
    out.begin_object();
    out.end_object();
    out.key("list");
    out.begin_array();
    out.number(std::int64_t{1});
    out.text("two");
    out.end_array();
    out.key("none");
    out.begin_array();
    out.end_array();
    out.key("table");
    out.begin_object();
    out.int_key(0);
    out.number(std::int64_t{74});
    out.int_key(-1);
    out.boolean(false);
    out.end_object();
    out.end_object();
}

TEST(JsonWriter, WritesTheCompactForm) {
    EXPECT_EQ(written(Style::kCompact, write_offsets),
              R"({"empty":{},"list":[1,"two"],"none":[],"table":{0:74,-1:false}})");
}

TEST(JsonWriter, WritesTheStandardFormWithQuotedKeys) {
    EXPECT_EQ(written(Style::kStandard, write_offsets),
              R"({"empty":{},"list":[1,"two"],"none":[],"table":{"0":74,"-1":false}})");
}

TEST(JsonWriter, WritesThePrettyFormOfTheConfigFiles) {
    EXPECT_EQ(
        written(Style::kPretty, write_offsets),
        "{\n\t\"empty\":{\n\t\t\n\t},\n\t\"list\":[\n\t\t1,\n\t\t\"two\"\n\t],\n\t\"none\":[],\n"
        "\t\"table\":{\n\t\t0:74,\n\t\t-1:false\n\t}\n}");
}

TEST(JsonWriter, WritesRawKeysAndValues) {
    const auto work = [](JsonWriter& out) {
        out.begin_object();
        out.raw_key(R"({"queueId":0})");
        out.raw("[1]");
        out.raw_key(R"({"queueId":1})");
        out.null();
        out.end_object();
    };
    EXPECT_EQ(written(Style::kCompact, work), R"({{"queueId":0}:[1],{"queueId":1}:null})");
}

TEST(JsonWriter, WritesNumbersThatReadBack) {
    const auto number = [](double value) {
        return written(Style::kCompact, [&](JsonWriter& out) { out.number(value); });
    };
    EXPECT_EQ(number(0), "0.0") << "a double has a fraction";
    EXPECT_EQ(number(-3), "-3.0");
    EXPECT_EQ(number(0.1), "0.1");
    EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "null");
    EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
    for (const double value : {1e300, 5e-324, 123456.789, 1e21, -2.5e-10, 1e16}) {
        const Json json = parsed(number(value));
        const double back = json.as_int() ? static_cast<double>(*json.as_int()) : *json.as_double();
        EXPECT_EQ(back, value) << number(value);
    }
    EXPECT_EQ(written(Style::kCompact, [](JsonWriter& out) { out.number(INT64_MIN); }),
              "-9223372036854775808");
}

TEST(JsonWriter, EscapesEveryByteSoThatItReadsBack) {
    std::string all;
    for (int c = 0; c < 0x80; ++c) all.push_back(static_cast<char>(c));
    all += "\u00e9\u20ac\U0001f600";
    std::string text = "{";
    append_json_string(text, all);
    text += ":";
    append_json_string(text, all);
    text += "}";
    const Json json = parsed(text);
    ASSERT_NE(json.as_object(), nullptr);
    EXPECT_EQ(json.as_object()->front().first, all);
    EXPECT_EQ(text_of(json.find(all)), all);
    for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

}  // namespace
}  // namespace kx
