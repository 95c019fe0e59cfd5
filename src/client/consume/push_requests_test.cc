// SPDX-License-Identifier: Apache-2.0
//
// What brokers ask of a push consumer: 220, 221, 307 and 309.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/consume/push_world.h"
#include "client/core/core_world.h"
#include "model/record.h"
#include "wire/bodies/consumer_offsets.h"
#include "wire/bodies/running_info.h"

namespace kx::client {
namespace {

using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::OrderlyResult;
using kerolox::PushOptions;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

const wire::QueueKey kTheQueue{"b", 0, "T"};

PushOptions consuming(PushWorld& world) {
    return PushOptions("G").on_messages([&world](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    });
}

std::string a_record(std::string_view topic, std::string_view body) {
    model::NewMessage fresh;
    fresh.topic = topic;
    fresh.body = body;
    return model::RecordDraft::make(fresh, {})->encode(7, 7'000, 0);
}

TEST(PushRequests, OffsetsAreSetInBothForms) {
    PushWorld world;
    world.store(5);
    world.start(consuming(world));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 5; }));
    wire::ResetOffsetList list;
    list.offset_table.push_back({"b", 2, 0, "T"});
    world.group.broker.tell_client(220, {{"group", "G"}, {"topic", "T"}, {"isForce", "true"}},
                                   to_json(list));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 8; }));
    // The form that Java clients get, whose keys are objects.
    world.group.broker.tell_client(
        220, {{"group", "G"}, {"topic", "T"}},
        R"({"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:4}})");
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 9; }));
    // What makes no sense changes nothing.
    world.group.broker.tell_client(220, {{"group", "G"}, {"topic", "T"}}, "nonsense");
    world.group.broker.tell_client(220, {{"group", "Nobody"}, {"topic", "T"}}, to_json(list));
    world.group.broker.tell_client(220, {{"topic", "T"}}, to_json(list));
    EXPECT_EQ(world.group.broker.ask_client(221, {{"group", "G"}, {"topic", "T"}}).code, 0);
    EXPECT_EQ(world.seen.count(), 9);
}

TEST(PushRequests, OffsetsAreTold) {
    PushWorld world(2);
    world.store(3, 0);
    world.start(consuming(world));
    EXPECT_TRUE(becomes_true([&] { return !world.core->offsets("T").empty(); }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 3; }));
    const auto told = [&](std::string topic) {
        const auto answer =
            world.group.broker.ask_client(221, {{"group", "G"}, {"topic", std::move(topic)}});
        EXPECT_EQ(answer.code, 0);
        return from_json<wire::OffsetsOfClient>(answer.body)->message_queue_table;
    };
    EXPECT_TRUE(becomes_true([&] { return told("T")[kTheQueue] == 3; }));
    EXPECT_THAT(told("Other"), SizeIs(0));
    EXPECT_THAT(told(""), Contains(Pair(kTheQueue, 3))) << "all topics";
    const auto nobodys = world.group.broker.ask_client(221, {{"group", "No"}, {"topic", "T"}});
    EXPECT_EQ(nobodys.code, 0);
    EXPECT_THAT(nobodys.body, Not(HasSubstr("brokerName")));
    EXPECT_NE(world.group.broker.ask_client(221, {}).code, 0);
}

TEST(PushRequests, RunningInfoTellsWhatGoesOn) {
    const auto clock = std::make_shared<testing::SkewedClock>();
    std::atomic<bool> open{false};
    PushWorld world(1, [&](ClientCore::Settings& settings) {
        settings.runtime = RuntimeCore::create({}, clock).value();
    });
    world.store(4);
    world.start(PushOptions("G").pull_batch(4).on_messages_in_order([&](const MessageBatch& batch) {
        if (batch.front().text() == "1") becomes_true([&] { return open.load(); });
        world.seen.add(batch);
        return OrderlyResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 1; }));
    clock->jump_ms(-3'600'000);
    const auto asked = [&](const char* group, const char* stacks) {
        return world.group.broker.ask_client(307, {{"consumerGroup", group},
                                                   {"clientId", world.group.core().id()},
                                                   {"jstackEnable", stacks}});
    };
    const auto answer = asked("G", "false");
    ASSERT_EQ(answer.code, 0);
    EXPECT_THAT(answer.body, HasSubstr("\"droped\":false"));
    const auto info = from_json<wire::ConsumerRunningInfo>(answer.body);
    ASSERT_TRUE(info);
    EXPECT_FALSE(info->jstack);
    EXPECT_THAT(info->properties, Contains(Pair("PROP_CONSUMEORDERLY", "true")));
    EXPECT_THAT(info->properties, Contains(Pair("PROP_CONSUME_TYPE", "CONSUME_PASSIVELY")));
    EXPECT_THAT(info->properties, Contains(Pair("PROP_CLIENT_VERSION", HasSubstr("V5_"))));
    EXPECT_THAT(info->properties, Contains(Key("PROP_CONSUMER_START_TIMESTAMP")));
    EXPECT_EQ(info->properties.at("PROP_NAMESERVER_ADDR"), world.group.names.address() + ";");
    EXPECT_THAT(info->subscription_set,
                ElementsAre(::testing::Field(&wire::SubscriptionData::topic, "%RETRY%G"),
                            ::testing::Field(&wire::SubscriptionData::topic, "T")));
    ASSERT_THAT(info->mq_table, Contains(Key(kTheQueue)));
    const wire::ProcessQueueInfo& queue = info->mq_table.at(kTheQueue);
    EXPECT_EQ(queue.cached_msg_count, 3);
    EXPECT_EQ(queue.cached_msg_min_offset, 1);
    EXPECT_EQ(queue.cached_msg_max_offset, 3);
    EXPECT_EQ(queue.commit_offset, 1);
    EXPECT_TRUE(queue.locked);
    EXPECT_EQ(queue.try_unlock_times, 0);
    for (const std::int64_t time :
         {queue.last_pull_timestamp, queue.last_consume_timestamp, queue.last_lock_timestamp}) {
        EXPECT_LE(time, clock->wall_ms());
        EXPECT_GT(time, clock->wall_ms() - 60'000);
    }
    EXPECT_THAT(info->mq_pop_table, SizeIs(0));
    EXPECT_THAT(info->status_table, Contains(Key("T")));
    const auto refused = asked("Nobody", "false");
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.remark, "The Consumer Group <Nobody> not exist in this consumer");
    open = true;
}

TEST(PushRequests, RunningInfoCountsQueuesThatCouldNotBeGivenBack) {
    std::atomic<bool> open{false};
    PushWorld world(2);
    world.store(1, 0);
    world.store(1, 1);
    world.start(PushOptions("G").on_messages_in_order([&](const MessageBatch& batch) {
        world.seen.add(batch);
        becomes_true([&] { return open.load(); });
        return OrderlyResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 2; }));
    world.group.broker.add_member("zzz@other");
    world.group.core().post([core = world.core] { core->rebalance_soon(); });
    EXPECT_TRUE(becomes_true([&] {
        const auto answer = world.group.broker.ask_client(307, {{"consumerGroup", "G"}});
        const auto info = from_json<wire::ConsumerRunningInfo>(answer.body);
        return info && std::ranges::any_of(info->mq_table, [](const auto& one) {
                   return one.second.dropped && one.second.try_unlock_times > 0;
               });
    }));
    open = true;
}

TEST(PushRequests, StacksAreWhatTheKernelKnowsOfThreads) {
    PushWorld world;
    world.start(consuming(world));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.subscription_version("T") > 0; }));
    const auto answer =
        world.group.broker.ask_client(307, {{"consumerGroup", "G"}, {"jstackEnable", "true"}});
    ASSERT_EQ(answer.code, 0);
    const auto info = from_json<wire::ConsumerRunningInfo>(answer.body);
    ASSERT_TRUE(info && info->jstack);
    EXPECT_THAT(*info->jstack, HasSubstr("threads of process " + std::to_string(::getpid())));
    EXPECT_THAT(*info->jstack, HasSubstr("TID: " + std::to_string(::getpid()) + " STATE: S"))
        << "this one waits";
    EXPECT_THAT(*info->jstack, HasSubstr("STATE: R running")) << "who looks runs";
    EXPECT_THAT(*info->jstack, HasSubstr(" ms user, "));
}

TEST(PushRequests, AMessageIsConsumedOnRequest) {
    PushWorld world;
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        if (batch.front().text() == "bad") throw std::runtime_error("not this one");
        return batch.front().text() == "late" ? ConsumeResult::later() : ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.subscription_version("T") > 0; }));
    const auto asked = [&](const char* group, const std::string& body) {
        return world.group.broker.ask_client(309, {{"consumerGroup", group}, {"brokerName", "b"}},
                                             body);
    };
    const auto outcome = [&](std::string_view text) {
        const auto answer = asked("G", a_record("T", text));
        EXPECT_EQ(answer.code, 0);
        return *from_json<wire::ConsumeDirectlyResult>(answer.body);
    };
    EXPECT_EQ(outcome("good").consume_result, "CR_SUCCESS");
    EXPECT_EQ(outcome("late").consume_result, "CR_LATER");
    const auto bad = outcome("bad");
    EXPECT_EQ(bad.consume_result, "CR_THROW_EXCEPTION");
    EXPECT_EQ(bad.remark, "not this one");
    EXPECT_FALSE(bad.order);
    EXPECT_THAT(world.seen.bodies(), ElementsAre("good", "late", "bad"));
    EXPECT_EQ(world.group.broker.sent_back().size(), 0U) << "nothing comes of it";
    EXPECT_EQ(asked("G", "").code, 1);
    EXPECT_EQ(asked("G", "no record").code, 1);
    EXPECT_EQ(asked("Nobody", a_record("T", "x")).code, 1);
    EXPECT_EQ(world.group.broker.ask_client(309, {}, a_record("T", "x")).code, 1);
}

TEST(PushRequests, AMessageIsConsumedOnRequestInOrder) {
    PushWorld world;
    world.start(
        PushOptions("G").manual_commit(true).on_messages_in_order([&](const MessageBatch& batch) {
            const std::string_view text = batch.front().text();
            if (text == "commit") return OrderlyResult::commit();
            if (text == "rollback") return OrderlyResult::rollback();
            return text == "success" ? OrderlyResult::success() : OrderlyResult::suspend();
        }));
    EXPECT_TRUE(becomes_true([&] { return world.group.broker.subscription_version("T") > 0; }));
    for (const auto& [text, expected] :
         {std::pair("success", "CR_SUCCESS"), std::pair("commit", "CR_COMMIT"),
          std::pair("rollback", "CR_ROLLBACK"), std::pair("suspend", "CR_LATER")}) {
        const auto answer =
            world.group.broker.ask_client(309, {{"consumerGroup", "G"}}, a_record("T", text));
        const auto result = from_json<wire::ConsumeDirectlyResult>(answer.body);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->consume_result, expected);
        EXPECT_TRUE(result->order);
        EXPECT_FALSE(result->auto_commit);
    }
}

}  // namespace
}  // namespace kx::client
