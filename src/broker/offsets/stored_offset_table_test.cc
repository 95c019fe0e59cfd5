// SPDX-License-Identifier: Apache-2.0
#include "broker/offsets/stored_offset_table.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "broker/testing/broker_world.h"

namespace kx::broker {
namespace {

using kx::testing::SimFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::java_config_file;
using testing::small_config;

constexpr const char* kOffsetFile = "/store/config/consumerOffset.json";

struct OffsetTables {
    OffsetTables() {
        EXPECT_TRUE(disk.make_directories("/store/config"));
        reopen();
    }
    void reopen() {
        table = std::make_unique<StoredOffsetTable>(config, disk, clock);
        EXPECT_TRUE(table->load());
    }
    void commit(std::int64_t offset) { table->commit("group", "topic", 0, offset, "peer"); }

    SimFileSystem disk;
    ManualClock clock;
    Snapshot<BrokerConfig> config{small_config()};
    std::unique_ptr<StoredOffsetTable> table;
};

TEST(OffsetTable, ReadsTheFileOfJavaAndWritesTheSame) {
    OffsetTables world;
    const std::string text = java_config_file("consumerOffset.json");
    world.disk.put_file(kOffsetFile, text);
    world.reopen();
    EXPECT_EQ(world.table->committed("fill_consumer", "Tagged", 2), 75);
    EXPECT_THAT(world.table->topics_of_group("CID_RMQ_SYS_TRANS"),
                ElementsAre("RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC"));

    world.table->commit("fill_consumer", "Tagged", 2, 76, "peer");
    ASSERT_TRUE(world.table->persist());
    const std::string ours = *world.disk.read_file(kOffsetFile);
    auto expected = nlohmann::json::parse(quote_bare_keys(text));
    expected["offsetTable"]["Tagged@fill_consumer"]["2"] = 76;
    EXPECT_EQ(nlohmann::json::parse(quote_bare_keys(ours)), expected);
    EXPECT_THAT(ours, HasSubstr("\t\t\t2:76"));
}

TEST(OffsetTable, KeepsDerivedKeysButDoesNotListThem) {
    OffsetTables world;
    world.disk.put_file(kOffsetFile, R"({"offsetTable":{"t@g@client":{0:5},"t@g":{0:7}}})");
    world.reopen();
    const auto table = world.table->table();
    EXPECT_EQ(table.offset_table.size(), 2U);
    ASSERT_EQ(table.group_topic_map.size(), 1U);
    EXPECT_THAT(table.group_topic_map.at("g"), ElementsAre("t"));
    world.table->remove_topic("t");
    EXPECT_EQ(world.table->table().offset_table.size(), 1U);
}

TEST(OffsetTable, WritesOnlyWhatChanged) {
    OffsetTables world;
    ASSERT_TRUE(world.table->persist());
    EXPECT_FALSE(world.disk.exists(kOffsetFile));
    world.commit(1);
    ASSERT_TRUE(world.table->persist());
    EXPECT_TRUE(world.disk.exists(kOffsetFile));
    EXPECT_FALSE(world.disk.exists(std::string(kOffsetFile) + ".bak"));
    world.commit(1);
    ASSERT_TRUE(world.table->persist());
    EXPECT_FALSE(world.disk.exists(std::string(kOffsetFile) + ".bak"));
}

TEST(OffsetTable, GoesBackWhenToldTo) {
    OffsetTables world;
    world.commit(10);
    world.commit(3);
    EXPECT_EQ(world.table->committed("group", "topic", 0), 3);
}

TEST(OffsetTable, BumpsItsVersionEveryFewCommits) {
    OffsetTables world;
    world.config.update([](BrokerConfig& next) { next.consumer_offset_update_version_step = 10; });
    const std::int64_t before = world.table->table().data_version.counter;
    for (int i = 0; i < 25; ++i) world.commit(i);
    EXPECT_EQ(world.table->table().data_version.counter, before + 2);
}

TEST(OffsetTable, HandsAResetOutOnce) {
    OffsetTables world;
    world.commit(10);
    world.table->note_pull("group", "topic", 0, 20);
    EXPECT_EQ(world.table->take_reset("group", "topic", 0), std::nullopt);
    world.table->set_reset("group", "topic", 0, 4);
    EXPECT_EQ(world.table->committed("group", "topic", 0), 4);
    EXPECT_EQ(world.table->pulled("group", "topic", 0), std::nullopt);
    EXPECT_TRUE(world.table->has_reset("group", "topic", 0));
    EXPECT_FALSE(world.table->has_reset("group", "topic", 1));
    EXPECT_EQ(world.table->take_reset("group", "topic", 0), 4);
    EXPECT_FALSE(world.table->has_reset("group", "topic", 0));
    EXPECT_EQ(world.table->take_reset("group", "topic", 0), std::nullopt);
}

TEST(OffsetTable, ForgetsAGroupWithItsResets) {
    OffsetTables world;
    world.commit(10);
    world.table->commit("other", "topic", 0, 5, "peer");
    world.table->set_reset("group", "topic", 0, 4);
    world.table->remove_group("group");
    EXPECT_EQ(world.table->committed("group", "topic", 0), std::nullopt);
    EXPECT_FALSE(world.table->has_reset("group", "topic", 0));
    EXPECT_EQ(world.table->committed("other", "topic", 0), 5);
    EXPECT_THAT(world.table->groups_of_topic("topic"), ElementsAre("other"));
}

}  // namespace
}  // namespace kx::broker
