// SPDX-License-Identifier: Apache-2.0
//
// What a push consumer decides by time: by the time that passes, never by what the wall clock is
// set to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consume/push_world.h"
#include "client/core/core_world.h"
#include "model/names.h"

namespace kx::client {
namespace {

using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::OrderlyResult;
using kerolox::PushOptions;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::SkewedClock;

constexpr std::int64_t kAnHourMs = 3'600'000;
constexpr std::int64_t kAMinuteMs = 60'000;

std::function<void(ClientCore::Settings&)> running_by(std::shared_ptr<const Clock> clock) {
    return [clock](ClientCore::Settings& settings) {
        settings.runtime = RuntimeCore::create({}, clock).value();
    };
}

void look_for_overdue(PushWorld& world) {
    auto look = [](std::shared_ptr<PushCore> core) -> Awaitable<kerolox::Result<int>> {
        co_await core->send_back_overdue();
        co_return 0;
    };
    EXPECT_TRUE(world.group.core().run<int>(look(world.core)).get());
}

/// Twice: what the first one found was acted on.
bool rebalances(PushWorld& world) {
    const int asked = world.group.broker.asked(38);
    return becomes_true([&] {
        world.group.core().post([core = world.core] { core->rebalance_soon(); });
        return world.group.broker.asked(38) >= asked + 4;
    });
}

/// Pulls that were under way when time passed have failed, and there are new ones.
bool pulls_anew(PushWorld& world) {
    const std::size_t pulls = world.group.broker.pull_offsets().size();
    return becomes_true([&] { return world.group.broker.pull_offsets().size() >= pulls + 2; });
}

/// In steps, as it does: a queue that was not pulled for two minutes would be taken anew.
bool minutes_pass(PushWorld& world, const std::shared_ptr<SkewedClock>& clock, int minutes) {
    for (int i = 0; i < minutes; ++i) {
        clock->advance_ms(kAMinuteMs);
        if (!pulls_anew(world)) return false;
    }
    return true;
}

bool is_recent(std::chrono::system_clock::time_point time,
               const std::shared_ptr<SkewedClock>& clock) {
    const std::int64_t ms = time.time_since_epoch() / std::chrono::milliseconds(1);
    return ms <= clock->wall_ms() && ms > clock->wall_ms() - kAMinuteMs;
}

TEST(PushClock, JumpsOfTheWallClockDecideNothing) {
    const auto clock = std::make_shared<SkewedClock>();
    std::atomic<bool> open{false};
    PushWorld world(1, running_by(clock));
    world.store(3);
    world.start(PushOptions("G").threads(2).on_messages([&](const MessageBatch& batch) {
        if (batch.front().text() == "0") becomes_true([&] { return open.load(); });
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    const int starts = world.group.broker.asked(14);
    for (const std::int64_t jump : {2 * kAnHourMs, -4 * kAnHourMs, 48 * kAnHourMs}) {
        clock->jump_ms(jump);
        look_for_overdue(world);
        EXPECT_TRUE(rebalances(world));
        for (const kerolox::QueueState& state : world.core->snapshot().queues) {
            EXPECT_FALSE(state.dropped);
            EXPECT_TRUE(is_recent(state.last_pull, clock)) << jump;
            EXPECT_TRUE(is_recent(state.last_consume, clock)) << jump;
        }
    }
    EXPECT_THAT(world.group.broker.sent_back(), IsEmpty());
    EXPECT_EQ(world.group.broker.asked(14), starts) << "no queue was taken anew";
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 3; }));
}

TEST(PushClock, SubscriptionsOutrankOlderOnesAlthoughTheClockWentBack) {
    const auto clock = std::make_shared<SkewedClock>();
    PushWorld world(1, running_by(clock));
    world.start(
        PushOptions("G").on_messages([](const MessageBatch&) { return ConsumeResult::success(); }));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.subscription_version("T") > 0; }));
    clock->jump_ms(-2 * kAnHourMs);
    const std::int64_t before = world.group.broker.subscription_version("T");
    ASSERT_TRUE(world.core->subscribe("T", kerolox::Filter::tags("A")));
    EXPECT_TRUE(becomes_true([&] {
        return world.group.broker.last_heartbeat().find("\"subString\":\"A\"") != std::string::npos;
    }));
    EXPECT_GT(world.group.broker.subscription_version("T"), before);
}

TEST(PushClock, LocksLiveByThePassingOfTime) {
    const auto clock = std::make_shared<SkewedClock>();
    PushPace pace = quick_pace();
    pace.lock_all_ms = 3'600'000;
    std::atomic<bool> holds{true};
    std::atomic<bool> inside{false};
    PushWorld world(1, running_by(clock));
    world.store(2);
    world.start(PushOptions("G").on_messages_in_order([&](const MessageBatch& batch) {
        inside = true;
        if (holds) becomes_true([&] { return !holds.load(); });
        world.seen.add(batch);
        return OrderlyResult::success();
    }),
                pace);
    EXPECT_TRUE(becomes_true([&] { return inside.load(); }));
    // The look a second after the start.
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.asked(41) >= 3; }));
    const int asked = world.group.broker.asked(41);
    clock->jump_ms(2 * kAnHourMs);
    holds = false;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    EXPECT_EQ(world.group.broker.asked(41), asked) << "the lock was good";
    clock->advance_ms(31'000);
    EXPECT_TRUE(pulls_anew(world));
    world.store(1);
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 3; }));
    EXPECT_GT(world.group.broker.asked(41), asked) << "it was too old";
}

TEST(PushClock, WhatIsConsumedTooLongIsSentBack) {
    const auto clock = std::make_shared<SkewedClock>();
    std::atomic<bool> open{false};
    PushWorld world(1, running_by(clock));
    world.store(3);
    world.start(PushOptions("G")
                    .threads(2)
                    .consume_timeout(std::chrono::minutes(10))
                    .on_messages([&](const MessageBatch& batch) {
                        if (batch.front().text() == "0") becomes_true([&] { return open.load(); });
                        world.seen.add(batch);
                        return ConsumeResult::success();
                    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    EXPECT_TRUE(minutes_pass(world, clock, 9));
    look_for_overdue(world);
    EXPECT_THAT(world.group.broker.sent_back(), IsEmpty());
    EXPECT_TRUE(minutes_pass(world, clock, 2));
    look_for_overdue(world);
    EXPECT_THAT(world.group.broker.sent_back(), ElementsAre(Pair(0, 3)));
    look_for_overdue(world);
    EXPECT_EQ(world.group.broker.sent_back().size(), 1U) << "once";
    // Its queue goes on: the offset passes it, whatever its listener does yet.
    const auto offsets = world.core->offsets("T");
    ASSERT_EQ(offsets.size(), 1U);
    EXPECT_EQ(offsets.begin()->second, 3);
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 3; }));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 3);
}

}  // namespace
}  // namespace kx::client
