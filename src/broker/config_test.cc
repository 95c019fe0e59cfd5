// SPDX-License-Identifier: Apache-2.0
#include "broker/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/java_keys.h"
#include "support/temp_file.h"

namespace kx::broker {
namespace {

using test::expect_java_keys;
using test::TempFile;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

BrokerConfig loaded(const ConfigSources& sources) {
    auto result = load_config(sources);
    EXPECT_TRUE(result) << result.error().text;
    return result ? std::move(result->config) : BrokerConfig{};
}

std::string load_error(const ConfigSources& sources) {
    const auto result = load_config(sources);
    return result ? "" : result.error().text;
}

TEST(ConfigTable, KnowsEveryJavaKey) {
    BrokerConfig config;
    expect_java_keys(config_part("", static_cast<BrokerKeys&>(config)), "BrokerConfig", {},
                     {{"listenPort", "10911"}});  // 6888 is for brokers within a container
    expect_java_keys(config_part("", static_cast<StoreKeys&>(config)), "MessageStoreConfig");
    expect_java_keys(config_part("", config.server), "NettyServerConfig", {"listenPort"});
    expect_java_keys(config_part("", config.client), "NettyClientConfig");
    expect_java_keys(config_part("", config.tls), "TlsSystemConfig");
    expect_java_keys(config_part("", config.auth), "AuthConfig");
}

TEST(BrokerConfig, HasSoundRows) {
    BrokerConfig config;
    for (const ConfigPart& part : config_parts(config)) test::expect_sound_rows(part);
}

TEST(BrokerConfig, FillsInWhatDependsOnTheHost) {
    const BrokerConfig config = loaded({});
    EXPECT_FALSE(config.broker_name.empty());
    EXPECT_THAT(config.broker_ip1, HasSubstr("."));
    EXPECT_EQ(config.broker_ip1, config.broker_ip2);
    EXPECT_THAT(config.store_path_root_dir, ::testing::EndsWith("/store"));
    EXPECT_GT(config.pull_message_thread_pool_nums, 16);
}

TEST(BrokerConfig, ReadsAJavaFile) {
    const TempFile file(
        "brokerClusterName = DefaultCluster\nbrokerName=broker-a\nbrokerId=0\n"
        "namesrvAddr=127.0.0.1:9876;127.0.0.2:9876\nbrokerIP1=10.0.0.1\nlistenPort=20911\n"
        "deleteWhen = 04\nfileReservedTime = 48\nbrokerRole = SYNC_MASTER\n"
        "flushDiskType = SYNC_FLUSH\nstorePathRootDir=/data/store\nuseEpollNativeSelector=true\n");
    const auto result = load_config({.file = file.path()});
    ASSERT_TRUE(result) << result.error().text;
    const BrokerConfig& config = result->config;
    EXPECT_EQ(config.broker_name, "broker-a");
    EXPECT_EQ(config.address(), "10.0.0.1:20911");
    EXPECT_EQ(config.broker_role, BrokerRole::kSyncMaster);
    EXPECT_EQ(config.flush_disk_type, FlushDiskType::kSyncFlush);
    EXPECT_EQ(config.store_path_root_dir, "/data/store");
    EXPECT_EQ(config.broker_config_path, file.path());
    EXPECT_THAT(result->report.warnings,
                ::testing::Contains(
                    HasSubstr("useEpollNativeSelector is accepted, but has no meaning here")));
}

TEST(BrokerConfig, ForcesTheIdOfAMaster) {
    EXPECT_EQ(loaded({.set = {"brokerId=3"}}).broker_id, 0);
    EXPECT_EQ(loaded({.set = {"brokerId=3", "brokerRole=SLAVE"}}).broker_id, 3);
    EXPECT_EQ(loaded({.set = {"brokerId=3", "enableControllerMode=true"}}).broker_id, 3);
    EXPECT_THAT(load_error({.set = {"brokerRole=SLAVE"}}),
                HasSubstr("Slave's brokerId must be > 0"));
}

TEST(BrokerConfig, CorrectsValuesAsRocketMqDoes) {
    EXPECT_EQ(loaded({.set = {"haListenPort=0", "listenPort=2000"}}).ha_listen_port, 2001);
    EXPECT_EQ(loaded({.set = {"haListenPort=7"}}).ha_listen_port, 7);
    EXPECT_EQ(loaded({.set = {"registerNameServerPeriod=1"}}).register_name_server_period, 10'000);
    EXPECT_EQ(loaded({.set = {"registerNameServerPeriod=99999"}}).register_name_server_period,
              60'000);
    EXPECT_EQ(loaded({.set = {"mappedFileSizeConsumeQueue=41"}}).mapped_file_size_consume_queue,
              60);
    EXPECT_EQ(
        loaded({.set = {"mappedFileSizeConsumeQueue=2147483647"}}).mapped_file_size_consume_queue,
        2'147'483'640);
    EXPECT_EQ(loaded({.set = {"timerRollWindowSlot=1"}}).timer_roll_window_slot, 604'740);
    EXPECT_EQ(loaded({.set = {"diskMaxUsedSpaceRatio=99"}}).disk_max_used_space_ratio, 95);
    EXPECT_EQ(loaded({.set = {"brokerRole=SLAVE", "brokerId=1"}}).memory_percent(), 30);
    EXPECT_TRUE(loaded({.set = {"tls.server.mode=enforcing"}}).client.use_tls);
    EXPECT_FALSE(loaded({.set = {"tls.enable=true", "useTLS=false"}}).client.use_tls);
}

TEST(BrokerConfig, RefusesANameServerWithoutAPort) {
    EXPECT_THAT(load_error({.set = {"namesrvAddr=localhost"}}), HasSubstr("\"localhost\""));
    EXPECT_THAT(load_error({.set = {"namesrvAddr=a:1;b:99999"}}), HasSubstr("\"b:99999\""));
    EXPECT_EQ(load_error({.set = {"namesrvAddr=a:1;b:2;"}}), "");
}

TEST(BrokerConfig, TellsRemoteToolsAllButSecrets) {
    const BrokerConfig config = loaded({.set = {"initAuthenticationUser={}"}});
    const std::string text = config_text(config);
    EXPECT_THAT(text, HasSubstr("\nflushDiskType=ASYNC_FLUSH\n"));
    EXPECT_THAT(text, HasSubstr("\nlistenPort=10911\n"));
    EXPECT_THAT(text, HasSubstr("\nbindAddress=0.0.0.0\n"));
    EXPECT_THAT(text, Not(HasSubstr("initAuthenticationUser")));
    EXPECT_THAT(text, Not(HasSubstr("storePathCommitLog")));  // null in Java
}

TEST(BrokerConfig, KeepsKeysItDoesNotKnow) {
    const TempFile file("myOwnKey=1\nlistenPort=1\n");
    const BrokerConfig config = loaded({.file = file.path()});
    EXPECT_THAT(config_text(config), HasSubstr("\nmyOwnKey=1\n"));
}

TEST(BrokerConfig, ReadsBackWhatItWrites) {
    const BrokerConfig config =
        loaded({.set = {"brokerName=a b\\c", "brokerPermission=4", "flushDiskType=SYNC_FLUSH"}});
    const TempFile file(config_text(config));
    BrokerConfig again = loaded({.file = file.path()});
    again.broker_config_path.clear();
    EXPECT_EQ(config_text(again), config_text(config));
}

TEST(BrokerConfig, ProtectsItsBlackList) {
    const BrokerConfig config = loaded({.set = {"configBlackList=brokerName"}});
    const auto refused = [&config](const std::string& key) {
        const std::vector<Property> update = {{key, "x", 0}};
        return !check_update(config, update).has_value();
    };
    EXPECT_TRUE(refused("brokerConfigPath"));
    EXPECT_TRUE(refused("rocketmqHome"));
    EXPECT_TRUE(refused("configBlackList"));
    EXPECT_TRUE(refused("brokerName"));
    EXPECT_FALSE(refused("brokerPermission"));
}

TEST(BrokerConfig, ChangesLiveKeysOfAllStructs) {
    BrokerConfig config = loaded({});
    const std::vector<Property> wanted = {{"brokerPermission", "4", 0},
                                          {"maxTransferCountOnMessageInMemory", "64", 0},
                                          {"registerNameServerPeriod", "5", 0},
                                          {"initAuthenticationUser", "x", 0},
                                          {"listenPort", "99999", 0}};
    const ConfigUpdate update = update_config(config, wanted);
    EXPECT_TRUE(update.changed("brokerPermission"));
    EXPECT_EQ(config.broker_permission, 4);
    EXPECT_EQ(config.max_transfer_count_on_message_in_memory, 64);
    EXPECT_EQ(config.register_name_server_period, 10'000);
    EXPECT_EQ(config.listen_port, 10'911);
    EXPECT_THAT(config.auth.init_authentication_user, IsEmpty());
    EXPECT_EQ(update.ignored.size(), 2U);
}

}  // namespace
}  // namespace kx::broker
