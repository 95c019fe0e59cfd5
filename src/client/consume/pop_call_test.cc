// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_call.h"

#include <gtest/gtest.h>

#include "client/consume/pop_offsets.h"

namespace kx::client {
namespace {

TEST(PopCheckPoint, IsReadAsItIsWritten) {
    PopCheckPoint point;
    point.start_offset = 100;
    point.pop_time_ms = 1'700'000'000'000;
    point.invisible_ms = 60'000;
    point.revive_queue = 3;
    point.retry_mark = '2';
    point.broker = "broker-a";
    point.queue_id = 5;
    point.offset = 104;
    EXPECT_EQ(point.text(), "100 1700000000000 60000 3 2 broker-a 5 104");
    const auto read = PopCheckPoint::parse(point.text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->text(), point.text());
}

TEST(PopCheckPoint, IsRefusedWithRocketMqsTexts) {
    const auto text = [](std::string_view from) {
        return std::string(PopCheckPoint::parse(from).error().text());
    };
    EXPECT_EQ(text(""), "getQueueOffset fail, extraInfoStrs length 0");
    EXPECT_EQ(text("1 2 3"), "getQueueOffset fail, extraInfoStrs length 3");
    EXPECT_EQ(text("x 2 3 4 0 b 0 1"), "For input string: \"x\"");
    EXPECT_EQ(text("1 2 3 4 0 b 0 1x"), "For input string: \"1x\"");
    EXPECT_EQ(text("1 2 3 99999999999 0 b 0 1"), "For input string: \"99999999999\"");
    EXPECT_EQ(text("1 2 3 4 7 b 0 1"), "getRetry fail, format is wrong");
    EXPECT_TRUE(PopCheckPoint::parse("1 2 3 4 0 b 0 1 something-newer"));
}

TEST(PopAckBits, AreAJavaBitSetInBase64) {
    EXPECT_EQ(pop_ack_bits({0, 9}), "AQI=");
    EXPECT_EQ(pop_ack_bits({9, 0}), "AQI=");
    EXPECT_EQ(pop_ack_bits({}), "");
    EXPECT_EQ(pop_ack_bits({0, 1, 2, 3, 4, 5, 6, 7}), "/w==");
    EXPECT_EQ(pop_ack_bits({23}), "AACA");
}

TEST(PopTopics, AreMarkedByTheirNames) {
    EXPECT_EQ(pop_retry_mark("T"), '0');
    EXPECT_EQ(pop_retry_mark("%RETRY%G_T"), '1');
    EXPECT_EQ(pop_retry_mark("%RETRY%G+T"), '2');
    EXPECT_EQ(pop_real_topic("T", "G", '0'), "T");
    EXPECT_EQ(pop_real_topic("T", "G", '1'), "%RETRY%G_T");
    EXPECT_EQ(pop_real_topic("T", "G", '2'), "%RETRY%G+T");
    EXPECT_EQ(pop_origin_topic("%RETRY%G_T", "G"), "T");
    EXPECT_EQ(pop_origin_topic("%RETRY%G+T_1+2", "G"), "T_1+2");
    for (const char* other : {"%RETRY%G", "%RETRY%Gx", "%RETRY%H_T", "G_T", "T", "%RETRY%"})
        EXPECT_EQ(pop_origin_topic(other, "G"), "") << other;
}

model::RecordView record_at(std::int32_t queue, std::int64_t offset) {
    model::RecordView record;
    record.topic = "T";
    record.queue_id = queue;
    record.queue_offset = offset;
    return record;
}

TEST(PopOffsets, GiveTheKthMessageOfAQueueItsKthOffset) {
    wire::PopAnswer answer;
    answer.start_offset_info = "0 2 100;0 3 7;1 0 5";
    answer.msg_offset_info = "0 2 100,102;0 3 7;1 0 5";
    auto offsets = PopOffsets::parse(answer);
    ASSERT_TRUE(offsets);
    EXPECT_EQ(offsets->place_of(record_at(2, 100), "T")->offset, 100);
    EXPECT_EQ(offsets->place_of(record_at(3, 7), "T")->start_offset, 7);
    const auto second = offsets->place_of(record_at(2, 102), "T");
    EXPECT_EQ(second->offset, 102);
    EXPECT_EQ(second->start_offset, 100);
    EXPECT_FALSE(offsets->place_of(record_at(2, 103), "T")) << "the answer named two";
    EXPECT_FALSE(offsets->place_of(record_at(9, 0), "T"));
}

TEST(PopOffsets, BeginAtTheFirstMessageWhereTheAnswerDoesNotSay) {
    auto offsets = PopOffsets::parse(wire::PopAnswer());
    ASSERT_TRUE(offsets);
    EXPECT_EQ(offsets->place_of(record_at(0, 40), "T")->start_offset, 40);
    const auto next = offsets->place_of(record_at(0, 41), "T");
    EXPECT_EQ(next->start_offset, 40);
    EXPECT_EQ(next->offset, 41);
    EXPECT_EQ(offsets->place_of(record_at(1, 9), "T")->start_offset, 9);
}

TEST(PopOffsets, CountOrderedMessagesByOffsetThenByQueue) {
    wire::PopAnswer answer;
    answer.start_offset_info = "0 2 100;0 3 8";
    answer.msg_offset_info = "0 2 100,101;0 3 8";
    answer.order_count_info = "0 2 1;0 qo2%101 4";
    auto offsets = PopOffsets::parse(answer);
    ASSERT_TRUE(offsets);
    EXPECT_EQ(offsets->place_of(record_at(2, 100), "T")->reconsume_times, 1);
    EXPECT_EQ(offsets->place_of(record_at(2, 101), "T")->reconsume_times, 4);
    EXPECT_EQ(offsets->place_of(record_at(3, 8), "T")->reconsume_times, 0);
}

TEST(PopOffsets, FindALightQueuesOwnOffset) {
    wire::PopAnswer answer;
    answer.start_offset_info = "0 0 30";
    answer.msg_offset_info = "0 0 30";
    auto offsets = PopOffsets::parse(answer);
    ASSERT_TRUE(offsets);
    model::RecordView record = record_at(6, 1234);
    record.properties =
        "INNER_MULTI_DISPATCH\1%LMQ%a,%LMQ%b\2INNER_MULTI_QUEUE_OFFSET\1"
        "20,30\2";
    const auto place = offsets->place_of(record, "%LMQ%b");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->offset, 30);
    EXPECT_EQ(place->queue_id, 0);
    EXPECT_FALSE(offsets->place_of(record, "%LMQ%c"));
}

TEST(PopOffsets, RefuseTextsThatCannotBe) {
    const auto text = [](std::string_view starts, std::string_view offsets) {
        wire::PopAnswer answer;
        answer.start_offset_info = starts;
        answer.msg_offset_info = offsets;
        return std::string(PopOffsets::parse(answer).error().text());
    };
    EXPECT_EQ(text("0 2", ""), "parse startOffsetInfo error, 0 2");
    EXPECT_EQ(text("0 2 x", ""), "parse startOffsetInfo error, 0 2 x");
    EXPECT_EQ(text("0 2 1;0 2 1", ""), "parse startOffsetInfo error, duplicate, 0 2 1;0 2 1");
    EXPECT_EQ(text("0 2 1", "0 2 1,"), "parse msgOffsetMap error, 0 2 1,");
}

}  // namespace
}  // namespace kx::client
