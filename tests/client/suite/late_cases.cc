// SPDX-License-Identifier: Apache-2.0
//
// Sends whose messages come later, or only if all goes well: delay, timers, recall, transactions;
// and requests that wait for an answer.
#include <atomic>

#include "suite/world.h"

namespace suite {
namespace {

using kerolox::Decision;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Delay : public World {
protected:
    /// Sends it and waits until it can be read; the time that took.
    std::chrono::milliseconds comes_after(Message message) {
        const std::string to = message.topic();
        Producer sender = producer();
        const Stopwatch watch;
        const auto receipt = sender.send(std::move(message)).get();
        EXPECT_OK(receipt);
        EXPECT_EQ(read_texts(to, 1), Texts{"later"});
        return watch.elapsed();
    }
};

TEST_F(Delay, LevelOneIsASecond) {
    KX_NEEDS(delay);
    const auto took = comes_after(Message(topic("t", 1), "later").delay_level(1));
    EXPECT_GE(took, 900ms);
    EXPECT_LT(took, 10s);
}

TEST_F(Delay, TimerWaitsThatLong) {
    KX_NEEDS(timers);
    const auto took = comes_after(Message(topic("t", 1), "later").deliver_after(3s));
    EXPECT_GE(took, 2s);
    EXPECT_LT(took, 15s);
}

TEST_F(Delay, TimerComesAtItsTime) {
    KX_NEEDS(timers);
    const auto at = std::chrono::system_clock::now() + 3s;
    const auto took = comes_after(Message(topic("t", 1), "later").deliver_at(at));
    EXPECT_GE(took, 2s);
    EXPECT_LT(took, 15s);
}

TEST_F(Delay, RecalledTimerNeverComes) {
    KX_NEEDS(recall);
    const std::string to = topic("t", 1);
    Producer sender = producer();
    const auto receipt = sender.send(Message(to, "recalled").deliver_after(6s)).get();
    ASSERT_OK(receipt);
    ASSERT_THAT(std::string(receipt->recall_handle()), Not(IsEmpty()));
    const auto recalled = sender.recall(to, std::string(receipt->recall_handle())).get();
    ASSERT_OK(recalled);
    EXPECT_EQ(*recalled, receipt->message_id());
    // One that was not recalled and is due later shows that the recalled one's time is over.
    ASSERT_OK(sender.send(Message(to, "kept").deliver_after(9s)).get());
    EXPECT_EQ(read_texts(to, 1), Texts{"kept"});
}

TEST_F(Delay, RecallOfNonsenseIsRefused) {
    Producer sender = producer();
    EXPECT_FALSE(sender.recall(topic("t", 1), "no handle").get());
}

TEST_F(Delay, RefusalOfTheBrokerReachesTheCaller) {
    // Level 99 is beyond the table: brokers take the last level, ours says that it cannot yet.
    const std::string to = topic("t", 1);
    Producer sender = producer();
    const auto receipt = sender.send(Message(to, "x").delay_level(18)).get();
    if (served(Feature::delay)) {
        EXPECT_OK(receipt);
    } else {
        ASSERT_FALSE(receipt);
        EXPECT_EQ(receipt.error().kind(), ErrorKind::broker);
    }
}

class InTransaction : public World {
protected:
    kerolox::TransactionProducer transactions(kerolox::TransactionChecker checker) {
        ProducerOptions options = producer_options();
        auto made =
            client().transaction_producer(kerolox::TransactionOptions(options, std::move(checker)));
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    static kerolox::TransactionChecker never() {
        return [](const MessageView&) {
            ADD_FAILURE() << "nobody should have asked";
            return Decision::unknown;
        };
    }
};

TEST_F(InTransaction, CommittedIsSeen) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    auto sender = transactions(never());
    const auto receipt = sender
                             .send(Message(to, "committed").property("p", "v"),
                                   [](const SendReceipt& half) {
                                       EXPECT_TRUE(half.stored());
                                       return Decision::commit;
                                   })
                             .get();
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->decision, Decision::commit);
    const auto stored = read(to, 1);
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].text(), "committed");
    EXPECT_EQ(stored[0].property("p"), "v");
}

TEST_F(InTransaction, RolledBackIsNeverSeen) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    auto sender = transactions(never());
    const auto back =
        sender.send(Message(to, "gone"), [](const SendReceipt&) { return Decision::rollback; })
            .get();
    ASSERT_OK(back);
    EXPECT_EQ(back->decision, Decision::rollback);
    ASSERT_OK(sender.send(Message(to, "kept"), [](const SendReceipt&) { return Decision::commit; })
                  .get());
    EXPECT_EQ(read_texts(to, 1), Texts{"kept"});
}

TEST_F(InTransaction, UnknownIsCheckedAndCommitted) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    std::atomic<int> asked{0};
    auto sender = transactions([&](const MessageView& half) {
        EXPECT_EQ(half.text(), "checked");
        EXPECT_EQ(half.topic(), to);
        return ++asked < 2 ? Decision::unknown : Decision::commit;
    });
    ASSERT_OK(
        sender.send(Message(to, "checked"), [](const SendReceipt&) { return Decision::unknown; })
            .get());
    EXPECT_EQ(read_texts(to, 1), Texts{"checked"});
    EXPECT_GE(asked, 2);
}

TEST_F(InTransaction, LocalThatThrowsMeansUnknown) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    std::atomic<int> asked{0};
    auto sender = transactions([&](const MessageView&) {
        ++asked;
        return Decision::commit;
    });
    const auto receipt = sender
                             .send(Message(to, "thrown"),
                                   [](const SendReceipt&) -> Decision {
                                       throw std::runtime_error("user's own trouble");
                                   })
                             .get();
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->decision, Decision::unknown);
    EXPECT_EQ(read_texts(to, 1), Texts{"thrown"});
    EXPECT_GE(asked, 1);
}

TEST_F(InTransaction, ObjectsCommitAndRollBackByHand) {
    KX_NEEDS(transactions);
    const std::string to = topic("t", 1);
    auto sender = transactions([](const MessageView&) { return Decision::rollback; });
    auto committed = sender.begin(Message(to, "by hand")).get();
    ASSERT_OK(committed);
    auto rolled_back = sender.begin(Message(to, "not this one")).get();
    ASSERT_OK(rolled_back);
    EXPECT_OK(rolled_back->rollback());
    EXPECT_OK(committed->commit());
    {
        const auto undecided = sender.begin(Message(to, "the checker says no")).get();
    }
    EXPECT_EQ(read_texts(to, 1), Texts{"by hand"});
}

TEST_F(InTransaction, IsRefusedWhereTheBrokerServesNone) {
    if (served(Feature::transactions)) GTEST_SKIP() << "the broker serves transactions";
    auto sender = transactions([](const MessageView&) { return Decision::unknown; });
    const auto receipt = sender
                             .send(Message(topic("t", 1), "x"),
                                   [](const SendReceipt&) {
                                       ADD_FAILURE() << "there is no half message";
                                       return Decision::commit;
                                   })
                             .get();
    ASSERT_FALSE(receipt);
    // "No permission" is one of the codes after which another broker is tried.
    EXPECT_EQ(receipt.error().code(), 16) << receipt.error().describe();
}

class Ask : public World {};

TEST_F(Ask, RequestGetsItsReply) {
    KX_NEEDS(request_reply);
    const std::string to = topic("t", 1);
    Producer replier = producer(ProducerOptions(name("repliers")).send_timeout(15s));
    kerolox::PushOptions options(name("g"));
    options.subscribe(to)
        .start_from(kerolox::StartFrom::first)
        .on_messages([&](const MessageBatch& batch) {
            for (const MessageView& message : batch) {
                EXPECT_OK(replier.reply(message, Bytes("answer to " + std::string(message.text())))
                              .get());
            }
            return kerolox::ConsumeResult::success();
        });
    auto consumer = client().push_consumer(std::move(options));
    ASSERT_OK(consumer);
    Producer asker = producer();
    for (const std::string& text : numbered("q", 5)) {
        const auto answer = asker.request(Message(to, text), SendOptions{.timeout = 20s}).get();
        ASSERT_OK(answer);
        EXPECT_EQ(answer->text(), "answer to " + text);
    }
}

TEST_F(Ask, RequestWithoutReplyTimesOut) {
    const std::string to = topic("t", 1);
    Producer asker = producer();
    const Stopwatch watch;
    const auto answer = asker.request(Message(to, "anybody?"), SendOptions{.timeout = 2s}).get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::timeout) << answer.error().describe();
    EXPECT_GE(watch.elapsed(), 1900ms);
    EXPECT_LT(watch.elapsed(), 6s);
    EXPECT_EQ(read_texts(to, 1), Texts{"anybody?"});
}

}  // namespace
}  // namespace suite
