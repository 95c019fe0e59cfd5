// SPDX-License-Identifier: Apache-2.0
//
// Sends of one message, in every style.
#include <atomic>
#include <cstdlib>
#include <stop_token>

#include "suite/world.h"

namespace suite {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class Send : public World {};

TEST_F(Send, SyncGivesAReceipt) {
    const std::string to = topic("t");
    Producer sender = producer();
    const auto receipt = sender.send(Message(to, "hello").tag("A").key("k1")).get();
    ASSERT_OK(receipt);
    EXPECT_TRUE(receipt->stored());
    EXPECT_EQ(kerolox::to_string(receipt->status()), "SEND_OK");
    EXPECT_THAT(receipt->message_id(), SizeIs(32));
    EXPECT_THAT(receipt->offset_id(), SizeIs(32));
    EXPECT_EQ(receipt->queue().topic, to);
    EXPECT_EQ(receipt->queue_offset(), 0);
    EXPECT_EQ(receipt->tries(), 1);

    const auto stored = read(to, 1);
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].text(), "hello");
    EXPECT_EQ(stored[0].id(), receipt->message_id());
    EXPECT_EQ(stored[0].offset_id(), receipt->offset_id());
    EXPECT_EQ(stored[0].queue(), receipt->queue());
    EXPECT_EQ(stored[0].tag(), "A");
    EXPECT_EQ(stored[0].keys(), "k1");
}

TEST_F(Send, CallbackRunsOnceForEach) {
    const std::string to = topic("t");
    Producer sender = producer();
    std::atomic<int> good{0};
    std::atomic<int> bad{0};
    for (const std::string& text : numbered("m", 500)) {
        sender.send(Message(to, text)).then([&](const Result<SendReceipt>& receipt) {
            ++(receipt ? good : bad);
        });
    }
    EXPECT_TRUE(eventually([&] { return good + bad == 500; }));
    EXPECT_EQ(bad, 0);
    EXPECT_EQ(read_set(to, 500), as_set(numbered("m", 500)));
}

TEST_F(Send, FutureGivesAReceipt) {
    const std::string to = topic("t");
    Producer sender = producer();
    auto future = sender.send(Message(to, "future")).to_future();
    const Result<SendReceipt> receipt = future.get();
    ASSERT_OK(receipt);
    EXPECT_EQ(read_texts(to, 1), Texts{"future"});
}

kerolox::Task<int> send_by_coroutine(Producer& sender, std::string to, int count) {
    int sent = 0;
    for (int i = 0; i < count; ++i) {
        Message message(to, "co-" + std::to_string(i));
        const Result<SendReceipt> receipt = co_await sender.send(std::move(message));
        if (receipt) ++sent;
    }
    co_return sent;
}

TEST_F(Send, CoroutineAwaitsReceipts) {
    const std::string to = topic("t");
    Producer sender = producer();
    EXPECT_EQ(send_by_coroutine(sender, to, 20).run(), 20);
    EXPECT_EQ(read_set(to, 20), as_set(numbered("co", 20)));
}

TEST_F(Send, OnewayArrives) {
    const std::string to = topic("t");
    Producer sender = producer();
    // The first one-way message of a topic waits for its route.
    for (const std::string& text : numbered("ow", 50)) {
        EXPECT_OK(sender.send_oneway(Message(to, text)));
    }
    EXPECT_EQ(read_set(to, 50), as_set(numbered("ow", 50)));
}

TEST_F(Send, TurnsGoRoundAllQueues) {
    const std::string to = topic("t");
    Producer sender = producer();
    std::map<std::int32_t, int> uses;
    for (int i = 0; i < 12; ++i) {
        const auto receipt = sender.send(Message(to, "x")).get();
        ASSERT_OK(receipt);
        ++uses[receipt->queue().id];
    }
    EXPECT_EQ(uses, (std::map<std::int32_t, int>{{0, 3}, {1, 3}, {2, 3}, {3, 3}}));
}

TEST_F(Send, OrderedKeepsAKeyInOneQueue) {
    const std::string to = topic("t");
    Producer sender = producer();
    for (int i = 0; i < 20; ++i) {
        for (const char* key : {"red", "green", "blue"}) {
            ASSERT_OK(
                sender.send_ordered(key, Message(to, std::to_string(i)).property("colour", key))
                    .get());
        }
    }
    std::map<std::string, std::set<int>> queues;
    std::map<std::string, Texts> order;
    for (const MessageView& message : read(to, 60)) {
        const std::string colour(*message.property("colour"));
        queues[colour].insert(message.queue().id);
        order[colour].emplace_back(message.text());
    }
    for (const char* key : {"red", "green", "blue"}) {
        EXPECT_THAT(queues[key], SizeIs(1));
        for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(order[key].at(i), std::to_string(i));
    }
}

TEST_F(Send, OrderedHashesAsJavaDoes) {
    const std::string to = topic("t");
    Producer sender = producer();
    // "order-42".hashCode() and friends, by Java: absolute value modulo four queues.
    const std::map<std::string, std::int32_t> queues{{"", 0}, {"a", 97 % 4}, {"ab", 3105 % 4}};
    for (const auto& [key, queue] : queues) {
        if (key.empty()) continue;
        const auto receipt = sender.send_ordered(key, Message(to, key)).get();
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->queue().id, queue) << key;
    }
}

TEST_F(Send, SelectedQueueIsUsed) {
    const std::string to = topic("t");
    Producer sender = producer();
    const auto receipt = sender
                             .send_selected([](std::span<const Queue> queues,
                                               const Message&) { return queues.size() - 1; },
                                            Message(to, "last"))
                             .get();
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->queue().id, 3);
}

TEST_F(Send, SelectorOutOfRangeOrThrowingFailsTheSend) {
    const std::string to = topic("t");
    Producer sender = producer();
    const auto far = sender
                         .send_selected([](std::span<const Queue>, const Message&) { return 99UL; },
                                        Message(to, "far"))
                         .get();
    EXPECT_FALSE(far);
    const auto thrown = sender
                            .send_selected(
                                [](std::span<const Queue>, const Message&) -> std::size_t {
                                    throw std::runtime_error("no idea");
                                },
                                Message(to, "thrown"))
                            .get();
    EXPECT_FALSE(thrown);
    EXPECT_OK(sender.send(Message(to, "good")).get());
    EXPECT_EQ(read_texts(to, 1), Texts{"good"});
}

TEST_F(Send, GivenQueueIsUsed) {
    const std::string to = topic("t");
    Producer sender = producer();
    const auto queues = sender.queues(to).get();
    ASSERT_OK(queues);
    ASSERT_THAT(*queues, SizeIs(4));
    for (int round = 0; round < 3; ++round) {
        const auto receipt = sender.send_to((*queues)[2], Message(to, "2")).get();
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->queue(), (*queues)[2]);
        EXPECT_EQ(receipt->queue_offset(), round);
    }
    EXPECT_FALSE(sender.send_to(Queue{to + "x", "broker-a", 0}, Message(to, "other topic")).get());
}

TEST_F(Send, UnknownTopicIsMadeByTheFirstSend) {
    const std::string to = name("new");
    Producer sender = producer();
    const auto receipt = sender.send(Message(to, "first")).get();
    ASSERT_OK(receipt);
    EXPECT_LT(receipt->queue().id, 4);
    EXPECT_EQ(read_texts(to, 1), Texts{"first"});
    const auto queues = sender.queues(to).get();
    ASSERT_OK(queues);
    EXPECT_THAT(*queues, SizeIs(4));
}

TEST_F(Send, EachHasAUniqueId) {
    const std::string to = topic("t");
    Producer sender = producer();
    std::set<std::string> ids;
    for (int i = 0; i < 200; ++i) {
        const auto receipt = sender.send(Message(to, "x")).get();
        ASSERT_OK(receipt);
        ids.emplace(receipt->message_id());
    }
    EXPECT_THAT(ids, SizeIs(200));
    for (const std::string& id : ids) {
        EXPECT_EQ(id.find_first_not_of("0123456789ABCDEF"), std::string::npos) << id;
    }
}

TEST_F(Send, StopTokenCancels) {
    const std::string to = topic("t");
    Producer sender = producer();
    std::stop_source stop;
    stop.request_stop();
    const auto receipt =
        sender.send(Message(to, "never"), SendOptions{.stop = stop.get_token()}).get();
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::cancelled);
}

TEST_F(Send, FullProducerFailsAtOnceWhenAsked) {
    const std::string to = topic("t");
    ProducerOptions few = producer_options();
    few.in_flight(10, 1 << 20, kerolox::BackPressure::fail);
    Producer sender = producer(few);
    std::atomic<int> full{0};
    std::atomic<int> ended{0};
    for (int i = 0; i < 2000; ++i) {
        sender.send(Message(to, "x")).then([&](const Result<SendReceipt>& receipt) {
            if (!receipt && receipt.error().kind() == ErrorKind::too_much_request) ++full;
            ++ended;
        });
    }
    EXPECT_TRUE(eventually([&] { return ended == 2000; }));
    EXPECT_GT(full, 0);
    EXPECT_TRUE(eventually([&] { return sender.in_flight() == 0; }));
    EXPECT_EQ(read(to, static_cast<std::size_t>(2000 - full)).size(),
              static_cast<std::size_t>(2000 - full));
}

TEST_F(Send, FullProducerWaitsByDefault) {
    const std::string to = topic("t");
    ProducerOptions few = producer_options();
    few.in_flight(10, 1 << 20);
    Producer sender = producer(few);
    send_all(sender, to, numbered("w", 1000));
    EXPECT_EQ(read_set(to, 1000), as_set(numbered("w", 1000)));
}

TEST_F(Send, ManyThreadsShareAProducer) {
    const std::string to = topic("t");
    Producer sender = producer();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                for (const std::string& text : numbered("t" + std::to_string(i), 250)) {
                    EXPECT_OK(sender.send(Message(to, text)).get());
                }
            });
        }
    }
    EXPECT_THAT(read_set(to, 1000), SizeIs(1000));
}

TEST_F(Send, CallbackThatThrowsHarmsNobody) {
    const std::string to = topic("t");
    Producer sender = producer();
    sender.send(Message(to, "one")).then([](const Result<SendReceipt>&) {
        throw std::runtime_error("user's own trouble");
    });
    EXPECT_OK(sender.send(Message(to, "two")).get());
    EXPECT_EQ(read_set(to, 2), (std::set<std::string>{"one", "two"}));
}

TEST_F(Send, GettingFromACallbackIsAllowed) {
    const std::string to = topic("t");
    Producer sender = producer();
    std::promise<bool> inner;
    sender.send(Message(to, "outer")).then([&](const Result<SendReceipt>&) {
        inner.set_value(sender.send(Message(to, "inner")).get().has_value());
    });
    EXPECT_TRUE(inner.get_future().get());
}

}  // namespace
}  // namespace suite
