// SPDX-License-Identifier: Apache-2.0
//
// Consumers that ask: pull, lite pull and pop.
#include <atomic>

#include "suite/world.h"

namespace suite {
namespace {

using kerolox::Filter;
using kerolox::LitePullConsumer;
using kerolox::LitePullOptions;
using kerolox::PopConsumer;
using kerolox::PopRequest;
using kerolox::PullConsumer;
using kerolox::PullStatus;
using kerolox::StartFrom;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Pull : public World {
protected:
    PullConsumer puller() {
        auto made = client().pull_consumer(kerolox::PullOptions(name("g")));
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    static Queue only_queue(const std::string& topic) { return {topic, "broker-a", 0}; }
};

TEST_F(Pull, WalksAQueue) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 100));
    PullConsumer consumer = puller();
    const auto queues = consumer.queues(from).get();
    ASSERT_OK(queues);
    ASSERT_THAT(*queues, SizeIs(1));
    const Queue queue = queues->front();
    Texts texts;
    std::int64_t offset = 0;
    while (offset < 100) {
        const auto pulled =
            consumer.pull({.queue = queue, .offset = offset, .max_messages = 17}).get();
        ASSERT_OK(pulled);
        ASSERT_EQ(pulled->status, PullStatus::found);
        EXPECT_LE(pulled->messages.size(), 17U);
        EXPECT_EQ(pulled->min_offset, 0);
        EXPECT_EQ(pulled->max_offset, 100);
        EXPECT_EQ(pulled->next_offset, offset + static_cast<int>(pulled->messages.size()));
        for (const MessageView& message : pulled->messages) texts.emplace_back(message.text());
        offset = pulled->next_offset;
    }
    EXPECT_EQ(texts, numbered("m", 100));
    const auto end = consumer.pull({.queue = queue, .offset = 100}).get();
    ASSERT_OK(end);
    EXPECT_EQ(end->status, PullStatus::no_new_message);
    EXPECT_THAT(end->messages, SizeIs(0));
}

TEST_F(Pull, IllegalOffsetsTellWhereToGoOn) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    PullConsumer consumer = puller();
    const auto beyond = consumer.pull({.queue = only_queue(from), .offset = 1000}).get();
    ASSERT_OK(beyond);
    EXPECT_EQ(beyond->status, PullStatus::offset_illegal);
    EXPECT_EQ(beyond->next_offset, 10);
    EXPECT_FALSE(consumer.pull({.queue = only_queue(from), .offset = -1}).get());
    EXPECT_FALSE(consumer.pull({.queue = only_queue(from), .max_messages = 0}).get());
}

TEST_F(Pull, LongPollWaitsForAMessage) {
    const std::string from = topic("t", 1);
    send_all(from, {"first"});
    // Stored is not yet readable: beyond the end a pull is illegal and does not wait.
    ASSERT_THAT(read(from, 1), SizeIs(1));
    PullConsumer consumer = puller();
    auto waiting = consumer.pull({.queue = only_queue(from), .offset = 1, .wait = 20s});
    EXPECT_TRUE(stays([&] { return !waiting.ready(); }, 500ms));
    send_all(from, {"second"});
    const auto pulled = std::move(waiting).get_for(15s);
    ASSERT_OK(pulled);
    ASSERT_EQ(pulled->status, PullStatus::found);
    EXPECT_EQ(pulled->messages.front().text(), "second");
}

TEST_F(Pull, LongPollEndsWithoutAMessage) {
    const std::string from = topic("t", 1);
    send_all(from, {"first"});
    // Stored is not yet readable: beyond the end a pull is illegal and does not wait.
    ASSERT_THAT(read(from, 1), SizeIs(1));
    PullConsumer consumer = puller();
    const Stopwatch watch;
    const auto pulled =
        consumer.pull({.queue = only_queue(from), .offset = 1, .wait = 2s}).get_for(30s);
    ASSERT_OK(pulled);
    EXPECT_EQ(pulled->status, PullStatus::no_new_message);
    EXPECT_GE(watch.elapsed(), 1s);
}

TEST_F(Pull, TagsChoose) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (const char* tag : {"A", "B", "A"}) {
        ASSERT_OK(sender.send(Message(from, tag).tag(tag)).get());
    }
    PullConsumer consumer = puller();
    const auto some = consumer.pull({.queue = only_queue(from), .filter = Filter::tags("A")}).get();
    ASSERT_OK(some);
    EXPECT_THAT(some->messages, SizeIs(2));
    EXPECT_EQ(some->next_offset, 3);
    const auto none = consumer.pull({.queue = only_queue(from), .filter = Filter::tags("Z")}).get();
    ASSERT_OK(none);
    EXPECT_EQ(none->status, PullStatus::no_matched_message);
    EXPECT_EQ(none->next_offset, 3);
}

TEST_F(Pull, SqlChooses) {
    KX_NEEDS(sql_filter);
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (const char* price : {"5", "15"}) {
        ASSERT_OK(sender.send(Message(from, price).property("price", price)).get());
    }
    PullConsumer consumer = puller();
    const auto some =
        consumer.pull({.queue = only_queue(from), .filter = Filter::sql("price > 10")}).get();
    ASSERT_OK(some);
    ASSERT_THAT(some->messages, SizeIs(1));
    EXPECT_EQ(some->messages.front().text(), "15");
}

TEST_F(Pull, OffsetsAreKeptByTheBroker) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    PullConsumer consumer = puller();
    const auto none = consumer.committed(only_queue(from)).get();
    ASSERT_OK(none);
    // A broker answers 0 for a group it never saw while the queue's beginning is still in memory.
    EXPECT_LE(*none, 0);
    ASSERT_OK(consumer.commit(only_queue(from), 7).get());
    EXPECT_TRUE(eventually([&] {
        const auto kept = consumer.committed(only_queue(from)).get();
        return kept && *kept == 7;
    }));
    EXPECT_OK(consumer.close().get());
    PullConsumer again = puller();
    const auto kept = again.committed(only_queue(from)).get();
    ASSERT_OK(kept);
    EXPECT_EQ(*kept, 7);
}

TEST_F(Pull, OffsetsByEndAndTime) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("old", 5));
    const auto middle = read(from, 5).back().store_time() + 2ms;
    ASSERT_TRUE(eventually([&] { return std::chrono::system_clock::now() > middle + 5ms; }));
    send_all(from, numbered("new", 5));
    PullConsumer consumer = puller();
    const auto least = consumer.min_offset(only_queue(from)).get();
    const auto most = consumer.max_offset(only_queue(from)).get();
    const auto between = consumer.offset_for_time(only_queue(from), middle).get();
    ASSERT_OK(least);
    ASSERT_OK(most);
    ASSERT_OK(between);
    EXPECT_EQ(*least, 0);
    EXPECT_EQ(*most, 10);
    EXPECT_EQ(*between, 5);
}

TEST_F(Pull, SentBackComesByTheRetryTopic) {
    KX_NEEDS(send_back);
    const std::string from = topic("t", 1);
    send_all(from, {"back"});
    PullConsumer consumer = puller();
    const auto pulled = consumer.pull({.queue = only_queue(from)}).get();
    ASSERT_OK(pulled);
    ASSERT_THAT(pulled->messages, SizeIs(1));
    ASSERT_OK(consumer.send_back(pulled->messages.front(), 1).get());
    EXPECT_EQ(read_texts("%RETRY%" + name("g"), 1), Texts{"back"});
}

TEST_F(Pull, ClosedConsumerRefuses) {
    const std::string from = topic("t", 1);
    PullConsumer consumer = puller();
    auto waiting = consumer.pull({.queue = only_queue(from), .wait = 20s});
    const Stopwatch watch;
    EXPECT_OK(consumer.close(1s).get());
    EXPECT_FALSE(std::move(waiting).get_for(10s));
    EXPECT_LT(watch.elapsed(), 10s);
    const auto after = consumer.pull({.queue = only_queue(from)}).get();
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().kind(), ErrorKind::closed);
}

class LitePull : public World {
protected:
    LitePullConsumer consume(const LitePullOptions& options) {
        auto made = client().lite_pull_consumer(options);
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    LitePullOptions group() const {
        LitePullOptions options(name("g"));
        options.start_from(StartFrom::first);
        return options;
    }
    static Queue only_queue(const std::string& topic) { return {topic, "broker-a", 0}; }
    /// Polls until so many came.
    static Texts poll_texts(LitePullConsumer& consumer, std::size_t count) {
        Texts texts;
        eventually([&] {
            const auto batch = consumer.poll(1s).get();
            EXPECT_OK(batch);
            if (!batch) return true;
            for (const MessageView& message : *batch) texts.emplace_back(message.text());
            return texts.size() >= count;
        });
        EXPECT_THAT(texts, SizeIs(count));
        return texts;
    }
};

TEST_F(LitePull, SubscribedGetsEverything) {
    const std::string from = topic("t");
    send_all(from, numbered("m", 200));
    LitePullConsumer consumer = consume(group().subscribe(from));
    EXPECT_EQ(as_set(poll_texts(consumer, 200)), as_set(numbered("m", 200)));
    const auto nothing = consumer.poll(300ms).get();
    ASSERT_OK(nothing);
    EXPECT_TRUE(nothing->empty());
}

TEST_F(LitePull, SubscribesWhileRunningWithTags) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (const char* tag : {"A", "B", "C"}) {
        ASSERT_OK(sender.send(Message(from, tag).tag(tag)).get());
    }
    LitePullConsumer consumer = consume(group());
    ASSERT_OK(consumer.subscribe(from, Filter::tags("A || C")));
    EXPECT_EQ(as_set(poll_texts(consumer, 2)), (std::set<std::string>{"A", "C"}));
    EXPECT_OK(consumer.unsubscribe(from));
}

TEST_F(LitePull, AssignedReadsOnlyItsQueues) {
    const std::string from = topic("t", 2);
    Producer sender = producer();
    ASSERT_OK(sender.send_to({from, "broker-a", 0}, Message(from, "zero")).get());
    ASSERT_OK(sender.send_to({from, "broker-a", 1}, Message(from, "one")).get());
    LitePullConsumer consumer = consume(group());
    const auto queues = consumer.queues(from).get();
    ASSERT_OK(queues);
    EXPECT_THAT(*queues, SizeIs(2));
    ASSERT_OK(consumer.assign({{from, "broker-a", 1}}));
    EXPECT_EQ(poll_texts(consumer, 1), Texts{"one"});
    EXPECT_EQ(consumer.assignment(), (std::vector<Queue>{{from, "broker-a", 1}}));
    EXPECT_FALSE(consumer.subscribe(from)) << "a consumer assigns or subscribes";
}

TEST_F(LitePull, SeekGoesAnywhere) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 20));
    LitePullConsumer consumer = consume(group());
    ASSERT_OK(consumer.assign({only_queue(from)}));
    EXPECT_THAT(poll_texts(consumer, 20), SizeIs(20));
    ASSERT_OK(consumer.seek(only_queue(from), 15).get());
    EXPECT_EQ(poll_texts(consumer, 5), (Texts{"m-15", "m-16", "m-17", "m-18", "m-19"}));
    ASSERT_OK(consumer.seek_to_begin(only_queue(from)).get());
    EXPECT_EQ(poll_texts(consumer, 20).front(), "m-0");
    ASSERT_OK(consumer.seek_to_begin(only_queue(from)).get());
    ASSERT_OK(consumer.seek_to_end(only_queue(from)).get());
    send_all(from, {"new"});
    EXPECT_EQ(poll_texts(consumer, 1), Texts{"new"});
    EXPECT_FALSE(consumer.seek(only_queue(from), 1000).get());
    EXPECT_FALSE(consumer.seek({from, "broker-a", 9}, 0).get());
}

TEST_F(LitePull, PauseHoldsAQueue) {
    const std::string from = topic("t", 2);
    LitePullConsumer consumer = consume(group());
    ASSERT_OK(consumer.assign({{from, "broker-a", 0}, {from, "broker-a", 1}}));
    Producer sender = producer();
    ASSERT_OK(sender.send_to({from, "broker-a", 0}, Message(from, "begin")).get());
    EXPECT_EQ(poll_texts(consumer, 1), Texts{"begin"});
    consumer.pause({{from, "broker-a", 0}});
    // A pull that was waiting at the broker when the queue was paused brings one more.
    ASSERT_OK(sender.send_to({from, "broker-a", 0}, Message(from, "let through")).get());
    const auto through = consumer.poll(1s).get();
    ASSERT_OK(through);
    ASSERT_OK(sender.send_to({from, "broker-a", 0}, Message(from, "held")).get());
    ASSERT_OK(sender.send_to({from, "broker-a", 1}, Message(from, "free")).get());
    EXPECT_EQ(poll_texts(consumer, 1), Texts{"free"});
    consumer.resume({{from, "broker-a", 0}});
    const Texts held = through->empty() ? Texts{"let through", "held"} : Texts{"held"};
    EXPECT_EQ(poll_texts(consumer, held.size()), held);
}

TEST_F(LitePull, CommitByHand) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    {
        LitePullConsumer consumer = consume(group().auto_commit(0s));
        ASSERT_OK(consumer.assign({only_queue(from)}));
        EXPECT_THAT(poll_texts(consumer, 10), SizeIs(10));
        ASSERT_OK(consumer.commit({{only_queue(from), 4}}, true).get());
        EXPECT_TRUE(eventually([&] {
            const auto kept = consumer.committed(only_queue(from)).get();
            return kept && *kept == 4;
        }));
    }
    LitePullConsumer consumer = consume(group().auto_commit(0s));
    ASSERT_OK(consumer.assign({only_queue(from)}));
    EXPECT_EQ(poll_texts(consumer, 6).front(), "m-4");
    ASSERT_OK(consumer.commit().get());
    EXPECT_OK(consumer.close().get());
    LitePullConsumer after = consume(group());
    const auto kept = after.committed(only_queue(from)).get();
    ASSERT_OK(kept);
    EXPECT_EQ(*kept, 10);
}

TEST_F(LitePull, PolledMessagesAreCommittedByThemselves) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    {
        LitePullConsumer consumer = consume(group().subscribe(from).auto_commit(1s));
        EXPECT_THAT(poll_texts(consumer, 10), SizeIs(10));
        stays([] { return true; }, 1200ms);
        EXPECT_OK(consumer.poll(100ms).get());
        EXPECT_OK(consumer.close().get());
    }
    send_all(from, {"new"});
    LitePullConsumer consumer = consume(group().subscribe(from));
    EXPECT_EQ(poll_texts(consumer, 1), Texts{"new"});
}

TEST_F(LitePull, OffsetForTime) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("old", 5));
    const auto middle = read(from, 5).back().store_time() + 2ms;
    ASSERT_TRUE(eventually([&] { return std::chrono::system_clock::now() > middle + 5ms; }));
    send_all(from, numbered("new", 5));
    LitePullConsumer consumer = consume(group());
    const auto offset = consumer.offset_for_time(only_queue(from), middle).get();
    ASSERT_OK(offset);
    EXPECT_EQ(*offset, 5);
}

TEST_F(LitePull, CloseEndsAPoll) {
    const std::string from = topic("t", 1);
    LitePullConsumer consumer = consume(group().subscribe(from));
    auto waiting = consumer.poll(60s);
    const Stopwatch watch;
    EXPECT_OK(consumer.close().get());
    EXPECT_TRUE(eventually([&] { return waiting.ready(); }, 5s));
    EXPECT_LT(watch.elapsed(), 15s);
    const auto after = consumer.poll(1s).get();
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().kind(), ErrorKind::closed);
}

TEST_F(LitePull, AWaitingPollBlocksNobody) {
    const std::string from = topic("t", 1);
    LitePullConsumer consumer = consume(group().subscribe(from));
    auto waiting = consumer.poll(20s);
    const Stopwatch watch;
    EXPECT_OK(consumer.commit().get());
    EXPECT_OK(consumer.committed(only_queue(from)).get());
    EXPECT_LT(watch.elapsed(), 10s);
    EXPECT_FALSE(waiting.ready());
    send_all(from, {"at last"});
    const auto batch = std::move(waiting).get();
    ASSERT_OK(batch);
    ASSERT_THAT(*batch, SizeIs(1));
}

TEST_F(LitePull, TopicChangesAreTold) {
    const std::string from = topic("t", 1);
    std::atomic<std::size_t> queues{0};
    LitePullConsumer consumer =
        consume(group()
                    .subscribe(from)
                    .set("topicMetadataCheckIntervalMillis", "1000")
                    .on_topic_change([&](std::string_view, std::span<const Queue> now) {
                        queues = now.size();
                    }));
    stays([] { return true; }, 1500ms);
    make_topic(from, 3);
    EXPECT_TRUE(eventually([&] { return queues == 3; }, 40s));
}

class Pop : public World {
protected:
    PopConsumer popper() {
        kerolox::PopOptions options(name("g"));
        options.start_from(StartFrom::first);
        auto made = client().pop_consumer(options);
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    static std::vector<kerolox::PoppedMessage> receive(PopConsumer& consumer,
                                                       const PopRequest& request,
                                                       std::size_t count) {
        std::vector<kerolox::PoppedMessage> all;
        eventually([&] {
            auto some = consumer.receive(request).get();
            EXPECT_OK(some);
            if (!some) return true;
            for (auto& message : *some) all.push_back(std::move(message));
            return all.size() >= count;
        });
        EXPECT_THAT(all, SizeIs(count));
        return all;
    }
};

TEST_F(Pop, AcknowledgedStaysAway) {
    KX_NEEDS(pop);
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 10));
    PopConsumer consumer = popper();
    const PopRequest request{.topic = from, .invisible = 10s, .wait = 2s};
    for (const auto& popped : receive(consumer, request, 10)) {
        EXPECT_OK(consumer.ack(popped.handle).get());
    }
    const auto nothing = consumer.receive({.topic = from, .invisible = 10s, .wait = 12s}).get();
    ASSERT_OK(nothing);
    EXPECT_THAT(*nothing, SizeIs(0));
}

TEST_F(Pop, WhatIsNotAcknowledgedComesAgain) {
    KX_NEEDS(pop);
    const std::string from = topic("t", 1);
    send_all(from, {"again"});
    PopConsumer consumer = popper();
    const PopRequest request{.topic = from, .invisible = 10s, .wait = 5s};
    const auto first = receive(consumer, request, 1);
    ASSERT_THAT(first, SizeIs(1));
    const Stopwatch watch;
    const auto second = receive(consumer, request, 1);
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].message.text(), "again");
    EXPECT_EQ(second[0].message.topic(), from);
    EXPECT_EQ(second[0].message.reconsume_times(), 1);
    EXPECT_GE(watch.elapsed(), 8s);
    EXPECT_OK(consumer.ack(second[0].handle).get());
}

TEST_F(Pop, InvisibilityMayBeChanged) {
    KX_NEEDS(pop);
    const std::string from = topic("t", 1);
    send_all(from, {"soon"});
    PopConsumer consumer = popper();
    const auto popped = receive(consumer, {.topic = from, .invisible = 60s, .wait = 5s}, 1);
    ASSERT_THAT(popped, SizeIs(1));
    const auto changed = consumer.change_invisible(popped[0].handle, 5s).get();
    ASSERT_OK(changed);
    EXPECT_NE(changed->text(), popped[0].handle.text());
    const Stopwatch watch;
    const auto again = receive(consumer, {.topic = from, .invisible = 20s, .wait = 5s}, 1);
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_GE(watch.elapsed(), 3s);
    EXPECT_LT(watch.elapsed(), 25s);
    EXPECT_OK(consumer.ack(again[0].handle).get());
}

TEST_F(Pop, ManyAreAcknowledgedTogether) {
    KX_NEEDS(pop);
    const std::string from = topic("t", 2);
    send_all(from, numbered("m", 40));
    PopConsumer consumer = popper();
    std::vector<kerolox::ReceiptHandle> handles;
    for (auto& popped : receive(consumer, {.topic = from, .invisible = 10s, .wait = 2s}, 40)) {
        handles.push_back(popped.handle);
    }
    const auto outcomes = consumer.ack(handles).get();
    ASSERT_OK(outcomes);
    ASSERT_THAT(*outcomes, SizeIs(40));
    for (const Status& outcome : *outcomes) EXPECT_OK(outcome);
    const auto nothing = consumer.receive({.topic = from, .invisible = 10s, .wait = 12s}).get();
    ASSERT_OK(nothing);
    EXPECT_THAT(*nothing, SizeIs(0));
}

TEST_F(Pop, HandlesTravelAsText) {
    KX_NEEDS(pop);
    const std::string from = topic("t", 1);
    send_all(from, {"x"});
    PopConsumer consumer = popper();
    const auto popped = receive(consumer, {.topic = from, .invisible = 10s, .wait = 5s}, 1);
    ASSERT_THAT(popped, SizeIs(1));
    const auto parsed =
        kerolox::ReceiptHandle::parse(popped[0].handle.topic(), popped[0].handle.text());
    ASSERT_OK(parsed);
    EXPECT_OK(consumer.ack(*parsed).get());
}

TEST_F(Pop, MalformedHandleIsRefused) {
    EXPECT_FALSE(kerolox::ReceiptHandle::parse("t", "not a handle"));
    EXPECT_FALSE(kerolox::ReceiptHandle::parse("t", ""));
}

TEST_F(Pop, OneQueueAndTags) {
    KX_NEEDS(pop);
    const std::string from = topic("t", 2);
    Producer sender = producer();
    for (int queue : {0, 1}) {
        for (const char* tag : {"A", "B"}) {
            const std::string text = tag + std::to_string(queue);
            ASSERT_OK(
                sender.send_to({from, "broker-a", queue}, Message(from, text).tag(tag)).get());
        }
    }
    PopConsumer consumer = popper();
    const auto popped = receive(consumer,
                                {.topic = from,
                                 .invisible = 10s,
                                 .wait = 5s,
                                 .filter = Filter::tags("A"),
                                 .queue = Queue{from, "broker-a", 1}},
                                1);
    ASSERT_THAT(popped, SizeIs(1));
    EXPECT_EQ(popped[0].message.text(), "A1");
}

TEST_F(Pop, IsRefusedWhereTheBrokerServesNone) {
    if (served(Feature::pop)) GTEST_SKIP() << "the broker serves pop";
    PopConsumer consumer = popper();
    const auto refused = consumer.receive({.topic = topic("t", 1), .wait = 1s}).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::broker) << refused.error().describe();
}

}  // namespace
}  // namespace suite
