// SPDX-License-Identifier: Apache-2.0
#include "client/thin_consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/compress.h"
#include "client/fake_servers.h"
#include "client/message_body.h"
#include "model/batch.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string tagged(std::string_view tag) {
    std::string properties;
    model::append_property(properties, model::property::kTags, tag);
    return properties;
}

class Listener : public ConsumerListener {
public:
    std::size_t enough = 1'000'000;

    bool on_message(const Delivery& delivery) override {
        MutexLock lock(mutex_);
        bodies_.emplace_back(delivery.record.body);
        offsets_.push_back(delivery.record.queue_offset);
        sys_flags_.push_back(delivery.record.sys_flag);
        changed_.notify_all();
        return bodies_.size() < enough;
    }
    void on_trouble(const Error& error) override {
        MutexLock lock(mutex_);
        troubles_.push_back(error.text);
    }
    void on_finished(const Status& status) override {
        MutexLock lock(mutex_);
        finished_ = true;
        status_ = status;
        changed_.notify_all();
    }

    bool wait_for_end() {
        return wait([this]() KX_REQUIRES(mutex_) { return finished_; });
    }
    bool wait_for_messages(std::size_t count) {
        return wait([this, count]() KX_REQUIRES(mutex_) { return bodies_.size() >= count; });
    }
    std::vector<std::string> bodies() { return copy(bodies_); }
    std::vector<std::int64_t> offsets() { return copy(offsets_); }
    std::vector<std::int32_t> sys_flags() { return copy(sys_flags_); }
    std::vector<std::string> troubles() { return copy(troubles_); }
    Status status() { return copy(status_); }

private:
    template <class T>
    T copy(const T& member) {
        MutexLock lock(mutex_);
        return member;
    }
    template <class Condition>
    bool wait(Condition condition) KX_NO_THREAD_SAFETY_ANALYSIS {
        const std::int64_t until = system_clock().steady_ms() + 10'000;
        MutexLock lock(mutex_);
        while (!condition() && system_clock().steady_ms() < until)
            changed_.wait_for(mutex_, std::chrono::milliseconds(100));
        return condition();
    }

    Mutex mutex_;
    CondVar changed_;
    std::vector<std::string> bodies_;
    std::vector<std::int64_t> offsets_;
    std::vector<std::int32_t> sys_flags_;
    std::vector<std::string> troubles_;
    bool finished_ = false;
    Status status_;
};

class ThinConsumerTest : public testing::Test {
protected:
    ThinConsumerTest() { names.add_route("T", "a", a.address(), 2); }
    ~ThinConsumerTest() override {
        if (consumer) {
            consumer->stop();
            EXPECT_TRUE(listener.wait_for_end());
        }
        client.stop();
    }

    void open(ConsumerOptions options) {
        options.topic = "T";
        options.error_pause_ms = 20;
        auto made = ThinConsumer::open(client.context, std::move(options), listener);
        ASSERT_TRUE(made) << made.error().text;
        consumer = std::move(*made);
    }
    void read_to_end(ConsumerOptions options) {
        options.stop_at_end = true;
        open(std::move(options));
        ASSERT_TRUE(listener.wait_for_end());
    }

    FakeNameServer names;
    FakeBroker a{"a"};
    FakeClient client{names.address()};
    Listener listener;
    std::unique_ptr<ThinConsumer> consumer;
};

TEST_F(ThinConsumerTest, ReadsEveryQueueFromItsStartToItsEnd) {
    for (int i = 0; i < 100; ++i) a.store(i % 2, "m" + std::to_string(i));
    read_to_end({});
    EXPECT_TRUE(listener.status());
    EXPECT_EQ(listener.bodies().size(), 100U);
    EXPECT_THAT(listener.troubles(), IsEmpty());
}

TEST_F(ThinConsumerTest, EndsAtOnceWhereNothingIs) {
    read_to_end({});
    EXPECT_TRUE(listener.status());
    EXPECT_THAT(listener.bodies(), IsEmpty());
}

TEST_F(ThinConsumerTest, BeginsAtTheSmallestOffsetThatIsLeft) {
    for (const char* body : {"gone", "gone", "left", "last"}) a.store(0, body);
    a.set_min(0, 2);
    read_to_end({});
    EXPECT_THAT(listener.bodies(), ElementsAre("left", "last"));
    EXPECT_THAT(listener.offsets(), ElementsAre(2, 3));
}

TEST_F(ThinConsumerTest, BeginsAtATime) {
    for (const std::int64_t ms : {100, 200, 300}) a.store(0, std::to_string(ms), {}, 0, ms);
    read_to_end({.start = StartAt::kTime, .start_time_ms = 150});
    EXPECT_THAT(listener.bodies(), ElementsAre("200", "300"));
}

TEST_F(ThinConsumerTest, WaitsForNewMessagesWhenItBeginsAtTheEnd) {
    a.store(0, "old");
    open({.start = StartAt::kMax});
    const std::int64_t until = system_clock().steady_ms() + 10'000;
    while (a.asked(11) == 0 && system_clock().steady_ms() < until) std::this_thread::yield();
    a.store(0, "new");
    ASSERT_TRUE(listener.wait_for_messages(1));
    EXPECT_THAT(listener.bodies(), ElementsAre("new"));
}

TEST_F(ThinConsumerTest, ComparesTagsByTheirText) {
    // "Aa" and "BB" have one hash, by which alone a broker tells them apart.
    for (const char* tag : {"Aa", "BB", "red"}) a.store(0, tag, tagged(tag));
    read_to_end({.tags = "Aa || red"});
    EXPECT_THAT(listener.bodies(), ElementsAre("Aa", "red"));
}

TEST_F(ThinConsumerTest, UnfoldsEveryCompression) {
    const std::string text(10'000, 'z');
    a.store(0, *compress(Compression::kZlib, text), {}, 0x1);
    a.store(0, *compress(Compression::kZlib, text), {}, 0x301);
    a.store(0, *compress(Compression::kLz4, text), {}, 0x101);
    a.store(0, *compress(Compression::kZstd, text), {}, 0x201);
    read_to_end({});
    EXPECT_THAT(listener.bodies(), ElementsAre(text, text, text, text));
    EXPECT_THAT(listener.sys_flags(), ElementsAre(0, 0, 0, 0));
}

TEST_F(ThinConsumerTest, TakesInnerBatchesApart) {
    std::string batch;
    model::append_batch_item(batch, 0, "one", tagged("red"));
    model::append_batch_item(batch, 0, "two", tagged("blue"));
    a.store(0, batch, {}, model::kNeedUnwrap | model::kInnerBatch);
    read_to_end({.tags = "blue"});
    EXPECT_THAT(listener.bodies(), ElementsAre("two"));
    EXPECT_THAT(listener.offsets(), ElementsAre(1));
}

TEST_F(ThinConsumerTest, PassesOverABodyThatFailsItsCrcAndSaysSo) {
    a.store(0, "good");
    a.store(0, "bad");
    a.damage_last(0);
    a.store(0, "fine");
    read_to_end({});
    EXPECT_THAT(listener.bodies(), ElementsAre("good", "fine"));
    ASSERT_EQ(listener.troubles().size(), 1U);
    EXPECT_THAT(listener.troubles()[0], HasSubstr("a queue 0 offset 1"));
}

TEST_F(ThinConsumerTest, GoesOnWhereItsGroupIsAndCommitsWhatItDelivered) {
    for (int i = 0; i < 10; ++i) a.store(0, "m" + std::to_string(i));
    a.set_committed("G", 0, 8);
    read_to_end({.group = "G"});
    EXPECT_THAT(listener.bodies(), ElementsAre("m8", "m9"));
    EXPECT_EQ(a.committed("G", 0), 10);
    EXPECT_EQ(a.committed("G", 1), 0);
}

TEST_F(ThinConsumerTest, CommitsNoFurtherThanTheLastMessageThatWasWanted) {
    for (int i = 0; i < 10; ++i) a.store(0, "m" + std::to_string(i));
    listener.enough = 3;
    open({.group = "G"});
    ASSERT_TRUE(listener.wait_for_end());
    EXPECT_THAT(listener.bodies(), ElementsAre("m0", "m1", "m2"));
    EXPECT_EQ(a.committed("G", 0), 3);
}

TEST_F(ThinConsumerTest, CommitsNothingWithoutAGroup) {
    a.store(0, "m");
    read_to_end({});
    EXPECT_EQ(a.asked(15), 0);
}

TEST_F(ThinConsumerTest, FollowsAnOffsetThatMoved) {
    for (int i = 0; i < 5; ++i) a.store(0, "m" + std::to_string(i));
    a.set_min(0, 3);
    a.set_committed("G", 0, 1);
    read_to_end({.group = "G"});
    EXPECT_THAT(listener.bodies(), ElementsAre("m3", "m4"));
}

TEST_F(ThinConsumerTest, TriesABusyBrokerAgain) {
    a.store(0, "m");
    a.refuse(11, {215, 2});
    read_to_end({});
    EXPECT_THAT(listener.bodies(), ElementsAre("m"));
}

TEST_F(ThinConsumerTest, EndsWhenItIsDenied) {
    a.refuse(11, {16});
    open({});
    ASSERT_TRUE(listener.wait_for_end());
    ASSERT_FALSE(listener.status());
    EXPECT_EQ(listener.status().error().code, Errc::kPermissionDenied);
}

TEST_F(ThinConsumerTest, EndsWhenTheBrokerIsNotThereAtTheStart) {
    a.shut_down();
    open({});
    ASSERT_TRUE(listener.wait_for_end());
    ASSERT_FALSE(listener.status());
    EXPECT_EQ(listener.status().error().code, Errc::kUnavailable);
}

TEST_F(ThinConsumerTest, TakesOnlyItsShareOfTheQueues) {
    a.store(0, "first queue");
    a.store(1, "second queue");
    read_to_end({.share_index = 1, .share_count = 2});
    EXPECT_THAT(listener.bodies(), ElementsAre("second queue"));
}

TEST_F(ThinConsumerTest, BeginsAgainAtTheEndWhenItShallRewind) {
    for (int i = 0; i < 5; ++i) a.store(0, "m");
    open({.rewind_at_end = true});
    ASSERT_TRUE(listener.wait_for_messages(50));
    consumer->stop();
    ASSERT_TRUE(listener.wait_for_end());
    EXPECT_TRUE(listener.status());
}

TEST_F(ThinConsumerTest, StopsWhenItIsTold) {
    a.store(0, "m");
    open({.group = "G"});
    ASSERT_TRUE(listener.wait_for_messages(1));
    consumer->stop();
    ASSERT_TRUE(listener.wait_for_end());
    EXPECT_EQ(a.committed("G", 0), 1);
}

TEST(ThinConsumer, CannotBeOpenedForAnUnknownTopic) {
    FakeNameServer names;
    names.add_route("TBW102", "a", "127.0.0.1:1", 8, 7);
    FakeClient client(names.address());
    Listener listener;
    const auto consumer = ThinConsumer::open(client.context, {.topic = "New"}, listener);
    ASSERT_FALSE(consumer);
    EXPECT_EQ(consumer.error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace kx::client
