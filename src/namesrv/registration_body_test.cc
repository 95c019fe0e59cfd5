// SPDX-License-Identifier: Apache-2.0
#include "namesrv/registration_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/compress.h"

namespace kx::namesrv {
namespace {

std::string deflated(std::string_view bytes) {
    return compress(Compression::kZlib, bytes, 9).value();
}

void put_piece(std::string& out, std::string_view piece) {
    put_be(out, static_cast<std::int32_t>(piece.size()));
    out += piece;
}

/// As the Java broker lays it out (protocol.md 2.11).
std::string java_body(bool with_mappings) {
    std::string out;
    put_piece(out, R"({"counter":3,"stateVersion":1,"timestamp":1700000000000})");
    put_be(out, std::int32_t{2});
    put_piece(out, R"(Orders 8 4 6 SINGLE_TAG {"+message.type":"NORMAL MIXED"})");
    put_piece(out, "Old 1 1 2 MULTI_TAG");
    put_piece(out, R"(["10.0.0.1:1"])");
    if (!with_mappings) return out;
    put_be(out, std::int32_t{1});
    put_piece(out, R"({"bname":"a","currIdMap":{0:3},"dirty":false,"epoch":5,"scope":"g",)"
                   R"("topic":"Orders","totalQueues":2})");
    return out;
}

TEST(RegistrationBody, ReadsTheCompressedFormOfACurrentBroker) {
    const auto body = parse_registration(deflated(java_body(true)), true, 493);
    ASSERT_TRUE(body) << body.error().text;
    EXPECT_EQ(body->topics.data_version.counter, 3);
    const wire::TopicConfig& orders = body->topics.topic_config_table.at("Orders");
    EXPECT_EQ(orders.read_queue_nums, 8);
    EXPECT_EQ(orders.write_queue_nums, 4);
    EXPECT_EQ(orders.attributes.at("+message.type"), "NORMAL MIXED");
    EXPECT_EQ(body->topics.topic_config_table.at("Old").topic_filter_type, "MULTI_TAG");
    EXPECT_THAT(*body->filter_servers, ::testing::ElementsAre("10.0.0.1:1"));
    EXPECT_EQ(body->topics.topic_queue_mapping_info_map->at("Orders").curr_id_map.at(0), 3);
}

TEST(RegistrationBody, ReadsTheCompressedFormOfABrokerBeforeQueueMappings) {
    const auto body = parse_registration(deflated(java_body(false)), true, 401);
    ASSERT_TRUE(body) << body.error().text;
    EXPECT_FALSE(body->topics.topic_queue_mapping_info_map);
    EXPECT_EQ(body->topics.topic_config_table.size(), 2U);
}

TEST(RegistrationBody, RefusesEveryCutOfTheCompressedForm) {
    const std::string whole = java_body(true);
    const std::size_t mappings_at = java_body(false).size();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        if (size == mappings_at) continue;  // a broker of 4.9 ends there
        EXPECT_FALSE(parse_registration(deflated(whole.substr(0, size)), true, 493)) << size;
    }
    const std::string packed = deflated(whole);
    for (std::size_t size = 1; size < packed.size(); ++size)
        EXPECT_FALSE(parse_registration(packed.substr(0, size), true, 493)) << size;
}

TEST(RegistrationBody, RefusesNegativeLengthsAndCountsThatLie) {
    std::string negative;
    put_be(negative, std::int32_t{-1});
    EXPECT_FALSE(parse_registration(deflated(negative), true, 493));
    std::string many;
    put_piece(many, "{}");
    put_be(many, std::int32_t{0x7fffffff});
    EXPECT_FALSE(parse_registration(deflated(many), true, 493));
}

TEST(RegistrationBody, DoesNotInflateWithoutBound) {
    const auto refused =
        parse_registration(deflated(std::string(kInflatedBytesMax + 1, ' ')), true, 493);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kTooLarge);
}

TEST(RegistrationBody, ReadsJsonAndTheBareTableOfOldBrokers) {
    constexpr std::string_view kTable =
        R"({"dataVersion":{"counter":1},"topicConfigTable":{"T":{"topicName":"T","perm":6}}})";
    const auto full = parse_registration(
        fmt::format(R"({{"filterServerList":[],"topicConfigSerializeWrapper":{}}})", kTable), false,
        37);
    ASSERT_TRUE(full) << full.error().text;
    EXPECT_TRUE(full->filter_servers);
    EXPECT_TRUE(full->topics.topic_config_table.contains("T"));

    const auto bare = parse_registration(kTable, false, 36);
    ASSERT_TRUE(bare) << bare.error().text;
    EXPECT_FALSE(bare->filter_servers) << "an old broker says nothing of filter servers";
    EXPECT_TRUE(bare->topics.topic_config_table.contains("T"));
}

TEST(RegistrationBody, TakesAnEmptyBodyForAnEmptyTable) {
    const auto body = parse_registration("", false, 493);
    ASSERT_TRUE(body);
    EXPECT_TRUE(body->topics.topic_config_table.empty());
}

TEST(RegistrationBody, RefusesACompressedBodyThatIsAnnouncedAsPlain) {
    EXPECT_FALSE(parse_registration(deflated(java_body(true)), false, 493));
    EXPECT_FALSE(parse_registration(R"({"filterServerList":[]})", true, 493));
}

}  // namespace
}  // namespace kx::namesrv
