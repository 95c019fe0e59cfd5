// SPDX-License-Identifier: Apache-2.0
//
// What messages carry: bodies, properties, compression, and what is refused.
#include "suite/world.h"

namespace suite {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int32_t kCompressed = 1;
constexpr std::int32_t kIllegalMessage = 13;

class Body : public World {
protected:
    /// Text that packs well, yet not to nothing.
    static std::string prose(std::size_t size) {
        std::string text;
        for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i % 1000) + "\n";
        text.resize(size);
        return text;
    }

    void travels_compressed(kerolox::Compression type) {
        const std::string to = topic("t", 1);
        ProducerOptions packing = producer_options();
        packing.compression(type, 5, 1000);
        Producer sender = producer(packing);
        const std::string large = prose(100'000);
        ASSERT_OK(sender.send(Message(to, large)).get());
        ASSERT_OK(sender.send(Message(to, "small")).get());
        const auto stored = read(to, 2);
        ASSERT_THAT(stored, SizeIs(2));
        ASSERT_OK(stored[0].body_status());
        EXPECT_EQ(stored[0].text(), large);
        EXPECT_LT(stored[0].stored_size(), 50'000);
        EXPECT_EQ(stored[1].text(), "small");
        EXPECT_EQ(stored[1].sys_flag() & kCompressed, 0);
    }

    void is_refused(Message message, std::string_view word) {
        Producer sender = producer();
        const auto receipt = sender.send(std::move(message)).get();
        ASSERT_FALSE(receipt);
        EXPECT_THAT(receipt.error().describe(), HasSubstr(word));
    }
};

TEST_F(Body, ZlibTravels) { travels_compressed(kerolox::Compression::zlib); }
TEST_F(Body, Lz4Travels) { travels_compressed(kerolox::Compression::lz4); }
TEST_F(Body, ZstdTravels) { travels_compressed(kerolox::Compression::zstd); }

TEST_F(Body, UncompressedStaysAsItIs) {
    const std::string to = topic("t", 1);
    ProducerOptions plain = producer_options();
    plain.compression(kerolox::Compression::none);
    Producer sender = producer(plain);
    ASSERT_OK(sender.send(Message(to, prose(20'000))).get());
    const auto stored = read(to, 1);
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].sys_flag() & kCompressed, 0);
    EXPECT_GT(stored[0].stored_size(), 20'000);
}

TEST_F(Body, EverySizeArrives) {
    const std::string to = topic("t", 1);
    ProducerOptions plain = producer_options();
    plain.compression(kerolox::Compression::none);
    Producer sender = producer(plain);
    const std::vector<std::size_t> sizes{1, 2, 255, 256, 4095, 4096, 65'535, 65'536, 1'000'000};
    for (const std::size_t size : sizes) ASSERT_OK(sender.send(Message(to, prose(size))).get());
    const auto stored = read(to, sizes.size());
    ASSERT_THAT(stored, SizeIs(sizes.size()));
    for (std::size_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(stored[i].text(), prose(sizes[i]));
}

TEST_F(Body, FourMebibytesAreTheLimit) {
    const std::string to = topic("t", 1);
    ProducerOptions plain = producer_options();
    plain.compression(kerolox::Compression::none);
    Producer sender = producer(plain);
    // The broker's own limit counts the body alone, too: maxMessageSize is 4 MiB on both sides.
    ASSERT_OK(sender.send(Message(to, prose(4 * 1024 * 1024))).get());
    const auto beyond = sender.send(Message(to, prose(4 * 1024 * 1024 + 1))).get();
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), kIllegalMessage);
    EXPECT_THAT(beyond.error().text(), HasSubstr("max value"));
    EXPECT_THAT(read(to, 1)[0].text(), SizeIs(4 * 1024 * 1024));
}

TEST_F(Body, EveryByteArrives) {
    const std::string to = topic("t", 1);
    std::string all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
    Producer sender = producer();
    ASSERT_OK(sender.send(Message(to, all)).get());
    EXPECT_EQ(read_texts(to, 1), Texts{all});
}

TEST_F(Body, PropertiesKeysAndTagsArrive) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    Message message(to, "x");
    message.tag("TagA")
        .key("order-1")
        .key("order-2")
        .property("region", "eu")
        .property("grüße", "schön \u4f60\u597d");
    message.flag(77).sharding_key("s1");
    ASSERT_OK(sender.send(std::move(message)).get());
    const auto stored = read(to, 1);
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].tag(), "TagA");
    EXPECT_EQ(stored[0].keys(), "order-1 order-2");
    EXPECT_EQ(stored[0].property("region"), "eu");
    EXPECT_EQ(stored[0].property("grüße"), "schön \u4f60\u597d");
    EXPECT_EQ(stored[0].property("WAIT"), "true");
    EXPECT_EQ(stored[0].flag(), 77);
    EXPECT_EQ(stored[0].property("__SHARDINGKEY"), "s1");
    EXPECT_THAT(stored[0].born_host(), HasSubstr("127.0.0.1:"));
    EXPECT_GT(stored[0].store_time().time_since_epoch().count(), 0);
}

TEST_F(Body, ManyPropertiesArrive) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    Message message(to, "x");
    for (int i = 0; i < 100; ++i) {
        message.property("name" + std::to_string(i), std::string(100, 'v'));
    }
    ASSERT_OK(sender.send(std::move(message)).get());
    const auto stored = read(to, 1);
    ASSERT_THAT(stored, SizeIs(1));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(stored[0].property("name" + std::to_string(i)), std::string(100, 'v'));
    }
}

TEST_F(Body, AnswerBeforeTheFlushWhenAsked) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    ASSERT_OK(sender.send(Message(to, "x").wait_store(false)).get());
    const auto stored = read(to, 1);
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].property("WAIT"), "false");
}

TEST_F(Body, EmptyBodyIsRefused) { is_refused(Message(topic("t"), ""), "body"); }
TEST_F(Body, EmptyTopicIsRefused) { is_refused(Message("", "x"), "topic"); }
TEST_F(Body, LongTopicIsRefused) { is_refused(Message(std::string(128, 't'), "x"), "topic"); }
TEST_F(Body, TopicWithASpaceIsRefused) { is_refused(Message("a topic", "x"), "topic"); }
TEST_F(Body, SystemTopicIsRefused) { is_refused(Message("SCHEDULE_TOPIC_XXXX", "x"), "topic"); }

TEST_F(Body, SystemPropertyIsRefused) {
    is_refused(Message(topic("t"), "x").property("UNIQ_KEY", "mine"), "UNIQ_KEY");
}

TEST_F(Body, SeparatorInAPropertyIsRefused) {
    Message message(topic("t"), "x");
    message.property("name", "a\1b");
    EXPECT_FALSE(message.check());
    is_refused(std::move(message), "name");
}

TEST_F(Body, ATopicClosedToWritersIsRefused) {
    const std::string to = topic("t", 1);
    const auto& at = setting().broker;
    const RawAnswer closed = raw_request(at, 17,
                                         {{"topic", to},
                                          {"defaultTopic", "TBW102"},
                                          {"readQueueNums", "1"},
                                          {"writeQueueNums", "1"},
                                          {"perm", "4"},
                                          {"topicFilterType", "SINGLE_TAG"},
                                          {"topicSysFlag", "0"},
                                          {"order", "false"}});
    ASSERT_EQ(closed.code, 0) << closed.header;
    // Brokers tell it by the route alone, which takes its time to everybody.
    Producer sender = producer();
    Result<SendReceipt> receipt = Error(ErrorKind::internal, "never sent");
    ASSERT_TRUE(eventually([&] {
        receipt = sender.send(Message(to, "x")).get();
        return !receipt;
    }));
    EXPECT_NE(receipt.error().code(), -1) << receipt.error().describe();
}

}  // namespace
}  // namespace suite
