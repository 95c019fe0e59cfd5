// SPDX-License-Identifier: Apache-2.0
//
// Ordered consumption, and what becomes of messages whose listener fails.
#include <atomic>

#include "suite/push_world.h"

namespace suite {
namespace {

using ::testing::SizeIs;

class Ordered : public PushWorld {};

TEST_F(Ordered, EachQueueComesInItsOrderOneBatchAtATime) {
    const std::string from = topic("t");
    Producer sender = producer();
    for (int i = 0; i < 200; ++i) {
        const std::string key = "key" + std::to_string(i % 7);
        ASSERT_OK(sender.send_ordered(key, Message(from, std::to_string(i))).get());
    }
    Inbox inbox;
    std::mutex lock;
    std::map<int, std::int64_t> next;
    std::map<int, int> running;
    PushConsumer consumer =
        consume(push_options(from).on_messages_in_order([&](const MessageBatch& batch) {
            {
                const std::lock_guard guard(lock);
                EXPECT_EQ(++running[batch.queue().id], 1);
                for (const MessageView& message : batch) {
                    EXPECT_EQ(message.queue_offset(), next[batch.queue().id]++);
                }
            }
            std::this_thread::yield();
            {
                const std::lock_guard guard(lock);
                --running[batch.queue().id];
            }
            inbox.put(batch);
            return OrderlyResult::success();
        }));
    Texts all;
    for (int i = 0; i < 200; ++i) all.push_back(std::to_string(i));
    EXPECT_TRUE(inbox.gets_exactly(all));
}

TEST_F(Ordered, CoroutineListenerKeepsTheOrder) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 50));
    Inbox inbox;
    PushOptions options = push_options(from);
    options.on_messages_in_order_async([&](MessageBatch batch) -> kerolox::Task<OrderlyResult> {
        inbox.put(batch);
        co_return OrderlyResult::success();
    });
    PushConsumer consumer = consume(options);
    ASSERT_TRUE(inbox.gets_exactly(numbered("m", 50)));
    const auto messages = inbox.messages();
    for (std::size_t i = 0; i < 50; ++i) {
        EXPECT_EQ(messages[i].queue_offset(), static_cast<std::int64_t>(i));
    }
}

TEST_F(Ordered, SuspendedBatchComesAgainFirst) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (const std::string& text : numbered("m", 5)) {
        ASSERT_OK(sender.send(Message(from, text)).get());
    }
    Inbox inbox;
    std::atomic<int> refusals{0};
    PushConsumer consumer =
        consume(push_options(from).on_messages_in_order([&](const MessageBatch& batch) {
            if (batch.front().text() == "m-2" && refusals < 3) {
                ++refusals;
                return OrderlyResult::suspend(50ms);
            }
            inbox.put(batch);
            return OrderlyResult::success();
        }));
    EXPECT_TRUE(inbox.gets_exactly(numbered("m", 5)));
    EXPECT_EQ(inbox.texts(), numbered("m", 5));
    EXPECT_EQ(refusals, 3);
}

TEST_F(Ordered, ThrowingListenerMeansSuspend) {
    const std::string from = topic("t", 1);
    send_all(from, {"once more"});
    Inbox inbox;
    std::atomic<int> tries{0};
    PushConsumer consumer = consume(
        push_options(from).suspend_time(100ms).on_messages_in_order([&](const MessageBatch& batch) {
            if (++tries < 3) throw std::runtime_error("user's own trouble");
            inbox.put(batch);
            return OrderlyResult::success();
        }));
    EXPECT_TRUE(inbox.gets_exactly({"once more"}));
    EXPECT_EQ(tries, 3);
}

TEST_F(Ordered, ManualCommitAndRollback) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (const std::string& text : numbered("m", 3)) {
        ASSERT_OK(sender.send(Message(from, text)).get());
    }
    Inbox inbox;
    std::atomic<bool> rolled_back{false};
    PushConsumer consumer = consume(
        push_options(from).manual_commit(true).on_messages_in_order([&](const MessageBatch& batch) {
            inbox.put(batch);
            const bool is_last = batch.back().text() == "m-2";
            if (!is_last) return OrderlyResult::success();
            if (!rolled_back.exchange(true)) return OrderlyResult::rollback();
            return OrderlyResult::commit();
        }));
    // Success commits nothing here, so the roll-back brings all three again.
    EXPECT_TRUE(eventually([&] { return inbox.size() == 6; })) << inbox.size();
    EXPECT_EQ(inbox.texts(), (Texts{"m-0", "m-1", "m-2", "m-0", "m-1", "m-2"}));
    EXPECT_OK(consumer.close().get());
    Inbox again;
    PushConsumer next = consume(push_options(from).on_messages(into(again)));
    EXPECT_TRUE(stays([&] { return again.size() == 0; }, 1s));
}

TEST_F(Ordered, QueuesAreLockedAndHandedOver) {
    const std::string from = topic("t", 4);
    Inbox first_inbox;
    Inbox second_inbox;
    const auto ordered = [&](Inbox& inbox) {
        return push_options(from).on_messages_in_order([&inbox](const MessageBatch& batch) {
            inbox.put(batch);
            return OrderlyResult::success();
        });
    };
    std::optional<PushConsumer> one(consume(ordered(first_inbox)));
    send_all(from, numbered("a", 40));
    ASSERT_TRUE(first_inbox.gets_exactly(numbered("a", 40)));
    const Client other = another_client();
    PushConsumer two = consume(other, ordered(second_inbox));
    ASSERT_TRUE(eventually(
        [&] { return one->assignment().size() == 2 && two.assignment().size() == 2; }, 60s));
    EXPECT_OK(one->close().get());
    send_all(from, numbered("b", 40));
    EXPECT_TRUE(eventually([&] { return two.assignment().size() == 4; }, 60s));
    eventually([&] { return first_inbox.size() + second_inbox.size() >= 80; }, 60s);
    EXPECT_EQ(first_inbox.size() + second_inbox.size(), 80U);
}

class Retry : public PushWorld {
protected:
    /// Its retries come after a second at the soonest.
    PushOptions retrying(const std::string& topic) const {
        PushOptions options = push_options(topic);
        options.max_reconsume_times(2);
        return options;
    }
};

TEST_F(Retry, LaterComesAgainWithItsCount) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    send_all(from, {"again"});
    Inbox inbox;
    std::atomic<int> tries{0};
    PushConsumer consumer = consume(push_options(from).on_messages([&](const MessageBatch& batch) {
        EXPECT_EQ(batch.front().topic(), from);
        EXPECT_EQ(batch.front().reconsume_times(), tries.load());
        if (++tries < 3) return ConsumeResult::later(1);
        inbox.put(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(inbox.gets_exactly({"again"}));
    EXPECT_EQ(tries, 3);
}

TEST_F(Retry, ThrowingListenerMeansLater) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    send_all(from, {"thrown"});
    Inbox inbox;
    std::atomic<int> tries{0};
    PushConsumer consumer =
        consume(push_options(from).on_messages([&](const MessageBatch& batch) -> ConsumeResult {
            if (++tries < 2) throw std::runtime_error("user's own trouble");
            inbox.put(batch);
            return ConsumeResult::success();
        }));
    EXPECT_TRUE(inbox.gets_exactly({"thrown"}, 60s));
}

TEST_F(Retry, OnlyWhatIsNotDoneComesAgain) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    const Texts texts = numbered("m", 4);
    Producer sender = producer();
    std::vector<Message> together;
    for (const std::string& text : texts) together.emplace_back(from, text);
    ASSERT_OK(sender.send_batch(std::move(together)).get());
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from).batch_size(4).on_messages([&](const MessageBatch& batch) {
            inbox.put(batch);
            return batch.size() == 4 ? ConsumeResult::success_up_to(1) : ConsumeResult::success();
        }));
    EXPECT_TRUE(eventually([&] { return inbox.size() >= 6; }, 60s));
    Texts arrived = inbox.texts();
    ASSERT_THAT(arrived, SizeIs(6));
    EXPECT_EQ(as_set({arrived[4], arrived[5]}), (std::set<std::string>{"m-2", "m-3"}));
}

TEST_F(Retry, AfterTheLastTryItIsADeadLetter) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    send_all(from, {"hopeless"});
    std::atomic<int> tries{0};
    PushConsumer consumer = consume(retrying(from).on_messages([&](const MessageBatch&) {
        ++tries;
        return ConsumeResult::later(1);
    }));
    EXPECT_TRUE(eventually([&] { return tries == 3; }, 60s)) << tries;
    EXPECT_EQ(read_texts("%DLQ%" + name("g"), 1), Texts{"hopeless"});
    EXPECT_EQ(tries, 3);
}

TEST_F(Retry, MinusOneIsADeadLetterAtOnce) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    send_all(from, {"dead"});
    std::atomic<int> tries{0};
    PushConsumer consumer = consume(push_options(from).on_messages([&](const MessageBatch&) {
        ++tries;
        return ConsumeResult::later(-1);
    }));
    EXPECT_EQ(read_texts("%DLQ%" + name("g"), 1), Texts{"dead"});
    EXPECT_EQ(tries, 1);
}

TEST_F(Retry, WithoutSendBackItIsConsumedAgainHere) {
    // Until the broker takes messages back, and whenever sending back fails, the client tries
    // again.
    if (served(Feature::send_back)) GTEST_SKIP() << "the broker takes messages back";
    const std::string from = topic("t", 1);
    send_all(from, {"again"});
    Inbox inbox;
    std::atomic<int> tries{0};
    PushConsumer consumer = consume(push_options(from).on_messages([&](const MessageBatch& batch) {
        if (++tries < 2) return ConsumeResult::later(1);
        inbox.put(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(inbox.gets({"again"}));
}

TEST_F(Retry, OrderedBeyondItsTriesIsADeadLetter) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    send_all(from, {"hopeless"});
    send_all(from, {"next"});
    Inbox inbox;
    PushConsumer consumer = consume(
        retrying(from).suspend_time(100ms).on_messages_in_order([&](const MessageBatch& batch) {
            if (batch.front().text() == "hopeless") return OrderlyResult::suspend();
            inbox.put(batch);
            return OrderlyResult::success();
        }));
    EXPECT_TRUE(inbox.gets_exactly({"next"}));
}

}  // namespace
}  // namespace suite
