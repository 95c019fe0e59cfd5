// SPDX-License-Identifier: Apache-2.0
#include "client/thin_producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/compress.h"
#include "client/fake_servers.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using testing::HasSubstr;

/// What callbacks said; may be waited for.
class Outcomes {
public:
    ThinProducer::Callback taker() {
        return [this](const SendOutcome& outcome) {
            MutexLock lock(mutex_);
            codes_.push_back(outcome.code());
            errors_.push_back(outcome.error != nullptr ? *outcome.error : Error{});
            oks_ += outcome.ok() ? 1 : 0;
            changed_.notify_all();
        };
    }
    bool wait_for(std::size_t count) {
        const std::int64_t until = system_clock().steady_ms() + 10'000;
        MutexLock lock(mutex_);
        while (codes_.size() < count && system_clock().steady_ms() < until)
            changed_.wait_for(mutex_, std::chrono::milliseconds(100));
        return codes_.size() == count;
    }
    int oks() const { return oks_; }
    Error error(std::size_t index) {
        MutexLock lock(mutex_);
        return errors_.at(index);
    }
    std::int32_t code(std::size_t index) {
        MutexLock lock(mutex_);
        return codes_.at(index);
    }

private:
    Mutex mutex_;
    CondVar changed_;
    std::vector<std::int32_t> codes_ KX_GUARDED_BY(mutex_);
    std::vector<Error> errors_ KX_GUARDED_BY(mutex_);
    std::atomic<int> oks_{0};
};

/// A name server, two brokers with two queues each, a client.
class ThinProducerTest : public testing::Test {
protected:
    ThinProducerTest() {
        names.add_route("T", "a", a.address(), 2);
        names.add_route("T", "b", b.address(), 2);
        names.add_route("OnlyA", "a", a.address(), 2);
    }
    ~ThinProducerTest() override {
        if (producer) client.context.post_and_wait([this] { producer->stop(); });
        client.stop();
    }

    void open(ProducerOptions options) {
        auto made = ThinProducer::open(client.context, std::move(options));
        ASSERT_TRUE(made) << made.error().text;
        producer = std::move(*made);
    }
    void send(std::string body, std::string properties = {}) {
        client.context.post([this, body = std::move(body),
                             properties = std::move(properties)]() mutable {
            producer->send({Slice::own(std::move(body)), std::move(properties)}, outcomes.taker());
        });
    }
    std::vector<StoredFake> stored_on(const FakeBroker& broker) {
        std::vector<StoredFake> all;
        for (const std::int32_t queue : {0, 1})
            for (auto& message : broker.stored(queue)) all.push_back(message);
        return all;
    }

    FakeNameServer names;
    FakeBroker a{"a"};
    FakeBroker b{"b"};
    FakeClient client{names.address()};
    Outcomes outcomes;
    std::unique_ptr<ThinProducer> producer;
};

TEST_F(ThinProducerTest, SpreadsMessagesOverAllQueuesInTurn) {
    open({.topic = "T"});
    for (int i = 0; i < 400; ++i) send("body " + std::to_string(i));
    ASSERT_TRUE(outcomes.wait_for(400));
    EXPECT_EQ(outcomes.oks(), 400);
    for (const FakeBroker* broker : {&a, &b})
        for (const std::int32_t queue : {0, 1}) EXPECT_EQ(broker->stored(queue).size(), 100U);
}

TEST_F(ThinProducerTest, GivesEachMessageAnIdOfItsOwn) {
    open({.topic = "OnlyA"});
    for (int i = 0; i < 50; ++i) send("body", "TAGS\x01red\x02");
    ASSERT_TRUE(outcomes.wait_for(50));
    std::set<std::string> ids;
    for (const StoredFake& message : stored_on(a)) {
        ids.emplace(model::property_or_empty(message.properties, model::property::kUniqKey));
        EXPECT_EQ(model::property_or_empty(message.properties, model::property::kTags), "red");
    }
    EXPECT_EQ(ids.size(), 50U);
    EXPECT_EQ(ids.begin()->size(), 32U);
}

TEST_F(ThinProducerTest, TriesAnotherBrokerWhenOneIsBusy) {
    a.refuse(310, {2, 2, 2});
    open({.topic = "T"});
    for (int i = 0; i < 4; ++i) send("body");
    ASSERT_TRUE(outcomes.wait_for(4));
    EXPECT_EQ(outcomes.oks(), 4);
    EXPECT_GE(stored_on(b).size(), 3U);
}

TEST_F(ThinProducerTest, GivesUpAfterItsRetriesAndNamesCodeAndBroker) {
    a.refuse(310, {14, 14, 14});
    open({.topic = "OnlyA"});
    send("body");
    ASSERT_TRUE(outcomes.wait_for(1));
    EXPECT_EQ(a.asked(310), 3);
    EXPECT_EQ(outcomes.code(0), 14);
    EXPECT_EQ(outcomes.error(0).code, Errc::kBusy);
    EXPECT_THAT(outcomes.error(0).text, HasSubstr("a answered code 14: as the test wanted"));
}

TEST_F(ThinProducerTest, DoesNotRepeatWhatEveryBrokerWouldRefuse) {
    a.refuse(310, {13});
    open({.topic = "OnlyA"});
    send("body");
    ASSERT_TRUE(outcomes.wait_for(1));
    EXPECT_EQ(a.asked(310), 1);
    EXPECT_EQ(outcomes.error(0).code, Errc::kInvalidArgument);
}

TEST_F(ThinProducerTest, CountsAFlushTimeoutAsAccepted) {
    a.refuse(310, {10, 11, 12});
    open({.topic = "OnlyA"});
    for (int i = 0; i < 3; ++i) send("body");
    ASSERT_TRUE(outcomes.wait_for(3));
    EXPECT_EQ(outcomes.oks(), 3);
    EXPECT_EQ(a.asked(310), 3);
}

TEST_F(ThinProducerTest, WaitsForABusyBrokerWhenItIsPatient) {
    a.refuse(310, {2, 2, 2, 2, 2, 2});
    open({.topic = "OnlyA", .timeout_ms = 10'000, .retries = 0, .patient = true});
    send("body");
    ASSERT_TRUE(outcomes.wait_for(1));
    EXPECT_EQ(outcomes.oks(), 1);
    EXPECT_EQ(a.asked(310), 7);
}

TEST_F(ThinProducerTest, SendsToTheOtherBrokerWhenOneIsGone) {
    a.shut_down();
    open({.topic = "T"});
    for (int i = 0; i < 20; ++i) send("body");
    ASSERT_TRUE(outcomes.wait_for(20));
    EXPECT_EQ(outcomes.oks(), 20);
    EXPECT_EQ(stored_on(b).size(), 20U);
}

TEST_F(ThinProducerTest, SaysWhenNoBrokerIsThere) {
    a.shut_down();
    open({.topic = "OnlyA"});
    send("body");
    ASSERT_TRUE(outcomes.wait_for(1));
    EXPECT_EQ(outcomes.error(0).code, Errc::kUnavailable);
    EXPECT_EQ(outcomes.code(0), -1);
}

TEST_F(ThinProducerTest, ReportsAnAnswerThatNeverComes) {
    a.swallow_sends();
    open({.topic = "OnlyA", .timeout_ms = 100});
    send("body");
    ASSERT_TRUE(outcomes.wait_for(1));
    EXPECT_EQ(outcomes.error(0).code, Errc::kTimeout);
}

TEST_F(ThinProducerTest, ResendsWhatWasUnderWayWhenAConnectionBroke) {
    a.swallow_sends();
    open({.topic = "T", .retries = 4});
    for (int i = 0; i < 10; ++i) send("body");
    const std::int64_t until = system_clock().steady_ms() + 10'000;
    while (a.asked(310) == 0 && system_clock().steady_ms() < until) std::this_thread::yield();
    a.shut_down();
    ASSERT_TRUE(outcomes.wait_for(10));
    EXPECT_EQ(outcomes.oks(), 10);
    EXPECT_EQ(stored_on(b).size(), 10U);
}

TEST_F(ThinProducerTest, CompressesLargeBodiesAsJavaDoes) {
    open({.topic = "OnlyA", .compress_from_bytes = 1000});
    send(std::string(5000, 'x'));
    send("small");
    ASSERT_TRUE(outcomes.wait_for(2));
    for (const StoredFake& message : stored_on(a)) {
        if (message.body == "small") {
            EXPECT_EQ(message.sys_flag, 0);
            continue;
        }
        EXPECT_EQ(message.sys_flag, 0x301);
        EXPECT_EQ(decompress(Compression::kZlib, message.body, 10'000).value_or(""),
                  std::string(5000, 'x'));
    }
}

TEST_F(ThinProducerTest, RefusesABodyThatFitsNoFrameWithoutSendingIt) {
    open({.topic = "OnlyA"});
    send(std::string(17 << 20, 'x'));
    ASSERT_TRUE(outcomes.wait_for(1));
    EXPECT_EQ(outcomes.error(0).code, Errc::kTooLarge) << outcomes.error(0).text;
    EXPECT_EQ(a.asked(310), 0);
}

TEST_F(ThinProducerTest, SendsFromItsOwnCallback) {
    open({.topic = "OnlyA"});
    std::atomic<int> done{0};
    std::function<void()> one_more;
    const std::int64_t until = system_clock().steady_ms() + 10'000;
    one_more = [&] {
        producer->send({Slice::own("body"), {}}, [&](const SendOutcome& outcome) {
            if (outcome.ok() && ++done < 1000) one_more();
        });
    };
    client.context.post(one_more);
    while (done < 1000 && system_clock().steady_ms() < until) std::this_thread::yield();
    EXPECT_EQ(a.stored_count(), 1000U);
}

TEST(ThinProducer, CannotBeOpenedForAnUnknownTopic) {
    FakeNameServer names;
    FakeClient client(names.address());
    const auto producer = ThinProducer::open(client.context, {.topic = "New"});
    ASSERT_FALSE(producer);
    EXPECT_EQ(producer.error().code, Errc::kNotFound);
}

TEST(ThinProducer, CannotBeOpenedForATopicThatOnlyReads) {
    FakeNameServer names;
    names.add_route("T", "a", "127.0.0.1:1", 4, 4);
    FakeClient client(names.address());
    const auto producer = ThinProducer::open(client.context, {.topic = "T"});
    ASSERT_FALSE(producer);
    EXPECT_EQ(producer.error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace kx::client
