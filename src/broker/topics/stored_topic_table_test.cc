// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/stored_topic_table.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "broker/testing/broker_world.h"

namespace kx::broker {
namespace {

using kx::testing::open_store;
using kx::testing::SimFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::java_config_file;
using testing::small_config;
using ::testing::UnorderedElementsAreArray;

constexpr const char* kTopicFile = "/store/config/topics.json";

struct TopicTables {
    explicit TopicTables(BrokerConfig settings = small_config()) : config(std::move(settings)) {
        EXPECT_TRUE(disk.make_directories("/store/config"));
        store = open_store(disk);
        reopen();
    }
    void reopen() {
        table = std::make_unique<StoredTopicTable>(config, *store, disk, clock);
        const Status loaded = table->load();
        EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().text);
        table->on_change([this](const std::vector<std::string>& names) {
            told.insert(told.end(), names.begin(), names.end());
        });
    }
    wire::TopicConfig config_of(const std::string& name) { return table->find(name)->config(); }

    SimFileSystem disk;
    ManualClock clock;
    Snapshot<BrokerConfig> config;
    kx::testing::StorePtr store;
    std::unique_ptr<StoredTopicTable> table;
    std::vector<std::string> told;
};

wire::TopicConfig topic(const std::string& name, std::int32_t queues = 4) {
    wire::TopicConfig config;
    config.topic_name = name;
    config.read_queue_nums = config.write_queue_nums = queues;
    return config;
}

TEST(TopicTable, KnowsTheSystemTopicsThatRocketMqLists) {
    nlohmann::json recorded;
    for (const auto& frame : kx::testing::recorded_frames())
        if (!frame.is_request && frame.code == 305) recorded = nlohmann::json::parse(frame.body());
    TopicTables world;
    EXPECT_THAT(
        world.table->system_topics(),
        UnorderedElementsAreArray(recorded.at("topicList").get<std::vector<std::string>>()));
    EXPECT_TRUE(world.table->is_system("rmq_sys_anything"));
    EXPECT_FALSE(world.table->is_system("orders"));
}

TEST(TopicTable, ReadsTheFileOfJavaAndWritesTheSame) {
    TopicTables world;
    const std::string text = java_config_file("topics.json");
    world.disk.put_file(kTopicFile, text);
    world.reopen();
    ASSERT_TRUE(world.table->find("Tagged"));
    EXPECT_EQ(world.config_of("Tagged").read_queue_nums, 4);
    EXPECT_EQ(world.table->version().counter, 11);

    ASSERT_TRUE(world.table->persist());
    auto ours = nlohmann::json::parse(*world.disk.read_file(kTopicFile));
    auto theirs = nlohmann::json::parse(text);
    EXPECT_EQ(ours["dataVersion"], theirs["dataVersion"]);
    for (const auto& [name, config] : theirs["topicConfigTable"].items())
        EXPECT_EQ(ours["topicConfigTable"][name], config) << name;
    EXPECT_EQ(*world.disk.read_file(std::string(kTopicFile) + ".bak"), text);
    // Tabs, no blank behind the colon, and an empty map on three lines, as fastjson prints them.
    const std::string ours_text = *world.disk.read_file(kTopicFile);
    EXPECT_THAT(ours_text, HasSubstr("\t\t\t\"attributes\":{\n\t\t\t\t\n\t\t\t},\n"));
}

TEST(TopicTable, TakesTheBackupWhenTheFileIsBroken) {
    TopicTables world;
    ASSERT_TRUE(world.table->update(topic("orders")));
    ASSERT_TRUE(world.table->update(topic("bills")));
    world.disk.put_file(kTopicFile, "{\"broken");
    world.reopen();
    EXPECT_TRUE(world.table->find("orders"));
    EXPECT_FALSE(world.table->find("bills"));
}

TEST(TopicTable, InheritsFromTheDefaultTopicOnTheFirstSend) {
    TopicTables world;
    TopicWish wish{.topic = "orders", .default_topic = "TBW102", .queue_nums = 16};
    const TopicPtr created = world.table->create_on_send(wish);
    ASSERT_TRUE(created);
    EXPECT_EQ(created->config().write_queue_nums, 8);
    EXPECT_EQ(created->config().read_queue_nums, 8);
    EXPECT_EQ(created->config().perm, 6);
    EXPECT_THAT(world.told, ElementsAre("orders"));
    EXPECT_THAT(*world.disk.read_file(kTopicFile), HasSubstr("\"orders\""));

    wish.topic = "bills";
    wish.queue_nums = 4;
    wish.unit_mode = true;
    EXPECT_EQ(world.table->create_on_send(wish)->config().write_queue_nums, 4);
    EXPECT_EQ(world.config_of("bills").topic_sys_flag, 1);
    EXPECT_FALSE(world.table->create_on_send({.topic = "x", .default_topic = "SELF_TEST_TOPIC"}));
    EXPECT_FALSE(world.table->create_on_send({.topic = "x", .default_topic = "nowhere"}));
    EXPECT_FALSE(world.table->create_on_send({.topic = "a b", .default_topic = "TBW102"}));
}

TEST(TopicTable, CreatesNothingOnSendWithoutAutoCreation) {
    auto config = small_config();
    config.auto_create_topic_enable = false;
    TopicTables world(config);
    EXPECT_FALSE(world.table->create_on_send({.topic = "orders", .default_topic = "TBW102"}));
    // Other topics may still be inherited, and retry topics come into being all the same.
    EXPECT_TRUE(world.table->create_on_send({.topic = "orders", .default_topic = "broker-a"}));
    const TopicPtr retry =
        world.table->create_on_send({.topic = "%RETRY%group", .default_topic = "TBW102"});
    ASSERT_TRUE(retry);
    EXPECT_EQ(retry->config().write_queue_nums, 1);
    EXPECT_EQ(retry->config().perm, 6);
}

TEST(TopicTable, StaysClosedWhenAutoCreationIsSwitchedOffLater) {
    TopicTables world;
    ASSERT_TRUE(world.table->find("TBW102"));
    world.config.update([](BrokerConfig& next) { next.auto_create_topic_enable = false; });
    EXPECT_FALSE(world.table->create_on_send({.topic = "orders", .default_topic = "TBW102"}));
}

TEST(TopicTable, ChecksAdministrativeUpdates) {
    TopicTables world;
    const auto why = [&](wire::TopicConfig config) {
        const auto updated = world.table->update(std::move(config));
        return updated ? std::string("accepted") : updated.error().remark;
    };
    EXPECT_EQ(why(topic("")), "The specified topic is blank.");
    EXPECT_EQ(why(topic("TBW102")), "The topic[TBW102] is conflict with system topic.");
    EXPECT_EQ(why(topic("rmq_sys_x")), "The topic[rmq_sys_x] is conflict with system topic.");
    wire::TopicConfig mixed = topic("orders");
    mixed.attributes["+message.type"] = "MIXED";
    EXPECT_EQ(why(mixed), "MIXED message type is not supported.");
    EXPECT_THAT(why(topic("orders", 2'000'000'000)), HasSubstr("cannot have"));
    EXPECT_TRUE(world.told.empty());

    world.config.update([](BrokerConfig& next) { next.enable_mixed_message_type = true; });
    EXPECT_EQ(why(mixed), "accepted");
    EXPECT_EQ(world.config_of("orders").attributes.at("message.type"), "MIXED");
}

TEST(TopicTable, LeavesAnIdenticalTopicAlone) {
    TopicTables world;
    ASSERT_TRUE(world.table->update(topic("orders")));
    const auto version = world.table->version();
    ASSERT_TRUE(world.table->update(topic("orders")));
    EXPECT_EQ(world.table->version(), version);
    // And in a list it ends the call: nothing of it is done.
    ASSERT_TRUE(world.table->update_all({topic("bills"), topic("orders")}));
    EXPECT_FALSE(world.table->find("bills"));
    ASSERT_TRUE(world.table->update_all({topic("bills"), topic("orders", 8)}));
    EXPECT_TRUE(world.table->find("bills"));
    EXPECT_EQ(world.config_of("orders").read_queue_nums, 8);
}

TEST(TopicTable, MarksTopicsOrderedAsTheNameServerTells) {
    TopicTables world;
    ASSERT_TRUE(world.table->update(topic("orders")));
    world.table->set_order({{"orders", "broker-a:4"}, {"unknown", "broker-a:1"}});
    EXPECT_TRUE(world.config_of("orders").order);
    const auto version = world.table->version();
    world.table->set_order({{"orders", "broker-a:4"}});
    EXPECT_EQ(world.table->version(), version);
}

TEST(TopicTable, SurvivesAPowerCutOnceACreationReturned) {
    TopicTables world;
    ASSERT_TRUE(world.table->create_on_send({.topic = "orders", .default_topic = "TBW102"}));
    const auto after = world.disk.after_power_loss();
    StoredTopicTable table(world.config, *world.store, *after, world.clock);
    ASSERT_TRUE(table.load());
    EXPECT_TRUE(table.find("orders"));
}

TEST(TopicTable, TellsAnAdministratorOfAFileThatCannotBeWritten) {
    TopicTables world;
    world.disk.fail_writes(true);
    const auto updated = world.table->update(topic("orders"));
    ASSERT_FALSE(updated);
    EXPECT_THAT(updated.error().remark, HasSubstr("until a restart"));
}

}  // namespace
}  // namespace kx::broker
