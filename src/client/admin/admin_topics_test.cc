// SPDX-License-Identifier: Apache-2.0
//
// Administration of topics and groups at many brokers, some of which fail.
#include "client/admin/admin_world.h"
#include "wire/bodies/topics.h"
#include "wire/requests/topics.h"

namespace kx::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Admin, CreatesATopicAtEveryMasterAndShowsWhereItFailed) {
    AdminWorld world;
    std::string attributes;
    world.a.on(17, [&](net::Request& request) {
        const auto header = request.header<wire::UpdateTopic>();
        EXPECT_EQ(header->topic, "T");
        EXPECT_EQ(header->default_topic, "TBW102");
        EXPECT_EQ(header->read_queue_nums, 3);
        EXPECT_EQ(header->topic_filter_type, "SINGLE_TAG");
        attributes = header->attributes;
        request.ok();
    });
    world.b.refuse(17, wire::ResponseCode::kInvalidParameter, "no room");
    kerolox::TopicConfig config{"T", 3, 4};
    config.attributes = {{"message.type", "DELAY"}, {"-cleanup.policy", ""}, {"+a", "1"}};
    const auto told = world.admin.create_topic(config, kerolox::Target::cluster("C")).get();
    ASSERT_TRUE(told) << told.error().describe();
    ASSERT_EQ(told->size(), 2U);
    EXPECT_EQ((*told)[0].broker, "broker-a");
    EXPECT_TRUE((*told)[0].result);
    EXPECT_EQ((*told)[1].broker, "broker-b");
    EXPECT_EQ((*told)[1].address, world.b.address());
    ASSERT_FALSE((*told)[1].result);
    EXPECT_EQ((*told)[1].result.error().code(), 29);
    EXPECT_EQ((*told)[1].result.error().text(), "no room");
    EXPECT_EQ(attributes, "+a=1,-cleanup.policy,+message.type=DELAY");
}

TEST(Admin, KeepsOneBrokersFailureFromTheOthers) {
    AdminWorld world({}, an_address_nobody_has());
    world.a.on(200, [](net::Request& request) { request.ok(); });
    const auto told = world.admin.create_group({"G"}, kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    EXPECT_TRUE((*told)[0].result);
    ASSERT_FALSE((*told)[1].result);
    EXPECT_EQ((*told)[1].result.error().kind(), kerolox::ErrorKind::connect);
}

TEST(Admin, RefusesImpossibleNamesAndTargetsItself) {
    AdminWorld world;
    const auto topic = world.admin.create_topic({"no blanks"}, kerolox::Target::everywhere()).get();
    ASSERT_FALSE(topic);
    EXPECT_EQ(topic.error().kind(), kerolox::ErrorKind::usage);
    EXPECT_THAT(std::string(topic.error().text()), HasSubstr("contains illegal characters"));
    const auto group = world.admin.create_group({""}, kerolox::Target::everywhere()).get();
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().text(), "The specified group is blank.");
    const auto cluster = world.admin.create_topic({"T"}, kerolox::Target::cluster("none")).get();
    ASSERT_FALSE(cluster);
    EXPECT_THAT(std::string(cluster.error().text()), HasSubstr("clusterName exists"));
    EXPECT_FALSE(world.admin.create_topic({"T"}, kerolox::Target::broker("")).get());
}

TEST(Admin, NamesABrokerWithoutMaster) {
    AdminWorld world;
    wire::ClusterInfo cluster;
    wire::BrokerData& data = cluster.broker_addr_table["broker-c"];
    data.broker_name = "broker-c";
    data.broker_addrs[1] = world.a.address();
    cluster.cluster_addr_table["C"] = {"broker-c"};
    world.names.body(106, to_json(cluster));
    const auto told = world.admin.create_group({"G"}, kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 1U);
    EXPECT_EQ((*told)[0].result.error().text(), "The broker[broker-c] not exist");
    EXPECT_EQ((*told)[0].result.error().code(), 10'003);
}

TEST(Admin, EndsInTimeWhenABrokerSaysNothing) {
    AdminWorld world;
    world.a.on(207, [](net::Request& request) { request.ok(); });
    world.b.on(207, [](net::Request& request) { request.no_answer(); });
    const auto told =
        world.admin.with_timeout(100ms).delete_group("G", kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    EXPECT_TRUE((*told)[0].result);
    ASSERT_FALSE((*told)[1].result);
    EXPECT_EQ((*told)[1].result.error().kind(), kerolox::ErrorKind::timeout);
}

TEST(Admin, DeletesATopicAtBrokersFirst) {
    AdminWorld world;
    const auto ok = [](net::Request& request) { request.ok(); };
    world.a.on(215, ok);
    world.names.on(216, ok);
    world.b.refuse(215, wire::ResponseCode::kSystemError, "busy");
    auto told = world.admin.delete_topic("T", kerolox::Target::everywhere()).get();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->size(), 2U);
    EXPECT_EQ(world.names.asked(216), 0) << "the topic is still at broker-b";

    told = world.admin.delete_topic("T", kerolox::Target::broker(world.a.address())).get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 1U);
    EXPECT_EQ((*told)[0].broker, "broker-a");
    EXPECT_EQ(world.names.asked(216), 0) << "broker-b was not meant";

    world.b.on(215, ok);
    told = world.admin.delete_topic("T", kerolox::Target::cluster("C")).get();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 3U);
    EXPECT_EQ((*told)[2].broker, "");
    EXPECT_EQ((*told)[2].address, world.names.address());
    EXPECT_EQ(world.names.asked(216), 1);
}

TEST(Admin, ReadsTopicsPageByPage) {
    AdminWorld world;
    world.a.on(21, [](net::Request& request) {
        const auto header = request.header<wire::GetAllTopics>();
        wire::TopicTable page;
        // The second page comes from a table that changed: the whole begins anew.
        const bool changed = !header->data_version.empty();
        page.data_version.counter = changed ? 2 : 1;
        const bool is_second =
            changed && (header->data_version.find("\"counter\":2") != std::string_view::npos);
        page.topic_config_table[is_second ? "Z" : (changed ? "Y" : "X")].topic_name =
            is_second ? "Z" : (changed ? "Y" : "X");
        wire::AllTopicsAnswer answer;
        answer.total_topic_num = 2;
        const Slice body = Slice::own(to_json(page));
        net::Reply reply;
        reply.body = std::span(&body, 1);
        request.send(reply.with(answer));
    });
    const auto topics = world.admin.topic_configs(world.a.address()).get();
    ASSERT_TRUE(topics) << topics.error().describe();
    ASSERT_EQ(topics->size(), 2U);
    EXPECT_EQ((*topics)[0].name, "Y");
    EXPECT_EQ((*topics)[1].name, "Z");
    EXPECT_EQ(world.a.asked(21), 3);
}

TEST(Admin, MergesTheFiguresOfBrokers) {
    AdminWorld world;
    const auto table = [](const std::string& broker, int max) {
        wire::TopicStats stats;
        stats.offset_table[{broker, 0, "T"}] = {1'000, max, 1};
        return to_json(stats);
    };
    world.a.body(202, table("broker-a", 7));
    world.b.body(202, table("broker-b", 9));
    const auto stats = world.admin.topic_stats("T").get();
    ASSERT_TRUE(stats) << stats.error().describe();
    ASSERT_EQ(stats->size(), 2U);
    EXPECT_EQ((*stats)[0].queue.describe(), "T@broker-a:0");
    EXPECT_EQ((*stats)[0].max_offset, 7);
    EXPECT_EQ((*stats)[1].max_offset, 9);
    EXPECT_EQ((*stats)[1].last_update.time_since_epoch(), 1s);

    // What one broker cannot tell would be missing unseen.
    world.b.refuse(202, wire::ResponseCode::kTopicNotExist, "topic[T] not exist");
    EXPECT_EQ(world.admin.topic_stats("T").get().error().code(), 17);

    const std::string progress =
        R"({"consumeTps":1.5,"offsetTable":{{"brokerName":"X","queueId":0,"topic":"T"}:)"
        R"({"brokerOffset":10,"consumerOffset":4,"lastTimestamp":0,"pullOffset":5}}})";
    world.a.body(208, progress);
    world.b.body(208, R"({"consumeTps":0.5,"offsetTable":{}})");
    const auto group = world.admin.progress("G").get();
    ASSERT_TRUE(group) << group.error().describe();
    EXPECT_EQ(group->consume_tps, 2.0);
    ASSERT_EQ(group->queues.size(), 1U);
    EXPECT_EQ(group->queues[0].broker_offset - group->queues[0].consumer_offset, 6);
    EXPECT_EQ(group->queues[0].last_consumed, std::chrono::system_clock::time_point());

    world.a.body(208, R"({"consumeTps":0.5,"offsetTable":{}})");
    EXPECT_EQ(world.admin.progress("G").get().error().code(), 206);

    world.a.body(300, R"({"groupList":["G2","G1"]})");
    world.b.body(300, R"({"groupList":["G2","G3"]})");
    EXPECT_THAT(*world.admin.groups_of_topic("T").get(), ElementsAre("G1", "G2", "G3"));
}

}  // namespace
}  // namespace kx::client
