// SPDX-License-Identifier: Apache-2.0
//
// Heartbeats and what follows from them, over real connections.
#include "wire/bodies/clients.h"
#include "broker/testing/broker_world.h"

namespace kx::broker {
namespace {

using kx::testing::eventually;
using testing::consumer;
using ::testing::ElementsAre;
using testing::field_of;
using testing::Fields;
using ::testing::HasSubstr;
using testing::heartbeat;
using ::testing::Not;
using testing::TestClient;

class ClientsTest : public testing::BrokerWorld {
protected:
    void SetUp() override {
        BrokerWorld::SetUp();
        start();
    }
    void TearDown() override {
        other_.disconnect();
        BrokerWorld::TearDown();
    }
    net::Answer beat(TestClient& client, const std::string& body) {
        return client.ask(main_port(), 34, {}, body);
    }
    wire::ConsumerConnection connections(const std::string& group) {
        const auto answer = ask(203, {{"consumerGroup", group}});
        auto body = from_json<wire::ConsumerConnection>(answer.body);
        EXPECT_TRUE(body) << answer.remark << answer.body;
        return body ? std::move(*body) : wire::ConsumerConnection{};
    }

    TestClient other_{pool_};
};

TEST_F(ClientsTest, AHeartbeatMakesGroupAndRetryTopic) {
    const auto answer = beat(client_, heartbeat("one", consumer("group", {{"orders"}})));
    EXPECT_TRUE(answer.ok());
    EXPECT_EQ(field_of(answer, "IS_SUPPORT_HEART_BEAT_V2"), "true");
    EXPECT_EQ(field_of(answer, "IS_SUB_CHANGE"), "true");
    const auto retry = ask(351, {{"topic", "%RETRY%group"}});
    EXPECT_THAT(retry.body, HasSubstr("\"perm\":6,\"readQueueNums\":1"));
    EXPECT_EQ(ask(38, {{"consumerGroup", "group"}}).body, R"({"consumerIdList":["one"]})");
    EXPECT_THAT(*disk_->read_file("/store/config/topics.json"), HasSubstr("%RETRY%group"));
}

TEST_F(ClientsTest, AGroupThatCannotBeMadeIsPassedOverInSilence) {
    EXPECT_TRUE(ask(25, {}, "autoCreateSubscriptionGroup=false\n").ok());
    EXPECT_TRUE(beat(client_, heartbeat("one", consumer("group", {{"orders"}}))).ok());
    EXPECT_EQ(ask(203, {{"consumerGroup", "group"}}).remark,
              "the consumer group[group] not online");
}

TEST_F(ClientsTest, AHeartbeatRemovesSubscriptionsItDoesNotName) {
    beat(client_, heartbeat("one", consumer("group", {{"orders"}, {"bills"}})));
    EXPECT_EQ(connections("group").subscription_table.size(), 2U);
    beat(other_, heartbeat("two", consumer("group", {{"bills", "TagA", 2}})));
    const auto seen = connections("group");
    EXPECT_EQ(seen.connection_set.size(), 2U);
    ASSERT_EQ(seen.subscription_table.size(), 1U);
    EXPECT_EQ(seen.subscription_table.at("bills").sub_string, "TagA");
}

TEST_F(ClientsTest, AnOlderSubscriptionDoesNotReplaceANewerOne) {
    beat(client_, heartbeat("one", consumer("group", {{"orders", "new", 5}})));
    beat(client_, heartbeat("one", consumer("group", {{"orders", "old", 4}})));
    beat(client_, heartbeat("one", consumer("group", {{"orders", "same", 5}})));
    EXPECT_EQ(connections("group").subscription_table.at("orders").sub_string, "new");
}

TEST_F(ClientsTest, TheLastHeartbeatDecidesModelAndType) {
    auto data = consumer("group", {{"orders"}});
    beat(client_, heartbeat("one", data));
    data.message_model = wire::MessageModel::kBroadcasting;
    data.consume_type = wire::ConsumeType::kActively;
    beat(other_, heartbeat("two", data));
    EXPECT_EQ(connections("group").message_model, wire::MessageModel::kBroadcasting);
    EXPECT_EQ(connections("group").consume_type, wire::ConsumeType::kActively);
}

TEST_F(ClientsTest, MembersHearOfThoseWhoComeAndGo) {
    beat(client_, heartbeat("one", consumer("group", {{"orders"}})));
    EXPECT_TRUE(eventually([&] { return client_.heard(40).size() == 1; }));
    beat(client_, heartbeat("one", consumer("group", {{"orders"}})));
    beat(other_, heartbeat("two", consumer("group", {{"orders"}})));
    EXPECT_TRUE(eventually([&] { return client_.heard(40).size() == 2; }));
    other_.disconnect();
    EXPECT_TRUE(eventually([&] { return client_.heard(40).size() == 3; }));
    EXPECT_THAT(client_.heard(40), ElementsAre("group", "group", "group"));
    EXPECT_EQ(connections("group").connection_set.size(), 1U);
}

TEST_F(ClientsTest, BroadcastingAndQuietGroupsHearNothing) {
    auto data = consumer("broadcast", {{"orders"}});
    data.message_model = wire::MessageModel::kBroadcasting;
    beat(client_, heartbeat("one", data));
    const std::string quiet = R"({"groupName":"quiet","notifyConsumerIdsChangedEnable":false})";
    EXPECT_TRUE(ask(200, {}, quiet).ok());
    beat(client_, heartbeat("one", consumer("quiet", {{"orders"}})));
    // The notice would come before the answer on the same connection.
    EXPECT_THAT(client_.heard(40), ::testing::IsEmpty());
}

TEST_F(ClientsTest, AMemberLeavesByRequest) {
    beat(client_, heartbeat("one", consumer("group", {{"orders"}})));
    const auto left = ask(35, {{"clientID", "one"}, {"consumerGroup", "group"}});
    EXPECT_TRUE(left.ok());
    const auto gone = ask(38, {{"consumerGroup", "group"}});
    EXPECT_EQ(code_of(gone), 1);
    EXPECT_EQ(gone.remark, "no consumer for this group, group");
}

TEST_F(ClientsTest, SilentClientsAreForgotten) {
    beat(other_, heartbeat("two", consumer("group", {{"orders"}})));
    clock_.advance_ms(121'000);
    EXPECT_TRUE(eventually([&] { return code_of(ask(203, {{"consumerGroup", "group"}})) == 206; }));
}

TEST_F(ClientsTest, AShortHeartbeatKeepsSubscriptions) {
    const auto data = consumer("group", {{"orders"}});
    EXPECT_EQ(field_of(beat(client_, heartbeat("one", data, 77)), "IS_SUB_CHANGE"), "false");
    const auto short_form = heartbeat("one", consumer("group", {}), 77, true);
    EXPECT_EQ(field_of(beat(client_, short_form), "IS_SUB_CHANGE"), "false");
    EXPECT_EQ(connections("group").subscription_table.size(), 1U);
    EXPECT_EQ(field_of(beat(client_, heartbeat("one", data, 78)), "IS_SUB_CHANGE"), "true");
    // A broker that was started anew knows no subscription: it asks for the long form.
    restart();
    EXPECT_EQ(field_of(beat(client_, short_form), "IS_SUB_CHANGE"), "true");
}

TEST_F(ClientsTest, ProducersAreListedWithTheirConnection) {
    wire::HeartbeatData data;
    data.client_id = "one";
    data.producer_data_set.push_back({"producers"});
    beat(client_, to_json(data));
    const auto listed = ask(204, {{"producerGroup", "producers"}});
    EXPECT_THAT(listed.body, HasSubstr(R"("clientId":"one","language":"CPP","version":493)"));
    EXPECT_THAT(ask(328).body, HasSubstr(R"("remoteIP":"/127.0.0.1:)"));
    EXPECT_EQ(ask(204, {{"producerGroup", "nobody"}}).remark,
              "the producer group[nobody] not exist");
}

TEST_F(ClientsTest, OnlyTagFiltersPassTheCheck) {
    const auto check = [&](const std::string& type) {
        return ask(46, {},
                   R"({"clientId":"c","group":"g","subscriptionData":{"expressionType":")" + type +
                       R"(","subString":"a","topic":"t"}})");
    };
    EXPECT_TRUE(check("TAG").ok());
    EXPECT_EQ(check("SQL92").remark,
              "The broker does not support consumer to filter message by SQL92");
}

TEST_F(ClientsTest, ACommitDoesNotMakeItsGroup) {
    EXPECT_TRUE(create_topic("orders").ok());
    const Fields commit{
        {"consumerGroup", "group"}, {"topic", "orders"}, {"queueId", "0"}, {"commitOffset", "3"}};
    const auto refused = ask(15, commit);
    EXPECT_EQ(code_of(refused), 26);
    EXPECT_EQ(refused.remark, "Group group not exist!");
    beat(client_, heartbeat("one", consumer("group", {{"orders"}})));
    EXPECT_TRUE(ask(15, commit).ok());
}

TEST_F(ClientsTest, ClientsThatWriteEnumsAsNumbersAreUnderstood) {
    const std::string body =
        R"({"clientID":"cpp","consumerDataSet":[{"groupName":"group","consumeType":1,)"
        R"("messageModel":0,"consumeFromWhere":4,"subscriptionDataSet":[]}]})";
    EXPECT_TRUE(beat(client_, body).ok());
    EXPECT_EQ(connections("group").message_model, wire::MessageModel::kBroadcasting);
    EXPECT_EQ(connections("group").consume_from_where, wire::ConsumeFromWhere::kFirstOffset);
}

}  // namespace
}  // namespace kx::broker
