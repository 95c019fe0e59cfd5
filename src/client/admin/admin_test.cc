// SPDX-License-Identifier: Apache-2.0
//
// Administration of routes, clusters and servers, and what all commands share.
#include "client/admin/admin_world.h"

namespace kx::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using namespace std::chrono_literals;

TEST(Admin, ShowsRoutesAndClusters) {
    AdminWorld world;
    const auto route = world.admin.route("T").get();
    ASSERT_TRUE(route) << route.error().describe();
    ASSERT_EQ(route->brokers.size(), 2U);
    EXPECT_EQ(route->brokers[0].name, "broker-a");
    EXPECT_EQ(route->brokers[0].addresses.at(0), world.a.address());
    EXPECT_EQ(route->queues[1].broker, "broker-b");
    EXPECT_EQ(route->queues[1].permission, 6);
    EXPECT_EQ(route->queues[1].write_queues, 4);

    const auto cluster = world.admin.cluster().get();
    ASSERT_TRUE(cluster);
    EXPECT_THAT(cluster->clusters, ElementsAre(Pair("C", ElementsAre("broker-a", "broker-b"))));
    EXPECT_THAT(world.admin.name_servers(), ElementsAre(world.names.address()));
}

TEST(Admin, TellsOfAnUnknownTopicWithTheServersCodeAndText) {
    AdminWorld world;
    const auto route = world.admin.route("Unknown").get();
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(route.error().code(), 17);
    EXPECT_EQ(route.error().text(), "No topic route info in name server for the topic: Unknown");
}

TEST(Admin, ListsTopicsAsTheApplicationNamesThem) {
    AdminWorld world(kerolox::ClientOptions().name_space("NS"));
    world.names.body(206, R"({"topicList":["NS%T","NS%U","Other","%RETRY%NS%G"]})");
    const auto topics = world.admin.topics().get();
    ASSERT_TRUE(topics);
    EXPECT_THAT(*topics, ElementsAre("T", "U", "Other", "%RETRY%NS%G"));
    EXPECT_TRUE(world.admin.route("T").get()) << "asked for as NS%T";
}

TEST(Admin, SaysWhatAServerDoesNotServe) {
    AdminWorld world;
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().kind(), kerolox::ErrorKind::broker);
    EXPECT_EQ(stats.error().code(), 3);
    EXPECT_EQ(stats.error().peer(), world.a.address());
}

TEST(Admin, SaysCppOtherwise) {
    AdminWorld world;
    std::atomic<int> language{-1};
    world.a.on(28, [&](net::Request& request) {
        language = static_cast<int>(request.command().language);
        request.ok_body(R"({"table":{"putTps":"1 2 3"}})");
    });
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->at("putTps"), "1 2 3");
    EXPECT_EQ(language, 1);
}

TEST(Admin, ReadsAndChangesConfigurations) {
    AdminWorld world;
    world.a.body(26, "brokerName=broker-a\nflushDiskType=ASYNC_FLUSH\n");
    std::string changes;
    world.a.on(25, [&](net::Request& request) {
        changes = request.body();
        request.ok();
    });
    const auto config = world.admin.broker_config(world.a.address()).get();
    ASSERT_TRUE(config);
    EXPECT_EQ(config->at("flushDiskType"), "ASYNC_FLUSH");
    EXPECT_TRUE(
        world.admin.update_broker_config(world.a.address(), {{"b", "2"}, {"a", "1"}}).get());
    EXPECT_EQ(changes, "a=1\nb=2\n");
    world.names.body(319, "a=1\n");
    const auto configs = world.admin.name_server_config().get();
    ASSERT_TRUE(configs);
    EXPECT_EQ(configs->front().result->at("a"), "1");
}

TEST(Admin, GivesAnyAnswerToARawQuestion) {
    AdminWorld world;
    world.names.refuse(216, wire::ResponseCode::kTopicNotExist, "no");
    const auto no = world.admin.raw({}, 216, {{"topic", "T"}}, {}).get();
    ASSERT_TRUE(no);
    EXPECT_EQ(no->code, 17);
    EXPECT_EQ(no->remark, "no");
    world.a.on(28, [](net::Request& request) {
        EXPECT_EQ(request.body(), "ask");
        request.ok_body("told");
    });
    const auto told = world.admin.raw(world.a.address(), 28, {}, kerolox::Bytes("ask")).get();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->body.text(), "told");
    // An unknown code too.
    EXPECT_EQ(world.admin.raw(world.a.address(), 4321, {}, {}).get()->code, 3);
}

TEST(Admin, PutsKeysAtEveryNameServer) {
    const std::string gone = an_address_nobody_has();
    AdminWorld world({}, {}, ";" + gone);
    world.names.on(100, [](net::Request& request) { request.ok(); });
    const auto told = world.admin.kv_put("N", "k", "v").get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 2U);
    for (const auto& one : *told) {
        EXPECT_EQ(one.broker, "");
        EXPECT_EQ(one.result.has_value(), one.address != gone) << one.address;
    }
    const auto wiped = world.admin.wipe_write_permission("broker-a").get();
    EXPECT_FALSE(wiped) << "one name server still tells producers to write";
}

TEST(Admin, AsksAtTheFastPortWhenTold) {
    AdminWorld world(kerolox::ClientOptions().vip_channel(true));
    const std::string fast = "127.0.0.1:" + std::to_string(world.a.port() - 2);
    world.a.body(26, "a=1\n");
    EXPECT_TRUE(world.admin.broker_config(world.a.address()).get()) << "served at the main port";
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().peer(), fast);
}

TEST(Admin, LivesAsLongAsWhatItAsked) {
    AdminWorld world;
    world.a.on(28, [](net::Request& request) { request.no_answer(); });
    auto stats = world.admin.with_timeout(50ms).broker_stats(world.a.address());
    world.admin = {};
    world.client = {};
    const auto answer = std::move(stats).get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), kerolox::ErrorKind::timeout);
}

TEST(Admin, IsClosedWithItsClient) {
    AdminWorld world;
    ASSERT_TRUE(world.client.close().get());
    EXPECT_EQ(world.admin.topics().get().error().kind(), kerolox::ErrorKind::closed);
    EXPECT_TRUE(world.admin.name_servers().empty());
}

TEST(Admin, CallsAServersNonsenseAProtocolError) {
    AdminWorld world;
    world.a.body(28, "{{{");
    const auto stats = world.admin.broker_stats(world.a.address()).get();
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().kind(), kerolox::ErrorKind::protocol);
    EXPECT_THAT(std::string(stats.error().text()), HasSubstr(world.a.address()));
}

}  // namespace
}  // namespace kx::client
