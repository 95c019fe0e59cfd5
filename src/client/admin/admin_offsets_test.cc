// SPDX-License-Identifier: Apache-2.0
//
// Administration of offsets and of clients.
#include "client/admin/admin_world.h"
#include "wire/bodies/running_info.h"
#include "wire/requests/admin.h"
#include "wire/requests/consumption.h"
#include "wire/requests/offsets.h"

namespace kx::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

TEST(Admin, AsksTheQueuesMaster) {
    AdminWorld world;
    world.b.on(30, [](net::Request& request) {
        EXPECT_EQ(request.header<wire::QueueOfTopic>()->queue_id, 2);
        request.ok(wire::OffsetAnswer{42});
    });
    world.b.on(32, [](net::Request& request) { request.ok(wire::TimestampAnswer{-1}); });
    world.b.refuse(14, wire::ResponseCode::kQueryNotFound, "Not found");
    world.b.refuse(31, wire::ResponseCode::kSystemError, "no disk");
    const kerolox::Queue queue{"T", "broker-b", 2};
    EXPECT_EQ(world.admin.max_offset(queue).get().value_or(-5), 42);
    EXPECT_EQ(*world.admin.earliest_time(queue).get(), std::chrono::system_clock::time_point());
    EXPECT_EQ(world.admin.committed("G", queue).get().value_or(-5), -1);
    const auto min = world.admin.min_offset(queue).get();
    ASSERT_FALSE(min);
    EXPECT_EQ(min.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(min.error().code(), 1);
    EXPECT_EQ(min.error().text(), "Invoke Broker[" + world.b.address() + "] exception: no disk");
}

TEST(Admin, KnowsNoBrokerThatNoRouteNames) {
    AdminWorld world;
    for (const kerolox::Queue& queue :
         {kerolox::Queue{"T", "broker-x", 0}, kerolox::Queue{"Unknown", "broker-x", 0}}) {
        const auto offset = world.admin.max_offset(queue).get();
        ASSERT_FALSE(offset);
        EXPECT_EQ(offset.error().code(), 10'003);
        EXPECT_EQ(offset.error().text(), "The broker[broker-x] not exist");
    }
}

TEST(Admin, ResetsOffsetsAsJavaDoes) {
    AdminWorld world(kerolox::ClientOptions().name_space("NS"));
    std::atomic<int> language{-1};
    std::atomic<std::int64_t> timestamp{0};
    world.a.on(222, [&](net::Request& request) {
        language = static_cast<int>(request.command().language);
        const auto header = request.header<wire::ResetOffset>();
        timestamp = header->timestamp;
        EXPECT_EQ(header->group, "NS%G");
        EXPECT_TRUE(header->force);
        request.ok_body(
            R"({"offsetTable":{{"brokerName":"broker-a","queueId":1,"topic":"NS%T"}:17}})");
    });
    world.b.refuse(222, wire::ResponseCode::kConsumerNotOnline, "nobody is there");
    const auto told =
        world.admin.reset_offset("G", "T", std::chrono::system_clock::time_point(5s)).get();
    ASSERT_TRUE(told) << told.error().describe();
    ASSERT_EQ(told->size(), 2U);
    ASSERT_TRUE((*told)[0].result);
    ASSERT_EQ((*told)[0].result->size(), 1U);
    EXPECT_EQ((*told)[0].result->front().queue.describe(), "T@broker-a:1");
    EXPECT_EQ((*told)[0].result->front().offset, 17);
    EXPECT_EQ((*told)[1].result.error().code(), 206);
    EXPECT_EQ(language, 0) << "JAVA";
    EXPECT_EQ(timestamp, 5'000);
    (void)world.admin.reset_offset("G", "T", std::chrono::system_clock::time_point::max()).get();
    EXPECT_EQ(timestamp, -1) << "to the end";
}

TEST(Admin, ShowsEachConnectedClientOnce) {
    AdminWorld world;
    const std::string at_a =
        R"({"connectionSet":[{"clientAddr":"1.1.1.1:1","clientId":"one","language":"JAVA",)"
        R"("version":493}],"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET",)"
        R"("consumeType":"CONSUME_PASSIVELY","messageModel":"BROADCASTING","subscriptionTable":)"
        R"({"T":{"subString":"a > 1","expressionType":"SQL92","topic":"T"}}})";
    world.a.body(203, at_a);
    world.b.refuse(203, wire::ResponseCode::kConsumerNotOnline, "the consumer group[G] not online");
    const auto found = world.admin.connections("G").get();
    ASSERT_TRUE(found) << found.error().describe();
    ASSERT_EQ(found->clients.size(), 1U);
    EXPECT_EQ(found->clients[0].client_id, "one");
    EXPECT_EQ(found->clients[0].language, "JAVA");
    EXPECT_EQ(found->model, kerolox::GroupModel::broadcasting);
    EXPECT_EQ(found->start_from, kerolox::StartFrom::first);
    EXPECT_FALSE(found->actively);
    ASSERT_EQ(found->subscriptions.size(), 1U);
    EXPECT_EQ(found->subscriptions[0].second, kerolox::Filter::sql("a > 1"));

    world.b.body(203, at_a);
    EXPECT_EQ(world.admin.connections("G").get()->clients.size(), 1U);

    world.a.refuse(203, wire::ResponseCode::kConsumerNotOnline, "the consumer group[G] not online");
    world.b.refuse(203, wire::ResponseCode::kConsumerNotOnline, "the consumer group[G] not online");
    const auto nobody = world.admin.connections("G").get();
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code(), 206);
}

TEST(Admin, ReadsWhatAConsumerTellsOfItself) {
    AdminWorld world;
    wire::ConsumerRunningInfo info;
    info.jstack = "at main";
    info.properties["PROP_CONSUME_TYPE"] = "CONSUME_PASSIVELY";
    info.mq_table[{"broker-a", 1, "T"}].cached_msg_count = 3;
    info.mq_table[{"broker-a", 1, "T"}].cached_msg_size_in_mib = 2;
    info.mq_table[{"broker-a", 1, "T"}].dropped = true;
    info.mq_table[{"broker-a", 1, "T"}].last_lock_timestamp = 1'700'000'000'001;
    info.mq_table[{"broker-a", 1, "T"}].try_unlock_times = 4;
    info.mq_pop_table[{"broker-a", -1, "T"}].wait_ack_count = 7;
    info.mq_pop_table[{"broker-a", -1, "T"}].last_pop_timestamp = 1'700'000'000'002;
    info.status_table["T"].consume_ok_tps = 1.5;
    info.subscription_set.push_back({});
    info.subscription_set.back().topic = "T";
    info.subscription_set.back().sub_string = "A";
    const std::string text = to_json(info);
    EXPECT_THAT(text, HasSubstr("\"droped\":true"));
    world.a.refuse(307, wire::ResponseCode::kSystemError, "The Consumer <G> <c> not online");
    world.b.on(307, [text](net::Request& request) {
        const auto header = request.header<wire::ForClient>();
        EXPECT_EQ(header->client_id, "c");
        EXPECT_TRUE(header->jstack_enable.value_or(false));
        request.ok_body(text);
    });
    const auto snapshot = world.admin.consumer_snapshot("G", "c", true).get();
    ASSERT_TRUE(snapshot) << snapshot.error().describe();
    EXPECT_THAT(snapshot->properties,
                UnorderedElementsAre(Pair("PROP_CONSUME_TYPE", "CONSUME_PASSIVELY"),
                                     Pair("jstack", "at main")));
    ASSERT_EQ(snapshot->queues.size(), 1U);
    EXPECT_EQ(snapshot->queues[0].cached_messages, 3U);
    EXPECT_EQ(snapshot->queues[0].cached_bytes, std::size_t{2} << 20);
    EXPECT_TRUE(snapshot->queues[0].dropped);
    EXPECT_EQ(snapshot->subscriptions[0].second, kerolox::Filter::tags("A"));
    EXPECT_EQ(snapshot->topics[0].consume_ok_tps, 1.5);
    const auto ms = [](auto time) {
        return time.time_since_epoch() / std::chrono::milliseconds(1);
    };
    EXPECT_EQ(ms(snapshot->queues[0].last_lock), 1'700'000'000'001);
    EXPECT_EQ(snapshot->queues[0].unlock_tries, 4);
    ASSERT_EQ(snapshot->popped.size(), 1U);
    EXPECT_EQ(snapshot->popped[0].queue.id, -1);
    EXPECT_EQ(snapshot->popped[0].unfinished, 7U);
    EXPECT_EQ(ms(snapshot->popped[0].last_pop), 1'700'000'000'002);
}

}  // namespace
}  // namespace kx::client
