// SPDX-License-Identifier: Apache-2.0
//
// The rules of protocol.md 5, one by one.
#include "namesrv/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kx::namesrv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kMaster = "10.0.0.1:10911";
constexpr std::string_view kSlave = "10.0.0.2:10911";

wire::TopicTable topics_named(std::initializer_list<std::string> names, std::int64_t counter = 1) {
    wire::TopicTable table;
    table.data_version.counter = counter;
    for (const std::string& name : names) {
        wire::TopicConfig config;
        config.topic_name = name;
        table.topic_config_table[name] = config;
    }
    return table;
}

/// A master named "a" with two topics; tests change what they are about.
Registration master(std::uint64_t connection = 1) {
    Registration registration;
    registration.broker_name = "a";
    registration.address = kMaster;
    registration.cluster = "c";
    registration.ha_address = "10.0.0.1:10912";
    registration.filter_servers.emplace();
    registration.topics = topics_named({"T", "U"});
    registration.connection = connection;
    return registration;
}

Registration slave(std::int64_t id = 1, std::uint64_t connection = 2) {
    Registration registration = master(connection);
    registration.address = kSlave;
    registration.ha_address = "10.0.0.2:10912";
    registration.broker_id = id;
    return registration;
}

Registration with_acting(Registration registration, bool on = true) {
    registration.acting_master = on;
    return registration;
}

struct RouteTableTest : ::testing::Test {
    ManualClock clock;
    RouteTable table{clock};
    RouteRules rules;

    Registered add(Registration registration) {
        auto registered = table.register_broker(std::move(registration), rules);
        EXPECT_TRUE(registered) << registered.error().remark;
        return registered.value_or(Registered{});
    }
    std::int32_t perm_of(std::string_view topic, std::string_view broker = "a") {
        const auto route = table.route(topic, rules);
        if (!route) return -1;
        for (const auto& queues : route->queue_datas)
            if (queues.broker_name == broker) return queues.perm;
        return -1;
    }
    std::map<std::int64_t, std::string> addresses_of(std::string_view broker = "a") {
        return table.members("c", broker).broker_addrs;
    }
    Withdrawn remove(const Registration& who) {
        return table.unregister(who.cluster, who.broker_name, who.address, who.broker_id);
    }
};

TEST_F(RouteTableTest, RoutesATopicToTheBrokerThatRegisteredIt) {
    add(master());
    const auto route = table.route("T", rules);
    ASSERT_TRUE(route);
    EXPECT_EQ(to_json(*route, JsonWriter::Style::kStandard),
              R"({"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911"},"brokerName":"a",)"
              R"("cluster":"c","enableActingMaster":false}],"filterServerTable":{},)"
              R"("queueDatas":[{"brokerName":"a","perm":6,"readQueueNums":16,)"
              R"("topicSysFlag":0,"writeQueueNums":16}]})");
    EXPECT_FALSE(table.route("elsewhere", rules));
}

TEST_F(RouteTableTest, RefusesANewBrokerThatBringsExactlyOneTopic) {
    Registration incremental = master();
    incremental.topics = topics_named({"T"});
    const auto refused = table.register_broker(incremental, rules);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, wire::ResponseCode::kSystemError);
    EXPECT_THAT(refused.error().remark, ::testing::StartsWith("register broker failed"));
    EXPECT_FALSE(table.route("T", rules));
    // RocketMQ leaves the names behind; tools see them in the list of system topics.
    EXPECT_THAT(table.system_topics().topic_list, ElementsAre("a", "c"));

    add(master());
    incremental.topics = topics_named({"New"}, 2);
    add(incremental);
    EXPECT_EQ(perm_of("New"), 6);
}

TEST_F(RouteTableTest, TakesAnEmptyTopicTable) {
    Registration empty = master();
    empty.topics = {};
    add(empty);
    EXPECT_THAT(addresses_of(), ElementsAre(Pair(0, kMaster)));
}

TEST_F(RouteTableTest, KeepsQueueDataUntilTheDataVersionChanges) {
    add(master());
    EXPECT_EQ(table.wipe_write_permission("a"), 2);
    EXPECT_EQ(perm_of("T"), wire::kRead);
    add(master());
    EXPECT_EQ(perm_of("T"), wire::kRead) << "the same version says nothing new";

    Registration changed = master();
    changed.topics = topics_named({"T"}, 2);
    add(changed);
    EXPECT_EQ(perm_of("T"), 6);
    EXPECT_EQ(perm_of("U"), wire::kRead) << "an incremental registration touches its topics only";
    // A smaller version is a change as well.
    EXPECT_EQ(table.wipe_write_permission("a"), 2);
    add(master());
    EXPECT_EQ(perm_of("U"), 6);
}

TEST_F(RouteTableTest, WritesATopicThatIsMissingEvenWithTheSameVersion) {
    add(master());
    table.remove_topic("T", "");
    EXPECT_FALSE(table.route("T", rules));
    add(master());
    EXPECT_TRUE(table.route("T", rules));
}

TEST_F(RouteTableTest, GivesAllTopicsExactlyReadAndWriteBack) {
    add(master());
    table.wipe_write_permission("a");
    EXPECT_EQ(table.add_write_permission("a"), 2);
    EXPECT_EQ(perm_of("T"), 6);
    EXPECT_EQ(table.add_write_permission("nobody"), 0);
}

TEST_F(RouteTableTest, KeepsATopicDeletedOnTheBrokerUnlessToldOtherwise) {
    add(master());
    Registration without_u = master();
    without_u.topics = topics_named({"T", "V"}, 2);
    add(without_u);
    EXPECT_THAT(table.topics(), ElementsAre("T", "U", "V"));

    rules.delete_topic_with_registration = true;
    without_u.topics = topics_named({"T", "V"}, 3);
    add(without_u);
    EXPECT_THAT(table.topics(), ElementsAre("T", "V"));
}

TEST_F(RouteTableTest, TakesTopicsFromTheMasterOnly) {
    add(master());
    Registration other = slave();
    other.topics = topics_named({"T", "OfSlave"});
    const Registered answer = add(other);
    EXPECT_FALSE(table.route("OfSlave", rules));
    EXPECT_EQ(answer.master_address, kMaster);
    EXPECT_EQ(answer.ha_address, "10.0.0.1:10912");
}

TEST_F(RouteTableTest, TellsASlaveNothingWhileItsMasterIsAway) {
    const Registered answer = add(slave());
    EXPECT_EQ(answer.master_address, "");
    EXPECT_EQ(answer.ha_address, "");
}

TEST_F(RouteTableTest, TakesTopicsReadOnlyFromTheSmallestSlaveThatMayAct) {
    add(with_acting(slave()));
    EXPECT_EQ(perm_of("T"), wire::kRead);
    Registration second = with_acting(slave(2, 3));
    second.address = "10.0.0.3:10911";
    second.topics = topics_named({"OfSecond", "T"}, 9);
    add(second);
    EXPECT_FALSE(table.route("OfSecond", rules));
}

TEST_F(RouteTableTest, MovesASlaveThatBecameMasterToItsNewId) {
    add(slave());
    Registration promoted = slave(0);
    const Registered answer = add(promoted);
    EXPECT_THAT(addresses_of(), ElementsAre(Pair(0, kSlave)));
    EXPECT_TRUE(answer.change) << "0 is smaller than 1";
}

TEST_F(RouteTableTest, IgnoresAMasterThatComesBackWithAnOlderState) {
    Registration current = master();
    current.topics.data_version.state_version = 7;
    add(current);
    Registration old = slave(0);
    old.topics.data_version.state_version = 6;
    const Registered answer = add(old);
    EXPECT_EQ(answer.outdated_by, kMaster);
    EXPECT_THAT(addresses_of(), ElementsAre(Pair(0, kMaster)));

    old.topics.data_version.state_version = 7;
    EXPECT_EQ(add(old).outdated_by, "");
    EXPECT_THAT(addresses_of(), ElementsAre(Pair(0, kSlave)));
}

TEST_F(RouteTableTest, ForgetsTheBrokerWithItsLastAddress) {
    add(master());
    add(slave());
    remove(master());
    EXPECT_TRUE(table.route("T", rules)) << "the slave still serves reads";
    EXPECT_EQ(perm_of("T"), 6) << "without the acting flag nothing is wiped";
    remove(slave());
    EXPECT_FALSE(table.route("T", rules));
    EXPECT_THAT(table.topics(), IsEmpty());
    EXPECT_THAT(table.cluster_info().cluster_addr_table, IsEmpty());
    EXPECT_EQ(table.sizes().live, 0U);
}

TEST_F(RouteTableTest, WipesTheWriteBitWhenAnActingGroupLosesItsMaster) {
    add(with_acting(master()));
    add(with_acting(slave()));
    const Withdrawn withdrawn = remove(master());
    EXPECT_EQ(perm_of("T"), wire::kRead);
    ASSERT_EQ(withdrawn.changes.size(), 1U);
    const MinIdChange& change = withdrawn.changes[0];
    EXPECT_EQ(change.min_id, 1);
    EXPECT_EQ(change.min_address, kSlave);
    EXPECT_EQ(change.offline_address, kMaster);
    EXPECT_THAT(change.notify, ElementsAre(kSlave));
}

TEST_F(RouteTableTest, TellsAllButTheNewSmallestThatItCame) {
    add(with_acting(slave()));
    Registration second = with_acting(slave(2, 3));
    second.address = "10.0.0.3:10911";
    EXPECT_FALSE(add(second).change) << "2 is not smaller than 1";
    const Registered back = add(with_acting(master()));
    ASSERT_TRUE(back.change);
    EXPECT_EQ(back.change->min_id, 0);
    EXPECT_EQ(back.change->min_address, kMaster);
    EXPECT_EQ(back.change->ha_address, "10.0.0.1:10912");
    EXPECT_EQ(back.change->offline_address, "");
    EXPECT_THAT(back.change->notify, UnorderedElementsAre(kSlave, "10.0.0.3:10911"));
}

TEST_F(RouteTableTest, WithdrawsRoutesWithTheConnectionTheyCameOver) {
    add(master(1));
    EXPECT_THAT(table.connection_closed(99).addresses, IsEmpty());
    EXPECT_THAT(table.connection_closed(1).addresses, ElementsAre(kMaster));
    EXPECT_FALSE(table.route("T", rules));
}

TEST_F(RouteTableTest, LeavesRoutesAloneOnceTheBrokerCameBackOnANewConnection) {
    add(master(1));
    add(master(2));
    EXPECT_THAT(table.connection_closed(1).addresses, IsEmpty());
    EXPECT_TRUE(table.route("T", rules));
    table.connection_closed(2);
    EXPECT_FALSE(table.route("T", rules));
}

TEST_F(RouteTableTest, WithdrawsWhoIsSilentForLongerThanItsTimeout) {
    Registration hasty = slave();
    hasty.broker_name = "hasty";
    hasty.timeout_ms = 5'000;
    add(hasty);
    add(master());
    clock.advance_ms(5'000);
    EXPECT_THAT(table.expire().addresses, IsEmpty());
    clock.advance_ms(1);
    const Withdrawn silent = table.expire();
    EXPECT_THAT(silent.addresses, ElementsAre(kSlave));
    EXPECT_THAT(silent.connections, ElementsAre(2U));

    clock.advance_ms(110'000);
    table.touch("c", kMaster);
    table.touch("c", "unknown");
    clock.advance_ms(kBrokerTimeoutMs);
    EXPECT_THAT(table.expire().addresses, IsEmpty());
    clock.advance_ms(1);
    EXPECT_THAT(table.expire().addresses, ElementsAre(kMaster));
    EXPECT_EQ(table.sizes().live, 0U);
}

TEST_F(RouteTableTest, TakesAnyTimeoutABrokerMayChoose) {
    Registration forever = master();
    forever.timeout_ms = std::numeric_limits<std::int64_t>::max();
    add(forever);
    clock.advance_ms(kBrokerTimeoutMs * 100);
    EXPECT_THAT(table.expire().addresses, IsEmpty());
    forever.timeout_ms = std::numeric_limits<std::int64_t>::min();
    add(forever);
    EXPECT_THAT(table.expire().addresses, ElementsAre(kMaster));
}

TEST_F(RouteTableTest, ComparesDataVersionsAndCountsThatAsAHeartbeat) {
    wire::DataVersion version;
    version.counter = 1;
    EXPECT_TRUE(table.check_version("c", kMaster, version).changed);
    EXPECT_FALSE(table.check_version("c", kMaster, version).stored);
    add(master());
    clock.advance_ms(kBrokerTimeoutMs);
    const auto same = table.check_version("c", kMaster, version);
    EXPECT_FALSE(same.changed);
    ASSERT_TRUE(same.stored);
    EXPECT_EQ(same.stored->counter, 1);
    clock.advance_ms(1);
    EXPECT_THAT(table.expire().addresses, IsEmpty());
    version.state_version = 1;
    EXPECT_TRUE(table.check_version("c", kMaster, version).changed);
}

TEST_F(RouteTableTest, PresentsTheSmallestSlaveAsMasterInTheAnswerOnly) {
    add(with_acting(slave(3)));
    EXPECT_TRUE(table.route("T", rules)->broker_datas[0].broker_addrs.contains(3));
    rules.support_acting_master = true;
    EXPECT_THAT(table.route("T", rules)->broker_datas[0].broker_addrs,
                ElementsAre(Pair(0, kSlave)));
    EXPECT_THAT(addresses_of(), ElementsAre(Pair(3, kSlave)));

    Registration sync = with_acting(slave(3));
    sync.topics = topics_named({"rmq_sys_SYNC_BROKER_MEMBER_a", "T"}, 2);
    add(sync);
    const auto members = table.route("rmq_sys_SYNC_BROKER_MEMBER_a", rules);
    EXPECT_TRUE(members->broker_datas[0].broker_addrs.contains(3));
    table.add_write_permission("a");
    EXPECT_TRUE(table.route("T", rules)->broker_datas[0].broker_addrs.contains(3))
        << "a writable topic needs nobody to act";
}

TEST_F(RouteTableTest, KeepsTheClientsZoneAndBrokersWithoutAMaster) {
    Registration near = master(1);
    near.zone_name = "East";
    near.filter_servers = {"near:1"};
    Registration far = master(2);
    far.broker_name = "b";
    far.address = "10.0.0.9:10911";
    far.zone_name = "west";
    far.filter_servers = {"far:1"};
    Registration orphan = with_acting(slave(1, 3));
    orphan.broker_name = "o";
    orphan.zone_name = "west";
    add(near);
    add(far);
    add(orphan);
    auto route = table.route("T", rules);
    ASSERT_EQ(route->broker_datas.size(), 3U);
    ASSERT_EQ(route->filter_server_table.size(), 2U);
    keep_zone(*route, "eAST");
    ASSERT_EQ(route->broker_datas.size(), 2U);
    EXPECT_EQ(route->broker_datas[0].broker_name, "a");
    EXPECT_EQ(route->broker_datas[1].broker_name, "o");
    EXPECT_EQ(route->queue_datas.size(), 2U);
    EXPECT_THAT(route->filter_server_table, ElementsAre(::testing::Key(kMaster)));

    near.zone_name.reset();
    add(near);
    EXPECT_FALSE(table.route("T", rules)->broker_datas[0].zone_name) << "an absent zone clears it";
}

TEST_F(RouteTableTest, DeletesATopicEverywhereOrInOneCluster) {
    add(master());
    Registration other = master(2);
    other.broker_name = "b";
    other.cluster = "d";
    other.address = kSlave;
    add(other);
    table.remove_topic("T", "c");
    EXPECT_EQ(perm_of("T", "a"), -1);
    EXPECT_EQ(perm_of("T", "b"), 6);
    table.remove_topic("T", "unknown");
    EXPECT_EQ(perm_of("T", "b"), 6);
    table.remove_topic("T", "");
    EXPECT_FALSE(table.route("T", rules));
    EXPECT_THAT(table.topics_of_cluster("c"), ElementsAre("U"));
    EXPECT_THAT(table.topics_of_cluster("unknown"), IsEmpty());
}

TEST_F(RouteTableTest, AddsATopicUpToTheFirstUnknownBroker) {
    add(master());
    wire::QueueData known{"a", 6, 4, 0, 4};
    wire::QueueData unknown{"nobody", 6, 4, 0, 4};
    table.add_topic("New", {known, unknown});
    EXPECT_FALSE(table.route("New", rules)) << "a new topic comes as a whole";
    table.add_topic("New", {known});
    EXPECT_EQ(table.route("New", rules)->queue_datas[0].write_queue_nums, 4);
    known.perm = 4;
    table.add_topic("New", {known, unknown});
    EXPECT_EQ(perm_of("New"), 4);
}

TEST_F(RouteTableTest, ListsUnitTopicsByTheirFlags) {
    Registration registration = master();
    registration.topics = topics_named({"none", "unit", "sub", "both"});
    registration.topics.topic_config_table["unit"].topic_sys_flag = 1;
    registration.topics.topic_config_table["sub"].topic_sys_flag = 2;
    registration.topics.topic_config_table["both"].topic_sys_flag = 3;
    add(registration);
    using Kind = RouteTable::UnitKind;
    EXPECT_THAT(table.unit_topics(Kind::kUnit), ElementsAre("both", "unit"));
    EXPECT_THAT(table.unit_topics(Kind::kUnitSub), ElementsAre("both", "sub"));
    EXPECT_THAT(table.unit_topics(Kind::kUnitSubWithoutUnit), ElementsAre("sub"));
}

TEST_F(RouteTableTest, CarriesQueueMappingsOfStaticTopics) {
    Registration registration = master();
    wire::TopicQueueMappingInfo mapping;
    mapping.bname = "a";
    mapping.topic = "T";
    mapping.curr_id_map = {{0, 0}};
    registration.topics.topic_queue_mapping_info_map.emplace()["T"] = mapping;
    add(registration);
    const auto route = table.route("T", rules);
    ASSERT_TRUE(route->topic_queue_mapping_by_broker);
    EXPECT_TRUE(route->topic_queue_mapping_by_broker->contains("a"));
    EXPECT_FALSE(table.route("U", rules)->topic_queue_mapping_by_broker);
}

}  // namespace
}  // namespace kx::namesrv
