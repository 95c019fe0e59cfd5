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

TEST(PushPop, WhatPopsLeftBehindIsPulledAfterASwitch) {
    const std::string first_form = "%RETRY%G_T";
    const std::string second_form = "%RETRY%G+T";
    Mutex mutex;
    std::set<std::pair<std::string, std::string>> seen;  // topics and bodies
    PushWorld world(1);
    FakeGroupBroker& broker = world.group.broker;
    for (const std::string& topic : {first_form, second_form})
        world.group.names.add_route(topic, "b", broker.address(), 1);
    broker.share_out("POP");
    broker.store("T", 0, "popped");
    world.start(PushOptions("G")
                    .set("clientRebalance", "false")
                    .on_messages([&](const MessageBatch& batch) {
                        MutexLock lock(mutex);
                        for (const kerolox::MessageView& message : batch)
                            seen.emplace(message.topic(), message.text());
                        return ConsumeResult::success();
                    }));
    const auto has = [&](const std::string& body) {
        MutexLock lock(mutex);
        return seen.contains({"T", body});
    };
    const auto rebalance = [&] {
        world.group.core().post([core = world.core] { core->rebalance_soon(); });
    };
    EXPECT_TRUE(becomes_true([&] { return has("popped"); }));
    EXPECT_EQ(broker.subscription_version(first_form), -1);
    // As a broker does with what was not acknowledged.
    broker.store(first_form, 0, "left in the first form");
    broker.store(second_form, 0, "left in the second form");
    broker.set_committed("T", 0, 1);
    broker.share_out("PULL");
    rebalance();
    EXPECT_TRUE(becomes_true([&] { return has("left in the first form"); }));
    EXPECT_TRUE(becomes_true([&] { return has("left in the second form"); }));
    EXPECT_GT(broker.subscription_version(first_form), 0);
    EXPECT_GT(broker.subscription_version(second_form), 0);
    broker.store("T", 0, "pulled");
    EXPECT_TRUE(becomes_true([&] { return has("pulled"); }));
    EXPECT_EQ(world.core->assignment().size(), 1U) << "retry topics are nobody's business";
    // And back.
    broker.share_out("POP");
    rebalance();
    EXPECT_TRUE(becomes_true([&] {
        return broker.subscription_version(first_form) == -1 &&
               broker.subscription_version(second_form) == -1;
    }));
    EXPECT_TRUE(becomes_true([&] {
        return broker.committed(first_form, 0) == 1 && broker.committed(second_form, 0) == 1;
    }));
    EXPECT_GT(broker.subscription_version("T"), 0);
    const int acks = broker.asked(200'051);
    broker.store("T", 0, "popped again");
    EXPECT_TRUE(becomes_true([&] { return has("popped again"); }));
    EXPECT_TRUE(becomes_true([&] { return broker.asked(200'051) > acks; }));
    // Whoever wants the topic no more wants nothing of it.
    broker.share_out("PULL");
    rebalance();
    EXPECT_TRUE(becomes_true([&] { return broker.subscription_version(first_form) > 0; }));
    EXPECT_TRUE(world.core->unsubscribe("T"));
    EXPECT_EQ(world.core->snapshot().subscriptions.size(), 1U);
}

}  // namespace
}  // namespace kx::client
