// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/stored_group_table.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "broker/testing/broker_world.h"

namespace kx::broker {
namespace {

using kx::testing::eventually;
using kx::testing::SimFileSystem;
using ::testing::HasSubstr;
using testing::java_config_file;
using testing::small_config;

constexpr const char* kGroupFile = "/store/config/subscriptionGroup.json";

struct GroupTables {
    GroupTables() {
        EXPECT_TRUE(disk.make_directories("/store/config"));
        reopen();
    }
    ~GroupTables() { workers.stop(); }
    void reopen() {
        table = std::make_unique<StoredGroupTable>(config, workers, disk, clock);
        EXPECT_TRUE(table->load());
    }

    SimFileSystem disk;
    ManualClock clock;
    Snapshot<BrokerConfig> config{small_config()};
    std::unique_ptr<StoredGroupTable> table;
    net::Workers workers{1};
};

wire::SubscriptionGroupConfig group(const std::string& name) {
    wire::SubscriptionGroupConfig config;
    config.group_name = name;
    return config;
}

TEST(GroupTable, ReadsTheFileOfJavaAndWritesTheSame) {
    GroupTables world;
    const std::string text = java_config_file("subscriptionGroup.json");
    world.disk.put_file(kGroupFile, text);
    world.reopen();
    ASSERT_TRUE(world.table->find("fill_consumer"));
    ASSERT_TRUE(world.table->persist());
    const auto ours = nlohmann::json::parse(*world.disk.read_file(kGroupFile));
    EXPECT_EQ(ours, nlohmann::json::parse(text));
}

TEST(GroupTable, CreatesGroupsOnFirstUseAndWritesThemSoon) {
    GroupTables world;
    EXPECT_FALSE(world.table->find("group"));
    ASSERT_TRUE(world.table->find_or_create("group"));
    EXPECT_EQ(world.table->find("group")->retry_max_times, 16);
    EXPECT_TRUE(eventually([&] {
        const auto text = world.disk.read_file(kGroupFile);
        return text && text->find("\"group\"") != std::string::npos;
    }));
    EXPECT_FALSE(world.table->find_or_create("no good name"));
    EXPECT_FALSE(world.table->find_or_create(""));
}

TEST(GroupTable, CreatesOnlySystemGroupsWithoutAutoCreation) {
    GroupTables world;
    world.config.update([](BrokerConfig& next) { next.auto_create_subscription_group = false; });
    EXPECT_FALSE(world.table->find_or_create("group"));
    EXPECT_TRUE(world.table->find_or_create("TOOLS_CONSUMER"));
    EXPECT_TRUE(world.table->find_or_create("CID_RMQ_SYS_SOMETHING"));
    world.config.update([](BrokerConfig& next) { next.enable_create_sys_group = false; });
    EXPECT_FALSE(world.table->find_or_create("CID_RMQ_SYS_OTHER"));
}

TEST(GroupTable, ChecksNamesAndAttributes) {
    GroupTables world;
    const auto bad_name = world.table->update_all({group("good"), group("not good")});
    ASSERT_FALSE(bad_name);
    EXPECT_EQ(bad_name.error().code, wire::ResponseCode::kInvalidParameter);
    EXPECT_FALSE(world.table->find("good"));

    auto weighted = group("good");
    weighted.attributes["+priority.factor"] = "101";
    EXPECT_FALSE(world.table->update_all({weighted}));
    weighted.attributes["+priority.factor"] = "50";
    ASSERT_TRUE(world.table->update_all({weighted}));
    EXPECT_EQ(world.table->find("good")->attributes.at("priority.factor"), "50");
    EXPECT_THAT(*world.disk.read_file(kGroupFile), HasSubstr("\"priority.factor\":\"50\""));
}

TEST(GroupTable, ForbidsReadingByTopicAndForgetsTheGroupWhenOneIsCleared) {
    GroupTables world;
    ASSERT_TRUE(world.table->set_read_forbidden("group", "orders", true));
    ASSERT_TRUE(world.table->set_read_forbidden("group", "bills", true));
    EXPECT_TRUE(world.table->is_read_forbidden("group", "orders"));
    EXPECT_FALSE(world.table->is_read_forbidden("group", "other"));
    EXPECT_EQ(world.table->table().forbidden_table.at("group").at("orders"), 4);
    ASSERT_TRUE(world.table->set_read_forbidden("group", "orders", false));
    EXPECT_FALSE(world.table->is_read_forbidden("group", "bills"));
}

}  // namespace
}  // namespace kx::broker
