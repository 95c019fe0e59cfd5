// SPDX-License-Identifier: Apache-2.0
//
// A push consumer whose broker says that its queues are popped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consume/push_world.h"
#include "client/core/core_world.h"
#include "wire/bodies/running_info.h"

namespace kx::client {
namespace {

using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::PushOptions;
using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;

TEST(PushPop, RunningInfoTellsOfPoppedQueues) {
    const auto clock = std::make_shared<testing::SkewedClock>();
    std::atomic<bool> open{false};
    PushWorld world(1, [&](ClientCore::Settings& settings) {
        settings.runtime = RuntimeCore::create({}, clock).value();
    });
    world.group.broker.share_out("POP");
    world.store(3);
    world.start(PushOptions("G")
                    .set("clientRebalance", "false")
                    .on_messages([&](const MessageBatch& batch) {
                        if (batch.front().text() == "1") becomes_true([&] { return open.load(); });
                        world.seen.add(batch);
                        return ConsumeResult::success();
                    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.asked(200'051) == 2; }));
    clock->jump_ms(7'200'000);
    const auto told = [&] {
        const auto answer = world.group.broker.ask_client(307, {{"consumerGroup", "G"}});
        EXPECT_EQ(answer.code, 0);
        return from_json<wire::ConsumerRunningInfo>(answer.body).value();
    };
    const wire::QueueKey any_queue{"b", -1, "T"};
    const auto info = told();
    ASSERT_THAT(info.mq_pop_table, Contains(Key(any_queue)));
    EXPECT_THAT(info.mq_table, Not(Contains(Key(any_queue))));
    const wire::PopQueueInfo& queue = info.mq_pop_table.at(any_queue);
    EXPECT_EQ(queue.wait_ack_count, 1);
    EXPECT_FALSE(queue.dropped);
    EXPECT_LE(queue.last_pop_timestamp, clock->wall_ms());
    EXPECT_GT(queue.last_pop_timestamp, clock->wall_ms() - 60'000);
    open = true;
    EXPECT_TRUE(
        becomes_true([&] { return told().mq_pop_table.at(any_queue).wait_ack_count == 0; }));
    EXPECT_EQ(world.group.broker.asked(200'051), 3);
}

}  // namespace
}  // namespace kx::client
