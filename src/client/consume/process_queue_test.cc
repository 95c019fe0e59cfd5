// SPDX-License-Identifier: Apache-2.0
#include "client/consume/process_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consume/send_back.h"
#include "client/core/received.h"
#include "model/record.h"

namespace kx::client {
namespace {

using kerolox::MessageView;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

MessageView message_at(std::int64_t offset, std::string_view body = "four") {
    model::NewMessage fresh;
    fresh.topic = "T";
    fresh.body = body;
    auto draft = model::RecordDraft::make(fresh, {});
    DecodeOptions options;
    options.queue = {"T", "b", 0};
    return decode_messages(draft->encode(offset, offset * 1000, 0), options).value().front();
}

std::vector<MessageView> messages_at(std::initializer_list<std::int64_t> offsets) {
    std::vector<MessageView> all;
    for (const std::int64_t offset : offsets) all.push_back(message_at(offset));
    return all;
}

std::vector<std::int64_t> offsets_of(const std::vector<MessageView>& messages) {
    std::vector<std::int64_t> offsets;
    for (const MessageView& message : messages) offsets.push_back(message.queue_offset());
    return offsets;
}

TEST(ProcessQueue, TheOffsetNeverPassesAnUnfinishedMessage) {
    ProcessQueue queue(0);
    EXPECT_EQ(queue.remove(messages_at({1})), -1);
    queue.put(messages_at({10, 11, 13, 14}));
    EXPECT_EQ(queue.remove(messages_at({11})), 10);
    EXPECT_EQ(queue.remove(messages_at({14})), 10);
    EXPECT_EQ(queue.remove(messages_at({10})), 13);
    EXPECT_EQ(queue.remove(messages_at({13})), 15);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.remove(messages_at({13})), -1);
}

TEST(ProcessQueue, CountsWhatIsThereOnce) {
    ProcessQueue queue(0);
    queue.put(messages_at({1, 2}));
    queue.put(messages_at({2, 3}));
    EXPECT_EQ(queue.count(), 3);
    EXPECT_EQ(queue.bytes(), 12);
    EXPECT_EQ(queue.span(), 2);
    queue.remove(messages_at({2, 2, 7}));
    EXPECT_EQ(queue.count(), 2);
    EXPECT_EQ(queue.bytes(), 8);
    EXPECT_FALSE(queue.contains(message_at(2)));
    EXPECT_TRUE(queue.contains(message_at(3)));
    queue.clear();
    EXPECT_EQ(queue.count(), 0);
    EXPECT_EQ(queue.bytes(), 0);
}

TEST(ProcessQueue, MessagesThatComeLateFindTheirPlace) {
    ProcessQueue queue(0);
    queue.put(messages_at({5, 9}));
    queue.put(messages_at({7}));
    EXPECT_EQ(queue.remove(messages_at({5})), 7);
    EXPECT_EQ(queue.bounds().last, 9);
}

TEST(ProcessQueue, OneStuckMessageDoesNotKeepWhatCameAfter) {
    ProcessQueue queue(0);
    queue.put(messages_at({0}));
    for (std::int64_t i = 1; i < 3000; ++i) {
        queue.put(messages_at({i}));
        EXPECT_EQ(queue.remove(messages_at({i})), 0);
    }
    EXPECT_EQ(queue.count(), 1);
    EXPECT_EQ(queue.span(), 0);
    EXPECT_EQ(queue.remove(messages_at({0})), 3000);
}

TEST(ProcessQueue, OneWorkerAtATime) {
    ProcessQueue queue(0);
    EXPECT_TRUE(queue.put(messages_at({0, 1, 2})));
    EXPECT_FALSE(queue.put(messages_at({3})));
    EXPECT_THAT(offsets_of(queue.take(2)), ElementsAre(0, 1));
    EXPECT_EQ(queue.commit(), 2);
    EXPECT_THAT(offsets_of(queue.take(9)), ElementsAre(2, 3));
    EXPECT_EQ(queue.count(), 2);  // taken ones are not finished
    EXPECT_EQ(queue.commit(), 4);
    EXPECT_EQ(queue.commit(), std::nullopt);
    EXPECT_THAT(queue.take(1), IsEmpty());
    EXPECT_TRUE(queue.put(messages_at({4})));
}

TEST(ProcessQueue, RollbackBringsAllOfThemBack) {
    ProcessQueue queue(0);
    queue.put(messages_at({0, 1, 2}));
    (void)queue.take(1);
    (void)queue.take(1);
    queue.rollback();
    EXPECT_THAT(offsets_of(queue.take(9)), ElementsAre(0, 1, 2));
}

TEST(ProcessQueue, WhatIsPutBackMayHaveChanged) {
    ProcessQueue queue(0);
    queue.put(messages_at({0, 1}));
    auto taken = queue.take(1);
    taken.front() = with_reconsume_times(taken.front(), 3);
    queue.put_back(taken);
    const auto again = queue.take(2);
    EXPECT_THAT(offsets_of(again), ElementsAre(0, 1));
    EXPECT_EQ(again.front().reconsume_times(), 3);
    EXPECT_EQ(again.front().text(), "four");
    EXPECT_EQ(queue.commit(), 2);
}

TEST(ProcessQueue, LocksAndPullsGrowOld) {
    ProcessQueue queue(1'000);
    EXPECT_FALSE(queue.lock_is_old(31'000));
    EXPECT_TRUE(queue.lock_is_old(31'001));
    EXPECT_FALSE(queue.pull_is_old(121'000));
    EXPECT_TRUE(queue.pull_is_old(121'001));
}

}  // namespace
}  // namespace kx::client
