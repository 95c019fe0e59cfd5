// SPDX-License-Identifier: Apache-2.0
//
// Golden frames: every frame recorded from RocketMQ 5.4.0 decodes to what nlohmann reads in it, and
// comes back equal through both encodings and through our own header structs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "support/recorded_frames.h"
#include "wire/codec.h"
#include "wire/requests/admin.h"
#include "wire/requests/clients.h"
#include "wire/requests/groups.h"
#include "wire/requests/kv_config.h"
#include "wire/requests/namesrv.h"
#include "wire/requests/offsets.h"
#include "wire/requests/pull.h"
#include "wire/requests/registration.h"
#include "wire/requests/send.h"
#include "wire/requests/topics.h"

namespace kx::wire {
namespace {

using kx::testing::recorded_frames;
using kx::testing::RecordedFrame;
using FieldMap = std::map<std::string, std::string>;

FieldMap map_of(const ExtFields& fields) {
    FieldMap map;
    for (const ExtField& row : fields.rows()) map[std::string(row.key)] = row.value;
    return map;
}

/// What a frame says, free of the frame's memory.
struct Meaning {
    std::int32_t code;
    Language language;
    std::int32_t version;
    std::int32_t opaque;
    std::int32_t flag;
    std::string remark;
    FieldMap fields;
    std::string body;

    explicit Meaning(const Command& command)
        : code(command.code),
          language(command.language),
          version(command.version),
          opaque(command.opaque),
          flag(command.flag),
          remark(command.remark),
          fields(map_of(command.fields)),
          body(command.body) {}
    bool operator==(const Meaning&) const = default;
};

std::string encoded(const Command& command, Encoding encoding) {
    HeaderParts parts;
    parts.encoding = encoding;
    parts.code = command.code;
    parts.language = command.language;
    parts.version = command.version;
    parts.opaque = command.opaque;
    parts.flag = command.flag;
    if (command.remark.data() != nullptr) parts.remark = command.remark;
    parts.extra = command.fields.rows();
    Buffer out;
    const auto status = append_frame_head(out, parts, command.body.size());
    EXPECT_TRUE(status) << (status ? "" : status.error().text);
    out.append(command.body);
    return std::string(out.view());
}

/// As nlohmann reads the header: values of extFields as text, nulls skipped.
FieldMap independent_fields(const nlohmann::json& header) {
    FieldMap map;
    if (!header.contains("extFields")) return map;
    for (const auto& [key, value] : header.at("extFields").items()) {
        if (value.is_null()) continue;
        map[key] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    return map;
}

TEST(RecordedFrames, DecodeAsAnotherReaderReadsThem) {
    const auto frames = recorded_frames();
    ASSERT_GT(frames.size(), 300U);
    HeaderDecoder decoder;
    Command command;
    for (const RecordedFrame& frame : frames) {
        ASSERT_EQ(frame_size(frame.bytes).value(), frame.bytes.size());
        ASSERT_TRUE(decoder.decode(frame.bytes, command)) << frame.header;
        EXPECT_EQ(command.code, frame.header.at("code"));
        EXPECT_EQ(command.opaque, frame.header.at("opaque"));
        EXPECT_EQ(command.flag, frame.header.at("flag"));
        EXPECT_EQ(command.version, frame.header.at("version"));
        EXPECT_EQ(name_of(command.language), frame.header.at("language").get<std::string>());
        EXPECT_EQ(command.remark, frame.header.value("remark", ""));
        EXPECT_EQ(command.has_fields, frame.header.contains("extFields"));
        EXPECT_EQ(map_of(command.fields), independent_fields(frame.header));
        EXPECT_EQ(command.body, frame.body());
    }
}

TEST(RecordedFrames, KeepTheirMeaningInBothEncodings) {
    HeaderDecoder decoder;
    Command command;
    for (const RecordedFrame& frame : recorded_frames()) {
        ASSERT_TRUE(decoder.decode(frame.bytes, command));
        const Meaning meaning(command);
        const std::string json = encoded(command, Encoding::kJson);
        Command again;
        HeaderDecoder second;
        ASSERT_TRUE(second.decode(json, again));
        EXPECT_TRUE(Meaning(again) == meaning) << json;

        if (command.code > 0x7FFF) continue;  // 200056 does not fit
        const std::string binary = encoded(command, Encoding::kBinary);
        ASSERT_TRUE(second.decode(binary, again));
        Meaning expected = meaning;
        std::erase_if(expected.fields, [](const auto& row) { return row.second.empty(); });
        EXPECT_TRUE(Meaning(again) == expected) << frame.header;
        const std::string back = encoded(again, Encoding::kJson);
        ASSERT_TRUE(decoder.decode(back, command));
        EXPECT_TRUE(Meaning(command) == expected) << back;
    }
}

/// Java's own bytes, where the order of fields leaves no choice.
TEST(RecordedFrames, AreWrittenByteForByteWhenThereIsAtMostOneField) {
    HeaderDecoder decoder;
    Command command;
    int compared = 0;
    for (const RecordedFrame& frame : recorded_frames()) {
        ASSERT_TRUE(decoder.decode(frame.bytes, command));
        if (command.fields.size() > 1 || (command.has_fields && command.fields.size() == 0))
            continue;
        EXPECT_EQ(encoded(command, Encoding::kJson), frame.bytes);
        ++compared;
    }
    EXPECT_GT(compared, 100);
}

struct Seen {
    std::set<std::string> unknown;  ///< recorded, but no row has the name
    std::set<std::string> added;    ///< written with its default, but not recorded
};

/// Reads the fields through a struct and writes them back: what was recorded must come out.
template <class Header>
void through_struct(const Command& command, Names names, Seen& seen) {
    const auto header = read_header<Header>(command.fields, names);
    ASSERT_TRUE(header) << command.code << ": " << header.error().text;
    const FieldMap recorded = map_of(command.fields);
    FieldMap written;
    std::set<std::string> known;
    for (const FieldRow& row : rows_of<Header>()) {
        const auto name =
            names == Names::kShort && !row.short_name.empty() ? row.short_name : row.name;
        known.emplace(name);
        Buffer text;
        if (row.write(&*header, text)) written[std::string(name)] = text.view();
    }
    for (const auto& [name, value] : recorded) {
        if (!known.contains(name)) {
            seen.unknown.insert(name);
            continue;
        }
        ASSERT_TRUE(written.contains(name)) << command.code << ' ' << name;
        EXPECT_EQ(written.at(name), value) << command.code << ' ' << name;
    }
    for (const auto& [name, value] : written)
        if (!recorded.contains(name)) seen.added.insert(name + "=" + value);
}

using Through = void (*)(const Command&, Names, Seen&);
struct StructOf {
    Through through;
    Names names = Names::kLong;
};

const std::map<std::int32_t, StructOf>& request_structs() {
    static const std::map<std::int32_t, StructOf> all{
        {11, {through_struct<PullMessage>}},
        {14, {through_struct<QueryConsumerOffset>}},
        {15, {through_struct<UpdateConsumerOffset>}},
        {17, {through_struct<UpdateTopic>}},
        {21, {through_struct<GetAllTopics>}},
        {30, {through_struct<QueueOfTopic>}},
        {31, {through_struct<QueueOfTopic>}},
        {35, {through_struct<UnregisterClient>}},
        {38, {through_struct<ConsumerGroupName>}},
        {100, {through_struct<PutKvConfig>}},
        {101, {through_struct<KvConfigKey>}},
        {102, {through_struct<KvConfigKey>}},
        {105, {through_struct<GetRoute>}},
        {201, {through_struct<GetAllGroups>}},
        {202, {through_struct<TopicName>}},
        {203, {through_struct<ConsumerGroupName>}},
        {204, {through_struct<ProducerGroupName>}},
        {205, {through_struct<BrokerNameOnly>}},
        {207, {through_struct<DeleteGroup>}},
        {215, {through_struct<TopicName>}},
        {216, {through_struct<TopicInNamesrv>}},
        {222, {through_struct<ResetOffset>}},
        {310, {through_struct<SendMessage>, Names::kShort}},
        {320, {through_struct<SendMessage>, Names::kShort}},
        {327, {through_struct<BrokerNameOnly>}},
        {351, {through_struct<TopicName>}},
    };
    return all;
}

const std::map<std::int32_t, StructOf>& answer_structs() {
    static const std::map<std::int32_t, StructOf> all{
        {11, {through_struct<PullAnswer>}},          {14, {through_struct<OffsetAnswer>}},
        {26, {through_struct<ConfigAnswer>}},        {30, {through_struct<OffsetAnswer>}},
        {31, {through_struct<OffsetAnswer>}},        {34, {through_struct<HeartbeatAnswer>}},
        {101, {through_struct<KvConfigValue>}},      {205, {through_struct<WipeWritePermAnswer>}},
        {310, {through_struct<SendAnswer>}},         {320, {through_struct<SendAnswer>}},
        {327, {through_struct<AddWritePermAnswer>}},
    };
    return all;
}

TEST(RecordedFrames, ComeBackEqualThroughOurHeaderStructs) {
    HeaderDecoder decoder;
    Command command;
    Seen seen;
    int read = 0;
    for (const RecordedFrame& frame : recorded_frames()) {
        const auto& structs = frame.is_request ? request_structs() : answer_structs();
        const auto found = structs.find(frame.code);
        if (found == structs.end()) continue;
        ASSERT_TRUE(decoder.decode(frame.bytes, command));
        if (!frame.is_request && !command.has_fields) continue;  // a refusal
        found->second.through(command, found->second.names, seen);
        ++read;
    }
    EXPECT_GT(read, 100);
    // What other parts of a server read from the raw fields, if at all; a new name here is news.
    EXPECT_THAT(seen.unknown, ::testing::UnorderedElementsAre("MSG_REGION", "TRACE_ON", "ReqT",
                                                              "bname", "lo", "committed", "force"));
    EXPECT_THAT(seen.added, ::testing::UnorderedElementsAre());
}

/// JSON text of a random header in one of the many shapes senders produce.
class RandomHeader {
public:
    explicit RandomHeader(std::uint32_t seed) : chance_(seed) {}

    std::string text() {
        std::vector<std::string> members{"\"code\":" + number(), "\"opaque\":" + number()};
        if (flip()) members.push_back("\"flag\":" + std::to_string(chance_() % 4));
        if (flip()) members.push_back("\"version\":\"" + std::to_string(chance_() % 600) + "\"");
        if (flip()) members.push_back("\"language\":" + string(false));
        if (flip()) members.push_back("\"remark\":" + (flip() ? string(false) : "null"));
        if (flip()) members.push_back(string(true) + ":" + value(3));
        if (flip()) members.push_back("\"extFields\":" + fields());
        std::ranges::shuffle(members, chance_);
        return "{" + joined(members) + "}";
    }

private:
    bool flip() { return chance_() % 2 == 0; }
    std::string space() { return std::string(chance_() % 3, " \n\t"[chance_() % 3]); }
    std::string number() {
        const auto value = static_cast<std::int32_t>(chance_());
        return flip() ? std::to_string(value) : "\"" + std::to_string(value) + "\"";
    }
    std::string joined(const std::vector<std::string>& parts) {
        std::string out = space();
        for (std::size_t i = 0; i < parts.size(); ++i) out += (i ? "," : "") + parts[i] + space();
        return out;
    }
    std::string string(bool unique) {
        static const std::array<const char*, 12> kPieces{
            "a",    "key",  " ",      "\\n", "\\u0001", "\\u20ac", "\u00e9", "\\ud83d\\ude00",
            "\\\"", "\\\\", "{[,:]}", "0"};
        std::string out = "\"";
        for (auto i = chance_() % 6; i > 0; --i) out += kPieces[chance_() % kPieces.size()];
        if (unique) out += "#" + std::to_string(++serial_);
        return out + "\"";
    }
    std::string value(int depth) {
        switch (chance_() % (depth > 0 ? 7U : 5U)) {
            case 0: return "null";
            case 1: return flip() ? "true" : "false";
            case 2: return std::to_string(static_cast<std::int32_t>(chance_()));
            case 3:
            case 4: return string(false);
            case 5: return "[" + joined({value(depth - 1), value(depth - 1)}) + "]";
            default: return "{" + joined({string(true) + ":" + value(depth - 1)}) + "}";
        }
    }
    std::string fields() {
        std::vector<std::string> parts;
        for (auto i = chance_() % 40; i > 0; --i)
            parts.push_back(string(true) + space() + ":" + space() + value(2));
        return "{" + joined(parts) + "}";
    }

    std::mt19937 chance_;
    int serial_ = 0;
};

std::int32_t number_of(const nlohmann::json& header, const char* key) {
    if (!header.contains(key)) return 0;
    const auto& value = header.at(key);
    return value.is_string() ? std::stoi(value.get<std::string>()) : value.get<std::int32_t>();
}

/// Nested values are kept as their own text: equal as JSON, whatever the white space.
void expect_equal_value(const nlohmann::json& expected, std::string_view given) {
    if (expected.is_string()) {
        EXPECT_EQ(given, expected.get<std::string>());
    } else {
        EXPECT_EQ(nlohmann::json::parse(given), expected) << given;
    }
}

class RandomHeaders : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomHeaders, DecodeAsAnotherReaderReadsThem) {
    RandomHeader random(GetParam());
    HeaderDecoder decoder;
    Command command;
    for (int round = 0; round < 300; ++round) {
        const std::string text = random.text();
        std::string frame(8, '\0');
        frame[7] = static_cast<char>(text.size());
        frame[6] = static_cast<char>(text.size() >> 8);
        frame[5] = static_cast<char>(text.size() >> 16);
        frame += text;
        const auto header = nlohmann::json::parse(text);
        ASSERT_TRUE(decoder.decode(frame, command)) << text;
        EXPECT_EQ(command.code, number_of(header, "code")) << text;
        EXPECT_EQ(command.opaque, number_of(header, "opaque"));
        EXPECT_EQ(command.flag, number_of(header, "flag"));
        EXPECT_EQ(command.version, number_of(header, "version"));
        const bool noted = header.contains("remark") && header.at("remark").is_string();
        EXPECT_EQ(command.remark, noted ? header.at("remark").get<std::string>() : "");
        const auto fields = header.value("extFields", nlohmann::json::object());
        std::size_t expected = 0;
        for (const auto& [key, value] : fields.items()) {
            const auto given = command.fields.find(key);
            EXPECT_EQ(given.has_value(), !value.is_null()) << key;
            if (!given) continue;
            ++expected;
            expect_equal_value(value, *given);
        }
        EXPECT_EQ(command.fields.size(), expected);

        const Meaning meaning(command);
        Command again;
        HeaderDecoder second;
        const std::string rewritten = encoded(command, Encoding::kJson);
        ASSERT_TRUE(second.decode(rewritten, again)) << rewritten;
        EXPECT_TRUE(Meaning(again) == meaning) << rewritten;
        EXPECT_NO_THROW(static_cast<void>(nlohmann::json::parse(rewritten.substr(8)))) << rewritten;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHeaders,
                         ::testing::Values(1U, 2U, 3U, 42U, 1009U, 77777U, 424242U, 3000000019U));

}  // namespace
}  // namespace kx::wire
