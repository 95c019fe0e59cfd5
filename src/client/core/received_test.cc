// SPDX-License-Identifier: Apache-2.0
//
// From the bytes of an answer to messages: batches unfolded, bodies expanded, damage told.
#include "client/core/received.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/compress.h"
#include "model/batch.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using kerolox::MessageView;
using ::testing::HasSubstr;

struct Draft {
    std::string topic = "T";
    std::string body = "body";
    std::string properties{};
    std::int32_t sys_flag = 0;
    std::int32_t queue_id = 3;
    std::int64_t offset = 7;

    std::string bytes() const {
        model::NewMessage message;
        message.topic = topic;
        message.body = body;
        message.properties = properties;
        message.sys_flag = sys_flag;
        message.queue_id = queue_id;
        message.reconsume_times = 2;
        message.born_timestamp = 1'700'000'000'000;
        return model::RecordDraft::make(message, {})->encode(offset, 4096, 1'700'000'000'500);
    }
    Draft& with(std::string_view name, std::string_view value) {
        model::append_property(properties, name, value);
        return *this;
    }
};

DecodeOptions from_queue() {
    DecodeOptions options;
    options.queue = {"T", "broker-a", 3};
    return options;
}

std::vector<MessageView> decoded(const std::string& bytes,
                                 const DecodeOptions& options = from_queue()) {
    auto messages = decode_messages(bytes, options);
    EXPECT_TRUE(messages) << messages.error().describe();
    return messages ? std::move(messages).value() : std::vector<MessageView>();
}

TEST(Received, ShowsAllARecordSays) {
    Draft draft;
    draft.with("UNIQ_KEY", "U1").with("TAGS", "A").with("KEYS", "k1").with("mine", "v");
    const auto messages = decoded(draft.bytes());
    ASSERT_EQ(messages.size(), 1U);
    const MessageView& one = messages[0];
    EXPECT_EQ(one.topic(), "T");
    EXPECT_EQ(one.text(), "body");
    EXPECT_EQ(one.id(), "U1");
    EXPECT_EQ(one.offset_id().size(), 32U);
    EXPECT_EQ(one.tag(), "A");
    EXPECT_EQ(one.keys(), "k1");
    EXPECT_EQ(one.property("mine"), "v");
    EXPECT_EQ(one.queue(), (kerolox::Queue{"T", "broker-a", 3}));
    EXPECT_EQ(one.queue_offset(), 7);
    EXPECT_EQ(one.commit_log_offset(), 4096);
    EXPECT_EQ(one.reconsume_times(), 2);
    EXPECT_EQ(one.transaction_id(), "");
    EXPECT_TRUE(one.body_status());
    const auto anonymous = decoded(Draft().bytes());
    EXPECT_EQ(anonymous.at(0).id(), anonymous.at(0).offset_id());
}

TEST(Received, ExpandsAllThreeCompressions) {
    const std::string plain(10'000, 'z');
    const auto compressed = [&](Compression format, std::int32_t bits) {
        Draft draft;
        draft.body = *compress(format, plain);
        draft.sys_flag = model::kCompressed | bits << 8;
        return draft;
    };
    for (const Draft& draft :
         {compressed(Compression::kZlib, 0), compressed(Compression::kLz4, 1),
          compressed(Compression::kZstd, 2), compressed(Compression::kZlib, 3)}) {
        EXPECT_TRUE(decoded(draft.bytes()).at(0).text() == plain);
        DecodeOptions raw = from_queue();
        raw.expand = false;
        EXPECT_EQ(decoded(draft.bytes(), raw).at(0).text(), draft.body);
        raw.read_body = false;
        EXPECT_EQ(decoded(draft.bytes(), raw).at(0).text(), "");
    }
}

TEST(Received, ExpandsToNothing) {
    Draft draft;
    draft.body = *compress(Compression::kZlib, "");
    draft.sys_flag = model::kCompressed;
    const auto message = decoded(draft.bytes()).at(0);
    EXPECT_EQ(message.text(), "");
    EXPECT_EQ(message.detach().text(), "");
    EXPECT_TRUE(message.body_status());
}

TEST(Received, TellsWhichBodyCannotBeExpanded) {
    Draft garbage;
    garbage.body = "no compression at all";
    garbage.sys_flag = model::kCompressed;
    Draft unknown = garbage;
    unknown.sys_flag |= 5 << 8;
    Draft damaged;
    damaged.body = *compress(Compression::kZlib, std::string(1000, 'a'));
    damaged.sys_flag = model::kCompressed;
    for (const std::int32_t type : {4, 5, 6, 7}) {
        // Whatever is in it: who wrote it knows more than we do.
        Draft later = damaged;
        later.sys_flag |= type << 8;
        const auto shown = decoded(later.bytes()).at(0);
        EXPECT_FALSE(shown.body_status()) << type;
        EXPECT_EQ(shown.text(), damaged.body);
    }
    std::string torn = damaged.bytes();
    torn[torn.find(damaged.body) + 5] ^= 1;
    const auto messages = decoded(garbage.bytes() + unknown.bytes() + torn + Draft().bytes());
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_FALSE(messages[0].body_status());
    EXPECT_THAT(std::string(messages[1].body_status().error().text()), HasSubstr("unknown"));
    EXPECT_THAT(std::string(messages[2].body_status().error().text()), HasSubstr("CRC"));
    EXPECT_TRUE(messages[3].body_status());
}

TEST(Received, RefusesTornRecords) {
    const std::string whole = Draft().bytes();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const auto torn = decode_messages(whole + whole.substr(0, size), from_queue());
        ASSERT_FALSE(torn) << size;
        EXPECT_EQ(torn.error().kind(), kerolox::ErrorKind::protocol);
    }
    EXPECT_EQ(decoded("").size(), 0U);
}

TEST(Received, UnfoldsInnerBatches) {
    std::string items;
    std::string first;
    model::append_property(first, "UNIQ_KEY", "U1");
    model::append_batch_item(items, 1, "one", first);
    model::append_batch_item(items, 2, "two", "");
    for (const bool small : {false, true}) {
        Draft batch;
        batch.body = small ? *compress(Compression::kZlib, items) : items;
        batch.sys_flag = model::kNeedUnwrap | model::kInnerBatch | (small ? model::kCompressed : 0);
        const auto messages = decoded(batch.bytes() + Draft().bytes());
        ASSERT_EQ(messages.size(), 3U);
        EXPECT_EQ(messages[0].text(), "one");
        EXPECT_EQ(messages[0].id(), "U1");
        EXPECT_EQ(messages[0].flag(), 1);
        EXPECT_EQ(messages[0].queue_offset(), 7);
        EXPECT_EQ(messages[1].text(), "two");
        EXPECT_EQ(messages[1].queue_offset(), 8);
        EXPECT_EQ(messages[2].text(), "body");
    }
    Draft torn;
    torn.body = items.substr(0, items.size() - 1);
    torn.sys_flag = model::kNeedUnwrap | model::kInnerBatch;
    EXPECT_FALSE(decode_messages(torn.bytes(), from_queue()));
}

TEST(Received, ShowsTheTopicTheApplicationKnows) {
    Draft retried;
    retried.topic = "%RETRY%ns%G";
    retried.with("RETRY_TOPIC", "ns%T");
    DecodeOptions options = from_queue();
    options.name_space = "ns";
    EXPECT_EQ(decoded(retried.bytes(), options).at(0).topic(), "T");
    Draft plain;
    plain.topic = "ns%T";
    EXPECT_EQ(decoded(plain.bytes(), options).at(0).topic(), "T");
    EXPECT_EQ(decoded(plain.bytes()).at(0).topic(), "ns%T");
    Draft bare;
    bare.topic = "%RETRY%G";
    EXPECT_EQ(decoded(bare.bytes()).at(0).topic(), "%RETRY%G");
}

TEST(Received, LivesOnByItself) {
    MessageView kept;
    MessageView detached;
    {
        Draft draft;
        draft.topic = "%RETRY%G";
        draft.with("UNIQ_KEY", "U1").with("TRAN_MSG", "true").with("RETRY_TOPIC", "T");
        const auto messages = decoded(draft.bytes());
        kept = messages[0];
        detached = messages[0].detach();
    }
    for (const MessageView& one : {kept, detached}) {
        EXPECT_EQ(one.text(), "body");
        EXPECT_EQ(one.topic(), "T");
        EXPECT_EQ(one.id(), "U1");
        EXPECT_EQ(one.transaction_id(), "U1");
        EXPECT_EQ(one.property("TRAN_MSG"), "true");
        EXPECT_EQ(one.queue().broker, "broker-a");
        EXPECT_EQ(message_of(one).record.topic, "%RETRY%G");
    }
    const MessageView nothing;
    EXPECT_EQ(nothing.text(), "");
    EXPECT_EQ(nothing.queue().id, 0);
    EXPECT_EQ(nothing.detach().topic(), "");
}

TEST(Received, MovesLogicalOffsets) {
    DecodeOptions options = from_queue();
    options.offset_delta = 100;
    EXPECT_EQ(decoded(Draft().bytes(), options).at(0).queue_offset(), 107);
}

TEST(Received, GathersBatches) {
    Draft next;
    next.offset = 8;
    const auto batch = make_batch(decoded(Draft().bytes() + next.bytes()));
    EXPECT_EQ(batch.size(), 2U);
    EXPECT_EQ(batch.queue().id, 3);
    EXPECT_EQ(batch.front().queue_offset(), 7);
    const kerolox::MessageBatch empty;
    EXPECT_TRUE(empty.empty());
    EXPECT_EQ(empty.queue().broker, "");
}

}  // namespace
}  // namespace kx::client
