// SPDX-License-Identifier: Apache-2.0
//
// The whole broker over real sockets: administration, offsets, restarts.
#include "broker/broker.h"

#include "broker/testing/broker_world.h"
#include "wire/bodies/topics.h"
#include "wire/request_table.h"

namespace kx::broker {
namespace {

using kx::testing::eventually;
using ::testing::AllOf;
using testing::consumer;
using ::testing::ElementsAre;
using testing::field_of;
using testing::Fields;
using ::testing::HasSubstr;
using testing::heartbeat;
using ::testing::Not;
using ::testing::Pair;
using testing::small_config;
using ::testing::UnorderedElementsAre;

class BrokerTest : public testing::BrokerWorld {
protected:
    void SetUp() override {
        BrokerWorld::SetUp();
        start();
    }
    net::Answer offset(const std::string& group, const std::string& topic,
                       const std::string& zero_if_unknown = "") {
        Fields fields{{"consumerGroup", group}, {"topic", topic}, {"queueId", "0"}};
        if (!zero_if_unknown.empty()) fields.emplace_back("setZeroIfNotFound", zero_if_unknown);
        return ask(14, fields);
    }
    net::Answer commit(const std::string& group, const std::string& topic, std::int64_t at) {
        return ask(15, {{"consumerGroup", group},
                        {"topic", topic},
                        {"queueId", "0"},
                        {"commitOffset", std::to_string(at)}});
    }
    void join(const std::string& group, const std::string& topic) {
        EXPECT_TRUE(ask(34, {}, heartbeat("one", consumer(group, {{topic}}))).ok());
    }
    void send_some(const std::string& topic, int count) {
        for (int i = 0; i < count; ++i) EXPECT_TRUE(send(topic, 0, "message").ok());
        EXPECT_TRUE(eventually([&] {
            return field_of(ask(30, {{"topic", topic}, {"queueId", "0"}}), "offset") ==
                   std::to_string(count);
        }));
    }
};

TEST_F(BrokerTest, ServesPullsOnItsMainPortOnly) {
    const Fields pull{{"consumerGroup", "g"}, {"topic", "t"},
                      {"queueId", "0"},       {"queueOffset", "0"},
                      {"maxMsgNums", "1"},    {"sysFlag", "4"},
                      {"commitOffset", "0"},  {"suspendTimeoutMillis", "0"},
                      {"subVersion", "0"},    {"subscription", "*"}};
    for (const std::int32_t code : {11, 361}) {
        EXPECT_EQ(code_of(ask(code, pull)), 17) << code;
        EXPECT_EQ(code_of(client_.ask(fast_port(), code, pull)), 3) << code;
    }
    EXPECT_EQ(code_of(client_.ask(fast_port(), 30, {{"topic", "t"}, {"queueId", "0"}})), 0);
}

TEST_F(BrokerTest, ExplainsWhatItDoesNotServe) {
    const auto unknown = ask(99999);
    EXPECT_EQ(code_of(unknown), 3);
    EXPECT_EQ(unknown.remark, " request type 99999 not supported");
    EXPECT_THAT(ask(200050).remark, HasSubstr("POP_MESSAGE"));
}

TEST_F(BrokerTest, EveryCodeIsServedOrExplained) {
    int served = 0;
    for (const wire::RequestRow& row : wire::request_table()) {
        const auto answer = ask(row.code);
        if (code_of(answer) != 3) {
            ++served;
            continue;
        }
        EXPECT_EQ(answer.remark, fmt::format(" request type {} not supported; {} is {}", row.code,
                                             row.name, wire::explain(row)));
    }
    EXPECT_GT(served, 40);
}

TEST_F(BrokerTest, AnswersATopicUpdateAsTheOriginal) {
    const auto created = create_topic("orders");
    EXPECT_EQ(code_of(created), 0);
    EXPECT_EQ(created.remark, "not set any response code");
    EXPECT_EQ(ask(351, {{"topic", "orders"}, {"lo", "true"}}).body,
              R"({"attributes":{},"order":false,"perm":6,"readQueueNums":4,)"
              R"("topicFilterType":"SINGLE_TAG","topicName":"orders","topicSysFlag":0,)"
              R"("writeQueueNums":4})");
    EXPECT_EQ(code_of(create_topic("TBW102")), 29);
    EXPECT_EQ(code_of(create_topic("bills", 4, "+queue.type=Nonsense")), 1);
    EXPECT_EQ(code_of(create_topic("bills", 4, "nonsense")), 1);
    const auto missing = ask(351, {{"topic", "bills"}});
    EXPECT_EQ(code_of(missing), 17);
    EXPECT_EQ(missing.remark, "No topic in this broker. topic: bills");
}

TEST_F(BrokerTest, CreatesAListOfTopics) {
    const std::string body =
        R"({"topicConfigList":[{"topicName":"one","readQueueNums":2,"writeQueueNums":2},)"
        R"({"topicName":"two","attributes":{"+message.type":"FIFO"}}]})";
    EXPECT_TRUE(ask(18, {}, body).ok());
    EXPECT_THAT(ask(351, {{"topic", "two"}}).body, HasSubstr(R"({"message.type":"FIFO"})"));
}

TEST_F(BrokerTest, DeletesATopicWithItsOffsetsAndQueues) {
    EXPECT_TRUE(create_topic("orders").ok());
    send_some("orders", 3);
    join("group", "orders");
    EXPECT_TRUE(commit("group", "orders", 2).ok());
    EXPECT_EQ(ask(215, {{"topic", " "}}).remark, "The specified topic is blank.");
    EXPECT_EQ(code_of(ask(215, {{"topic", "TBW102"}})), 29);
    EXPECT_TRUE(ask(215, {{"topic", "orders"}}).ok());
    EXPECT_EQ(code_of(ask(351, {{"topic", "orders"}})), 17);
    EXPECT_EQ(field_of(ask(30, {{"topic", "orders"}, {"queueId", "0"}}), "offset"), "0");
    EXPECT_THAT(ask(43).body, Not(HasSubstr("orders@group")));
}

TEST_F(BrokerTest, ListsTopicsByPage) {
    const auto page = [&](int seq, const std::string& version) {
        const auto answer = ask(
            21,
            {{"topicSeq", std::to_string(seq)}, {"maxTopicNum", "5"}, {"dataVersion", version}});
        return from_json<wire::TopicTable>(answer.body)->topic_config_table;
    };
    const auto whole = ask(21);
    const auto table = from_json<wire::TopicTable>(whole.body);
    ASSERT_TRUE(table);
    const std::size_t count = table->topic_config_table.size();
    EXPECT_EQ(field_of(whole, "totalTopicNum"), std::to_string(count));
    const std::string version = to_json(table->data_version);
    EXPECT_EQ(page(0, version).begin()->first, table->topic_config_table.begin()->first);
    EXPECT_EQ(page(5, version).begin()->first,
              std::next(table->topic_config_table.begin(), 5)->first);
    EXPECT_EQ(page(5, version).size(), 5U);
    EXPECT_EQ(page(1000, version).size(), 0U);
    EXPECT_EQ(page(5, "").begin()->first, table->topic_config_table.begin()->first);
    EXPECT_EQ(code_of(ask(21, {{"maxTopicNum", "5"}})), 1);
    const auto groups = ask(201, {{"groupSeq", "0"}, {"maxGroupNum", "2"}});
    EXPECT_EQ(field_of(groups, "totalGroupNum"), "8");
}

TEST_F(BrokerTest, TellsWhereQueuesBeginAndEnd) {
    EXPECT_EQ(code_of(ask(202, {{"topic", "orders"}})), 17);
    EXPECT_TRUE(create_topic("orders", 2).ok());
    send_some("orders", 3);
    const auto stats = ask(202, {{"topic", "orders"}});
    EXPECT_THAT(stats.body,
                AllOf(HasSubstr(R"({"brokerName":"broker-a","queueId":0,"topic":"orders"}:{)"),
                      HasSubstr(R"("maxOffset":3,"minOffset":0)")));
    const auto min = ask(31, {{"topic", "orders"}, {"queueId", "0"}});
    EXPECT_EQ(field_of(min, "offset"), "0");
    const auto earliest = ask(32, {{"topic", "orders"}, {"queueId", "0"}});
    EXPECT_EQ(field_of(earliest, "timestamp"), std::to_string(clock_.wall_ms()));
    EXPECT_EQ(field_of(ask(32, {{"topic", "nowhere"}, {"queueId", "0"}}), "timestamp"), "-1");
    const auto by_time = ask(29, {{"topic", "orders"}, {"queueId", "0"}, {"timestamp", "1"}});
    EXPECT_EQ(field_of(by_time, "offset"), "0");
    const auto view = ask(33, {{"offset", "0"}});
    EXPECT_THAT(view.body, HasSubstr("message"));
    EXPECT_EQ(ask(33, {{"offset", "12345"}}).remark, "can not find message by the offset, 12345");
}

TEST_F(BrokerTest, LetsANewGroupBeginAtZeroOnlyWhileMessageZeroIsFresh) {
    EXPECT_EQ(field_of(offset("new", "orders"), "offset"), "0");
    const auto not_zero = offset("new", "orders", "false");
    EXPECT_EQ(code_of(not_zero), 22);
    EXPECT_EQ(not_zero.remark, "Not found, do not set to zero, maybe this group boot first");
    EXPECT_TRUE(create_topic("orders").ok());
    send_some("orders", 2);
    EXPECT_EQ(field_of(offset("new", "orders"), "offset"), "0");

    auto config = small_config();
    config.access_message_in_memory_max_ratio = 0;
    restart(config);
    const auto old_topic = offset("new", "orders");
    EXPECT_EQ(code_of(old_topic), 22);
    EXPECT_EQ(old_topic.remark, "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first");
}

TEST_F(BrokerTest, ChecksCommitsInRocketMqsOrder) {
    join("group", "orders");
    EXPECT_EQ(commit("group", "orders", 1).remark, "Topic orders not exist!");
    EXPECT_TRUE(create_topic("orders").ok());
    const auto no_queue = ask(15, {{"consumerGroup", "group"}, {"topic", "orders"}});
    EXPECT_EQ(code_of(no_queue), 29);
    EXPECT_EQ(no_queue.remark, "QueueId is null, topic is orders");
    EXPECT_TRUE(commit("group", "orders", 7).ok());
    EXPECT_EQ(field_of(offset("group", "orders"), "offset"), "7");
}

TEST_F(BrokerTest, ResetsAnOffsetOnce) {
    EXPECT_TRUE(create_topic("orders", 1).ok());
    send_some("orders", 5);
    join("group", "orders");
    EXPECT_TRUE(commit("group", "orders", 5).ok());
    const Fields reset{{"group", "group"},  {"topic", "orders"}, {"timestamp", "0"},
                       {"isForce", "true"}, {"queueId", "-1"},   {"offset", "-1"}};
    const auto done = ask(222, reset);
    EXPECT_EQ(done.body,
              R"({"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"orders"}:0}})");
    EXPECT_EQ(field_of(offset("group", "orders"), "offset"), "0");
    // What the consumer still commits is overtaken: accepted, and not stored.
    const auto late = commit("group", "orders", 5);
    EXPECT_TRUE(late.ok());
    EXPECT_EQ(late.remark, "Offset has been previously reset");
    EXPECT_EQ(field_of(offset("group", "orders"), "offset"), "0");

    // The next pull hears of it, and then commits count again.
    const Fields pull{{"consumerGroup", "group"}, {"topic", "orders"},
                      {"queueId", "0"},           {"queueOffset", "5"},
                      {"maxMsgNums", "1"},        {"sysFlag", "4"},
                      {"commitOffset", "0"},      {"suspendTimeoutMillis", "0"},
                      {"subVersion", "0"},        {"subscription", "*"}};
    const auto moved = ask(11, pull);
    EXPECT_EQ(code_of(moved), 21);
    EXPECT_EQ(field_of(moved, "nextBeginOffset"), "0");
    EXPECT_TRUE(commit("group", "orders", 3).ok());
    EXPECT_EQ(field_of(offset("group", "orders"), "offset"), "3");
}

TEST_F(BrokerTest, RefusesResetsThatMakeNoSense) {
    const Fields to_ten{{"group", "group"},  {"topic", "orders"}, {"timestamp", "0"},
                        {"isForce", "true"}, {"queueId", "0"},    {"offset", "10"}};
    EXPECT_EQ(code_of(ask(222, to_ten)), 17);
    EXPECT_TRUE(create_topic("orders", 1).ok());
    EXPECT_EQ(code_of(ask(222, to_ten)), 26);
    join("group", "orders");
    EXPECT_EQ(ask(222, to_ten).remark, "Target offset 10 not in consume queue range [0-0]");
}

TEST_F(BrokerTest, AsksClientsToResetWhenTheServerShallNot) {
    EXPECT_TRUE(ask(25, {}, "useServerSideResetOffset=false\n").ok());
    EXPECT_TRUE(create_topic("orders", 1).ok());
    send_some("orders", 5);
    const Fields reset{
        {"group", "group"}, {"topic", "orders"}, {"timestamp", "0"}, {"isForce", "true"}};
    EXPECT_EQ(ask(222, reset).remark, "THe consumer group <group> not exist");
    join("group", "orders");
    EXPECT_TRUE(commit("group", "orders", 5).ok());
    EXPECT_TRUE(ask(222, reset).ok());
    // Our own client announces itself as one written in C++, and gets the list.
    EXPECT_TRUE(eventually([&] { return client_.heard(220).size() == 1; }));
    EXPECT_EQ(client_.heard(220)[0],
              R"({"offsetTable":[{"brokerName":"broker-a","offset":0,"queueId":0,)"
              R"("topic":"orders"}]})");
    EXPECT_EQ(field_of(offset("group", "orders"), "offset"), "5");
}

TEST_F(BrokerTest, TellsHowFarAGroupIs) {
    EXPECT_TRUE(create_topic("orders", 1).ok());
    EXPECT_TRUE(create_topic("bills", 1).ok());
    send_some("orders", 5);
    join("group", "orders");
    EXPECT_TRUE(commit("group", "orders", 3).ok());
    EXPECT_TRUE(commit("group", "bills", 0).ok());
    // The group is online and does not subscribe to bills.
    EXPECT_EQ(ask(208, {{"consumerGroup", "group"}}).body,
              fmt::format(R"({{"consumeTps":0.0,"offsetTable":{{{{"brokerName":"broker-a",)"
                          R"("queueId":0,"topic":"orders"}}:{{"brokerOffset":5,)"
                          R"("consumerOffset":3,"lastTimestamp":{},"pullOffset":3}}}}}})",
                          clock_.wall_ms()));
    EXPECT_THAT(ask(208, {{"consumerGroup", "group"}, {"topicList", "bills;nowhere"}}).body,
                HasSubstr("bills"));
    EXPECT_EQ(ask(300, {{"topic", "bills"}}).body, R"({"groupList":["group"]})");
    EXPECT_EQ(ask(343, {{"group", "group"}}).body, R"({"topicList":["bills","orders"]})");
    EXPECT_THAT(ask(345, {{"group", "group"}, {"topic", "orders"}}).body,
                HasSubstr(R"("subString":"*")"));
}

TEST_F(BrokerTest, HandsQuestionsOnToTheClientTheyAreFor) {
    const Fields question{
        {"consumerGroup", "group"}, {"clientId", "one"}, {"jstackEnable", "false"}};
    EXPECT_EQ(ask(307, question).remark, "The Consumer <group> <one> not online");
    testing::TestClient consumer_client(pool_);
    consumer_client.answer_running_info();
    EXPECT_TRUE(
        consumer_client.ask(main_port(), 34, {}, heartbeat("one", consumer("group", {{"orders"}})))
            .ok());
    EXPECT_EQ(ask(307, question).body, R"({"asked":"one"})");
    consumer_client.disconnect();
    EXPECT_TRUE(eventually([&] { return code_of(ask(203, {{"consumerGroup", "group"}})) == 206; }));
}

TEST_F(BrokerTest, LocksQueuesForOneClient) {
    const auto wish = [](const std::string& client) {
        return R"({"clientId":")" + client + R"(","consumerGroup":"group","mqSet":[)" +
               R"({"brokerName":"broker-a","queueId":0,"topic":"orders"}],"onlyThisBroker":false})";
    };
    EXPECT_EQ(ask(41, {}, wish("one")).body,
              R"({"lockOKMQSet":[{"brokerName":"broker-a","queueId":0,"topic":"orders"}]})");
    EXPECT_EQ(ask(41, {}, wish("two")).body, R"({"lockOKMQSet":[]})");
    EXPECT_TRUE(ask(42, {}, wish("one")).ok());
    EXPECT_THAT(ask(41, {}, wish("two")).body, HasSubstr("orders"));
}

TEST_F(BrokerTest, AdministersGroups) {
    EXPECT_TRUE(ask(200, {}, R"({"groupName":"group","retryMaxTimes":3})").ok());
    EXPECT_THAT(ask(352, {{"group", "group"}}).body, HasSubstr(R"("retryMaxTimes":3)"));
    EXPECT_EQ(code_of(ask(200, {}, R"({"groupName":"no good"})")), 29);
    EXPECT_TRUE(ask(225, {}, R"({"groupConfigList":[{"groupName":"a"},{"groupName":"b"}]})").ok());
    EXPECT_THAT(ask(201).body, AllOf(HasSubstr(R"("a":{)"), HasSubstr(R"("forbiddenTable":{})")));
    const auto forbidden =
        ask(353, {{"group", "group"}, {"topic", "orders"}, {"readable", "false"}});
    EXPECT_EQ(forbidden.body, R"({"group":"group","readable":false,"topic":"orders"})");

    EXPECT_TRUE(create_topic("orders").ok());
    EXPECT_TRUE(commit("group", "orders", 3).ok());
    EXPECT_TRUE(ask(207, {{"groupName", "group"}, {"cleanOffset", "true"}}).ok());
    EXPECT_THAT(ask(43).body, Not(HasSubstr("orders@group")));
    EXPECT_TRUE(ask(207, {{"groupName", "group"}}).ok());
    // Asking for a group makes it, when that is allowed.
    EXPECT_TRUE(ask(352, {{"group", "group"}}).ok());
    EXPECT_TRUE(ask(25, {}, "autoCreateSubscriptionGroup=false\n").ok());
    EXPECT_EQ(code_of(ask(352, {{"group", "other"}})), 26);
}

TEST_F(BrokerTest, TakesConfigurationUpdates) {
    EXPECT_TRUE(ask(25, {}, "noSuchKey=1\nflushConsumerOffsetInterval=abc\n").ok());
    EXPECT_TRUE(ask(25, {}, "flushConsumerOffsetInterval=7000\n").ok());
    const auto config = ask(26);
    EXPECT_THAT(config.body, HasSubstr("flushConsumerOffsetInterval=7000\n"));
    EXPECT_THAT(config.body, HasSubstr(fmt::format("listenPort={}\n", broker_->port())));
    EXPECT_THAT(field_of(config, "version"), HasSubstr(R"({"counter":2,"stateVersion":0,)"));
    const auto refused = ask(25, {}, "brokerConfigPath=/etc/passwd\n");
    EXPECT_EQ(code_of(refused), 16);
    EXPECT_EQ(refused.remark, "Can not update config in black list.");
}

TEST_F(BrokerTest, WritesTheConfigurationFileAfterAnUpdate) {
    auto config = small_config();
    config.broker_config_path = "/store/broker.conf";
    restart(config);
    EXPECT_TRUE(ask(25, {}, "maxMessageSize=1048576\n").ok());
    EXPECT_THAT(*disk_->read_file("/store/broker.conf"), HasSubstr("maxMessageSize=1048576\n"));
}

TEST_F(BrokerTest, TellsItsRuntimeFigures) {
    EXPECT_TRUE(create_topic("orders").ok());
    send_some("orders", 2);
    const auto info = ask(28);
    for (const char* key :
         {"brokerVersionDesc\":\"V5_4_0\"", "brokerActive\":\"true\"", "putTps\"",
          "getTransferredTps\"", "sendThreadPoolQueueSize\":\"0\"", "pullThreadPoolQueueSize\"",
          "sendThreadPoolQueueHeadWaitTimeMills\"", "pullThreadPoolQueueHeadWaitTimeMills\"",
          "pageCacheLockTimeMills\"", "commitLogDiskRatio\"", "timerReadBehind\"",
          "timerEnqueueTps\":\"0.0\"", "msgPutTotalTodayNow\"", "msgGetTotalYesterdayMorning\"",
          "EndTransactionQueueSize\"", "remainTransientStoreBufferNumbs\":\"2147483647\"",
          "putMessageTimesTotal\":\"2\""}) {
        EXPECT_THAT(info.body, HasSubstr(key));
    }
    EXPECT_THAT(info.body,
                HasSubstr(fmt::format("earliestMessageTimeStamp\":\"{}\"", clock_.wall_ms())));
}

TEST_F(BrokerTest, KeepsTopicsGroupsAndOffsetsOverARestart) {
    EXPECT_TRUE(create_topic("orders").ok());
    join("group", "orders");
    EXPECT_TRUE(commit("group", "orders", 4).ok());
    restart();
    EXPECT_TRUE(ask(351, {{"topic", "orders"}}).ok());
    EXPECT_EQ(field_of(offset("group", "orders"), "offset"), "4");
    EXPECT_TRUE(commit("group", "orders", 5).ok());
}

TEST_F(BrokerTest, WritesOffsetsEveryFewSeconds) {
    EXPECT_TRUE(create_topic("orders").ok());
    join("group", "orders");
    EXPECT_TRUE(commit("group", "orders", 4).ok());
    EXPECT_FALSE(disk_->exists("/store/config/consumerOffset.json"));
    clock_.advance_ms(10'000);
    EXPECT_TRUE(eventually([&] { return disk_->exists("/store/config/consumerOffset.json"); }));
}

TEST_F(BrokerTest, TellsItsStartFacts) {
    const StartFacts facts = broker_->start_facts();
    EXPECT_EQ(facts.broker_name, "broker-a");
    EXPECT_EQ(facts.directory, "/store");
    EXPECT_THAT(facts.promise, HasSubstr("500 ms"));
    EXPECT_TRUE(facts.clean_start);
    EXPECT_TRUE(broker_->why_not_ready().empty());
    MetricRows rows;
    broker_->append_metrics(rows);
    EXPECT_GT(rows.size(), 10U);
}

TEST_F(BrokerTest, TakesAFileOverThatWasReadAgain) {
    auto config = small_config();
    config.max_message_size = 1 << 20;
    broker_->reload(config);
    EXPECT_THAT(ask(26).body, AllOf(HasSubstr("maxMessageSize=1048576\n"),
                                    HasSubstr(fmt::format("listenPort={}\n", broker_->port()))));
}

class BrokerStart : public testing::BrokerWorld {
protected:
    std::string why_not(const BrokerConfig& config) {
        BrokerOptions options{.config = config, .clock = &clock_, .files = disk_.get()};
        auto broker = Broker::start(std::move(options), pool_);
        return broker ? std::string("started") : broker.error().text;
    }
};

TEST_F(BrokerStart, RefusesWhatIsNotThereYet) {
    auto slave = small_config();
    slave.broker_role = BrokerRole::kSlave;
    EXPECT_THAT(why_not(slave), HasSubstr("brokerRole=SLAVE"));
    auto controlled = small_config();
    controlled.enable_controller_mode = true;
    EXPECT_THAT(why_not(controlled), HasSubstr("enableControllerMode"));
    auto raft = small_config();
    raft.enable_d_leger_commit_log = true;
    EXPECT_THAT(why_not(raft), HasSubstr("enableDLegerCommitLog"));
    EXPECT_FALSE(disk_->exists("/store/abort"));
}

TEST_F(BrokerStart, FailsOnATakenPortAndLeavesTheStoreClean) {
    auto config = small_config();
    start(config);
    config.store_path_root_dir = "/other";
    config.listen_port = broker_->port();
    EXPECT_THAT(why_not(config), HasSubstr("the port is in use"));
    EXPECT_FALSE(disk_->exists("/other/abort"));
}

TEST_F(BrokerStart, FailsOnATableThatCannotBeRead) {
    ASSERT_TRUE(disk_->make_directories("/store/config"));
    disk_->put_file("/store/config/topics.json", "{");
    disk_->put_file("/store/config/topics.json.bak", "{");
    EXPECT_THAT(why_not(small_config()), HasSubstr("topics.json"));
}

}  // namespace
}  // namespace kx::broker
