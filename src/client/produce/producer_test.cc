// SPDX-License-Identifier: Apache-2.0
//
// One message's way to a broker: what travels, which queue it gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "base/compress.h"
#include "client/produce/publish_topic.h"
#include "client/produce/send_rig.h"

namespace kx::client {
namespace {

using kerolox::Bytes;
using kerolox::ErrorKind;
using kerolox::Message;
using kerolox::Producer;
using kerolox::ProducerOptions;
using kerolox::Queue;
using std::chrono::milliseconds;

// --- what travels ---

TEST(Producer, SendsAMessageAndTellsWhereItIs) {
    SendRig rig;
    rig.a.answer_with({{"MSG_REGION", "r1"}, {"recallHandle", "h"}});
    rig.b.answer_with({{"MSG_REGION", "r1"}, {"recallHandle", "h"}});
    Producer producer = rig.producer();
    const auto sent =
        producer.send(note().tag("A").key("k1").property("color", "red").flag(7)).get();
    ASSERT_TRUE(sent) << sent.error().describe();

    const auto requests = rig.sends();
    ASSERT_EQ(requests.size(), 1U);
    const TakenRequest& request = requests.front();
    EXPECT_EQ(request.code, 310);
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.field("a"), "P");
    EXPECT_EQ(request.field("b"), "T");
    EXPECT_EQ(request.field("c"), "TBW102");
    EXPECT_EQ(request.field("d"), "4");
    EXPECT_EQ(request.field("f"), "0");
    EXPECT_EQ(request.field("h"), "7");
    EXPECT_EQ(request.field("j"), "0");
    EXPECT_EQ(request.field("m"), "false");
    EXPECT_EQ(request.field("n"), sent->queue().broker);
    EXPECT_EQ(request.property("TAGS"), "A");
    EXPECT_EQ(request.property("KEYS"), "k1");
    EXPECT_EQ(request.property("color"), "red");
    EXPECT_EQ(request.property("WAIT"), "true");
    EXPECT_EQ(request.property("UNIQ_KEY"), sent->message_id());
    EXPECT_EQ(sent->message_id().size(), 32U);
    EXPECT_EQ(sent->queue().topic, "T");
    EXPECT_EQ(sent->region(), "r1");
    EXPECT_EQ(sent->recall_handle(), "h");
    EXPECT_EQ(sent->tries(), 1);
    EXPECT_TRUE(sent->stored());
}

TEST(Producer, TellsTheBrokerNotToWaitWhenTheMessageSaysSo) {
    SendRig rig;
    Producer producer = rig.producer();
    ASSERT_TRUE(producer.send(note().wait_store(false)).get());
    EXPECT_EQ(rig.sends().at(0).property("WAIT"), "false");
}

TEST(Producer, CompressesLargeBodiesAndSaysHow) {
    SendRig rig;
    const std::string large(10'000, 'x');
    struct Case {
        kerolox::Compression type;
        Compression format;
        int flag;
    };
    int group = 0;
    for (const Case& one : {Case{kerolox::Compression::zlib, Compression::kZlib, 0x301},
                            Case{kerolox::Compression::lz4, Compression::kLz4, 0x101},
                            Case{kerolox::Compression::zstd, Compression::kZstd, 0x201}}) {
        Producer producer =
            rig.producer(ProducerOptions("C" + std::to_string(group++)).compression(one.type));
        ASSERT_TRUE(producer.send_to({"T", "broker-a", 0}, note(large)).get());
        const TakenRequest last = rig.a.taken().back();
        EXPECT_EQ(last.field("f"), std::to_string(one.flag));
        EXPECT_LT(last.body.size(), large.size());
        EXPECT_EQ(decompress(one.format, last.body, 1 << 20).value_or(""), large);
    }
    Producer plain = rig.producer(ProducerOptions("N").compression(kerolox::Compression::none));
    ASSERT_TRUE(plain.send_to({"T", "broker-a", 0}, note(large)).get());
    EXPECT_EQ(rig.a.taken().back().body, large);
}

TEST(Producer, PutsTheOlderNamespaceOntoNamesAndTakesItOffAgain) {
    kerolox::ClientOptions options;
    options.name_space("N");
    SendRig rig(options);
    rig.names.add_route("N%T", "broker-a", rig.a.address(), 1);
    Producer producer = rig.producer();
    const auto sent = producer.send(note()).get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(rig.a.taken().at(0).field("b"), "N%T");
    EXPECT_EQ(rig.a.taken().at(0).field("a"), "N%P");
    EXPECT_EQ(rig.a.taken().at(0).property("INSTANCE_ID"), "N");
    EXPECT_EQ(sent->queue().topic, "T");
}

TEST(Producer, AsksForTheDefaultTopicsRouteWhenATopicIsNew) {
    SendRig rig;
    rig.names.add_route("TBW102", "broker-b", rig.b.address(), 8);
    Producer producer = rig.producer(ProducerOptions("P").new_topic_queues(3));
    std::set<std::string> queues;
    for (int i = 0; i < 9; ++i) {
        ASSERT_TRUE(producer.send(Message("New", Bytes("x"))).get());
        queues.insert(rig.b.taken().back().field("e"));
    }
    EXPECT_EQ(queues, (std::set<std::string>{"0", "1", "2"}));
    EXPECT_EQ(rig.b.taken().at(0).field("d"), "3");
}

// --- queues ---

TEST(Producer, TakesTheQueuesByTurns) {
    SendRig rig;
    Producer producer = rig.producer();
    std::map<Queue, int> counts;
    for (int i = 0; i < 40; ++i) ++counts[producer.send(note()).get().value().queue()];
    EXPECT_EQ(counts.size(), 4U);
    for (const auto& [queue, count] : counts) EXPECT_EQ(count, 10) << queue.describe();
}

TEST(Producer, KeepsTheMessagesOfOneKeyInOneQueue) {
    SendRig rig;
    Producer producer = rig.producer();
    for (const std::string key : {"a", "order-4711", "polygenelubricants"}) {
        std::set<Queue> queues;
        for (int i = 0; i < 5; ++i)
            queues.insert(producer.send_ordered(key, note()).get().value().queue());
        EXPECT_EQ(queues.size(), 1U) << key;
    }
    EXPECT_EQ(rig.sends().at(0).property("__SHARDINGKEY"), "a");
}

TEST(QueueForKey, IsJavasHashModuloTheQueues) {
    using kerolox::KeySpread;
    EXPECT_EQ(queue_for_key("a", 4, KeySpread::modulo), 97U % 4);
    // Its hash is the smallest number there is, whose absolute value Java cannot express.
    EXPECT_EQ(queue_for_key("polygenelubricants", 3, KeySpread::modulo), 2U);
    EXPECT_EQ(queue_for_key("", 3, KeySpread::modulo), 0U);
}

TEST(QueueForKey, MovesFewKeysOfARingWhenAQueueIsAdded) {
    int moved = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::string key = "key-" + std::to_string(i);
        moved += queue_for_key(key, 8, kerolox::KeySpread::consistent_hash) !=
                 queue_for_key(key, 9, kerolox::KeySpread::consistent_hash);
    }
    EXPECT_GT(moved, 60);
    EXPECT_LT(moved, 180);
}

TEST(Producer, AsksTheSelectorOnAThreadThatMayBlock) {
    SendRig rig;
    Producer producer = rig.producer();
    std::thread::id where;
    const auto sent = producer
                          .send_selected(
                              [&](std::span<const Queue> queues, const Message& message) {
                                  where = std::this_thread::get_id();
                                  EXPECT_EQ(message.body().text(), "hello");
                                  return queues.size() - 1;
                              },
                              note())
                          .get();
    ASSERT_TRUE(sent) << sent.error().describe();
    EXPECT_EQ(sent->queue(), (Queue{"T", "broker-b", 1}));
    EXPECT_NE(where, std::this_thread::get_id());
}

TEST(Producer, TellsWhatASelectorDidWrong) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto none =
        producer
            .send_selected(
                [](std::span<const Queue> queues, const Message&) { return queues.size(); }, note())
            .get();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().text(), "select message queue return null.");
    const auto threw =
        producer
            .send_selected([](std::span<const Queue>, const Message&) -> std::size_t { throw 1; },
                           note())
            .get();
    ASSERT_FALSE(threw);
    EXPECT_EQ(threw.error().text(), "select message queue threw exception.");
    EXPECT_EQ(producer.in_flight(), 0U);
}

TEST(Producer, GivesUpOnASelectorThatBlocks) {
    SendRig rig;
    std::promise<void> go;
    {
        Producer producer = rig.producer();
        auto blocked = producer.send_selected(
            [&](std::span<const Queue>, const Message&) -> std::size_t {
                go.get_future().wait();
                return 0;
            },
            note(), {.timeout = milliseconds(100), .stop = {}});
        const auto result = std::move(blocked).get();
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind(), ErrorKind::timeout);
        EXPECT_EQ(result.error().text(), "sendSelectImpl call timeout");
        EXPECT_TRUE(producer.send(note()).get()) << "others go on";
        go.set_value();
        EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
    }
}

TEST(Producer, SendsToTheQueueThatIsGivenAndOnlyOnce) {
    SendRig rig;
    rig.a.otherwise(1);
    Producer producer = rig.producer();
    const auto sent = producer.send_to({"T", "broker-a", 1}, note()).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::broker);
    EXPECT_EQ(sent.error().code(), 1);
    EXPECT_EQ(rig.a.sends(), 1U);
    EXPECT_EQ(rig.b.sends(), 0U);
    EXPECT_EQ(rig.a.taken().at(0).field("e"), "1");
}

TEST(Producer, LeavesItToTheBrokerWhetherItHasTheGivenQueue) {
    SendRig rig;
    Producer producer = rig.producer();
    ASSERT_TRUE(producer.send_to({"T", "broker-b", 77}, note()).get());
    EXPECT_EQ(rig.b.taken().at(0).field("e"), "77");
    const auto nobody = producer.send_to({"T", "nobody", 0}, note()).get();
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().text(), "The broker[nobody] not exist");
    EXPECT_EQ(nobody.error().code(), -1);
    const auto other = producer.send_to({"U", "broker-b", 0}, note()).get();
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().text(), "message's topic not equal mq's topic");
}

TEST(Producer, NamesTheQueuesOfATopic) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto queues = producer.queues("T").get();
    ASSERT_TRUE(queues);
    EXPECT_EQ(*queues, (std::vector<Queue>{{"T", "broker-a", 0},
                                           {"T", "broker-a", 1},
                                           {"T", "broker-b", 0},
                                           {"T", "broker-b", 1}}));
}

}  // namespace
}  // namespace kx::client
