// SPDX-License-Identifier: Apache-2.0
#include "broker/testing/broker_world.h"
#include "model/batch.h"
#include "model/properties.h"
#include "model/record.h"
#include "support/net_world.h"

namespace kx::broker {
namespace {

using testing::BrokerWorld;
using testing::eventually;
using testing::field_of;
using testing::Fields;
using testing::small_config;

class SendTest : public BrokerWorld {
protected:
    /// A V2 send with some of its one-letter fields replaced.
    net::Answer send_with(const Fields& changes, const std::string& body = "body",
                          std::int32_t code = 310) {
        Fields fields{{"a", "producers"}, {"b", "orders"}, {"c", "TBW102"},        {"d", "4"},
                      {"e", "0"},         {"f", "0"},      {"g", "1700000000000"}, {"h", "0"},
                      {"i", ""},          {"j", "0"},      {"k", "false"}};
        for (const auto& [name, value] : changes) {
            std::erase_if(fields, [&](const auto& field) { return field.first == name; });
            if (value != "(absent)") fields.emplace_back(name, value);
        }
        return ask(code, std::move(fields), body);
    }
    std::string properties(const std::string& name, const std::string& value) {
        std::string text;
        model::append_property(text, name, value);
        return text;
    }
    /// The record a send answer points to.
    std::string stored_record(const net::Answer& sent) {
        const std::string id = field_of(sent, "msgId");
        const auto offset = std::stoll(id.substr(16), nullptr, 16);
        return ask(33, {{"offset", std::to_string(offset)}}).body;
    }
};

TEST_F(SendTest, AnswersWithWhatClientsReadWithoutLooking) {
    start();
    const auto sent = send("orders", 1, "hello");
    EXPECT_EQ(code_of(sent), 0);
    EXPECT_EQ(field_of(sent, "queueId"), "1");
    EXPECT_EQ(field_of(sent, "queueOffset"), "0");
    EXPECT_EQ(field_of(sent, "msgId").size(), 32U);
    EXPECT_EQ(field_of(sent, "MSG_REGION"), "DefaultRegion");
    EXPECT_EQ(field_of(sent, "TRACE_ON"), "true");
}

TEST_F(SendTest, StoresTheMessageWithTheBrokersMarks) {
    start();
    const auto sent = send_with({{"i", properties("TAGS", "red")}, {"h", "7"}}, "hello");
    const std::string bytes = stored_record(sent);
    const auto record = model::decode_record(bytes);
    ASSERT_TRUE(record) << record.error().text;
    EXPECT_EQ(record->body, "hello");
    EXPECT_EQ(record->topic, "orders");
    EXPECT_EQ(record->flag, 7);
    EXPECT_EQ(record->born_timestamp, 1'700'000'000'000);
    EXPECT_TRUE(record->body_crc_matches());
    EXPECT_EQ(model::find_property(record->properties, "TAGS"), "red");
    EXPECT_EQ(model::find_property(record->properties, "CLUSTER"), "DefaultCluster");
    EXPECT_EQ(model::find_property(record->properties, "UNIQ_KEY"),
              field_of(sent, "transactionId"));
}

TEST_F(SendTest, TakesTheLongNamesOfVersionOne) {
    start();
    const auto sent = ask(10,
                          {{"producerGroup", "p"},
                           {"topic", "orders"},
                           {"defaultTopic", "TBW102"},
                           {"defaultTopicQueueNums", "4"},
                           {"queueId", "2"},
                           {"sysFlag", "0"},
                           {"bornTimestamp", "1"},
                           {"flag", "0"}},
                          "hello");
    EXPECT_EQ(code_of(sent), 0) << sent.remark;
    EXPECT_EQ(field_of(sent, "queueId"), "2");
}

TEST_F(SendTest, ChoosesAQueueWhenTheClientDoesNot) {
    start();
    const auto sent = send_with({{"e", "-1"}});
    EXPECT_EQ(code_of(sent), 0);
    const int queue = std::stoi(field_of(sent, "queueId"));
    EXPECT_TRUE(queue >= 0 && queue < 4) << queue;
}

TEST_F(SendTest, GivesConsecutiveOffsetsWithinAQueue) {
    start();
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(field_of(send("orders", 3, "x"), "queueOffset"), std::to_string(i));
    EXPECT_EQ(field_of(send("orders", 2, "x"), "queueOffset"), "0");
}

TEST_F(SendTest, RefusesWithRocketMqsCodes) {
    start();
    EXPECT_EQ(code_of(send("orders", 0, "first")), 0);
    EXPECT_EQ(code_of(send_with({{"e", "99"}})), 29);
    EXPECT_EQ(code_of(send_with({{"b", "white space"}})), 29);
    EXPECT_EQ(code_of(send_with({{"b", std::string(128, 't')}})), 29);
    EXPECT_EQ(code_of(send_with({{"b", ""}})), 29);
    EXPECT_EQ(code_of(send_with({{"b", "SCHEDULE_TOPIC_XXXX"}})), 16);
    EXPECT_EQ(code_of(send_with({{"c", "NoSuchTopic"}, {"b", "unheard"}})), 17);
    EXPECT_EQ(code_of(send_with({}, "")), 1);
    EXPECT_EQ(code_of(send_with({}, std::string((4 << 20) + 1, 'x'))), 13);
    EXPECT_EQ(code_of(send_with({{"i", properties("long", std::string(32'760, 'x'))}})), 13);
}

TEST_F(SendTest, NamesTheFieldThatIsMissingOrMalformed) {
    start();
    const auto missing = send_with({{"b", "(absent)"}});
    EXPECT_EQ(code_of(missing), 1);
    EXPECT_NE(missing.remark.find("topic"), std::string::npos) << missing.remark;
    const auto malformed = send_with({{"e", "two"}});
    EXPECT_EQ(code_of(malformed), 1);
    EXPECT_NE(malformed.remark.find("queueId"), std::string::npos) << malformed.remark;
}

TEST_F(SendTest, PutsRegionAndTraceSwitchOnRefusalsToo) {
    start();
    const auto refused = send_with({{"c", "NoSuchTopic"}, {"b", "unheard"}});
    EXPECT_EQ(field_of(refused, "MSG_REGION"), "DefaultRegion");
    EXPECT_EQ(field_of(refused, "TRACE_ON"), "true");
    EXPECT_TRUE(refused.remark.starts_with("topic[unheard] not exist, apply first please!"));
}

TEST_F(SendTest, DoesNotCheckTheTopicsOwnWritePermission) {
    start();
    ASSERT_EQ(code_of(ask(17, {{"topic", "readonly"},
                               {"defaultTopic", "TBW102"},
                               {"readQueueNums", "4"},
                               {"writeQueueNums", "4"},
                               {"perm", "4"},
                               {"topicFilterType", "SINGLE_TAG"},
                               {"order", "false"}})),
              0);
    EXPECT_EQ(code_of(send_with({{"b", "readonly"}})), 0);
}

TEST_F(SendTest, SaysWhatItDoesNotServeYet) {
    start();
    ASSERT_EQ(code_of(send("orders", 0, "first")), 0);
    EXPECT_EQ(code_of(send_with({{"i", properties("DELAY", "3")}})), 13);
    EXPECT_EQ(code_of(send_with({{"i", properties("TRAN_MSG", "true")}})), 16);
    EXPECT_EQ(code_of(send_with({{"i", properties("TIMER_DELAY_SEC", "3")}})), 1);
    EXPECT_EQ(field_of(ask(30, {{"topic", "orders"}, {"queueId", "0"}}), "offset"), "1");
}

TEST_F(SendTest, SplitsABatchIntoMessagesOfTheirOwn) {
    start();
    ASSERT_EQ(code_of(send("orders", 0, "first")), 0);
    std::string batch;
    for (int i = 0; i < 3; ++i)
        model::append_batch_item(batch, i, fmt::format("item {}", i), properties("TAGS", "b"));
    const auto sent = send_with({{"m", "true"}}, batch, 320);
    ASSERT_EQ(code_of(sent), 0) << sent.remark;
    EXPECT_EQ(field_of(sent, "queueOffset"), "1");
    const std::string ids = field_of(sent, "msgId");
    EXPECT_EQ(std::count(ids.begin(), ids.end(), ','), 2);
    eventually([&] {
        return field_of(ask(30, {{"topic", "orders"}, {"queueId", "0"}}), "offset") == "4";
    });
    const std::string bytes =
        ask(33, {{"offset", std::to_string(std::stoll(ids.substr(16, 16), nullptr, 16))}}).body;
    const auto record = model::decode_record(bytes);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->body, "item 0");
    EXPECT_EQ(record->properties, properties("TAGS", "b")) << "a batch's items get nothing added";
}

TEST_F(SendTest, TheBatchFieldDecidesAndNotTheCode) {
    start();
    std::string batch;
    model::append_batch_item(batch, 0, "item", "");
    const auto sent = send_with({{"m", "(absent)"}}, batch, 320);
    ASSERT_EQ(code_of(sent), 0);
    const std::string bytes = stored_record(sent);
    EXPECT_EQ(model::decode_record(bytes)->body, batch);
}

TEST_F(SendTest, StoresNothingOfABatchThatIsCutShort) {
    start();
    ASSERT_EQ(code_of(send("orders", 0, "first")), 0);
    std::string batch;
    model::append_batch_item(batch, 0, "one", "");
    model::append_batch_item(batch, 0, "two", "");
    batch.pop_back();
    EXPECT_EQ(code_of(send_with({{"m", "true"}}, batch, 320)), 13);
    EXPECT_EQ(field_of(ask(30, {{"topic", "orders"}, {"queueId", "0"}}), "offset"), "1");
}

TEST_F(SendTest, PutsAMessageWithPriorityIntoItsQueue) {
    start();
    ASSERT_EQ(code_of(send("orders", 0, "first")), 0);
    EXPECT_EQ(field_of(send_with({{"i", properties("_SYS_MSG_PRIORITY_", "2")}}), "queueId"), "2");
    EXPECT_EQ(field_of(send_with({{"i", properties("_SYS_MSG_PRIORITY_", "9")}}), "queueId"), "3");
}

TEST_F(SendTest, ARetryTopicNeedsItsGroup) {
    start();
    EXPECT_EQ(code_of(send_with({{"b", "%RETRY%nobody"}})), 26);
}

TEST_F(SendTest, KeepsTheOrderOfAConnectionWhileItsTopicIsMade) {
    start();
    constexpr int kCount = 60;
    for (const std::string topic : {"new-1", "new-2", "new-3", "new-4"}) {
        kx::testing::RawClient client(broker_->port());
        std::string all;
        for (int i = 0; i < kCount; ++i) {
            all += kx::testing::json_frame(
                310, i,
                fmt::format(
                    R"("extFields":{{"a":"producers","b":"{}","c":"TBW102","d":"4","e":"0",)"
                    R"("f":"0","g":"1","h":"0","i":"","j":"0","k":"false"}})",
                    topic),
                fmt::format("body {}", i));
            // In pieces, so that some meet the topic and some do not.
            if (i % 7 == 0) ASSERT_TRUE(client.send(std::exchange(all, {})));
        }
        ASSERT_TRUE(client.send(all));
        for (int i = 0; i < kCount; ++i) {
            const auto answer = client.read();
            ASSERT_TRUE(answer);
            EXPECT_EQ(answer->code(), 0) << answer->remark();
            EXPECT_EQ(answer->header.at("extFields").at("queueOffset"),
                      std::to_string(answer->opaque()));
        }
    }
    // What cannot be created is refused one by one.
    EXPECT_EQ(code_of(send("other", 0, "x", "no-such-default")), 17);
}

TEST_F(SendTest, SendOkMeansDurableUnderSynchronousFlush) {
    auto config = small_config();
    config.flush_disk_type = FlushDiskType::kSyncFlush;
    start(config);
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) {
        const auto sent = send("orders", 0, fmt::format("durable {}", i));
        ASSERT_EQ(code_of(sent), 0) << sent.remark;
    }
    auto after = disk_->after_power_loss();
    static_cast<void>(broker_->stop());
    broker_.reset();
    disk_ = std::move(after);
    start(config);
    EXPECT_EQ(field_of(ask(30, {{"topic", "orders"}, {"queueId", "0"}}), "offset"), "20");
}

TEST_F(SendTest, AFailedSyncIsAnErrorToTheSenderAndNeverSendOk) {
    auto config = small_config();
    config.flush_disk_type = FlushDiskType::kSyncFlush;
    start(config);
    ASSERT_EQ(code_of(send("orders", 0, "durable")), 0);
    disk_->fail_syncs(true);
    const auto lost = send("orders", 0, "lost");
    EXPECT_EQ(code_of(lost), 14) << lost.remark;
    const auto after = send("orders", 0, "after");
    EXPECT_EQ(code_of(after), 14) << after.remark;
    static_cast<void>(broker_->stop());
    broker_.reset();
}

}  // namespace
}  // namespace kx::broker
