// SPDX-License-Identifier: Apache-2.0
//
// Messages that travel together.
#include "suite/world.h"

namespace suite {
namespace {

using ::testing::SizeIs;

class Batch : public World {
protected:
    static std::vector<Message> messages(const std::string& topic, const Texts& texts) {
        std::vector<Message> out;
        for (const std::string& text : texts) out.emplace_back(topic, text);
        return out;
    }
};

TEST_F(Batch, IsStoredTogether) {
    const std::string to = topic("t");
    Producer sender = producer();
    const auto receipts = sender.send_batch(messages(to, numbered("b", 50))).get();
    ASSERT_OK(receipts);
    ASSERT_THAT(*receipts, SizeIs(50));
    std::set<std::string> ids;
    for (std::size_t i = 0; i < 50; ++i) {
        const SendReceipt& receipt = (*receipts)[i];
        EXPECT_EQ(receipt.queue(), receipts->front().queue());
        EXPECT_EQ(receipt.queue_offset(), static_cast<std::int64_t>(i));
        ids.emplace(receipt.message_id());
    }
    EXPECT_THAT(ids, SizeIs(50));
    const auto stored = read(to, 50);
    ASSERT_THAT(stored, SizeIs(50));
    for (std::size_t i = 0; i < 50; ++i) {
        EXPECT_EQ(stored[i].text(), numbered("b", 50)[i]);
        EXPECT_EQ(stored[i].id(), (*receipts)[i].message_id());
        EXPECT_EQ(stored[i].offset_id(), (*receipts)[i].offset_id());
    }
}

TEST_F(Batch, KeepsPropertiesOfEach) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    std::vector<Message> both;
    both.push_back(Message(to, "1").tag("A").key("k1").property("p", "1"));
    both.push_back(Message(to, "2").tag("B").key("k2").property("p", "2"));
    both.back().flag(9);
    ASSERT_OK(sender.send_batch(std::move(both)).get());
    const auto stored = read(to, 2);
    ASSERT_THAT(stored, SizeIs(2));
    EXPECT_EQ(stored[0].tag(), "A");
    EXPECT_EQ(stored[1].tag(), "B");
    EXPECT_EQ(stored[0].keys(), "k1");
    EXPECT_EQ(stored[1].property("p"), "2");
    EXPECT_EQ(stored[1].flag(), 9);
}

TEST_F(Batch, OfTwoTopicsIsRefused) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    std::vector<Message> mixed = messages(to, {"1"});
    mixed.emplace_back(to + "x", "2");
    EXPECT_FALSE(sender.send_batch(std::move(mixed)).get());
}

TEST_F(Batch, WithADelayIsRefused) {
    const std::string to = topic("t", 1);
    Producer sender = producer();
    std::vector<Message> delayed = messages(to, {"1"});
    delayed.push_back(Message(to, "2").delay_level(1));
    EXPECT_FALSE(sender.send_batch(std::move(delayed)).get());
}

TEST_F(Batch, OfNothingIsRefused) {
    Producer sender = producer();
    EXPECT_FALSE(sender.send_batch({}).get());
}

TEST_F(Batch, TooLargeIsRefusedWholeButSplitWhenAsked) {
    const std::string to = topic("t", 2);
    ProducerOptions small = producer_options();
    small.max_message_size(100'000).compression(kerolox::Compression::none);
    Producer sender = producer(small);
    Texts texts;
    for (int i = 0; i < 40; ++i) texts.push_back(std::to_string(i) + std::string(10'000, 'x'));
    EXPECT_FALSE(sender.send_batch(messages(to, texts)).get());
    const auto receipts = sender.send_batches(messages(to, texts)).get();
    ASSERT_OK(receipts);
    EXPECT_THAT(*receipts, SizeIs(40));
    const auto stored = read(to, 40);
    std::map<std::string, std::string> ids;
    for (const MessageView& message : stored) ids.emplace(message.id(), message.text());
    for (std::size_t i = 0; i < 40; ++i) {
        EXPECT_EQ(ids[std::string((*receipts)[i].message_id())], texts[i]);
    }
}

TEST_F(Batch, AutomaticBatchesJoinSends) {
    const std::string to = topic("t", 1);
    ProducerOptions joining = producer_options();
    joining.auto_batch({.bytes = 4096, .count = 100, .delay = 20ms});
    Producer sender = producer(joining);
    const Texts texts = numbered("auto", 1000);
    send_all(sender, to, texts);
    const auto stored = read(to, 1000);
    std::set<std::string> bodies;
    for (const MessageView& message : stored) bodies.emplace(message.text());
    EXPECT_EQ(bodies, as_set(texts));
}

TEST_F(Batch, AutomaticBatchIsSentByTimeAlone) {
    const std::string to = topic("t", 1);
    ProducerOptions joining = producer_options();
    joining.auto_batch({.bytes = 1 << 20, .count = 1000, .delay = 50ms});
    Producer sender = producer(joining);
    const Stopwatch watch;
    ASSERT_OK(sender.send(Message(to, "lonely")).get());
    EXPECT_LT(watch.elapsed(), 10s);
    EXPECT_EQ(read_texts(to, 1), Texts{"lonely"});
}

TEST_F(Batch, CloseSendsWhatAutomaticBatchesHold) {
    const std::string to = topic("t", 1);
    ProducerOptions joining = producer_options();
    joining.auto_batch({.bytes = 1 << 20, .count = 1000, .delay = 20s});
    std::optional<Producer> sender(producer(joining));
    std::vector<kerolox::Async<SendReceipt>> sends;
    for (const std::string& text : numbered("held", 10)) {
        sends.push_back(sender->send(Message(to, text)));
    }
    EXPECT_OK(sender->close().get());
    for (auto& send : sends) EXPECT_OK(std::move(send).get());
    EXPECT_EQ(read_set(to, 10), as_set(numbered("held", 10)));
}

}  // namespace
}  // namespace suite
