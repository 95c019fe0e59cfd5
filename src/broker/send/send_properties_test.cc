// SPDX-License-Identifier: Apache-2.0
#include "broker/send/send_properties.h"

#include <gtest/gtest.h>

#include "broker/send/put_refusal.h"
#include "model/properties.h"

namespace kx::broker {
namespace {

const BrokerMarks kMarks{"DefaultRegion", "true", "DefaultCluster"};

std::string text(std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
    std::string properties;
    for (const auto& [name, value] : entries) model::append_property(properties, name, value);
    return properties;
}

std::string stored(std::string_view given, std::string_view new_key = {}) {
    std::string out;
    build_stored_properties(out, given, SendProperties::read(given), kMarks, new_key);
    return out;
}

TEST(SendProperties, FindsWhatTheSendPathMustKnow) {
    const std::string given = text({{"TAGS", "TagA"},
                                    {"KEYS", "k1 k2"},
                                    {"UNIQ_KEY", "ABC"},
                                    {"WAIT", "false"},
                                    {"own", "x"}});
    const SendProperties read = SendProperties::read(given);
    EXPECT_EQ(read.tags, "TagA");
    EXPECT_EQ(read.keys, "k1 k2");
    EXPECT_EQ(read.unique_key, "ABC");
    EXPECT_FALSE(read.wait_store);
    EXPECT_FALSE(read.delayed || read.timed || read.transaction || read.inner_num);
}

TEST(SendProperties, SeesWhatIsNotServedYet) {
    EXPECT_TRUE(SendProperties::read(text({{"DELAY", "3"}})).delayed);
    EXPECT_FALSE(SendProperties::read(text({{"DELAY", "0"}})).delayed);
    EXPECT_FALSE(SendProperties::read(text({{"DELAY", "-1"}})).delayed);
    EXPECT_TRUE(SendProperties::read(text({{"TIMER_DELAY_SEC", "3"}})).timed);
    EXPECT_TRUE(SendProperties::read(text({{"TIMER_DELIVER_MS", "3"}})).timed);
    EXPECT_TRUE(SendProperties::read(text({{"TRAN_MSG", "true"}})).transaction);
    EXPECT_FALSE(SendProperties::read(text({{"TRAN_MSG", "false"}})).transaction);
}

TEST(SendProperties, OfTwoWithOneNameTheLastCounts) {
    EXPECT_EQ(SendProperties::read(text({{"TAGS", "a"}, {"TAGS", "b"}})).tags, "b");
}

TEST(StoredProperties, GetRegionTraceSwitchAndCluster) {
    const std::string out = stored(text({{"TAGS", "a"}}));
    EXPECT_EQ(out, text({{"TAGS", "a"},
                         {"MSG_REGION", "DefaultRegion"},
                         {"TRACE_ON", "true"},
                         {"CLUSTER", "DefaultCluster"}}));
}

TEST(StoredProperties, GetAUniqueKeyWhenTheClientBroughtNone) {
    EXPECT_EQ(model::find_property(stored("", "0123"), "UNIQ_KEY"), "0123");
}

TEST(StoredProperties, LoseACheckPointThatTheClientMadeUp) {
    const std::string out = stored(text({{"POP_CK", "1 2 3"}, {"a", "b"}}));
    EXPECT_FALSE(model::has_property(out, "POP_CK"));
    EXPECT_EQ(model::find_property(out, "a"), "b");
}

TEST(StoredProperties, HaveTheBrokersMarksOnceEvenWhenTheClientBringsThem) {
    const std::string out = stored(text({{"MSG_REGION", "elsewhere"}, {"CLUSTER", "other"}}));
    EXPECT_EQ(out, text({{"MSG_REGION", "DefaultRegion"},
                         {"TRACE_ON", "true"},
                         {"CLUSTER", "DefaultCluster"}}));
}

TEST(StoredProperties, TakeAMissingFinalSeparator) {
    const std::string given = std::string("a") + '\x01' + "b";
    EXPECT_EQ(model::find_property(stored(given), "a"), "b");
    EXPECT_EQ(model::find_property(stored(given), "CLUSTER"), "DefaultCluster");
}

TEST(PutRefusal, KeepsRocketMQsTextAndCodeAndAddsTheCause) {
    store::PutResult put;
    put.status = store::PutStatus::kBusy;
    put.cause = "waited 1000 ms for the commit log's lock";
    const wire::Refusal refusal = put_refusal(put, 0.5, 4 << 20);
    EXPECT_EQ(refusal.code, wire::ResponseCode::kSystemBusy);
    EXPECT_TRUE(
        refusal.remark.starts_with("[PC_SYNCHRONIZED]broker busy, start flow control for a while"));
    EXPECT_TRUE(refusal.remark.ends_with("waited 1000 ms for the commit log's lock"));
}

TEST(PutRefusal, NamesTheLimitsOfAnIllegalMessage) {
    store::PutResult put;
    put.status = store::PutStatus::kPropertiesTooLong;
    const wire::Refusal refusal = put_refusal(put, 0.5, 4194304);
    EXPECT_EQ(refusal.code, wire::ResponseCode::kMessageIllegal);
    EXPECT_NE(refusal.remark.find("msg body length limit 4194304B, msg properties length limit "
                                  "32KB."),
              std::string::npos);
}

}  // namespace
}  // namespace kx::broker
