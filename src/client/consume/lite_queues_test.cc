// SPDX-License-Identifier: Apache-2.0
#include "client/consume/lite_queues.h"

#include <gtest/gtest.h>

#include "client/core/received.h"

namespace kx::client {
namespace {

using Next = LiteQueues::Next;

const kerolox::Queue& queue_of(std::int32_t id) {
    static const auto* const kQueues =
        new std::vector<kerolox::Queue>{{"T", "b", 0}, {"T", "b", 1}, {"U", "b", 0}};
    return kQueues->at(static_cast<std::size_t>(id));
}

std::vector<kerolox::MessageView> messages(std::int64_t first, std::int64_t count) {
    std::vector<kerolox::MessageView> views;
    for (std::int64_t i = 0; i < count; ++i) {
        auto message = std::make_shared<ReceivedMessage>();
        message->record.queue_offset = first + i;
        message->record.body = "0123456789";
        views.push_back(Access::make<kerolox::MessageView>(
            std::shared_ptr<const ReceivedMessage>(std::move(message))));
    }
    return views;
}

TEST(LiteQueues, HandOutWhatWasPutAndCountItAsConsumed) {
    LiteQueues queues({});
    const auto turn = queues.assign({queue_of(0)}).begun.at(0);
    EXPECT_EQ(queues.step(turn, 0).offset, -1);
    EXPECT_TRUE(queues.put(turn, messages(5, 3), 8));
    EXPECT_TRUE(queues.put(turn, messages(9, 2), 11));
    EXPECT_TRUE(queues.consumed().empty());
    EXPECT_EQ(queues.take(0)->messages.size(), 3U);
    EXPECT_EQ(queues.consumed().at(queue_of(0)), 9) << "the first that is cached still";
    ASSERT_TRUE(queues.take(0));
    EXPECT_EQ(queues.consumed().at(queue_of(0)), 11);
    EXPECT_FALSE(queues.take(0));
    EXPECT_EQ(queues.step(turn, 0).offset, 11);
}

TEST(LiteQueues, TellTimesOfDayBySteadyTime) {
    ManualClock clock(1'000'000);
    LiteQueues queues({});
    const auto turn = queues.assign({queue_of(0)}).begun.at(0);
    const auto ms = [](auto time) {
        return time.time_since_epoch() / std::chrono::milliseconds(1);
    };
    EXPECT_EQ(ms(queues.states(clock).at(0).last_pull), 0) << "never";
    queues.step(turn, clock.steady_ms());
    clock.advance_ms(20);
    ASSERT_TRUE(queues.put(turn, messages(0, 1), 1));
    ASSERT_TRUE(queues.take(clock.steady_ms()));
    clock.advance_ms(10);
    clock.jump_ms(500'000);
    EXPECT_EQ(ms(queues.states(clock).at(0).last_pull), 1'500'000);
    EXPECT_EQ(ms(queues.states(clock).at(0).last_consume), 1'500'020);
}

TEST(LiteQueues, ForgetWhatAPullBringsAfterASeek) {
    LiteQueues queues({});
    const auto old_turn = queues.assign({queue_of(0)}).begun.at(0);
    ASSERT_TRUE(queues.put(old_turn, messages(0, 2), 2));
    const auto turn = queues.seek(queue_of(0), 100);
    ASSERT_TRUE(turn);
    EXPECT_FALSE(queues.take(0)) << "what was cached goes";
    EXPECT_FALSE(queues.put(old_turn, messages(2, 2), 4)) << "and what was under way";
    EXPECT_EQ(queues.step(old_turn, 0).next, Next::kStop);
    EXPECT_TRUE(queues.consumed().empty());
    EXPECT_EQ(queues.step(*turn, 0).offset, 100);
    EXPECT_EQ(queues.consumed().at(queue_of(0)), 100) << "a commit now means the place sought";
    EXPECT_FALSE(queues.seek(queue_of(1), 0)) << "not assigned";
}

TEST(LiteQueues, DropQueuesWithTheirMessages) {
    LiteQueues queues({});
    const auto begun = queues.assign({queue_of(0), queue_of(2)}).begun;
    ASSERT_TRUE(queues.put(begun[0], messages(0, 1), 1));
    ASSERT_TRUE(queues.put(begun[0], messages(1, 1), 2));
    ASSERT_TRUE(queues.put(begun[1], messages(7, 1), 8));
    ASSERT_TRUE(queues.take(0));
    const auto changes = queues.assign("T", {queue_of(1)});
    EXPECT_EQ(changes.gone, std::vector{queue_of(0)});
    EXPECT_EQ(changes.consumed.at(queue_of(0)), 1) << "the second was not polled";
    EXPECT_EQ(changes.begun.at(0).queue, queue_of(1));
    EXPECT_FALSE(queues.put(begun[0], messages(2, 1), 3));
    EXPECT_EQ(queues.take(0)->messages.front().queue_offset(), 7) << "the other topic stays";
    EXPECT_EQ(queues.keep_topics({"T"}).gone, std::vector{queue_of(2)});
    EXPECT_EQ(queues.all(), std::set{queue_of(1)});
}

TEST(LiteQueues, StopPullingWhenTheyAreFull) {
    LiteQueues::Limits limits;
    limits.queue_messages = 4;
    LiteQueues by_count(limits);
    const auto turn = by_count.assign({queue_of(0)}).begun.at(0);
    ASSERT_TRUE(by_count.put(turn, messages(0, 4), 4));
    EXPECT_EQ(by_count.step(turn, 0).next, Next::kPull) << "at the limit one more goes";
    ASSERT_TRUE(by_count.put(turn, messages(4, 1), 5));
    EXPECT_EQ(by_count.step(turn, 0).next, Next::kFull);
    ASSERT_TRUE(by_count.take(0));
    EXPECT_EQ(by_count.step(turn, 0).next, Next::kPull);

    LiteQueues::Limits narrow;
    narrow.span = 10;
    LiteQueues by_span(narrow);
    const auto spanned = by_span.assign({queue_of(0)}).begun.at(0);
    ASSERT_TRUE(by_span.put(spanned, messages(0, 1), 1));
    ASSERT_TRUE(by_span.put(spanned, messages(11, 1), 12));
    EXPECT_EQ(by_span.step(spanned, 0).next, Next::kFull);

    LiteQueues::Limits few;
    few.all_messages = 15;
    LiteQueues over_all(few);
    const auto two = over_all.assign({queue_of(0), queue_of(1)}).begun;
    ASSERT_TRUE(over_all.put(two[0], messages(0, 1), 1));
    EXPECT_EQ(over_all.step(two[1], 0).next, Next::kPull);
    ASSERT_TRUE(over_all.put(two[0], messages(1, 1), 2));
    EXPECT_EQ(over_all.step(two[1], 0).next, Next::kFull) << "batches count as full ones";
}

TEST(LiteQueues, TakeBackWhatNobodyGot) {
    LiteQueues queues({});
    const auto turn = queues.assign({queue_of(0)}).begun.at(0);
    ASSERT_TRUE(queues.put(turn, messages(0, 2), 2));
    ASSERT_TRUE(queues.put(turn, messages(2, 2), 4));
    auto batch = queues.take(0);
    queues.put_back(std::move(*batch));
    EXPECT_TRUE(queues.consumed().empty());
    EXPECT_EQ(queues.states(system_clock()).at(0).cached_messages, 4U);
    EXPECT_EQ(queues.states(system_clock()).at(0).cached_bytes, 40U);
    EXPECT_EQ(queues.take(0)->messages.front().queue_offset(), 0);
    auto second = queues.take(0);
    ASSERT_TRUE(queues.seek(queue_of(0), 0));
    queues.put_back(std::move(*second));
    EXPECT_FALSE(queues.take(0)) << "a seek came between";
}

TEST(LiteQueues, PauseOneQueueAndNotTheOther) {
    LiteQueues queues({});
    const auto begun = queues.assign({queue_of(0), queue_of(1)}).begun;
    queues.pause(queue_of(0), true);
    EXPECT_EQ(queues.step(begun[0], 0).next, Next::kPaused);
    EXPECT_EQ(queues.step(begun[1], 0).next, Next::kPull);
    queues.pause(queue_of(0), false);
    EXPECT_EQ(queues.step(begun[0], 0).next, Next::kPull);
}

}  // namespace
}  // namespace kx::client
