// SPDX-License-Identifier: Apache-2.0
#include "client/core/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_servers.h"

namespace kx::client {
namespace {

using ::testing::HasSubstr;

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

}  // namespace
}  // namespace kx::client
