// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "client/consume/fake_group.h"
#include "kerolox/client.hpp"

namespace kx::client {
namespace {

using namespace std::chrono_literals;
using kerolox::PullOptions;
using kerolox::PullRequest;
using kerolox::PullStatus;

struct PullWorld : FakeGroup {
    explicit PullWorld(std::int32_t queues = 1) : FakeGroup(queues) {
        client = std::make_unique<kerolox::Client>(Access::make<kerolox::Client>());
        Access::core(*client) = lease;
    }
    kerolox::PullConsumer consumer(const PullOptions& options = PullOptions("G")) {
        return client->pull_consumer(options).value();
    }
    std::unique_ptr<kerolox::Client> client;
    kerolox::Queue queue{"T", "b", 0};
};

PullRequest from(const kerolox::Queue& queue, std::int64_t offset) {
    PullRequest request;
    request.queue = queue;
    request.offset = offset;
    return request;
}

TEST(PullConsumer, PullsCommitsAndGoesOn) {
    PullWorld world;
    for (const char* body : {"a", "b", "c"}) world.broker.store("T", 0, body);
    auto consumer = world.consumer();
    ASSERT_EQ(consumer.queues("T").get().value(), std::vector{world.queue});
    EXPECT_EQ(consumer.committed(world.queue).get().value(), -1);
    PullRequest request = from(world.queue, 0);
    request.max_messages = 2;
    const auto first = consumer.pull(request).get();
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_EQ(first->status, PullStatus::found);
    EXPECT_EQ(first->messages.size(), 2U);
    EXPECT_EQ(first->max_offset, 3);
    ASSERT_TRUE(consumer.commit(world.queue, first->next_offset).get());
    EXPECT_EQ(world.broker.committed("T", 0), 2);
    EXPECT_EQ(consumer.committed(world.queue).get().value(), 2);
    EXPECT_EQ(consumer.min_offset(world.queue).get().value(), 0);
    EXPECT_EQ(consumer.max_offset(world.queue).get().value(), 3);
    EXPECT_TRUE(consumer.offset_for_time(world.queue, {}).get());
}

TEST(PullConsumer, WaitsForAMessageOnlyWhenToldTo) {
    PullWorld world;
    auto consumer = world.consumer();
    EXPECT_EQ(consumer.pull(from(world.queue, 0)).get()->status, PullStatus::no_new_message);
    PullRequest patient = from(world.queue, 0);
    patient.wait = 20s;
    auto pending = consumer.pull(patient);
    ASSERT_TRUE(becomes_true([&] { return world.broker.asked(11) == 2; }));
    EXPECT_FALSE(pending.ready());
    world.broker.store("T", 0, "late");
    EXPECT_EQ(std::move(pending).get()->status, PullStatus::no_matched_message);
}

TEST(PullConsumer, SaysWhichOffsetIsIllegal) {
    PullWorld world;
    for (const char* body : {"a", "b", "c"}) world.broker.store("T", 0, body);
    world.broker.set_min("T", 0, 2);
    auto consumer = world.consumer();
    const auto result = consumer.pull(from(world.queue, 0)).get();
    EXPECT_EQ(result->status, PullStatus::offset_illegal);
    EXPECT_EQ(result->next_offset, 2);
    EXPECT_EQ(result->min_offset, 2);
    EXPECT_TRUE(result->messages.empty());
}

TEST(PullConsumer, RefusesWhatRocketMqRefuses) {
    PullWorld world;
    auto consumer = world.consumer();
    const auto text = [&](const PullRequest& request) {
        return std::string(consumer.pull(request).get().error().text());
    };
    EXPECT_EQ(text(PullRequest()), "mq is null");
    EXPECT_EQ(text(from(world.queue, -1)), "offset < 0");
    PullRequest request = from(world.queue, 0);
    request.max_messages = 0;
    EXPECT_EQ(text(request), "maxNums <= 0");
    request = from(world.queue, 0);
    request.max_bytes = 0;
    EXPECT_EQ(text(request), "maxSizeInBytes <= 0");
    request = from(world.queue, 0);
    request.filter = kerolox::Filter::tags("||");
    EXPECT_EQ(text(request), "parse subscription error");
    EXPECT_FALSE(consumer.commit(world.queue, -1).get());
    EXPECT_EQ(world.client->pull_consumer(PullOptions("DEFAULT_CONSUMER")).error().text(),
              "consumerGroup can not equal DEFAULT_CONSUMER, please specify another one.");
    EXPECT_FALSE(world.client->pull_consumer(PullOptions("G").set("maxReconsumeTimes", "-2")));
    EXPECT_FALSE(world.client->pull_consumer(PullOptions("G"))) << "the group is taken";
}

TEST(PullConsumer, SendsMessagesBack) {
    PullWorld world;
    world.broker.store("T", 0, "a");
    world.broker.store("T", 0, "b");
    auto consumer = world.consumer();
    const auto result = consumer.pull(from(world.queue, 0)).get();
    ASSERT_EQ(result->messages.size(), 2U);
    ASSERT_TRUE(consumer.send_back(result->messages[1], 4).get());
    EXPECT_EQ(world.broker.sent_back(),
              (std::vector<std::pair<std::int64_t, std::int32_t>>{{1000, 4}}));
    // Refused: it goes to the retry topic as a message of its own.
    world.broker.refuse(36, {1});
    ASSERT_TRUE(consumer.send_back(result->messages[0]).get());
    EXPECT_EQ(world.broker.bodies("%RETRY%G"), std::vector<std::string>{"a"});
}

TEST(PullConsumer, EndsItsPullsWhenItCloses) {
    PullWorld world;
    auto consumer = world.consumer();
    PullRequest patient = from(world.queue, 0);
    patient.wait = 20s;
    auto pending = consumer.pull(patient);
    ASSERT_TRUE(becomes_true([&] { return world.broker.asked(11) == 1; }));
    ASSERT_TRUE(consumer.close().get());
    EXPECT_EQ(std::move(pending).get().error().kind(), kerolox::ErrorKind::closed);
    EXPECT_EQ(consumer.pull(from(world.queue, 0)).get().error().kind(), kerolox::ErrorKind::closed);
    EXPECT_EQ(world.broker.asked(35), 1);
    // The group is free again.
    EXPECT_TRUE(world.client->pull_consumer(PullOptions("G")));
}

TEST(PullConsumer, TellsOfItsShare) {
    PullWorld world(4);
    world.broker.add_member("0.0.0.0@other");
    Mutex mutex;
    std::vector<kerolox::Queue> mine;
    auto consumer = world.consumer(PullOptions("G").topics({"T"}).on_assignment(
        [&](std::string_view, std::span<const kerolox::Queue> all,
            std::span<const kerolox::Queue> own) {
            MutexLock lock(mutex);
            EXPECT_EQ(all.size(), 4U);
            mine.assign(own.begin(), own.end());
        }));
    EXPECT_TRUE(becomes_true([&] {
        MutexLock lock(mutex);
        return mine.size() == 2;
    }));
}

}  // namespace
}  // namespace kx::client
