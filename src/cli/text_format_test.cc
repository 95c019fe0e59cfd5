// SPDX-License-Identifier: Apache-2.0
#include "cli/text_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "client/core/received.h"
#include "model/record.h"

namespace kx::cli {
namespace {

using ::testing::HasSubstr;

/// A message as a broker would deliver it.
kerolox::MessageView received(std::string_view body = "hello") {
    model::NewMessage message;
    message.topic = "T";
    message.queue_id = 3;
    message.body = body;
    message.properties =
        "KEYS\x01k1 k2\x02TAGS\x01red\x02UNIQ_KEY\x01"
        "0A\x02";
    const auto draft = model::RecordDraft::make(message, {});
    EXPECT_TRUE(draft);
    client::DecodeOptions options;
    options.queue = {"T", "broker-a", 3};
    const auto views = client::decode_messages(draft->encode(42, 0, 1'700'000'000'123), options);
    EXPECT_TRUE(views);
    return views->at(0);
}

std::string formatted(std::string_view format) {
    const auto parsed = TextFormat::parse(format);
    EXPECT_TRUE(parsed) << parsed.error().text;
    std::string out;
    parsed->append(out, received());
    return out;
}

TEST(TextFormat, PutsEveryFieldWhereItsLetterStands) {
    EXPECT_EQ(formatted("%t %q %o [%k] [%T] %i %s %b\n"),
              "T 3 42 [k1 k2] [red] 0A hello broker-a\n");
    EXPECT_EQ(formatted("%S"), "2023-11-14T22:13:20.123Z");
}

TEST(TextFormat, KnowsEscapes) { EXPECT_EQ(formatted("100%%\\t%s\\n\\\\"), "100%\thello\n\\"); }

TEST(TextFormat, NamesTheLetterThatMeansNothing) {
    for (const char* bad : {"%x", "%", "a\\", "\\q"}) {
        const auto parsed = TextFormat::parse(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument);
    }
    EXPECT_THAT(TextFormat::parse("%x").error().text, HasSubstr("'%x'"));
}

TEST(MessageJson, IsOneLineOfValidJson) {
    std::string out;
    append_message_json(out, received("line\n\"quoted\""));
    EXPECT_EQ(out.find('\n'), out.size() - 1);
    const auto json = Json::parse(out);
    ASSERT_TRUE(json) << json.error().text;
    EXPECT_EQ(*json->find("body")->as_text(), "line\n\"quoted\"");
    EXPECT_EQ(*json->find("offset")->as_int(), 42);
    EXPECT_EQ(*json->find("properties")->find("TAGS")->as_text(), "red");
}

TEST(MessageJson, GivesABodyThatIsNoTextInBase64) {
    std::string out;
    append_message_json(out, received(std::string_view("\xff\x00\x01", 3)));
    const auto json = Json::parse(out);
    ASSERT_TRUE(json) << json.error().text;
    EXPECT_EQ(json->find("body"), nullptr);
    EXPECT_EQ(*json->find("bodyBase64")->as_text(), "/wAB");
}

TEST(Base64, PadsAsItShould) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Utf8, TellsTextFromBytes) {
    for (const char* good : {"", "abc", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"})
        EXPECT_TRUE(is_utf8(good)) << good;
    for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                            "\xF5\x80\x80\x80", "\xF0\x80\x80\x80", "\xE2\x82"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Time, ReadsWhatPeopleWrite) {
    constexpr std::int64_t kNow = 1'700'000'000'000;
    EXPECT_EQ(parse_time("1700000000123", kNow), 1'700'000'000'123);
    EXPECT_EQ(parse_time("1700000000", kNow), 1'700'000'000'000);
    EXPECT_EQ(parse_time("-10m", kNow), kNow - 600'000);
    EXPECT_EQ(parse_time("-2d", kNow), kNow - 172'800'000);
    EXPECT_EQ(parse_time("2023-11-14T22:13:20Z", kNow), 1'700'000'000'000);
    EXPECT_EQ(parse_time("2023-11-14 22:13:20.5Z", kNow), 1'700'000'000'500);
    EXPECT_EQ(parse_time("2023-11-14#22:13:20:123Z", kNow), 1'700'000'000'123);
    EXPECT_EQ(parse_time("2023-11-14Z", kNow), 1'699'920'000'000);
    EXPECT_TRUE(parse_time("2023-11-14T22:13", kNow));
}

TEST(Time, RefusesEverythingElse) {
    for (const char* bad : {"", "noon", "-10", "-m", "2023", "20x", "2023-13-01", "2023-11-14T",
                            "2023-11-14T25:00", "2023-11-14T22:13:20+x"})
        EXPECT_EQ(parse_time(bad, 0),
                  bad == std::string("2023") ? std::optional(2'023'000L) : std::nullopt)
            << bad;
}

TEST(ExitCode, FollowsTheKindOfError) {
    using enum kerolox::ErrorKind;
    EXPECT_EQ(exit_code_of({client, "no route", 10'005}), 3);
    EXPECT_EQ(exit_code_of({broker, "no such topic", 17}), 3);
    EXPECT_EQ(exit_code_of({broker, "not allowed", 16}), 4);
    EXPECT_EQ(exit_code_of({connect, "nobody there"}), 5);
    EXPECT_EQ(exit_code_of({timeout, "no answer"}), 5);
    EXPECT_EQ(exit_code_of({protocol, "garbage"}), 1);
    kerolox::Error::Detail failed{.kind = client, .code = 10'001, .text = "all tries failed"};
    failed.cause = kerolox::Error(connect, "nobody there");
    EXPECT_EQ(exit_code_of(kerolox::Error(failed)), 5);
}

}  // namespace
}  // namespace kx::cli
