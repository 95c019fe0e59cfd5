// SPDX-License-Identifier: Apache-2.0
#include "client/route_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_servers.h"

namespace kx::client {
namespace {

using testing::HasSubstr;

wire::BrokerData broker(const std::string& name, std::map<std::int64_t, std::string> addresses) {
    wire::BrokerData data;
    data.broker_name = name;
    data.broker_addrs = std::move(addresses);
    return data;
}

wire::QueueData queues(const std::string& name, std::int32_t read, std::int32_t write,
                       std::int32_t perm) {
    wire::QueueData data;
    data.broker_name = name;
    data.read_queue_nums = read;
    data.write_queue_nums = write;
    data.perm = perm;
    return data;
}

TEST(Route, TakesWritableQueuesOfMastersAndReadableQueuesOfAll) {
    wire::TopicRoute answer;
    answer.broker_datas = {broker("a", {{0, "a:1"}, {1, "a:2"}}), broker("b", {{1, "b:2"}})};
    answer.queue_datas = {queues("a", 3, 2, 6), queues("b", 2, 2, 6), queues("gone", 9, 9, 6)};

    const Route route = make_route("T", answer);

    EXPECT_EQ(route.publish.size(), 2U) << "b has no master";
    EXPECT_EQ(route.subscribe.size(), 5U);
    EXPECT_EQ(route.brokers[1].address_or_nearest(0), "b:2");
    EXPECT_EQ(route.brokers[0].address_or_nearest(1), "a:2");
    EXPECT_EQ(route.brokers[0].address_or_nearest(7), "a:1");
}

TEST(Route, HonoursPermissions) {
    wire::TopicRoute answer;
    answer.broker_datas = {broker("a", {{0, "a:1"}})};
    answer.queue_datas = {queues("a", 4, 4, 4)};
    EXPECT_TRUE(make_route("T", answer).publish.empty());
    answer.queue_datas = {queues("a", 4, 4, 2)};
    EXPECT_TRUE(make_route("T", answer).subscribe.empty());
}

TEST(Route, OfAnOrderedTopicTakesItsPublishQueuesFromTheOrder) {
    wire::TopicRoute answer;
    answer.broker_datas = {broker("a", {{0, "a:1"}}), broker("b", {{0, "b:1"}})};
    answer.queue_datas = {queues("a", 8, 8, 6), queues("b", 8, 8, 6)};
    answer.order_topic_conf = "b:3;nobody:4";
    const Route route = make_route("T", answer);
    ASSERT_EQ(route.publish.size(), 3U);
    EXPECT_EQ(route.publish[0].broker, 1U);
    EXPECT_EQ(route.subscribe.size(), 16U);
}

TEST(RouteCache, AnswersFromTheCacheWhileFresh) {
    FakeNameServer names;
    names.add_route("T", "a", "127.0.0.1:1", 4);
    FakeClient client(names.address());
    for (int i = 0; i < 3; ++i) {
        const auto route = client.context.routes().get("T", RouteUse::kRead);
        ASSERT_TRUE(route) << route.error().text;
        EXPECT_EQ((*route)->publish.size(), 4U);
    }
    EXPECT_EQ(names.asked(105), 1);
}

TEST(RouteCache, GivesAnUnknownTopicTheDefaultRouteForSendsOnly) {
    FakeNameServer names;
    names.add_route("TBW102", "a", "127.0.0.1:1", 8, 7);
    FakeClient client(names.address());
    const auto route = client.context.routes().get("New", RouteUse::kSend);
    ASSERT_TRUE(route) << route.error().text;
    EXPECT_TRUE((*route)->from_default_topic);
    EXPECT_EQ((*route)->publish.size(), 4U);

    const auto read = client.context.routes().get("New", RouteUse::kRead);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::kNotFound);
    EXPECT_THAT(read.error().text, HasSubstr("topic New does not exist"));
}

TEST(RouteCache, SaysThatATopicIsUnknownWhereNobodyCreatesTopics) {
    FakeNameServer names;
    FakeClient client(names.address());
    const auto route = client.context.routes().get("New", RouteUse::kSend);
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().code, Errc::kNotFound);
}

TEST(RouteCache, GoesOnToTheNextNameServer) {
    FakeNameServer gone;
    const std::string dead = gone.address();
    gone.shut_down();
    FakeNameServer names;
    names.add_route("T", "a", "127.0.0.1:1", 4);
    FakeClient client(dead + ";" + names.address() + ";" + dead);
    for (const char* topic : {"T", "U"}) {
        const auto route = client.context.routes().get(topic, RouteUse::kRead);
        EXPECT_EQ(route.has_value(), std::string(topic) == "T");
        if (!route) EXPECT_EQ(route.error().code, Errc::kNotFound) << route.error().text;
    }
}

TEST(RouteCache, SaysWhichNameServerIsNotThere) {
    FakeNameServer gone;
    const std::string dead = gone.address();
    gone.shut_down();
    FakeClient client(dead);
    const auto route = client.context.routes().get("T", RouteUse::kRead);
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().code, Errc::kUnavailable);
    EXPECT_THAT(route.error().text, HasSubstr(dead));
}

}  // namespace
}  // namespace kx::client
