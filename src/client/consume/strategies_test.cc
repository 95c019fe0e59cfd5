// SPDX-License-Identifier: Apache-2.0
//
// Shares as RocketMQ's own classes gave them (client.md 33).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerolox/consumer.hpp"

namespace kx::client {
namespace {

using kerolox::AllocateStrategy;
using kerolox::Queue;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace strategy = kerolox::strategy;

std::vector<Queue> queues_of(const std::string& broker, std::int32_t count) {
    std::vector<Queue> queues;
    for (std::int32_t i = 0; i < count; ++i) queues.push_back({"T1", broker, i});
    return queues;
}

const std::vector<std::string> kThree{"c1", "c2", "c3"};

std::vector<std::int32_t> share(const std::shared_ptr<AllocateStrategy>& strategy,
                                std::string_view id,
                                const std::vector<Queue>& queues = queues_of("broker-a", 8),
                                const std::vector<std::string>& ids = kThree) {
    const auto mine = strategy->allocate("G", id, queues, ids);
    std::vector<std::int32_t> numbers;
    if (!mine) return {-1};
    for (const Queue& queue : mine.value()) numbers.push_back(queue.id);
    return numbers;
}

TEST(Strategies, AverageGivesContiguousShares) {
    EXPECT_THAT(share(strategy::average(), "c1"), ElementsAre(0, 1, 2));
    EXPECT_THAT(share(strategy::average(), "c2"), ElementsAre(3, 4, 5));
    EXPECT_THAT(share(strategy::average(), "c3"), ElementsAre(6, 7));
    EXPECT_THAT(share(strategy::average(), "c3", queues_of("b", 2)), IsEmpty());
    EXPECT_THAT(share(strategy::average(), "c2", queues_of("b", 2)), ElementsAre(1));
}

TEST(Strategies, ACircleDealsLikeCards) {
    EXPECT_THAT(share(strategy::average_by_circle(), "c1"), ElementsAre(0, 3, 6));
    EXPECT_THAT(share(strategy::average_by_circle(), "c2"), ElementsAre(1, 4, 7));
    EXPECT_THAT(share(strategy::average_by_circle(), "c3"), ElementsAre(2, 5));
}

TEST(Strategies, ConsistentHashIsJavas) {
    EXPECT_THAT(share(strategy::consistent_hash(), "c1"), ElementsAre(4, 7));
    EXPECT_THAT(share(strategy::consistent_hash(), "c2"), ElementsAre(1, 2, 3, 6));
    EXPECT_THAT(share(strategy::consistent_hash(), "c3"), ElementsAre(0, 5));
    const auto refused =
        strategy::consistent_hash(-1)->allocate("G", "c1", queues_of("b", 1), kThree);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "illegal virtualNodeCnt :-1");
}

TEST(Strategies, FixedIsTheListForItsTopic) {
    const auto fixed = strategy::fixed({{"T1", "broker-a", 2}, {"T2", "broker-a", 3}});
    EXPECT_THAT(share(fixed, "c1"), ElementsAre(2));
}

TEST(Strategies, AMachineRoomHasItsOwnBrokers) {
    std::vector<Queue> queues = queues_of("east@a", 5);
    for (const Queue& other : queues_of("west@b", 4)) queues.push_back(other);
    for (const Queue& other : queues_of("plain", 4)) queues.push_back(other);
    const auto room = strategy::machine_room({"east"});
    const std::vector<std::string> ids{"c1", "c2"};
    EXPECT_THAT(share(room, "c1", queues, ids), ElementsAre(0, 1, 4));
    EXPECT_THAT(share(room, "c2", queues, ids), ElementsAre(2, 3));
}

TEST(Strategies, NearbyKeepsRoomsApartAndSharesOrphans) {
    const auto room_of_queue = [](const Queue& queue) { return queue.broker.substr(0, 1); };
    const auto room_of_id = [](std::string_view id) { return std::string(id.substr(0, 1)); };
    const auto nearby =
        strategy::machine_room_nearby(strategy::average(), room_of_queue, room_of_id);
    EXPECT_EQ(nearby->name(), "MACHINE_ROOM_NEARBY-AVG");
    std::vector<Queue> queues{{"T1", "a", 0}, {"T1", "a", 1}, {"T1", "b", 2},
                              {"T1", "b", 3}, {"T1", "z", 4}, {"T1", "z", 5}};
    const std::vector<std::string> ids{"a1", "b1", "b2"};
    EXPECT_THAT(share(nearby, "a1", queues, ids), ElementsAre(0, 1, 4));
    EXPECT_THAT(share(nearby, "b1", queues, ids), ElementsAre(2, 5));
    EXPECT_THAT(share(nearby, "b2", queues, ids), ElementsAre(3));
    queues.push_back({"T1", "", 6});
    EXPECT_THAT(share(nearby, "a1", queues, ids), ElementsAre(-1));
}

TEST(Strategies, WhatIsMissingIsNamed) {
    const auto average = strategy::average();
    const auto queues = queues_of("b", 1);
    EXPECT_EQ(average->allocate("G", "", queues, kThree).error().text(), "currentCID is empty");
    EXPECT_EQ(average->allocate("G", "c1", {}, kThree).error().text(),
              "mqAll is null or mqAll empty");
    EXPECT_EQ(average->allocate("G", "c1", queues, {}).error().text(),
              "cidAll is null or cidAll empty");
    EXPECT_THAT(average->allocate("G", "stranger", queues, kThree).value(), IsEmpty());
}

}  // namespace
}  // namespace kx::client
