// SPDX-License-Identifier: Apache-2.0
#include "broker/registration/registrar.h"

#include "base/crc32.h"
#include "broker/testing/broker_world.h"

namespace kx::broker {
namespace {

using kx::testing::eventually;
using ::testing::HasSubstr;
using testing::ListeningNameServer;
using ::testing::SizeIs;
using testing::small_config;

class RegistrarTest : public testing::BrokerWorld {
protected:
    void SetUp() override {
        BrokerWorld::SetUp();
        names_ = std::make_unique<ListeningNameServer>(pool_);
        config_.namesrv_addr = names_->address();
    }
    void TearDown() override {
        if (broker_) EXPECT_TRUE(broker_->stop());
        names_->stop();
        BrokerWorld::TearDown();
    }
    wire::RegisterBrokerBody body_of(const ListeningNameServer::Heard& heard) {
        auto body = from_json<wire::RegisterBrokerBody>(heard.body);
        EXPECT_TRUE(body) << heard.body;
        return body ? std::move(*body) : wire::RegisterBrokerBody{};
    }

    BrokerConfig config_ = small_config();
    std::unique_ptr<ListeningNameServer> names_;
};

TEST_F(RegistrarTest, TellsEverythingBeforeTheStartReturns) {
    start(config_);
    const auto heard = names_->heard(103);
    ASSERT_THAT(heard, SizeIs(1));
    const auto& fields = heard[0].fields;
    EXPECT_EQ(fields.at("brokerName"), "broker-a");
    EXPECT_EQ(fields.at("brokerAddr"), main_port());
    EXPECT_EQ(fields.at("clusterName"), "DefaultCluster");
    EXPECT_EQ(fields.at("haServerAddr"), fmt::format("127.0.0.1:{}", broker_->port() + 1));
    EXPECT_EQ(fields.at("brokerId"), "0");
    EXPECT_EQ(fields.at("compressed"), "false");
    EXPECT_EQ(fields.at("bodyCrc32"), std::to_string(crc31(heard[0].body)));
    EXPECT_FALSE(fields.contains("heartbeatTimeoutMillis"));
    const auto body = body_of(heard[0]);
    EXPECT_EQ(body.topic_table.topic_config_table.at("TBW102").perm, 7);
    EXPECT_THAT(heard[0].body, HasSubstr("\"filterServerList\":[]"));
    EXPECT_THAT(heard[0].body, HasSubstr("\"topicQueueMappingInfoMap\":{}"));
    EXPECT_EQ(broker_->start_facts().registered, 1U);
    EXPECT_TRUE(broker_->why_not_ready().empty());
}

TEST_F(RegistrarTest, ComesAgainTenSecondsLaterAndThenEveryPeriod) {
    start(config_);
    clock_.advance_ms(10'000);
    ASSERT_TRUE(eventually([&] { return names_->heard(103).size() == 2; }));
    clock_.advance_ms(29'000);
    clock_.advance_ms(1'000);
    ASSERT_TRUE(eventually([&] { return names_->heard(103).size() == 3; }));
}

TEST_F(RegistrarTest, AsksForTheVersionFirstWhenNotForced) {
    config_.force_register = false;
    start(config_);
    EXPECT_THAT(names_->heard(322), SizeIs(0));
    clock_.advance_ms(10'000);
    // The name server of this test does not say "unchanged", so everything is told again.
    ASSERT_TRUE(eventually([&] { return names_->heard(103).size() == 2; }));
    EXPECT_THAT(names_->heard(322), SizeIs(1));
}

TEST_F(RegistrarTest, TellsOnlyTheTopicThatChanged) {
    start(config_);
    EXPECT_TRUE(create_topic("orders").ok());
    const auto heard = names_->heard(103);
    ASSERT_THAT(heard, SizeIs(2));
    const auto body = body_of(heard[1]);
    ASSERT_THAT(body.topic_table.topic_config_table, SizeIs(1));
    EXPECT_EQ(body.topic_table.topic_config_table.at("orders").write_queue_nums, 4);
    EXPECT_GT(body.topic_table.data_version.counter,
              body_of(heard[0]).topic_table.data_version.counter);
}

TEST_F(RegistrarTest, TellsATopicThatAFirstSendMade) {
    start(config_);
    const auto sent = send("orders", 0, "hello");
    EXPECT_TRUE(sent.ok()) << sent.remark;
    ASSERT_THAT(names_->heard(103), SizeIs(2));
    EXPECT_TRUE(disk_->exists("/store/config/topics.json"));
}

TEST_F(RegistrarTest, TellsOneTopicByItsOwnRequestWhenConfigured) {
    config_.enable_single_topic_register = true;
    start(config_);
    EXPECT_TRUE(create_topic("orders").ok());
    const auto heard = names_->heard(217);
    ASSERT_THAT(heard, SizeIs(1));
    EXPECT_EQ(heard[0].fields.at("topic"), "orders");
    EXPECT_THAT(heard[0].body, HasSubstr(R"("queueDatas":[{"brokerName":"broker-a","perm":6)"));
}

TEST_F(RegistrarTest, TellsEverythingToANameServerThatForgotTheBroker) {
    start(config_);
    names_->refuse_next();
    EXPECT_TRUE(create_topic("orders").ok());
    const auto heard = names_->heard(103);
    ASSERT_THAT(heard, SizeIs(3));
    EXPECT_GT(body_of(heard[2]).topic_table.topic_config_table.size(), 10U);
}

TEST_F(RegistrarTest, MasksPermissionsAndTellsOfTheChangeAtOnce) {
    start(config_);
    EXPECT_TRUE(ask(25, {}, "brokerPermission=4\n").ok());
    const auto heard = names_->heard(103);
    ASSERT_THAT(heard, SizeIs(2));
    const auto body = body_of(heard[1]);
    EXPECT_EQ(body.topic_table.topic_config_table.at("TBW102").perm, 4);
    EXPECT_NE(body.topic_table.data_version, body_of(heard[0]).topic_table.data_version);
}

TEST_F(RegistrarTest, TakesTheOrderConfigurationFromTheAnswer) {
    start(config_);
    EXPECT_TRUE(create_topic("orders").ok());
    names_->set_order_config(R"({"table":{"orders":"broker-a:4"}})");
    clock_.advance_ms(10'000);
    EXPECT_TRUE(eventually([&] {
        return ask(351, {{"topic", "orders"}}).body.find("\"order\":true") != std::string::npos;
    }));
}

TEST_F(RegistrarTest, SaysGoodBye) {
    start(config_);
    const std::string address = main_port();
    ASSERT_TRUE(broker_->stop());
    const auto heard = names_->heard(104);
    ASSERT_THAT(heard, SizeIs(1));
    EXPECT_EQ(heard[0].fields.at("brokerAddr"), address);
    EXPECT_EQ(heard[0].fields.at("brokerId"), "0");
}

TEST_F(RegistrarTest, DoesNotKeepTheBrokerFromServingWhenNobodyAnswers) {
    config_.namesrv_addr = "127.0.0.1:1";
    start(config_);
    const auto reasons = broker_->why_not_ready();
    ASSERT_THAT(reasons, SizeIs(1));
    EXPECT_THAT(reasons[0], HasSubstr("127.0.0.1:1"));
    EXPECT_TRUE(create_topic("orders").ok());
}

}  // namespace
}  // namespace kx::broker
