// SPDX-License-Identifier: Apache-2.0
#include <future>

#include "broker/testing/broker_world.h"
#include "model/properties.h"
#include "model/record.h"

namespace kx::broker {
namespace {

using testing::BrokerWorld;
using testing::consumer;
using testing::eventually;
using testing::field_of;
using testing::Fields;
using testing::heartbeat;
using testing::small_config;

constexpr int kSuspend = 2;
constexpr int kInline = 4;

class PullTest : public BrokerWorld {
protected:
    Fields pull_fields(const std::string& topic, std::int64_t offset, const Fields& changes = {}) {
        Fields fields{{"consumerGroup", "readers"},
                      {"topic", topic},
                      {"queueId", "0"},
                      {"queueOffset", std::to_string(offset)},
                      {"maxMsgNums", "32"},
                      {"sysFlag", std::to_string(kInline)},
                      {"commitOffset", "0"},
                      {"suspendTimeoutMillis", "15000"},
                      {"subscription", "*"},
                      {"subVersion", "0"},
                      {"expressionType", "TAG"}};
        for (const auto& [name, value] : changes) {
            std::erase_if(fields, [&](const auto& field) { return field.first == name; });
            fields.emplace_back(name, value);
        }
        return fields;
    }
    net::Answer pull(const std::string& topic, std::int64_t offset, const Fields& changes = {}) {
        return ask(11, pull_fields(topic, offset, changes));
    }
    net::Answer send_tagged(const std::string& tag, const std::string& body) {
        std::string properties;
        if (!tag.empty()) model::append_property(properties, "TAGS", tag);
        return ask(310,
                   {{"a", "p"},
                    {"b", "news"},
                    {"c", "TBW102"},
                    {"d", "4"},
                    {"e", "0"},
                    {"f", "0"},
                    {"g", "1"},
                    {"h", "0"},
                    {"i", properties},
                    {"j", "0"},
                    {"k", "false"}},
                   body);
    }
    void wait_for_queue(std::int64_t end) {
        eventually([&] {
            return field_of(ask(30, {{"topic", "news"}, {"queueId", "0"}}), "offset") ==
                       std::to_string(end) &&
                   code_of(pull("news", end - 1)) == 0;
        });
    }
    void start_with_one_message() {
        start();
        send_tagged("", "m0");
        wait_for_queue(1);
    }
    static std::vector<std::string> bodies(const net::Answer& answer) {
        std::vector<std::string> found;
        std::string_view rest = answer.body;
        while (!rest.empty()) {
            const auto record = model::decode_record(rest);
            EXPECT_TRUE(record);
            if (!record) break;
            found.emplace_back(record->body);
            rest.remove_prefix(static_cast<std::size_t>(record->total_size));
        }
        return found;
    }
    /// A pull that is held: asked in a thread of its own.
    std::future<net::Answer> pull_later(std::int64_t offset, const Fields& changes = {}) {
        Fields with = changes;
        with.emplace_back("sysFlag", std::to_string(kInline | kSuspend));
        return std::async(std::launch::async,
                          [this, offset, with] { return pull("news", offset, with); });
    }
    bool is_waiting(std::future<net::Answer>& future) {
        return future.wait_for(std::chrono::milliseconds(30)) == std::future_status::timeout;
    }
};

TEST_F(PullTest, DeliversRecordsExactlyAsStored) {
    start();
    for (int i = 0; i < 5; ++i) send_tagged("", fmt::format("m{}", i));
    wait_for_queue(5);
    const auto answer = pull("news", 0);
    EXPECT_EQ(code_of(answer), 0);
    EXPECT_EQ(answer.remark, "FOUND");
    EXPECT_EQ(bodies(answer), (std::vector<std::string>{"m0", "m1", "m2", "m3", "m4"}));
    EXPECT_EQ(field_of(answer, "nextBeginOffset"), "5");
    EXPECT_EQ(field_of(answer, "minOffset"), "0");
    EXPECT_EQ(field_of(answer, "maxOffset"), "5");
    EXPECT_EQ(field_of(answer, "suggestWhichBrokerId"), "0");
}

TEST_F(PullTest, AnswersOffsetsOutsideTheQueueAsRocketMqDoes) {
    start();
    ASSERT_EQ(code_of(create_topic("empty")), 0);
    EXPECT_EQ(code_of(pull("empty", 0)), 19);
    EXPECT_EQ(code_of(pull("empty", 7)), 21);
    send_tagged("", "only");
    wait_for_queue(1);
    EXPECT_EQ(code_of(pull("news", 1)), 19);
    const auto beyond = pull("news", 9);
    EXPECT_EQ(code_of(beyond), 21);
    EXPECT_EQ(field_of(beyond, "nextBeginOffset"), "1") << "corrected to max, not to min";
    EXPECT_EQ(code_of(pull("news", -1)), 21);
}

TEST_F(PullTest, FiltersByTheHashOfTags) {
    start();
    for (const std::string tag : {"red", "blue", "red", ""}) send_tagged(tag, tag + "!");
    wait_for_queue(4);
    EXPECT_EQ(bodies(pull("news", 0, {{"subscription", "red"}})),
              (std::vector<std::string>{"red!", "red!"}));
    EXPECT_EQ(bodies(pull("news", 0, {{"subscription", "red || blue"}})).size(), 3U);
    const auto nothing = pull("news", 0, {{"subscription", "green"}});
    EXPECT_EQ(code_of(nothing), 20);
    EXPECT_EQ(field_of(nothing, "nextBeginOffset"), "4");
}

TEST_F(PullTest, ChecksInRocketMqsOrder) {
    start();
    send_tagged("", "m");
    wait_for_queue(1);
    EXPECT_EQ(code_of(pull("unheard", 0)), 17);
    EXPECT_EQ(code_of(pull("news", 0, {{"queueId", "4"}})), 29);
    EXPECT_EQ(code_of(pull("news", 0, {{"queueId", "-1"}})), 29);
    EXPECT_EQ(code_of(pull("news", 0, {{"sysFlag", "0"}})), 24)
        << "no inline filter, nobody online";
    EXPECT_EQ(code_of(pull("news", 0, {{"expressionType", "SQL92"}})), 1);
    EXPECT_EQ(code_of(pull("news", 0, {{"consumerGroup", "bad group"}})), 26);
}

TEST_F(PullTest, UsesTheGroupsSubscriptionWithoutAnInlineOne) {
    start();
    send_tagged("red", "r");
    send_tagged("blue", "b");
    wait_for_queue(2);
    ASSERT_EQ(code_of(ask(34, {}, heartbeat("c1", consumer("readers", {{"other"}})))), 0);
    EXPECT_EQ(code_of(pull("news", 0, {{"sysFlag", "0"}})), 24) << "topic not subscribed";
    ASSERT_EQ(code_of(ask(34, {}, heartbeat("c1", consumer("readers", {{"news", "*", 5}})))), 0);
    EXPECT_EQ(bodies(pull("news", 0, {{"sysFlag", "0"}, {"subVersion", "5"}})).size(), 2U);
    EXPECT_EQ(code_of(pull("news", 0, {{"sysFlag", "0"}, {"subVersion", "6"}})), 25);
}

TEST_F(PullTest, CommitsTheOffsetThatComesWithIt) {
    start();
    send_tagged("", "m");
    wait_for_queue(1);
    pull("news", 1, {{"sysFlag", std::to_string(kInline | 1)}, {"commitOffset", "1"}});
    EXPECT_EQ(field_of(ask(14, {{"consumerGroup", "readers"}, {"topic", "news"}, {"queueId", "0"}}),
                       "offset"),
              "1");
}

TEST_F(PullTest, HoldsAPullUntilAMessageComes) {
    start_with_one_message();
    auto waiting = pull_later(1);
    EXPECT_TRUE(is_waiting(waiting));
    send_tagged("", "m1");
    const auto answer = waiting.get();
    EXPECT_EQ(code_of(answer), 0);
    EXPECT_EQ(bodies(answer), std::vector<std::string>{"m1"});
}

TEST_F(PullTest, AMessageOfAnotherTagWakesNobodyBeforeTheSweep) {
    start_with_one_message();
    auto waiting = pull_later(1, {{"subscription", "red"}});
    EXPECT_TRUE(is_waiting(waiting));
    send_tagged("blue", "b");
    EXPECT_TRUE(is_waiting(waiting));
    clock_.advance_ms(5'100);
    const auto answer = waiting.get();
    EXPECT_EQ(code_of(answer), 20);
    EXPECT_EQ(field_of(answer, "nextBeginOffset"), "2");
}

TEST_F(PullTest, AHeldPullEndsWithItsTime) {
    start_with_one_message();
    auto waiting = pull_later(1, {{"suspendTimeoutMillis", "3000"}});
    EXPECT_TRUE(is_waiting(waiting));
    clock_.advance_ms(2'900);
    EXPECT_TRUE(is_waiting(waiting));
    clock_.advance_ms(200);
    EXPECT_EQ(code_of(waiting.get()), 19);
}

TEST_F(PullTest, AHeldPullIsAnsweredWhenTheBrokerStops) {
    start_with_one_message();
    auto waiting = pull_later(1);
    EXPECT_TRUE(is_waiting(waiting));
    ASSERT_TRUE(broker_->stop());
    EXPECT_EQ(code_of(waiting.get()), 19);
    broker_.reset();
}

TEST_F(PullTest, ShowsNothingThatIsNotFlushedUnderSynchronousFlush) {
    auto config = small_config();
    config.flush_disk_type = FlushDiskType::kSyncFlush;
    start(config);
    ASSERT_EQ(code_of(send_tagged("", "durable")), 0);
    wait_for_queue(1);
    disk_->fail_syncs(true);
    EXPECT_NE(code_of(send_tagged("", "never")), 0);
    EXPECT_EQ(bodies(pull("news", 0)), std::vector<std::string>{"durable"});
    EXPECT_EQ(code_of(pull("news", 1)), 19);
    static_cast<void>(broker_->stop());
    broker_.reset();
}

}  // namespace
}  // namespace kx::broker
