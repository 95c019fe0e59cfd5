// SPDX-License-Identifier: Apache-2.0
//
// Frames and headers: when a connection is to be closed (protocol.md 1.3), what a tolerant reader
// takes (1.5), the binary form (1.6), and what we write.
#include "wire/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "wire/requests/send.h"

namespace kx::wire {
namespace {

using ::testing::HasSubstr;

std::string frame_of(std::string_view header, std::string_view body = "",
                     Encoding encoding = Encoding::kJson) {
    std::string frame;
    put_be(frame, static_cast<std::int32_t>(4 + header.size() + body.size()));
    put_be(frame,
           static_cast<std::uint32_t>(encoding) << 24 | static_cast<std::uint32_t>(header.size()));
    return frame.append(header).append(body);
}

/// A decoded header together with the bytes its views point into.
struct Decoded {
    explicit Decoded(std::string bytes) : frame(std::move(bytes)) {
        status = decoder.decode(frame, command);
    }
    explicit Decoded(std::string_view json, int) : Decoded(frame_of(json)) {}
    std::string frame;
    HeaderDecoder decoder;
    Command command;
    Status status;
};

std::string field_of(std::string_view header, std::string_view name) {
    const Decoded decoded(header, 0);
    if (!decoded.status) return "(" + decoded.status.error().text + ")";
    return std::string(decoded.command.fields.find(name).value_or("(absent)"));
}

std::string first_bytes(std::int32_t length, std::uint32_t word) {
    std::string bytes;
    put_be(bytes, length);
    put_be(bytes, word);
    return bytes;
}

TEST(Frame, TellsItsSizeOnceFourBytesAreThere) {
    const std::string frame = frame_of("{\"code\":1}", "body");
    for (std::size_t size = 0; size < 4; ++size)
        EXPECT_EQ(frame_size(std::string_view(frame).substr(0, size)).value(), 0U);
    for (std::size_t size = 4; size <= frame.size(); ++size)
        EXPECT_EQ(frame_size(std::string_view(frame).substr(0, size)).value(), frame.size());
    EXPECT_EQ(frame_size(frame + "next").value(), frame.size());
}

TEST(Frame, RefusesLengthsThatCannotBe) {
    for (const std::int32_t length : {INT32_MIN, -1, 0, 3, kFrameBytesMax - 3, INT32_MAX}) {
        std::string bytes;
        put_be(bytes, length);
        EXPECT_FALSE(frame_size(bytes)) << length;
        EXPECT_FALSE(frame_size(first_bytes(length, 1))) << length;
    }
    EXPECT_EQ(frame_size(first_bytes(kFrameBytesMax - 4, 2)).value(),
              static_cast<std::size_t>(kFrameBytesMax));
}

TEST(Frame, RefusesAHeaderLongerThanItselfAnEmptyOneAndUnknownEncodings) {
    EXPECT_TRUE(frame_size(first_bytes(10, 6)));
    EXPECT_FALSE(frame_size(first_bytes(10, 7)));
    EXPECT_FALSE(frame_size(first_bytes(10, 0xFFFFFF)));
    EXPECT_FALSE(frame_size(first_bytes(10, 0)));
    EXPECT_FALSE(frame_size(first_bytes(4, 0)));
    EXPECT_TRUE(frame_size(first_bytes(10, 0x01000006)));
    for (const std::uint32_t encoding : {2U, 0x7FU, 0x80U, 0xFFU})
        EXPECT_FALSE(frame_size(first_bytes(10, encoding << 24 | 6))) << encoding;
}

TEST(JsonHeader, ReadsAWholeFrame) {
    const Decoded decoded(frame_of(
        R"({"code":310,"extFields":{"b":"t","e":"3"},"flag":2,"language":"GO","opaque":-7,)"
        R"("remark":"r","serializeTypeCurrentRPC":"JSON","version":493})",
        "the body"));
    ASSERT_TRUE(decoded.status);
    const Command& command = decoded.command;
    EXPECT_EQ(command.code, 310);
    EXPECT_EQ(command.flag, 2);
    EXPECT_TRUE(command.is_oneway());
    EXPECT_FALSE(command.is_response());
    EXPECT_EQ(command.language, Language::kGo);
    EXPECT_EQ(command.opaque, -7);
    EXPECT_EQ(command.remark, "r");
    EXPECT_EQ(command.version, 493);
    EXPECT_EQ(command.encoding, Encoding::kJson);
    EXPECT_EQ(command.fields.find("b"), "t");
    EXPECT_EQ(command.fields.size(), 2U);
    EXPECT_EQ(command.body, "the body");
}

TEST(JsonHeader, TakesEverythingATolerantReaderMust) {
    const auto command = [](std::string_view header) {
        const Decoded decoded(header, 0);
        EXPECT_TRUE(decoded.status)
            << header << ": " << (decoded.status ? "" : decoded.status.error().text);
        return std::tuple(decoded.command.code, decoded.command.opaque, decoded.command.language);
    };
    constexpr auto kNone = Language::kUnknown;
    EXPECT_EQ(command(R"({"code":10})"), std::tuple(10, 0, kNone)) << "only code";
    EXPECT_EQ(command("\t{ \"opaque\" : 5 ,\r\n\"code\":\n10 } "), std::tuple(10, 5, kNone));
    EXPECT_EQ(command(R"({"zzz":{"a":[1,"}"]},"code":1,"y":[[]],"x":null,"w":1.5e3,"v":true})"),
              std::tuple(1, 0, kNone))
        << "unknown keys";
    EXPECT_EQ(command(R"({"code":1,"language":"cobol"})"), std::tuple(1, 0, kNone));
    EXPECT_EQ(command(R"({"code":1,"language":"java"})"), std::tuple(1, 0, kNone));
    EXPECT_EQ(command(R"({"code":1,"language":3})"), std::tuple(1, 0, kNone));
    EXPECT_EQ(command(R"({"code":1,"language":null})"), std::tuple(1, 0, kNone));
    EXPECT_EQ(command(R"({"code":"310","opaque":"-4"})"), std::tuple(310, -4, kNone));
    EXPECT_EQ(command(R"({"code":2147483647,"opaque":-2147483648})"),
              std::tuple(INT32_MAX, INT32_MIN, kNone));
    EXPECT_EQ(command(R"({})"), std::tuple(0, 0, kNone));
    EXPECT_EQ(command(R"({"\u0063ode":7})"), std::tuple(7, 0, kNone)) << "an escaped key";
    EXPECT_EQ(command(R"({"code":1,"extFields":null,"remark":null})"), std::tuple(1, 0, kNone));
}

TEST(JsonHeader, TurnsEveryKindOfFieldValueIntoText) {
    constexpr std::string_view kHeader =
        R"({"code":1,"extFields":{"n":-12,"d":1.5,"t":true,"f":false,"s":"x","z":null,)"
        R"("o":{"a": [1,"}"]},"l":[1,{"b":"]\""}],"e":""}})";
    EXPECT_EQ(field_of(kHeader, "n"), "-12");
    EXPECT_EQ(field_of(kHeader, "d"), "1.5");
    EXPECT_EQ(field_of(kHeader, "t"), "true");
    EXPECT_EQ(field_of(kHeader, "f"), "false");
    EXPECT_EQ(field_of(kHeader, "s"), "x");
    EXPECT_EQ(field_of(kHeader, "z"), "(absent)") << "null is skipped";
    EXPECT_EQ(field_of(kHeader, "o"), R"({"a": [1,"}"]})");
    EXPECT_EQ(field_of(kHeader, "l"), R"([1,{"b":"]\""}])");
    EXPECT_EQ(field_of(kHeader, "e"), "");
}

TEST(JsonHeader, UnescapesText) {
    EXPECT_EQ(field_of(R"({"code":1,"extFields":{"k":"a\u0001b\u0002\"\\\/\b\f\n\r\t"}})", "k"),
              "a\x01"
              "b\x02\"\\/\b\f\n\r\t");
    EXPECT_EQ(field_of(R"({"code":1,"extFields":{"k":"\u00e9\u20AC\ud83d\ude00\ud83dx"}})", "k"),
              "\u00e9\u20ac\U0001f600?x")
        << "a lone surrogate is a question mark, as Java encodes it";
    EXPECT_EQ(field_of(R"({"code":1,"extFields":{"k":"\ude00\ud83d\u0041"}})", "k"), "??A");
    EXPECT_EQ(field_of("{\"code\":1,\"extFields\":{\"k\":\"\\u0000\xE4\xB8\xAD\"}}", "k"),
              std::string("\0\xE4\xB8\xAD", 4));
}

TEST(JsonHeader, UnescapesManyTextsIntoOneArena) {
    std::string header = R"({"code":1,"remark":"\n","extFields":{)";
    for (int i = 0; i < 300; ++i)
        header += fmt::format(R"("k\u0041{}":"{}\t\u20ac",)", i, std::string(50, 'v'));
    header += R"("last":"\"end\""}})";
    const Decoded decoded(header, 0);
    ASSERT_TRUE(decoded.status);
    EXPECT_EQ(decoded.command.fields.size(), 301U);
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(decoded.command.fields.find(fmt::format("kA{}", i)),
                  std::string(50, 'v') + "\t\u20ac");
    }
    EXPECT_EQ(decoded.command.fields.find("last"), "\"end\"");
    EXPECT_EQ(decoded.command.remark, "\n");
}

TEST(JsonHeader, ClosesTheConnectionOnWhatCannotBeDecoded) {
    for (const std::string_view bad : {"null",
                                       "5",
                                       "\"x\"",
                                       "{",
                                       "}",
                                       "{\"code\"}",
                                       "{\"code\":}",
                                       "{\"code\":1",
                                       "{\"code\":1,}",
                                       "{\"code\":1}}",
                                       "{\"code\":1}x",
                                       "{code:1}",
                                       "{\"code\":2147483648}",
                                       " ",
                                       "{\"opaque\":-2147483649}",
                                       "{\"flag\":1e3}",
                                       "{\"version\":1.5}",
                                       "{\"code\":\"x\"}",
                                       "{\"code\":\"\"}",
                                       "{\"code\":true}",
                                       "{\"code\":{}}",
                                       "{\"code\":1 \"flag\":1}",
                                       "{\"extFields\":[]}",
                                       "{\"extFields\":5}",
                                       "{\"extFields\":{\"a\":1}",
                                       "{\"extFields\":{\"a\"}}",
                                       "{\"extFields\":{\"a\":}}",
                                       "{\"extFields\":{\"a\":1,}}",
                                       "{\"remark\":\"open}",
                                       "{\"remark\":\"\\x\"}",
                                       "{\"remark\":\"\\u12g4\"}",
                                       "{\"remark\":\"\\u12\"}",
                                       "{\"remark\":\"\\",
                                       "{\"a\":nul}",
                                       "{\"a\":[1}",
                                       "{\"a\":{\"b\":1}",
                                       "{\"a\":[\"x]}",
                                       "{\"a\":-}",
                                       "{\"a\":0x10}",
                                       "{\"a\":bad}"}) {
        const Decoded decoded(bad, 0);
        ASSERT_FALSE(decoded.status) << bad;
        EXPECT_EQ(decoded.status.error().code, Errc::kMalformed) << bad;
    }
}

TEST(JsonHeader, AnArrayIsIgnoredWithoutClosing) {
    for (const std::string_view array : {"[]", " [1,2]", "[{\"code\":1}]"}) {
        const Decoded decoded(array, 0);
        ASSERT_FALSE(decoded.status);
        EXPECT_EQ(decoded.status.error().code, Errc::kUnsupported) << array;
    }
}

TEST(JsonHeader, SurvivesEveryCutAndADepthBomb) {
    constexpr std::string_view kHeader =
        R"({"code":1,"extFields":{"a":"\u00e9\\","b":[{"c":"]"}],"d":null},"remark":"x\n","f":{}})";
    ASSERT_TRUE(Decoded(kHeader, 0).status);
    for (std::size_t size = 1; size < kHeader.size(); ++size)
        EXPECT_FALSE(Decoded(kHeader.substr(0, size), 0).status) << size;
    const std::string bomb =
        "{\"code\":1,\"a\":" + std::string(2'000'000, '[') + std::string(2'000'000, ']') + "}";
    EXPECT_TRUE(Decoded(bomb, 0).status);
}

TEST(JsonHeader, ForgetsTheFrameBefore) {
    HeaderDecoder decoder;
    Command command;
    const std::string first =
        frame_of(R"({"code":9,"flag":3,"language":"JAVA","opaque":8,"remark":"r","version":7,)"
                 R"("extFields":{"a":"b"}})",
                 "body");
    const std::string second = frame_of(R"({"code":1})");
    ASSERT_TRUE(decoder.decode(first, command));
    ASSERT_TRUE(decoder.decode(second, command));
    EXPECT_EQ(std::tuple(command.code, command.flag, command.opaque, command.version),
              std::tuple(1, 0, 0, 0));
    EXPECT_EQ(command.language, Language::kUnknown);
    EXPECT_EQ(command.remark, "");
    EXPECT_EQ(command.body, "");
    EXPECT_FALSE(command.has_fields);
    EXPECT_EQ(command.fields.size(), 0U);
}

std::string json_of(const HeaderParts& parts) {
    Buffer out;
    append_json_header(out, parts);
    return std::string(out.view());
}

TEST(JsonHeader, IsWrittenAsJavaWritesIt) {
    HeaderParts parts;
    parts.code = 3;
    parts.flag = 1;
    parts.language = Language::kJava;
    parts.opaque = 1;
    parts.remark = " request type 99999 not supported";
    EXPECT_EQ(json_of(parts),
              R"({"code":3,"flag":1,"language":"JAVA","opaque":1,"remark":" request type 99999 )"
              R"(not supported","serializeTypeCurrentRPC":"JSON","version":493})");
}

TEST(JsonHeader, LeavesOutNullsButKeepsAnEmptyFieldObjectOfAHeader) {
    struct Nothing {
        std::optional<std::int32_t> number;
        static constexpr auto fields() { return std::array{field<&Nothing::number>("number")}; }
    };
    HeaderParts parts;
    EXPECT_THAT(json_of(parts), Not(HasSubstr("extFields")));
    const Nothing nothing;
    EXPECT_THAT(json_of(parts.with(nothing)), HasSubstr(R"("extFields":{})"));
    const ExtField null_value{"skipped", {}};
    parts.extra = {&null_value, 1};
    EXPECT_THAT(json_of(parts), HasSubstr(R"("extFields":{})"));
}

TEST(JsonHeader, EscapesKeysAndValuesWherever) {
    SendMessage own;
    own.topic = "a\"b\\c\x01\x02\n\r\t\x1f/\u20ac";
    const std::array<ExtField, 2> extra{ExtField{"key\"with\nall", "v\"\x02"}, ExtField{"e", ""}};
    HeaderParts parts;
    parts.with(own);
    parts.names = Names::kShort;
    parts.extra = extra;
    parts.remark = "line\n\"quoted\"";
    const auto json = nlohmann::json::parse(json_of(parts));
    EXPECT_EQ(json.at("extFields").at("b").get<std::string>(), own.topic);
    EXPECT_EQ(json.at("extFields").at("key\"with\nall").get<std::string>(), "v\"\x02");
    EXPECT_EQ(json.at("extFields").at("e").get<std::string>(), "");
    EXPECT_EQ(json.at("remark").get<std::string>(), "line\n\"quoted\"");
    EXPECT_FALSE(json.at("extFields").contains("a")) << "a null view is left out";
}

std::string binary(std::int16_t code, std::string_view remark, std::string_view block,
                   std::uint8_t language = 0) {
    std::string header;
    put_be(header, code);
    put_be(header, language);
    put_be(header, std::int16_t{493});
    put_be(header, std::int32_t{-9});
    put_be(header, std::int32_t{2});
    put_be(header, static_cast<std::int32_t>(remark.size()));
    header += remark;
    put_be(header, static_cast<std::int32_t>(block.size()));
    return header += block;
}

std::string entry(std::string_view key, std::string_view value) {
    std::string out;
    put_be(out, static_cast<std::int16_t>(key.size()));
    out += key;
    put_be(out, static_cast<std::int32_t>(value.size()));
    return out += value;
}

Decoded decoded_binary(std::string_view header) {
    return Decoded(frame_of(header, "body", Encoding::kBinary));
}

TEST(BinaryHeader, IsRead) {
    const Decoded decoded =
        decoded_binary(binary(310, "note", entry("a", "1") + entry("b", "two"), 9));
    ASSERT_TRUE(decoded.status);
    EXPECT_EQ(decoded.command.code, 310);
    EXPECT_EQ(decoded.command.language, Language::kGo);
    EXPECT_EQ(decoded.command.version, 493);
    EXPECT_EQ(decoded.command.opaque, -9);
    EXPECT_TRUE(decoded.command.is_oneway());
    EXPECT_EQ(decoded.command.remark, "note");
    EXPECT_EQ(decoded.command.encoding, Encoding::kBinary);
    EXPECT_TRUE(decoded.command.has_fields);
    EXPECT_EQ(decoded.command.fields.find("b"), "two");
    EXPECT_EQ(decoded.command.body, "body");
}

TEST(BinaryHeader, OfTwentyOneBytesIsTheSmallest) {
    const std::string header = binary(1, "", "");
    ASSERT_EQ(header.size(), 21U);
    const Decoded decoded = decoded_binary(header);
    ASSERT_TRUE(decoded.status);
    EXPECT_FALSE(decoded.command.has_fields);
    for (std::size_t size = 1; size < 21; ++size)
        EXPECT_FALSE(decoded_binary(header.substr(0, size)).status) << size;
}

TEST(BinaryHeader, TakesZeroLengthAsNullAndTheLastOfEqualKeys) {
    const Decoded decoded = decoded_binary(
        binary(1, "", entry("empty", "") + entry("k", "first") + entry("k", "last"), 200));
    ASSERT_TRUE(decoded.status) << "an unknown language byte is accepted";
    EXPECT_EQ(decoded.command.fields.find("empty"), std::nullopt);
    EXPECT_EQ(decoded.command.fields.find("k"), "last");
}

TEST(BinaryHeader, ReadsTheCodeAsSixteenBits) {
    const Decoded decoded = decoded_binary(binary(static_cast<std::int16_t>(200'050), "", ""));
    ASSERT_TRUE(decoded.status);
    EXPECT_EQ(decoded.command.code, 3442);
}

TEST(BinaryHeader, RefusesEveryLengthThatOverruns) {
    const std::string good = binary(1, "remark", entry("key", "value"));
    ASSERT_TRUE(decoded_binary(good).status);
    for (std::size_t size = 1; size < good.size(); ++size)
        EXPECT_FALSE(decoded_binary(good.substr(0, size)).status) << size;
    const auto with = [&](std::size_t at, auto value) {
        std::string bad = good;
        store_be(bad.data() + at, value);
        return decoded_binary(bad).status.has_value();
    };
    for (const std::int32_t length : {-1, INT32_MIN, INT32_MAX, 100}) {
        EXPECT_FALSE(with(13, length)) << "remark " << length;
        EXPECT_FALSE(with(23, length)) << "block " << length;
        EXPECT_FALSE(with(32, length)) << "value " << length;
    }
    for (const int length : {-1, -32768, 32767})
        EXPECT_FALSE(with(27, static_cast<std::int16_t>(length))) << "key " << length;
}

TEST(BinaryHeader, CannotCarryLargeCodes) {
    HeaderParts parts;
    parts.encoding = Encoding::kBinary;
    Buffer out;
    out.append("before");
    for (const std::int32_t code : {200'050, 32'768, -32'769}) {
        parts.code = code;
        EXPECT_FALSE(append_frame_head(out, parts, 0)) << code;
        EXPECT_EQ(out.view(), "before") << "what did not fit leaves nothing behind";
    }
    parts.code = 32'767;
    EXPECT_TRUE(append_frame_head(out, parts, 0));
}

TEST(BinaryHeader, WritesTextsOfAnyLengthThatFits) {
    HeaderParts parts;
    parts.encoding = Encoding::kBinary;
    const std::string long_key(0x8000, 'k');
    const ExtField too_long{long_key, "v"};
    const ExtField just_right{std::string_view(long_key).substr(1), "v"};
    Buffer out;
    parts.extra = {&too_long, 1};
    EXPECT_FALSE(append_frame_head(out, parts, 0));
    EXPECT_TRUE(out.empty());
    parts.extra = {&just_right, 1};
    ASSERT_TRUE(append_frame_head(out, parts, 0));
    const Decoded decoded{std::string(out.view())};
    ASSERT_TRUE(decoded.status);
    EXPECT_EQ(decoded.command.fields.find(just_right.key), "v");
}

TEST(Frame, OverTheBoundIsNotWritten) {
    for (const Encoding encoding : {Encoding::kJson, Encoding::kBinary}) {
        HeaderParts parts;
        parts.encoding = encoding;
        Buffer out;
        EXPECT_FALSE(append_frame_head(out, parts, static_cast<std::size_t>(kFrameBytesMax)));
        EXPECT_TRUE(out.empty());
        ASSERT_TRUE(append_frame_head(out, parts, 0));
        const std::size_t head = out.size();
        out.clear();
        const std::size_t room = static_cast<std::size_t>(kFrameBytesMax) - head;
        EXPECT_TRUE(append_frame_head(out, parts, room));
        EXPECT_EQ(frame_size(out.view()).value(), static_cast<std::size_t>(kFrameBytesMax));
        EXPECT_FALSE(append_frame_head(out, parts, room + 1));
        const std::string huge(17 << 20, '\x01');
        parts.remark = huge;
        out.clear();
        EXPECT_FALSE(append_frame_head(out, parts, 0)) << "a header of more than 24 bits";
    }
}

TEST(Language, NamesAreReadBack) {
    for (int code = 0; code < 14; ++code) {
        const auto language = static_cast<Language>(code);
        EXPECT_EQ(language_from(name_of(language)), language);
    }
    EXPECT_EQ(name_of(Language::kUnknown), "");
    EXPECT_EQ(language_from(""), Language::kUnknown);
}

}  // namespace
}  // namespace kx::wire
