// SPDX-License-Identifier: Apache-2.0
//
// Push consumers: listeners of every kind, filters, beginnings, ends.
#include <atomic>
#include <filesystem>
#include <numeric>

#include "suite/push_world.h"

namespace suite {
namespace {

using ::testing::SizeIs;

class Push : public PushWorld {};

TEST_F(Push, ConcurrentGetsEverythingOnce) {
    const std::string from = topic("t");
    const Texts texts = numbered("m", 500);
    send_all(from, texts);
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly(texts));
    const Texts more = numbered("n", 100);
    send_all(from, more);
    Texts all = texts;
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_TRUE(inbox.gets_exactly(all));
    EXPECT_THAT(consumer.assignment(), SizeIs(4));
}

TEST_F(Push, BatchesAreAsLargeAsAskedFor) {
    const std::string from = topic("t", 1);
    const Texts texts = numbered("m", 64);
    send_all(from, texts);
    Inbox inbox;
    std::atomic<std::size_t> largest{0};
    PushOptions options = push_options(from);
    options.batch_size(8).on_messages([&](const MessageBatch& batch) {
        EXPECT_LE(batch.size(), 8U);
        EXPECT_EQ(batch.queue().topic, from);
        if (batch.size() > largest) largest = batch.size();
        inbox.put(batch);
        return ConsumeResult::success();
    });
    PushConsumer consumer = consume(options);
    EXPECT_TRUE(inbox.gets_exactly(texts));
    EXPECT_EQ(largest, 8U);
}

TEST_F(Push, BatchOfASenderArrivesAsMessages) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    std::vector<Message> batch;
    for (const std::string& text : numbered("b", 30)) batch.emplace_back(from, text);
    ASSERT_OK(sender.send_batch(std::move(batch)).get());
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly(numbered("b", 30)));
}

TEST_F(Push, CoroutineListenersRunManyAtOnce) {
    const std::string from = topic("t", 1);
    const Texts texts = numbered("m", 50);
    send_all(from, texts);
    Inbox inbox;
    PushOptions options = push_options(from);
    options.on_messages_async([&](MessageBatch batch) -> kerolox::Task<ConsumeResult> {
        inbox.put(batch);
        co_return ConsumeResult::success();
    });
    PushConsumer consumer = consume(options);
    EXPECT_TRUE(inbox.gets_exactly(texts));
}

TEST_F(Push, ListenerRunsOnTheApplicationsExecutor) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 20));
    Inbox inbox;
    std::mutex lock;
    std::condition_variable wake;
    std::vector<kerolox::UniqueFunction<void()>> work;
    bool over = false;
    std::thread::id own;
    std::jthread thread([&] {
        std::unique_lock guard(lock);
        while (true) {
            wake.wait(guard, [&] { return over || !work.empty(); });
            if (work.empty()) return;
            auto next = std::move(work.back());
            work.pop_back();
            guard.unlock();
            next();
            guard.lock();
        }
    });
    own = thread.get_id();
    std::atomic<int> elsewhere{0};
    {
        PushOptions options = push_options(from);
        options
            .executor([&](kerolox::UniqueFunction<void()> job) {
                const std::lock_guard guard(lock);
                work.push_back(std::move(job));
                wake.notify_one();
            })
            .on_messages([&](const MessageBatch& batch) {
                if (std::this_thread::get_id() != own) ++elsewhere;
                inbox.put(batch);
                return ConsumeResult::success();
            });
        PushConsumer consumer = consume(options);
        EXPECT_TRUE(inbox.gets_exactly(numbered("m", 20)));
        EXPECT_OK(consumer.close().get());
    }
    const std::lock_guard guard(lock);
    over = true;
    wake.notify_one();
    EXPECT_EQ(elsewhere, 0);
}

TEST_F(Push, TagsChoose) {
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (const char* tag : {"A", "B", "C"}) {
        ASSERT_OK(sender.send(Message(from, std::string("with ") + tag).tag(tag)).get());
    }
    ASSERT_OK(sender.send(Message(from, "without")).get());
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from, Filter::tags("A || C")).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"with A", "with C"}));
    ASSERT_OK(sender.send(Message(from, "A again").tag("A")).get());
    EXPECT_TRUE(inbox.gets_exactly({"with A", "with C", "A again"}));
}

TEST_F(Push, TagsOfEqualHashAreToldApart) {
    // "Aa" and "BB" have one hash in Java: the broker lets both through, the client must look.
    const std::string from = topic("t", 1);
    Producer sender = producer();
    ASSERT_OK(sender.send(Message(from, "right").tag("Aa")).get());
    ASSERT_OK(sender.send(Message(from, "wrong").tag("BB")).get());
    ASSERT_OK(sender.send(Message(from, "right too").tag("Aa")).get());
    Inbox inbox;
    PushConsumer consumer =
        consume(push_options(from, Filter::tags("Aa")).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"right", "right too"}));
}

TEST_F(Push, SqlChooses) {
    KX_NEEDS(sql_filter);
    const std::string from = topic("t", 1);
    Producer sender = producer();
    for (int price : {5, 15, 25}) {
        ASSERT_OK(sender
                      .send(Message(from, std::to_string(price))
                                .property("price", std::to_string(price))
                                .property("region", price == 25 ? "us" : "eu"))
                      .get());
    }
    Inbox inbox;
    PushConsumer consumer = consume(
        push_options(from, Filter::sql("price > 10 AND region = 'eu'")).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"15"}));
}

TEST_F(Push, BadSqlIsToldByCreate) {
    KX_NEEDS(sql_filter);
    Inbox inbox;
    const auto made = client().push_consumer(
        push_options(topic("t"), Filter::sql("price > > 10")).on_messages(into(inbox)));
    EXPECT_FALSE(made);
}

TEST_F(Push, FirstLastAndTimestampBegin) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("old", 10));
    const auto old = read(from, 10);
    ASSERT_THAT(old, SizeIs(10));
    // A moment between both sends, by the broker's clock.
    const auto between = old.back().store_time() + 1ms;
    ASSERT_TRUE(eventually([&] { return std::chrono::system_clock::now() > between + 5ms; }));

    Inbox from_last;
    PushOptions last = push_options(from);
    last.start_from(StartFrom::last).on_messages(into(from_last));
    Client other = another_client();
    PushConsumer last_consumer = consume(other, last);
    // Its place is fixed at its first pull.
    ASSERT_TRUE(eventually([&] { return !last_consumer.assignment().empty(); }));
    stays([] { return true; }, 1s);

    send_all(from, numbered("new", 10));
    // Not more than that: brokers begin young queues at their start whatever the group wants.
    EXPECT_TRUE(from_last.gets(numbered("new", 10)));

    Inbox from_time;
    PushOptions timed = PushOptions(name("timed"));
    timed.subscribe(from).start_from(between).on_messages(into(from_time));
    PushConsumer time_consumer = consume(timed);
    Texts expected = numbered("new", 10);
    EXPECT_TRUE(from_time.gets(expected));
    // Java's property has whole seconds, so the last second may come again.
    EXPECT_LE(from_time.size(), 20U);

    Inbox from_first;
    PushOptions first = PushOptions(name("first"));
    first.subscribe(from).start_from(StartFrom::first).on_messages(into(from_first));
    PushConsumer first_consumer = consume(first);
    expected = numbered("old", 10);
    for (const std::string& text : numbered("new", 10)) expected.push_back(text);
    EXPECT_TRUE(from_first.gets_exactly(expected));
}

TEST_F(Push, AGroupGoesOnWhereItWas) {
    const std::string from = topic("t");
    send_all(from, numbered("a", 50));
    {
        Inbox inbox;
        PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
        EXPECT_TRUE(inbox.gets_exactly(numbered("a", 50)));
        EXPECT_OK(consumer.close().get());
    }
    send_all(from, numbered("b", 50));
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly(numbered("b", 50)));
}

TEST_F(Push, CloseNeitherLosesNorRepeats) {
    const std::string from = topic("t", 2);
    const Texts texts = numbered("m", 600);
    send_all(from, texts);
    Inbox inbox;
    for (int round = 0; round < 6; ++round) {
        const std::size_t before = inbox.size();
        PushConsumer consumer = consume(push_options(from).threads(4).on_messages(into(inbox)));
        eventually([&] { return inbox.size() >= std::min<std::size_t>(before + 60, 600); });
        EXPECT_OK(consumer.close().get());
        const std::size_t at_close = inbox.size();
        EXPECT_TRUE(stays([&] { return inbox.size() == at_close; }, 100ms))
            << "the listener ran after close";
    }
    PushConsumer rest = consume(push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly(texts));
}

TEST_F(Push, CloseWaitsForARunningListener) {
    const std::string from = topic("t", 1);
    send_all(from, {"slow"});
    std::atomic<int> state{0};
    PushConsumer consumer = consume(push_options(from).on_messages([&](const MessageBatch&) {
        state = 1;
        std::this_thread::sleep_for(1s);
        state = 2;
        return ConsumeResult::success();
    }));
    ASSERT_TRUE(eventually([&] { return state == 1; }));
    EXPECT_OK(consumer.close().get());
    EXPECT_EQ(state, 2);
    Inbox inbox;
    PushConsumer again = consume(push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(stays([&] { return inbox.size() == 0; }, 1s)) << "it was consumed and came again";
}

TEST_F(Push, CloseFromTheListenerIsAllowed) {
    const std::string from = topic("t", 1);
    send_all(from, {"one"});
    std::optional<PushConsumer> consumer;
    std::atomic<bool> ready{false};
    std::promise<void> closed;
    consumer.emplace(consume(push_options(from).on_messages([&](const MessageBatch&) {
        eventually([&] { return ready.load(); });
        consumer->close().then([&](const Status&) { closed.set_value(); });
        return ConsumeResult::success();
    })));
    ready = true;
    EXPECT_EQ(closed.get_future().wait_for(30s), std::future_status::ready);
}

TEST_F(Push, SuspendHoldsUntilResume) {
    const std::string from = topic("t", 1);
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    send_all(from, {"before"});
    ASSERT_TRUE(inbox.gets({"before"}));
    consumer.suspend();
    // A pull that was waiting at the broker may still bring something once.
    send_all(from, {"let through perhaps"});
    stays([] { return true; }, 500ms);
    send_all(from, numbered("held", 10));
    const std::size_t at = inbox.size();
    EXPECT_TRUE(stays([&] { return inbox.size() <= at + 1; }, 2s));
    consumer.resume();
    EXPECT_TRUE(inbox.gets(numbered("held", 10)));
}

TEST_F(Push, FlowControlBoundsWhatIsCached) {
    const std::string from = topic("t", 1);
    send_all(from, numbered("m", 500));
    std::promise<void> gate;
    auto open = gate.get_future().share();
    Inbox inbox;
    PushConsumer consumer = consume(
        push_options(from).threads(1).pull_batch(10).cache_limit_per_queue(50, 100).on_messages(
            [&, open](const MessageBatch& batch) {
                open.wait();
                inbox.put(batch);
                return ConsumeResult::success();
            }));
    const auto cached = [&] {
        const auto states = consumer.snapshot().queues;
        return std::accumulate(
            states.begin(), states.end(), std::size_t{0},
            [](std::size_t sum, const auto& queue) { return sum + queue.cached_messages; });
    };
    EXPECT_TRUE(eventually([&] { return cached() >= 50; }));
    EXPECT_TRUE(stays([&] { return cached() <= 60; }, 1s)) << cached();
    gate.set_value();
    EXPECT_TRUE(inbox.gets_exactly(numbered("m", 500)));
}

TEST_F(Push, SubscribeAndUnsubscribeWhileRunning) {
    const std::string first = topic("first", 1);
    const std::string second = topic("second", 1);
    Inbox inbox;
    PushConsumer consumer = consume(push_options(first).on_messages(into(inbox)));
    send_all(first, {"one"});
    ASSERT_TRUE(inbox.gets({"one"}));
    ASSERT_OK(consumer.subscribe(second));
    send_all(second, {"two"});
    EXPECT_TRUE(inbox.gets({"two"}));
    ASSERT_OK(consumer.unsubscribe(first));
    EXPECT_TRUE(eventually([&] {
        return std::ranges::none_of(consumer.assignment(),
                                    [&](const Queue& queue) { return queue.topic == first; });
    }));
    send_all(first, {"three"});
    send_all(second, {"four"});
    EXPECT_TRUE(inbox.gets({"four"}));
    EXPECT_TRUE(stays([&] { return inbox.size() == 3; }, 500ms));
}

TEST_F(Push, WrongOptionsAreRefused) {
    EXPECT_FALSE(client().push_consumer(push_options(topic("t")))) << "there is no listener";
    Inbox inbox;
    PushOptions two = push_options(topic("t"));
    two.on_messages(into(inbox)).on_messages_in_order([](const MessageBatch&) {
        return OrderlyResult::success();
    });
    EXPECT_FALSE(client().push_consumer(two)) << "there are two listeners";
    PushOptions bad = push_options(topic("t"));
    bad.on_messages(into(inbox)).batch_size(0);
    EXPECT_FALSE(client().push_consumer(bad));
    EXPECT_FALSE(client().push_consumer(PushOptions("").on_messages(into(inbox))));
}

TEST_F(Push, ATopicThatDoesNotExistYetIsFoundLater) {
    const std::string from = name("t");
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    make_topic(from, 2);
    send_all(from, numbered("m", 10));
    EXPECT_TRUE(inbox.gets_exactly(numbered("m", 10)));
}

TEST_F(Push, BroadcastingGivesEachMemberEverything) {
    const std::string from = topic("t");
    const auto directory = std::filesystem::temp_directory_path() / name("offsets");
    Inbox first_inbox;
    Inbox second_inbox;
    const auto member = [&](const std::string& instance) {
        auto made = Client::create(options().instance_name(instance).local_offset_dir(directory));
        if (!made) throw std::runtime_error(made.error().describe());
        return *made;
    };
    const auto broadcasting = [&](Inbox& inbox) {
        return push_options(from).model(kerolox::GroupModel::broadcasting).on_messages(into(inbox));
    };
    {
        PushConsumer one = consume(member("one"), broadcasting(first_inbox));
        PushConsumer two = consume(member("two"), broadcasting(second_inbox));
        send_all(from, numbered("m", 100));
        EXPECT_TRUE(first_inbox.gets_exactly(numbered("m", 100)));
        EXPECT_TRUE(second_inbox.gets_exactly(numbered("m", 100)));
        EXPECT_OK(one.close().get());
        EXPECT_OK(two.close().get());
    }
    // Java's layout: DIRECTORY/CLIENTID/GROUP/offsets.json.
    EXPECT_TRUE(std::filesystem::exists(directory / "127.0.0.1@one" / name("g") / "offsets.json"));
    send_all(from, numbered("n", 50));
    Inbox again;
    PushConsumer one = consume(member("one"), broadcasting(again));
    EXPECT_TRUE(again.gets_exactly(numbered("n", 50)));
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace suite
