// SPDX-License-Identifier: Apache-2.0
#include "namesrv/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/java_keys.h"
#include "support/temp_file.h"

namespace kx::namesrv {
namespace {

using ::testing::HasSubstr;

TEST(ConfigTable, KnowsEveryJavaKeyOfTheNameServer) {
    NamesrvConfig config;
    test::expect_java_keys(config_part("", static_cast<NamesrvKeys&>(config)), "NamesrvConfig");
    for (const ConfigPart& part : config_parts(config)) test::expect_sound_rows(part);
}

TEST(NamesrvConfig, ReadsAJavaFile) {
    const test::TempFile file("listenPort=19876\nbindAddress=127.0.0.1\norderMessageEnable=true\n");
    const auto loaded = load_config({.file = file.path()});
    ASSERT_TRUE(loaded) << loaded.error().text;
    EXPECT_EQ(loaded->config.listen_port, 19'876);
    EXPECT_EQ(loaded->config.server.bind_address, "127.0.0.1");
    EXPECT_TRUE(loaded->config.order_message_enable);
    EXPECT_EQ(loaded->config.config_store_path, file.path());
    EXPECT_THAT(loaded->config.kv_config_path, ::testing::EndsWith("/namesrv/kvConfig.json"));
}

TEST(NamesrvConfig, ListensWhereRocketMqDoes) {
    const auto loaded = load_config({});
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->config.listen_port, 9'876);
    EXPECT_THAT(config_text(loaded->config), HasSubstr("\nlistenPort=9876\n"));
}

TEST(NamesrvConfig, ProtectsItsBlackList) {
    const NamesrvConfig config;
    for (const std::string key :
         {"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"}) {
        const std::vector<Property> update = {{key, "x", 0}};
        EXPECT_FALSE(check_update(config, update)) << key;
    }
}

TEST(NamesrvConfig, ChangesLiveKeys) {
    NamesrvConfig config;
    const std::vector<Property> wanted = {{"enableTopicList", "false", 0}, {"nonsense", "1", 0}};
    const ConfigUpdate update = update_config(config, wanted);
    EXPECT_TRUE(update.changed("enableTopicList"));
    EXPECT_FALSE(config.enable_topic_list);
    EXPECT_EQ(update.ignored.size(), 1U);
}

}  // namespace
}  // namespace kx::namesrv
