// SPDX-License-Identifier: Apache-2.0
//
// A push consumer and a fake broker, over sockets.
#include "client/consume/push_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consume/push_world.h"
#include "model/names.h"
#include "model/properties.h"
#include "support/temp_file.h"

namespace kx::client {
namespace {

using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::MessageView;
using kerolox::OrderlyResult;
using kerolox::PushOptions;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(PushConsumer, ConsumesWhatIsThereAndWhatComes) {
    PushWorld world(2);
    world.store(3, 0);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 3; }));
    world.store(2, 1);
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 5; }));
    EXPECT_THAT(world.core->assignment(), SizeIs(2));
    EXPECT_THAT(world.group.broker.last_heartbeat(), HasSubstr("CONSUME_PASSIVELY"));
    EXPECT_THAT(world.group.broker.last_heartbeat(), HasSubstr("%RETRY%G"));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 3);
    EXPECT_EQ(world.group.broker.committed("T", 1), 2);
    EXPECT_EQ(world.group.broker.asked(35), 1);
}

TEST(PushConsumer, OffsetsNeverPassAnUnfinishedMessage) {
    PushWorld world;
    std::atomic<bool> open{false};
    world.store(10);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        if (batch.front().text() == "4") becomes_true([&] { return open.load(); });
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 9; }));
    world.group.core().post([core = world.core] { core->persist_offsets(); });
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.committed("T", 0) == 4; }));
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 10; }));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 10);
}

TEST(PushConsumer, WhatFailsIsSentBackOnce) {
    PushWorld world;
    world.store(4);
    world.start(
        PushOptions("G").batch_size(4).pull_batch(4).on_messages([&](const MessageBatch& batch) {
            world.seen.add(batch);
            return batch.size() == 4 ? ConsumeResult::success_up_to(1) : ConsumeResult::later(-1);
        }));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.sent_back().size() == 2; }));
    EXPECT_THAT(world.group.broker.sent_back(), ElementsAre(Pair(2000, 0), Pair(3000, 0)));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 4);
}

TEST(PushConsumer, ASendBackThatFailsGoesToTheRetryTopicAnew) {
    PushWorld world;
    world.group.broker.refuse(36, {1});
    world.store(1);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        if (batch.front().reconsume_times() > 0) return ConsumeResult::success();
        throw std::runtime_error("not today");
    }));
    const std::string retry = model::retry_topic("G");
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.bodies(retry).size() == 1; }));
    const std::string properties = world.group.broker.properties(retry).front();
    using namespace model::property;
    EXPECT_EQ(model::property_or_empty(properties, kRetryTopic), "T");
    EXPECT_EQ(model::property_or_empty(properties, kReconsumeTime), "1");
    EXPECT_EQ(model::property_or_empty(properties, kMaxReconsumeTimes), "16");
    EXPECT_EQ(model::property_or_empty(properties, kDelay), "3");
    EXPECT_FALSE(model::property_or_empty(properties, kOriginMessageId).empty());
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 1);
    EXPECT_EQ(world.group.broker.committed(retry, 0), 1);
}

TEST(PushConsumer, WhatCannotBeSentBackAtAllIsConsumedAgainHere) {
    PushWorld world;
    world.group.broker.refuse(36, {1});
    world.group.broker.refuse(310, {1, 1, 1, 1, 1, 1});
    world.store(1);
    std::atomic<int> times{-1};
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        times = batch.front().reconsume_times();
        return times == 0 ? ConsumeResult::later() : ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    EXPECT_EQ(times, 1);
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 1);
}

TEST(PushConsumer, AFullCacheIsNotPulled) {
    PushWorld world;
    world.store(50);
    std::atomic<bool> open{false};
    world.start(PushOptions("G").threads(1).pull_batch(8).cache_limit_per_queue(10, 1).on_messages(
        [&](const MessageBatch& batch) {
            becomes_true([&] { return open.load(); });
            world.seen.add(batch);
            return ConsumeResult::success();
        }));
    // Two pulls bring 16, which is beyond the bound.
    EXPECT_TRUE(becomes_true([&] {
        const auto shot = world.core->snapshot();
        return std::ranges::any_of(shot.queues, [](const auto& one) {
            return one.queue.topic == "T" && one.cached_messages == 16;
        });
    }));
    const auto pulls = world.group.broker.pull_offsets();
    EXPECT_EQ(std::ranges::max(pulls), 8);
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 50; }));
}

TEST(PushConsumer, AnIllegalOffsetIsRepaired) {
    PushWorld world;
    world.store(10);
    world.group.broker.set_min("T", 0, 6);
    world.group.broker.set_committed("T", 0, 2);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 4; }));
    EXPECT_THAT(world.seen.bodies(), Contains("6"));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 10);
}

TEST(PushConsumer, PausesAndGoesOn) {
    PushWorld world;
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    world.store(1);
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 1; }));
    world.core->suspend();
    world.store(1);
    const std::int64_t until = system_clock().steady_ms() + 100;
    becomes_true([&] { return system_clock().steady_ms() > until; });
    const std::size_t before = world.seen.count();
    EXPECT_LE(before, 2);  // a pull that was under way may have brought it
    world.core->resume();
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
}

TEST(PushConsumer, KeepsTheOrderOfAQueue) {
    PushWorld world(2);
    world.store(100, 0);
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    std::atomic<int> failures{3};
    world.start(PushOptions("G")
                    .batch_size(3)
                    .suspend_time(std::chrono::milliseconds(1))
                    .on_messages_in_order([&](const MessageBatch& batch) {
                        most = std::max(most.load(), ++at_once);
                        const bool fails = failures-- > 0;
                        if (!fails) world.seen.add(batch);
                        --at_once;
                        return fails ? OrderlyResult::suspend() : OrderlyResult::success();
                    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 100; }));
    EXPECT_EQ(world.seen.bodies(), numbers_below(100));
    EXPECT_EQ(most, 1);
    EXPECT_EQ(world.group.broker.locks(), 3);  // with the retry topic's
    world.end();
    EXPECT_EQ(world.group.broker.locks(), 0);
    EXPECT_EQ(world.group.broker.committed("T", 0), 100);
}

TEST(PushConsumer, CommitsByHandInOrder) {
    PushWorld world;
    world.store(6);
    std::atomic<int> calls{0};
    world.start(
        PushOptions("G").manual_commit(true).on_messages_in_order([&](const MessageBatch& batch) {
            world.seen.add(batch);
            switch (++calls) {
                case 1: return OrderlyResult::success();
                case 2: return OrderlyResult::rollback();
                case 4: return OrderlyResult::commit();
                default: return OrderlyResult::success();
            }
        }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 8; }));
    EXPECT_THAT(world.seen.bodies(), ElementsAre("0", "1", "0", "1", "2", "3", "4", "5"));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 2);
}

TEST(PushConsumer, OrderedMessagesTriedTooOftenGoToTheRetryTopic) {
    PushWorld world;
    world.store(2);
    world.start(PushOptions("G")
                    .max_reconsume_times(2)
                    .suspend_time(std::chrono::milliseconds(1))
                    .on_messages_in_order([&](const MessageBatch& batch) {
                        world.seen.add(batch);
                        const bool fails =
                            batch.front().text() == "0" && batch.front().reconsume_times() <= 2;
                        return fails ? OrderlyResult::suspend() : OrderlyResult::success();
                    }));
    EXPECT_TRUE(becomes_true([&] {
        const auto seen = world.seen.bodies();
        return std::ranges::count(seen, "1") == 1;
    }));
    const auto bodies = world.group.broker.bodies(model::retry_topic("G"));
    ASSERT_THAT(bodies, SizeIs(1));
    EXPECT_EQ(bodies.front(), "0");
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 2);
}

TEST(PushConsumer, WithoutTheLockNothingIsConsumedInOrder) {
    PushWorld world;
    world.store(1);
    world.group.broker.take_locks(true);
    world.start(PushOptions("G").on_messages_in_order([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return OrderlyResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.asked(41) >= 3; }));
    EXPECT_EQ(world.seen.count(), 0);
    EXPECT_THAT(world.core->assignment(), SizeIs(0));
    world.group.broker.take_locks(false);
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 1; }));
    // Lost in between: the broker gave it to somebody else.
    world.group.broker.take_locks(true);
    const int asked = world.group.broker.asked(41);
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.asked(41) > asked + 1; }));
    world.store(1);
    const int later = world.group.broker.asked(41);
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.asked(41) > later + 1; }));
    EXPECT_EQ(world.seen.count(), 1);
    world.group.broker.take_locks(false);
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
}

TEST(PushConsumer, GivesQueuesToNewMembers) {
    PushWorld world(4);
    std::atomic<std::size_t> mine{0};
    world.start(PushOptions("G")
                    .on_assignment([&](std::string_view topic, std::span<const kerolox::Queue> all,
                                       std::span<const kerolox::Queue> own) {
                        if (topic == "T" && all.size() == 4) mine = own.size();
                    })
                    .on_messages([&](const MessageBatch& batch) {
                        world.seen.add(batch);
                        return ConsumeResult::success();
                    }));
    EXPECT_TRUE(becomes_true([&] { return mine == 4; }));
    world.store(2, 3);
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    world.group.broker.add_member("zzz@other");
    world.group.core().post([core = world.core] { core->rebalance_soon(); });
    EXPECT_TRUE(becomes_true([&] { return mine == 2; }));
    EXPECT_EQ(world.group.broker.committed("T", 3), 2);  // given back with its offset
    world.group.broker.remove_member("zzz@other");
    world.group.core().post([core = world.core] { core->rebalance_soon(); });
    EXPECT_TRUE(becomes_true([&] { return world.core->assignment().size() == 4; }));
}

kerolox::Task<ConsumeResult> wait_then_succeed(SeenMessages& seen, std::atomic<bool>& open,
                                               MessageBatch batch) {
    struct Turn {
        std::atomic<bool>& open;
        bool await_ready() const { return open; }
        void await_suspend(std::coroutine_handle<> waiting) const {
            std::thread([waiting, &gate = open] {
                becomes_true([&] { return gate.load(); });
                waiting.resume();
            }).detach();
        }
        void await_resume() const {}
    };
    co_await Turn{open};
    seen.add(batch);
    co_return ConsumeResult::success();
}

TEST(PushConsumer, CoroutinesWaitWithoutAThread) {
    PushWorld world;
    world.store(20);
    std::atomic<bool> open{false};
    std::atomic<int> begun{0};
    world.start(PushOptions("G").threads(1).on_messages_async([&](MessageBatch batch) {
        ++begun;
        return wait_then_succeed(world.seen, open, std::move(batch));
    }));
    EXPECT_TRUE(becomes_true([&] { return begun == 20; }));
    EXPECT_EQ(world.seen.count(), 0);
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 20; }));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 20);
}

TEST(PushConsumer, AListenerThatNeverEndsDoesNotHoldUpClose) {
    auto open = std::make_shared<std::atomic<bool>>(false);
    auto ended = std::make_shared<std::atomic<bool>>(false);
    PushWorld world;
    world.store(3);
    world.start(PushOptions("G").threads(2).on_messages([open, ended](const MessageBatch& batch) {
        if (batch.front().text() == "1") {
            becomes_true([&] { return open->load(); });
            *ended = true;
        }
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] {
        const auto all = world.core->offsets(std::string_view("T"));
        return !all.empty() && all.begin()->second == 1;
    }));
    const std::int64_t began = system_clock().steady_ms();
    world.end(std::chrono::milliseconds(100));
    EXPECT_LT(system_clock().steady_ms() - began, 3'000);
    EXPECT_EQ(world.group.broker.committed("T", 0), 1);
    *open = true;
    EXPECT_TRUE(becomes_true([&] { return ended->load(); }));
}

TEST(PushConsumer, OffsetsAreSetFromOutside) {
    PushWorld world;
    world.store(5);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 5; }));
    world.group.core().post([core = world.core] {
        std::map<kerolox::Queue, std::int64_t> offsets{{{"T", "b", 0}, 2}};
        core->reset_offsets("T", offsets);
    });
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 8; }));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 5);
}

TEST(PushConsumer, BroadcastingKeepsItsOffsetsInAFile) {
    test::TempDirectory directory;
    const auto adjust = [&](ClientCore::Settings& settings) {
        settings.config.local_offset_store_dir = directory.path();
    };
    for (const int expected : {3, 2}) {
        PushWorld world(1, adjust);
        world.store(expected == 3 ? 3 : 5);
        world.start(PushOptions("G")
                        .model(kerolox::GroupModel::broadcasting)
                        .on_messages([&](const MessageBatch& batch) {
                            world.seen.add(batch);
                            return ConsumeResult::later();  // dropped, with a word in the log
                        }));
        EXPECT_TRUE(
            becomes_true([&] { return world.seen.count() == static_cast<std::size_t>(expected); }));
        world.end();
        EXPECT_EQ(world.group.broker.asked(36), 0);
        EXPECT_EQ(world.group.broker.committed("T", 0), -1);
    }
}

TEST(PushConsumer, TellsWhatItDoes) {
    PushWorld world;
    world.store(2);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] {
        const auto shot = world.core->snapshot();
        return !shot.topics.empty() && shot.topics.back().consume_ok_tps > 0;
    }));
    const auto shot = world.core->snapshot();
    EXPECT_THAT(shot.properties, Contains(Pair("consumerGroup", "G")));
    EXPECT_THAT(shot.properties, Contains(Pair("PROP_CONSUMEORDERLY", "false")));
    EXPECT_THAT(shot.subscriptions, SizeIs(2));
    EXPECT_THAT(shot.queues, SizeIs(2));
}

TEST(PushOptions, WhatIsWrongIsToldAtOnce) {
    const auto text_of = [](const PushOptions& options) {
        const auto status = as_status(options.validate());
        return status ? std::string() : std::string(status.error().text());
    };
    const auto listener = [](const MessageBatch&) { return ConsumeResult::success(); };
    EXPECT_EQ(text_of(PushOptions("G").on_messages(listener)), "");
    EXPECT_THAT(text_of(PushOptions("G")), HasSubstr("messageListener is null"));
    EXPECT_THAT(text_of(PushOptions("DEFAULT_CONSUMER").on_messages(listener)),
                HasSubstr("consumerGroup can not equal DEFAULT_CONSUMER"));
    EXPECT_THAT(text_of(PushOptions("G").threads(0).on_messages(listener)),
                HasSubstr("consumeThreadMax Out of range [1, 1000]"));
    EXPECT_THAT(text_of(PushOptions("G")
                            .on_messages(listener)
                            .set("consumeThreadMin", "30")
                            .set("pullThresholdForTopic", "0")
                            .set("consumeTimestamp", "20261399000000")
                            .set("consumeFromWhere", "CONSUME_FROM_TIMESTAMP")),
                ::testing::AllOf(HasSubstr("consumeThreadMin (30) is larger than"),
                                 HasSubstr("pullThresholdForTopic Out of range"),
                                 HasSubstr("consumeTimestamp is invalid")));
    EXPECT_THAT(
        text_of(PushOptions("G").subscribe("T", kerolox::Filter::tags("||")).on_messages(listener)),
        HasSubstr("subscription exception"));
}

}  // namespace
}  // namespace kx::client
