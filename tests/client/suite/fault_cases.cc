// SPDX-License-Identifier: Apache-2.0
//
// Trouble between client and servers, made by the driver's proxies (proxy.py) while traffic runs.
// Two brokers, each behind a proxy, and a name server behind a third.
#include <algorithm>
#include <atomic>

#include "suite/push_world.h"

namespace suite {
namespace {

using ::testing::SizeIs;

/// What a deadline may be late by on a machine that is busy with other things.
constexpr auto kSlack = 1500ms;

class Fault : public PushWorld {
protected:
    void SetUp() override {
        if (setting().control.empty()) GTEST_SKIP() << "no driver makes faults here";
        command("proxy all pass");
        command("proxy all delay 0");
    }
    void TearDown() override {
        if (setting().control.empty()) return;
        command("proxy all delay 0");
        command("proxy all pass");
    }
    static void command(const std::string& line) { EXPECT_EQ(control(line), "ok") << line; }

    /// A topic with queues on both brokers.
    std::string wide_topic(int queues = 2) {
        const std::string made = topic("t", queues);
        const auto view = client().admin().cluster().get();
        if (!view) throw std::runtime_error(view.error().describe());
        for (const auto& broker : view->brokers) {
            kerolox::TopicConfig config{
                .name = made, .read_queues = queues, .write_queues = queues};
            const auto& address = broker.addresses.at(0);
            const auto done =
                client().admin().create_topic(config, kerolox::Target::broker(address)).get();
            if (!done) throw std::runtime_error(done.error().describe());
        }
        if (!eventually([&] {
                const auto route = client().admin().route(made).get();
                return route && route->queues.size() == 2;
            })) {
            throw std::runtime_error("the topic is not on both brokers");
        }
        return made;
    }

    /// Sends while `trouble` happens; tells what was acknowledged.
    struct Outcome {
        Texts acknowledged{};
        int failed = 0;
        std::chrono::milliseconds slowest{0};
    };
    Outcome send_through(Producer& sender, const std::string& to,
                         const std::function<void()>& trouble) {
        Outcome outcome;
        std::atomic<bool> over{false};
        std::thread stream([&] {
            for (int i = 0; !over || i < 20; ++i) {
                const std::string text = "m-" + std::to_string(i);
                const Stopwatch watch;
                const auto receipt = sender.send(Message(to, text)).get();
                outcome.slowest = std::max(outcome.slowest, watch.elapsed());
                if (receipt) {
                    outcome.acknowledged.push_back(text);
                } else {
                    ++outcome.failed;
                }
            }
        });
        trouble();
        over = true;
        stream.join();
        return outcome;
    }
    /// All that was acknowledged can be read; what was not may be there as well.
    void nothing_is_lost(const std::string& from, const Outcome& outcome) {
        std::set<std::string> missing;
        EXPECT_TRUE(eventually([&] {
            missing = as_set(outcome.acknowledged);
            for (const MessageView& message : everything(from)) {
                missing.erase(std::string(message.text()));
            }
            return missing.empty();
        })) << missing.size()
            << " acknowledged messages are not there";
    }
    std::vector<MessageView> everything(const std::string& from) {
        std::vector<MessageView> found;
        auto reader = client().pull_consumer(kerolox::PullOptions(name("reader")));
        if (!reader) return found;
        const auto queues = reader->queues(from).get();
        if (!queues) return found;
        for (const Queue& queue : *queues) {
            std::int64_t offset = 0;
            while (true) {
                const auto pulled = reader->pull({.queue = queue, .offset = offset}).get();
                if (!pulled || pulled->status != kerolox::PullStatus::found) break;
                for (const MessageView& message : pulled->messages) found.push_back(message);
                offset = pulled->next_offset;
            }
        }
        return found;
    }
    Producer sender(std::chrono::milliseconds timeout = 5s) {
        return producer(ProducerOptions(name("senders")).send_timeout(timeout));
    }
    static void pause(std::chrono::milliseconds time) {
        stays([] { return true; }, time);
    }
};

TEST_F(Fault, CutConnectionsLoseNothingAcknowledged) {
    const std::string to = wide_topic();
    Producer producer = sender();
    const Outcome outcome = send_through(producer, to, [] {
        for (int i = 0; i < 10; ++i) {
            pause(150ms);
            command("proxy all cut");
        }
    });
    EXPECT_GT(outcome.acknowledged.size(), 20U);
    EXPECT_LT(outcome.slowest, 5s + kSlack);
    nothing_is_lost(to, outcome);
}

TEST_F(Fault, OneBrokerRefusedSendsGoToTheOther) {
    const std::string to = wide_topic();
    Producer producer = sender();
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    const Outcome outcome = send_through(producer, to, [] {
        command("proxy broker-b refuse");
        pause(2s);
        command("proxy broker-b pass");
        pause(500ms);
    });
    EXPECT_EQ(outcome.failed, 0) << "there was always a broker that took messages";
    nothing_is_lost(to, outcome);
}

TEST_F(Fault, StalledSendEndsAtItsDeadline) {
    const std::string to = topic("t");
    Producer producer = sender(2s);
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    command("proxy broker-a stall");
    const Stopwatch watch;
    const auto receipt = producer.send(Message(to, "stuck")).get();
    ASSERT_FALSE(receipt);
    EXPECT_GE(watch.elapsed(), 1900ms);
    EXPECT_LT(watch.elapsed(), 2s + kSlack);
    command("proxy broker-a pass");
    EXPECT_TRUE(eventually([&] { return producer.send(Message(to, "again")).get().has_value(); }));
}

TEST_F(Fault, HalfOpenSendEndsAtItsDeadline) {
    const std::string to = topic("t");
    Producer producer = sender(2s);
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    command("proxy broker-a half-open");
    std::vector<kerolox::Async<SendReceipt>> sends;
    const Stopwatch watch;
    for (const std::string& text : numbered("m", 50)) {
        sends.push_back(producer.send(Message(to, text)));
    }
    for (auto& send : sends) EXPECT_FALSE(std::move(send).get());
    EXPECT_LT(watch.elapsed(), 2s + kSlack);
    command("proxy broker-a pass");
    EXPECT_TRUE(eventually([&] { return producer.send(Message(to, "again")).get().has_value(); }));
}

TEST_F(Fault, RefusedConnectionIsToldInTime) {
    const std::string to = topic("t");
    Producer producer = sender(3s);
    command("proxy broker-a refuse");
    const Stopwatch watch;
    const auto receipt = producer.send(Message(to, "x")).get();
    ASSERT_FALSE(receipt);
    EXPECT_LT(watch.elapsed(), 3s + kSlack);
    command("proxy broker-a pass");
    EXPECT_TRUE(eventually([&] { return producer.send(Message(to, "again")).get().has_value(); }));
}

TEST_F(Fault, SlowNetworkOnlySlows) {
    const std::string to = wide_topic();
    Producer producer = sender(10s);
    command("proxy all delay 100");
    const Stopwatch watch;
    std::vector<kerolox::Async<SendReceipt>> sends;
    for (const std::string& text : numbered("m", 200)) {
        sends.push_back(producer.send(Message(to, text)));
    }
    for (auto& send : sends) EXPECT_OK(std::move(send).get());
    EXPECT_LT(watch.elapsed(), 10s) << "sends go one behind the other, not one after the other";
}

TEST_F(Fault, NameServerGoneSendsGoOn) {
    const std::string to = wide_topic();
    Producer producer = sender();
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    command("proxy namesrv refuse");
    const Outcome outcome = send_through(producer, to, [] { pause(4s); });
    EXPECT_EQ(outcome.failed, 0) << "known routes outlive their name server";
    command("proxy namesrv pass");
    nothing_is_lost(to, outcome);
}

TEST_F(Fault, RoutesNamedBeforehandNeedNoNameServer) {
    const std::string to = topic("t");
    Producer producer =
        this->producer(ProducerOptions(name("senders")).send_timeout(5s).topics({to}));
    command("proxy namesrv refuse");
    EXPECT_OK(producer.send(Message(to, "known")).get());
}

TEST_F(Fault, NameServerGoneForANewTopicFailsInTime) {
    Producer producer = sender(3s);
    command("proxy namesrv stall");
    const Stopwatch watch;
    EXPECT_FALSE(producer.send(Message(name("unknown"), "x")).get());
    EXPECT_LT(watch.elapsed(), 3s + kSlack);
}

TEST_F(Fault, KilledBrokerComesBack) {
    const std::string to = wide_topic();
    Producer producer = sender(10s);
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    const Outcome outcome = send_through(producer, to, [] {
        command("restart broker-b");
        pause(500ms);
    });
    EXPECT_EQ(outcome.failed, 0);
    nothing_is_lost(to, outcome);
}

TEST_F(Fault, PushGoesOnAfterCuts) {
    const std::string from = wide_topic();
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    Producer producer = sender();
    const Outcome outcome = send_through(producer, from, [] {
        for (int i = 0; i < 8; ++i) {
            pause(200ms);
            command("proxy all cut");
        }
    });
    EXPECT_TRUE(inbox.gets(outcome.acknowledged));
}

TEST_F(Fault, PushGoesOnAfterAHalfOpenConnection) {
    const std::string from = topic("t");
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    send_all(from, {"before"});
    ASSERT_TRUE(inbox.gets({"before"}));
    command("proxy broker-a half-open");
    pause(3s);
    command("proxy broker-a pass");
    send_all(from, numbered("after", 20));
    EXPECT_TRUE(inbox.gets(numbered("after", 20), 90s));
}

TEST_F(Fault, PushGoesOnAfterARestartedBroker) {
    const std::string from = wide_topic();
    Inbox inbox;
    PushConsumer consumer = consume(push_options(from).on_messages(into(inbox)));
    send_all(from, numbered("before", 20));
    ASSERT_TRUE(inbox.gets(numbered("before", 20)));
    command("restart broker-b");
    send_all(from, numbered("after", 20));
    EXPECT_TRUE(inbox.gets(numbered("after", 20), 90s));
}

TEST_F(Fault, OrderedPushKeepsItsOrderThroughCuts) {
    const std::string from = topic("t", 1);
    Inbox inbox;
    std::mutex lock;
    std::vector<std::int64_t> offsets;
    PushConsumer consumer =
        consume(push_options(from).on_messages_in_order([&](const MessageBatch& batch) {
            {
                const std::lock_guard guard(lock);
                for (const MessageView& message : batch) offsets.push_back(message.queue_offset());
            }
            inbox.put(batch);
            return OrderlyResult::success();
        }));
    Producer producer = sender();
    const Outcome outcome = send_through(producer, from, [] {
        for (int i = 0; i < 5; ++i) {
            pause(300ms);
            command("proxy all cut");
        }
    });
    EXPECT_TRUE(inbox.gets(outcome.acknowledged));
    const std::lock_guard guard(lock);
    // A repeat begins again at an earlier offset; nothing may be skipped.
    std::int64_t highest = -1;
    for (const std::int64_t offset : offsets) {
        EXPECT_LE(offset, highest + 1);
        highest = std::max(highest, offset);
    }
}

TEST_F(Fault, LitePullGoesOnAfterCuts) {
    const std::string from = topic("t");
    auto consumer = client().lite_pull_consumer(
        kerolox::LitePullOptions(name("g")).subscribe(from).start_from(StartFrom::first));
    ASSERT_OK(consumer);
    send_all(from, numbered("m", 50));
    std::set<std::string> texts;
    EXPECT_TRUE(eventually(
        [&] {
            command("proxy broker-a cut-one");
            const auto batch = consumer->poll(300ms).get();
            if (batch) {
                for (const MessageView& message : *batch) texts.emplace(message.text());
            }
            return texts.size() == 50;
        },
        60s));
}

TEST_F(Fault, CloseDuringAStallKeepsItsGrace) {
    const std::string to = topic("t");
    Producer producer = sender(60s);
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    Inbox inbox;
    PushConsumer consumer = consume(push_options(to).on_messages(into(inbox)));
    ASSERT_TRUE(inbox.gets({"warm"}));
    command("proxy all stall");
    auto stuck = producer.send(Message(to, "stuck"));
    const Stopwatch watch;
    static_cast<void>(producer.close(1s).get());
    EXPECT_LT(watch.elapsed(), 1s + 2 * kSlack);
    EXPECT_FALSE(std::move(stuck).get());
    static_cast<void>(consumer.close(1s).get());
    EXPECT_LT(watch.elapsed(), 2s + 4 * kSlack);
    const Stopwatch client_watch;
    static_cast<void>(client().close(1s).get());
    EXPECT_LT(client_watch.elapsed(), 1s + 2 * kSlack);
}

TEST_F(Fault, BrokerReplacedByAnother) {
    const std::string to = topic("t");
    Producer producer = sender();
    ASSERT_OK(producer.send(Message(to, "warm")).get());
    const auto view = client().admin().cluster().get();
    ASSERT_OK(view);
    std::string other;
    for (const auto& broker : view->brokers) {
        if (broker.name == "broker-b") other = broker.addresses.at(0);
    }
    ASSERT_FALSE(other.empty());
    const std::string behind = "127.0.0.1" + other.substr(other.rfind(':'));
    const std::string before = "127.0.0.1" + setting().broker.substr(setting().broker.rfind(':'));
    // What answers at the address is now broker-b: it makes the topic or refuses, nothing hangs.
    command("proxy broker-a swap " + behind);
    const Stopwatch watch;
    static_cast<void>(producer.send(Message(to, "to the wrong one")).get());
    EXPECT_LT(watch.elapsed(), 5s + kSlack);
    command("proxy broker-a swap " + before);
    EXPECT_TRUE(eventually([&] { return producer.send(Message(to, "right")).get().has_value(); }));
}

}  // namespace
}  // namespace suite
