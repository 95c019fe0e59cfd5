// SPDX-License-Identifier: Apache-2.0
//
// Sends that are cancelled, used in every style, bounded; and the ends of producers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>

#include "client/produce/send_rig.h"
#include "kerolox/future.hpp"

namespace kx::client {
namespace {

using kerolox::BackPressure;
using kerolox::Bytes;
using kerolox::ErrorKind;
using kerolox::Message;
using kerolox::Producer;
using kerolox::ProducerOptions;
using kerolox::SendReceipt;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

// --- ends from outside ---

TEST(Producer, EndsASendThatIsCancelled) {
    SendRig rig;
    rig.a.hold();
    rig.b.hold();
    Producer producer = rig.producer();
    auto handle = producer.send(note());
    handle.cancel();
    const auto sent = std::move(handle).get();
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::cancelled);

    std::stop_source source;
    auto stopped = producer.send(note(), {.timeout = {}, .stop = source.get_token()});
    source.request_stop();
    EXPECT_EQ(std::move(stopped).get().error().kind(), ErrorKind::cancelled);
    auto late = producer.send(note(), {.timeout = {}, .stop = source.get_token()});
    EXPECT_EQ(std::move(late).get().error().kind(), ErrorKind::cancelled);

    auto patient = producer.send(note()).get_for(milliseconds(30));
    ASSERT_FALSE(patient);
    EXPECT_EQ(patient.error().kind(), ErrorKind::timeout);
    rig.a.release();
    rig.b.release();
    EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
}

kerolox::Task<std::string> send_two(Producer& producer) {
    const auto first = co_await producer.send(note("1"));
    const auto second = co_await producer.send(note("2"));
    co_return first&& second ? "both" : "not both";
}

TEST(Producer, CanBeUsedInEachStyle) {
    SendRig rig;
    Producer producer = rig.producer();
    EXPECT_TRUE(producer.send(note()).to_future().get());
    EXPECT_EQ(send_two(producer).run(), "both");
    std::promise<bool> called;
    producer.send(note()).then([&](auto result) { called.set_value(result.has_value()); });
    EXPECT_TRUE(called.get_future().get());
    std::promise<std::thread::id> where;
    std::atomic<std::thread::id> executor_thread;
    producer.send(note())
        .via([&](kerolox::UniqueFunction<void()> work) {
            std::thread([&executor_thread, work = std::move(work)]() mutable {
                executor_thread = std::this_thread::get_id();
                work();
            }).detach();
        })
        .then([&](const auto&) { where.set_value(std::this_thread::get_id()); });
    EXPECT_EQ(where.get_future().get(), executor_thread.load());
    producer.send(note()).detach();
    EXPECT_TRUE(producer.send_oneway(note()));
    EXPECT_TRUE(comes_true([&] { return rig.sends().size() == 7; }));
}

TEST(Producer, SurvivesCallbacksThatThrowOrBlock) {
    // They outlive the rig: its callback threads may be the last to look at them.
    std::promise<void> go;
    auto gate = go.get_future().share();
    std::promise<void> blocked;
    SendRig rig;
    Producer producer = rig.producer();
    producer.send(note()).then([](const auto&) { throw std::runtime_error("the user's"); });
    producer.send(note()).then([&](const auto&) {
        blocked.set_value();
        gate.wait();
    });
    blocked.get_future().wait();
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(producer.send(note()).get());
    go.set_value();
}

// --- bounds ---

TEST(Producer, FailsOrDropsWhenAsMuchIsUnderWayAsIsAllowed) {
    SendRig rig;
    rig.a.hold();
    rig.b.hold();
    Producer fails = rig.producer(ProducerOptions("F").in_flight(10, 64 << 20, BackPressure::fail));
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 10; ++i) handles.push_back(fails.send(note()));
    EXPECT_EQ(fails.in_flight(), 10U);
    const auto refused = fails.send(note()).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::too_much_request);
    EXPECT_THAT(std::string(refused.error().text()),
                HasSubstr("send message tryAcquire semaphoreAsyncNum timeout"));
    EXPECT_EQ(fails.send_oneway(note()).error().kind(), ErrorKind::too_much_request);

    Producer drops = rig.producer(ProducerOptions("D").in_flight(10, 64 << 20, BackPressure::drop));
    for (int i = 0; i < 10; ++i) handles.push_back(drops.send(note()));
    EXPECT_TRUE(drops.send_oneway(note()));
    EXPECT_FALSE(drops.send(note()).get());

    Producer waits = rig.producer(ProducerOptions("W").in_flight(10, 64 << 20));
    for (int i = 0; i < 10; ++i) handles.push_back(waits.send(note()));
    const auto begun = now_ms();
    EXPECT_FALSE(waits.send(note(), {.timeout = milliseconds(120), .stop = {}}).get());
    EXPECT_GE(ms_since(begun), 100);
    auto later = std::async(std::launch::async, [&] { return waits.send(note()).get(); });
    EXPECT_EQ(later.wait_for(milliseconds(20)), std::future_status::timeout);
    rig.a.release();
    rig.b.release();
    EXPECT_TRUE(later.get());
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
}

/// Few at a time, and as large on their way as they are here.
ProducerOptions few_and_large() {
    return ProducerOptions("P").in_flight(64, 64 << 20).compression(kerolox::Compression::none);
}

TEST(Producer, HoldsBackOnewaySendsThatBrokersDoNotTake) {
    SendRig rig;
    rig.a.stall();
    rig.b.stall();
    Producer producer = rig.producer(few_and_large());
    const std::string large(256 << 10, 'x');
    const kerolox::SendOptions brief{.timeout = milliseconds(300), .stop = {}};
    std::size_t accepted = 0;
    kerolox::Status sent;
    for (; accepted < 1000; ++accepted) {
        sent = producer.send_oneway(note(large), brief);
        if (!sent) break;
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::too_much_request);
    EXPECT_EQ(producer.in_flight(), 64U);
    rig.a.go_on();
    rig.b.go_on();
    EXPECT_TRUE(comes_true([&] { return rig.sends().size() == accepted; }));
    EXPECT_EQ(producer.in_flight(), 0U);
    EXPECT_TRUE(producer.send_oneway(note(large), brief));
}

TEST(Producer, FailsOnewaySendsThatWaitedForABrokerThatWent) {
    SendRig rig;
    rig.a.stall();
    rig.b.stall();
    Producer producer = rig.producer(few_and_large());
    const kerolox::SendOptions brief{.timeout = milliseconds(300), .stop = {}};
    while (producer.send_oneway(note(std::string(256 << 10, 'x')), brief)) {
    }
    EXPECT_EQ(producer.in_flight(), 64U);
    for (ScriptedBroker* broker : {&rig.a, &rig.b}) {
        broker->go_on();
        broker->shut_down();
    }
    EXPECT_TRUE(comes_true([&] { return producer.in_flight() == 0; }));
}

TEST(Producer, HasThousandsUnderWayAndLosesNone) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").send_timeout(seconds(30)));
    std::atomic<int> done{0};
    std::atomic<int> failed{0};
    constexpr int kMany = 20'000;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < kMany / 4; ++i) {
                producer.send(note()).then([&](const auto& result) {
                    if (!result) ++failed;
                    ++done;
                });
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(comes_true([&] { return done == kMany; }, 30'000)) << done;
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(rig.sends().size(), static_cast<std::size_t>(kMany));
    EXPECT_EQ(producer.in_flight(), 0U);
}

// --- the end ---

TEST(Producer, FinishesWhatIsUnderWayWhenItCloses) {
    SendRig rig;
    rig.a.hold();
    rig.b.hold();
    Producer producer = rig.producer();
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (int i = 0; i < 50; ++i) handles.push_back(producer.send(note()));
    auto closing = producer.close(seconds(5));
    EXPECT_EQ(producer.send(note()).get().error().kind(), ErrorKind::closed);
    EXPECT_EQ(producer.send_oneway(note()).error().kind(), ErrorKind::closed);
    EXPECT_TRUE(comes_true([&] { return rig.sends().size() == 50; }));
    EXPECT_FALSE(closing.ready());
    rig.a.release();
    rig.b.release();
    EXPECT_TRUE(std::move(closing).get());
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
    EXPECT_TRUE(producer.close().get()) << "a second close";
    EXPECT_TRUE(rig.a.asked(35) + rig.b.asked(35) > 0) << "it unregisters";
}

TEST(Producer, CutsOffWhatOutlastsTheGrace) {
    SendRig rig;
    rig.a.otherwise(ScriptedBroker::kSwallow);
    rig.b.otherwise(ScriptedBroker::kSwallow);
    Producer producer = rig.producer(ProducerOptions("P").send_timeout(seconds(30)));
    auto handle = producer.send(note());
    const auto begun = now_ms();
    EXPECT_TRUE(producer.close(milliseconds(100)).get());
    EXPECT_LT(ms_since(begun), 1500);
    EXPECT_EQ(std::move(handle).get().error().kind(), ErrorKind::cancelled);
}

TEST(Producer, MayBeDestroyedByItsOwnCallback) {
    SendRig rig;
    auto producer = std::make_shared<Producer>(rig.producer());
    std::promise<void> gone;
    Producer& raw = *producer;
    raw.send(note()).then([&gone, mine = std::move(producer)](const auto&) mutable {
        mine.reset();
        gone.set_value();
    });
    EXPECT_EQ(gone.get_future().wait_for(seconds(5)), std::future_status::ready);
    EXPECT_TRUE(comes_true([&] { return rig.client->producer(ProducerOptions("P")).has_value(); }));
}

TEST(Producer, OutlivesTheClientsHandleAndMayBeMovedAway) {
    SendRig rig;
    Producer producer = rig.producer();
    rig.client.reset();
    EXPECT_TRUE(producer.send(note()).get());
    Producer other = std::move(producer);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
    EXPECT_EQ(producer.send(note()).get().error().kind(), ErrorKind::usage);
    EXPECT_TRUE(other.send(note()).get());
}

TEST(Producer, RefusesAGroupThatIsTaken) {
    SendRig rig;
    Producer producer = rig.producer();
    const auto again = rig.client->producer(ProducerOptions("P"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().text(),
              "The producer group[P] has been created before, specify another name please.");
    EXPECT_FALSE(rig.client->producer(ProducerOptions("DEFAULT_PRODUCER")));
    EXPECT_FALSE(rig.client->producer(ProducerOptions("")));
    EXPECT_FALSE(rig.client->producer(ProducerOptions(std::string(121, 'g'))));
}

TEST(Producer, RefusesWhatCannotBeSent) {
    SendRig rig;
    Producer producer = rig.producer(ProducerOptions("P").max_message_size(100));
    const auto error_of = [&](Message message) {
        const auto sent = producer.send(std::move(message)).get();
        return sent ? std::string("sent") : std::string(sent.error().text());
    };
    EXPECT_EQ(error_of(note("")), "the message body length is zero");
    EXPECT_EQ(error_of(note(std::string(101, 'x'))),
              "the message body size over max value, MAX: 100");
    EXPECT_EQ(error_of(Message("", Bytes("x"))), "The specified topic is blank");
    EXPECT_EQ(error_of(Message("a b", Bytes("x"))),
              "The specified topic[a b] contains illegal characters, allowing only "
              "^[%|a-zA-Z0-9_-]+$");
    EXPECT_EQ(error_of(Message(std::string(128, 't'), Bytes("x"))),
              "The specified topic is longer than topic max length 127.");
    EXPECT_EQ(error_of(Message("SCHEDULE_TOPIC_XXXX", Bytes("x"))),
              "Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.");
    EXPECT_EQ(error_of(note().property("big", std::string(33'000, 'p'))),
              "the message properties size over max value, MAX: 32767");
    EXPECT_EQ(error_of(note().property("TAGS", "x")),
              "The Property<TAGS> is used by system, input another please");
    Message moved = note();
    const Message taken = std::move(moved);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the test
    EXPECT_EQ(error_of(std::move(moved)), "the message is null");
    EXPECT_EQ(rig.sends().size(), 0U);
    EXPECT_EQ(producer.in_flight(), 0U);
}

TEST(Producer, LivesInNumbers) {
    SendRig rig;
    std::vector<Producer> producers;
    constexpr int kMany = 1000;
    for (int i = 0; i < kMany; ++i)
        producers.push_back(rig.producer(ProducerOptions("G" + std::to_string(i))));
    std::vector<kerolox::Async<SendReceipt>> handles;
    for (Producer& producer : producers) handles.push_back(producer.send(note()));
    for (auto& handle : handles) EXPECT_TRUE(std::move(handle).get());
    EXPECT_TRUE(rig.client->close().get());
}

TEST(Producer, IsClosedInTheChildOfAFork) {
    SendRig rig;
    auto producer = std::make_unique<Producer>(rig.producer());
    ASSERT_TRUE(producer->send(note()).get());
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(10);
        const auto sent = producer->send(note()).get();
        const bool closed = !sent && sent.error().kind() == ErrorKind::closed;
        producer.reset();
        ::_exit(closed ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(producer->send(note()).get()) << "the parent's goes on";
}

}  // namespace
}  // namespace kx::client
