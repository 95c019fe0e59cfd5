// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "client/consume/fake_group.h"
#include "client/consume/lite_core.h"
#include "kerolox/client.hpp"
#include "net/request.h"

namespace kx::client {
namespace {

using namespace std::chrono_literals;
using kerolox::LitePullConsumer;
using kerolox::LitePullOptions;
using kerolox::StartFrom;

struct LiteWorld : FakeGroup {
    explicit LiteWorld(std::int32_t queues = 1,
                       const std::function<void(ClientCore::Settings&)>& adjust = {})
        : FakeGroup(queues, adjust) {
        client = std::make_unique<kerolox::Client>(Access::make<kerolox::Client>());
        Access::core(*client) = lease;
    }
    LitePullConsumer consumer(const LitePullOptions& options) const {
        return client->lite_pull_consumer(options).value();
    }
    LitePullConsumer subscribed() const {
        return consumer(LitePullOptions("G").subscribe("T").start_from(StartFrom::first));
    }
    /// One of the first queue, from its first message on.
    LitePullConsumer assigned(LitePullOptions options = LitePullOptions("G")) const {
        auto made = consumer(options.start_from(StartFrom::first));
        EXPECT_TRUE(made.assign({queue}));
        return made;
    }
    void fill(int count, std::int32_t id = 0) {
        for (int i = 0; i < count; ++i) broker.store("T", id, std::to_string(i));
    }
    std::unique_ptr<kerolox::Client> client;
    kerolox::Queue queue{"T", "b", 0};
};

/// Bodies, until there are so many or none come any more.
std::vector<std::string> poll_bodies(LitePullConsumer& consumer, std::size_t count) {
    std::vector<std::string> bodies;
    while (bodies.size() < count) {
        const auto batch = consumer.poll(10s).get();
        if (!batch || batch->empty()) break;
        for (const kerolox::MessageView& message : batch.value())
            bodies.emplace_back(message.text());
    }
    return bodies;
}

TEST(LitePull, SubscribedPollsEveryQueueOnce) {
    LiteWorld world(2);
    world.fill(12, 0);
    world.fill(5, 1);
    auto consumer = world.subscribed();
    EXPECT_EQ(consumer.assignment().size(), 2U);
    EXPECT_EQ(poll_bodies(consumer, 17).size(), 17U);
    EXPECT_TRUE(consumer.poll(0ms).get().value().empty());
    ASSERT_TRUE(consumer.commit().get());
    EXPECT_EQ(world.broker.committed("T", 0), 12);
    EXPECT_EQ(world.broker.committed("T", 1), 5);
    EXPECT_EQ(world.broker.asked(11), 0) << "lite pulls have a code of their own";
}

TEST(LitePull, GoesOnWhereTheGroupCameAndElseAtTheEnd) {
    LiteWorld world(2);
    world.fill(3, 0);
    world.fill(3, 1);
    world.broker.set_committed("T", 0, 2);
    auto consumer = world.consumer(LitePullOptions("G").subscribe("T"));
    EXPECT_EQ(poll_bodies(consumer, 1), std::vector<std::string>{"2"});
    // Only then is it certain that the empty queue was asked for its end.
    ASSERT_TRUE(becomes_true([&] { return world.broker.asked(361) >= 3; }));
    world.broker.store("T", 1, "new");
    EXPECT_EQ(poll_bodies(consumer, 1), std::vector<std::string>{"new"});
}

TEST(LitePull, WaitingPollHoldsUpNobody) {
    LiteWorld world;
    auto consumer = world.assigned();
    auto pending = consumer.poll(20s);
    EXPECT_EQ(consumer.assignment().size(), 1U);
    EXPECT_EQ(consumer.committed(world.queue).get().value(), -1);
    EXPECT_TRUE(consumer.commit().get());
    EXPECT_TRUE(consumer.poll(1ms).get().value().empty()) << "a second one has its own time";
    world.fill(1);
    EXPECT_EQ(std::move(pending).get()->size(), 1U);
}

TEST(LitePull, CloseEndsAWaitingPoll) {
    LiteWorld world;
    auto consumer = world.assigned();
    auto pending = consumer.poll(20s);
    ASSERT_TRUE(consumer.close().get());
    EXPECT_EQ(std::move(pending).get().error().kind(), kerolox::ErrorKind::closed);
    EXPECT_EQ(consumer.poll(1s).get().error().kind(), kerolox::ErrorKind::closed);
    EXPECT_EQ(consumer.subscribe("T").error().kind(), kerolox::ErrorKind::closed);
}

TEST(LitePull, CancelledPollLosesNoMessage) {
    LiteWorld world;
    auto consumer = world.assigned();
    auto given_up = consumer.poll(20s);
    auto pending = consumer.poll(20s);
    given_up.cancel();
    world.fill(1);
    EXPECT_EQ(std::move(pending).get()->front().text(), "0");
    EXPECT_EQ(std::move(given_up).get().error().kind(), kerolox::ErrorKind::cancelled);
}

TEST(LitePull, SubscribesOrIsAssignedNotBoth) {
    LiteWorld world;
    auto subscribed = world.subscribed();
    EXPECT_EQ(subscribed.assign({world.queue}).error().text(),
              "Subscribe and assign are mutually exclusive.");
    auto assigned = world.assigned(LitePullOptions("H"));
    EXPECT_EQ(assigned.subscribe("T").error().text(),
              "Subscribe and assign are mutually exclusive.");
    EXPECT_EQ(assigned.assign({}).error().text(), "Message queues can not be null or empty.");
    EXPECT_EQ(subscribed.subscribe("").error().text(),
              "subscribe exception: Topic can not be null or empty.");
    EXPECT_EQ(subscribed.poll(-1ms).get().error().text(), "Timeout must not be negative");
}

TEST(LitePull, SeeksWhileAPullIsUnderWay) {
    LiteWorld world;
    world.fill(3);
    auto consumer = world.assigned();
    EXPECT_EQ(poll_bodies(consumer, 3).size(), 3U);
    // The next pull is held by the broker now.
    ASSERT_TRUE(becomes_true([&] { return world.broker.pull_offsets().back() == 3; }));
    ASSERT_TRUE(consumer.seek(world.queue, 1).get());
    EXPECT_EQ(poll_bodies(consumer, 2), (std::vector<std::string>{"1", "2"}));
    // The held one is answered at last: nothing of it comes twice.
    world.broker.store("T", 0, "3");
    EXPECT_EQ(poll_bodies(consumer, 1), std::vector<std::string>{"3"});
    EXPECT_TRUE(consumer.poll(50ms).get().value().empty());
}

TEST(LitePull, SeeksWithinTheQueueOnly) {
    LiteWorld world;
    world.fill(5);
    world.broker.set_min("T", 0, 2);
    auto consumer = world.assigned();
    EXPECT_EQ(consumer.seek(world.queue, 1).get().error().text(),
              "Seek offset illegal, seek offset = 1, min offset = 2, max offset = 5");
    EXPECT_FALSE(consumer.seek(world.queue, 6).get());
    EXPECT_EQ(consumer.seek({"T", "b", 7}, 2).get().error().text(),
              "The message queue is not in assigned list, message queue: T@b:7");
    ASSERT_TRUE(consumer.seek_to_end(world.queue).get());
    world.broker.store("T", 0, "last");
    EXPECT_EQ(poll_bodies(consumer, 1), std::vector<std::string>{"last"});
    ASSERT_TRUE(consumer.seek_to_begin(world.queue).get());
    EXPECT_EQ(poll_bodies(consumer, 4), (std::vector<std::string>{"2", "3", "4", "last"}));
    auto subscribed = world.consumer(LitePullOptions("H").subscribe("T"));
    EXPECT_EQ(subscribed.seek({"T", "b", 7}, 2).get().error().text(),
              "The message queue is not in assigned list, may be rebalancing, message queue: "
              "T@b:7");
}

TEST(LitePull, RepairsAnIllegalOffsetByItself) {
    LiteWorld world;
    world.fill(5);
    world.broker.set_min("T", 0, 3);
    world.broker.set_committed("T", 0, 1);
    auto consumer = world.assigned();
    EXPECT_EQ(poll_bodies(consumer, 2), (std::vector<std::string>{"3", "4"}));
}

TEST(LitePull, CommitsWhatItIsTold) {
    LiteWorld world;
    world.fill(5);
    auto consumer = world.assigned(LitePullOptions("G").auto_commit(0ms));
    EXPECT_EQ(poll_bodies(consumer, 5).size(), 5U);
    ASSERT_TRUE(consumer.commit({{world.queue, 3}}, true).get());
    EXPECT_EQ(world.broker.committed("T", 0), 3);
    EXPECT_EQ(consumer.commit({{world.queue, -1}}, true).get().error().text(),
              "consumerOffset is -1 in messageQueue [T@b:0].");
    EXPECT_EQ(world.broker.committed("T", 0), 3);
    EXPECT_FALSE(consumer.commit({{{"T", "b", 9}, 1}}, true).get());
    EXPECT_EQ(world.broker.committed("T", 9), -1);
    ASSERT_TRUE(consumer.commit({{world.queue, 4}}, false).get());
    EXPECT_EQ(consumer.committed(world.queue).get().value(), 4);
    // Without auto commit nothing else is written at the end.
    ASSERT_TRUE(consumer.close().get());
    EXPECT_EQ(world.broker.committed("T", 0), 4);
}

TEST(LitePull, CommitsByItselfWhatWasPolled) {
    LiteWorld world;
    world.fill(25);
    auto consumer = world.assigned();
    EXPECT_EQ(poll_bodies(consumer, 10).size(), 10U);
    EXPECT_EQ(world.broker.committed("T", 0), -1);
    ASSERT_TRUE(consumer.close().get());
    EXPECT_EQ(world.broker.committed("T", 0), 10) << "what was cached comes again";
}

TEST(LitePull, WritesNoOffsetBackThatItOnlyRead) {
    LiteWorld world;
    world.fill(5);
    world.broker.set_committed("T", 0, 1);
    auto consumer = world.assigned();
    ASSERT_TRUE(becomes_true([&] { return world.broker.asked(361) >= 1; }));
    world.broker.set_committed("T", 0, 4);  // by its former owner, late
    auto& core = Access::core_as<LiteCore>(consumer);
    core.client().post([&] { core.persist_offsets(); });
    ASSERT_TRUE(consumer.close().get());
    EXPECT_EQ(world.broker.committed("T", 0), 4);
}

TEST(LitePull, DropsQueuesThatWereTakenFromIt) {
    LiteWorld world(2);
    world.fill(10, 0);
    world.fill(10, 1);
    auto consumer = world.assigned();
    ASSERT_TRUE(consumer.assign({{"T", "b", 0}, {"T", "b", 1}}));
    EXPECT_EQ(poll_bodies(consumer, 10).size(), 10U);
    ASSERT_TRUE(becomes_true([&] { return consumer.snapshot().queues.size() == 2; }));
    ASSERT_TRUE(consumer.assign({{"T", "b", 1}}));
    EXPECT_EQ(consumer.assignment(), (std::vector<kerolox::Queue>{{"T", "b", 1}}));
    world.broker.store("T", 0, "of nobody's");
    world.broker.store("T", 1, "of mine");
    std::set<std::string> left;
    while (!left.contains("of mine")) {
        const auto batch = consumer.poll(10s).get();
        ASSERT_TRUE(batch && !batch->empty());
        for (const auto& message : batch.value()) {
            EXPECT_EQ(message.queue().id, 1);
            left.emplace(message.text());
        }
    }
}

TEST(LitePull, SharesQueuesWithOtherMembers) {
    LiteWorld world(4);
    auto consumer = world.subscribed();
    EXPECT_EQ(consumer.assignment().size(), 4U);
    world.broker.add_member("0.0.0.0@first");
    Access::core_as<LiteCore>(consumer).client().post(
        [&] { Access::core_as<LiteCore>(consumer).rebalance_soon(); });
    EXPECT_TRUE(becomes_true([&] { return consumer.assignment().size() == 2; }));
    ASSERT_TRUE(consumer.unsubscribe("T"));
    EXPECT_TRUE(consumer.assignment().empty());
    ASSERT_TRUE(consumer.subscribe("T"));
    EXPECT_TRUE(becomes_true([&] { return consumer.assignment().size() == 2; }));
}

TEST(LitePull, PausesAndResumes) {
    LiteWorld world;
    auto consumer = world.consumer(LitePullOptions("G").start_from(StartFrom::first));
    ASSERT_TRUE(consumer.assign({world.queue}));
    ASSERT_TRUE(becomes_true([&] { return world.broker.asked(361) == 1; }));
    consumer.pause({world.queue});
    world.fill(1);  // ends the held pull without messages; the next one is not made
    EXPECT_TRUE(consumer.poll(100ms).get().value().empty());
    EXPECT_EQ(world.broker.asked(361), 1);
    consumer.resume({world.queue});
    EXPECT_EQ(poll_bodies(consumer, 1).size(), 1U);
}

TEST(LitePull, TriesAgainAfterErrors) {
    LiteWorld world(1, [](ClientCore::Settings& settings) {
        settings.config.pull_time_delay_mills_when_exception = 10;
        settings.log_level = kerolox::LogLevel::error;
    });
    world.fill(1);
    world.broker.refuse(361, {215, 1, 24});
    auto consumer = world.assigned();
    EXPECT_EQ(poll_bodies(consumer, 1).size(), 1U);
    EXPECT_EQ(world.broker.asked(361) >= 4, true);
}

TEST(LitePull, FiltersByTagAndSaysSoToTheBroker) {
    LiteWorld world;
    world.broker.store("T", 0, "yes", "TAGS\1A");
    world.broker.store("T", 0, "no", "TAGS\1B");
    world.broker.store("T", 0, "yes too", "TAGS\1A");
    auto consumer = world.consumer(LitePullOptions("G")
                                       .subscribe("T", kerolox::Filter::tags("A"))
                                       .start_from(StartFrom::first));
    EXPECT_EQ(poll_bodies(consumer, 2), (std::vector<std::string>{"yes", "yes too"}));
    EXPECT_NE(world.broker.last_heartbeat().find(R"("subString":"A")"), std::string::npos);
    EXPECT_NE(world.broker.last_heartbeat().find("CONSUME_ACTIVELY"), std::string::npos);
    const auto snapshot = consumer.snapshot();
    ASSERT_EQ(snapshot.subscriptions.size(), 1U);
    EXPECT_EQ(snapshot.subscriptions[0].second.expression(), "A");
    ASSERT_EQ(snapshot.queues.size(), 1U);
    EXPECT_EQ(snapshot.queues[0].queue, world.queue);
}

TEST(LitePull, ASqlFilterTheBrokerRefusesFailsAtOnce) {
    LiteWorld world;
    auto good = world.client->lite_pull_consumer(
        LitePullOptions("G").subscribe("T", kerolox::Filter::sql("a > 1")));
    EXPECT_TRUE(good) << good.error().describe();
    EXPECT_EQ(world.broker.asked(46), 1);
    EXPECT_FALSE(world.client->lite_pull_consumer(
        LitePullOptions("H").subscribe("T", kerolox::Filter::sql(" "))));
}

TEST(LitePull, BeginsAnewWhenItsOffsetsAreReset) {
    LiteWorld world;
    world.fill(4);
    auto consumer = world.assigned();
    EXPECT_EQ(poll_bodies(consumer, 4).size(), 4U);
    auto& core = Access::core_as<LiteCore>(consumer);
    core.client().post([&] { core.reset_offsets("T", {{world.queue, 2}, {{"T", "b", 8}, 0}}); });
    EXPECT_EQ(poll_bodies(consumer, 2), (std::vector<std::string>{"2", "3"}));
}

TEST(LitePull, BroadcastsFromAFileOfItsOwn) {
    const auto directory =
        std::filesystem::temp_directory_path() / ("lite-" + std::to_string(::getpid()));
    const auto settle = [&](ClientCore::Settings& settings) {
        settings.config.local_offset_store_dir = directory.string();
        settings.config.instance_name = "I";
    };
    const auto options = LitePullOptions("G")
                             .subscribe("T")
                             .start_from(StartFrom::first)
                             .model(kerolox::GroupModel::broadcasting);
    {
        LiteWorld world(1, settle);
        world.fill(3);
        world.broker.add_member("0.0.0.0@other");
        auto consumer = world.consumer(options);
        EXPECT_EQ(poll_bodies(consumer, 3).size(), 3U);
        ASSERT_TRUE(consumer.commit().get());
        EXPECT_EQ(world.broker.committed("T", 0), -1);
    }
    LiteWorld world(1, settle);
    world.fill(4);
    auto consumer = world.consumer(options);
    EXPECT_EQ(poll_bodies(consumer, 1), std::vector<std::string>{"3"});
    std::filesystem::remove_all(directory);
}

TEST(LitePull, TellsOfTopicsThatChanged) {
    LiteWorld world(1);
    std::atomic<std::size_t> seen{0};
    auto consumer = world.consumer(
        LitePullOptions("G")
            .subscribe("T")
            .set("topicMetadataCheckIntervalMillis", "100")
            .on_topic_change([&](std::string_view topic, std::span<const kerolox::Queue> queues) {
                EXPECT_EQ(topic, "T");
                seen = queues.size();
            }));
    // The first change may come before the first look, which it is compared with: go on changing.
    int more = 0;
    EXPECT_TRUE(becomes_true([&] {
        world.names.add_route("T", "more" + std::to_string(++more), world.broker.address(), 1);
        return seen > 1;
    }));
}

TEST(LitePull, ManyThreadsPollEachMessageOnce) {
    LiteWorld world(4);
    constexpr std::size_t kEach = 500;
    for (int queue = 0; queue < 4; ++queue) world.fill(static_cast<int>(kEach), queue);
    auto consumer = world.subscribed();
    std::atomic<std::size_t> count{0};
    Mutex mutex;
    std::set<std::pair<std::int32_t, std::int64_t>> seen;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            while (count < 4 * kEach) {
                const auto batch = consumer.poll(200ms).get();
                if (!batch) return;
                MutexLock lock(mutex);
                for (const auto& message : batch.value())
                    seen.emplace(message.queue().id, message.queue_offset());
                count += batch->size();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(count, 4 * kEach);
    EXPECT_EQ(seen.size(), 4 * kEach);
}

TEST(LitePull, OptionsKnowRocketMqsKeysAndRanges) {
    LitePullOptions options("G");
    options.set("pullBatchSise", "1").set("consumeTimestamp", "yesterday").pull_batch(0);
    const auto problems = options.validate();
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0].text, "unknown key pullBatchSise, did you mean pullBatchSize?");
    EXPECT_EQ(problems[1].text, "pullBatchSize Out of range [1, 1024]");
    EXPECT_EQ(problems[2].text,
              "consumeTimestamp is invalid, the valid format is yyyyMMddHHmmss,but received "
              "yesterday");
    EXPECT_EQ(LitePullOptions("G").set("brokerSuspendMaxTimeMillis", "40000").validate().at(0).text,
              "Long polling mode, the consumer consumerTimeoutMillisWhenSuspend must greater than "
              "brokerSuspendMaxTimeMillis");
    EXPECT_NE(options.describe().find("consumeFromWhere=CONSUME_FROM_LAST_OFFSET\n"),
              std::string::npos);
}

}  // namespace
}  // namespace kx::client
