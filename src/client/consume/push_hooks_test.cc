// SPDX-License-Identifier: Apache-2.0
//
// What the application hangs onto a push consumer: executors and interceptors; and the bounds of
// what it keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "client/consume/push_world.h"
#include "client/core/core_world.h"
#include "kerolox/hooks.hpp"

namespace kx::client {
namespace {

using kerolox::ConsumeContext;
using kerolox::ConsumeResult;
using kerolox::MessageBatch;
using kerolox::PushOptions;
using ::testing::ElementsAre;

/// The application's own thread.
class OwnThread {
public:
    ~OwnThread() {
        {
            MutexLock lock(mutex_);
            ends_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }
    kerolox::Executor executor() {
        return [this](kerolox::UniqueFunction<void()> work) {
            {
                MutexLock lock(mutex_);
                if (refuses_-- > 0) throw std::runtime_error("full");
                works_.push_back(std::move(work));
            }
            wake_.notify_all();
        };
    }
    void refuse(int times) {
        MutexLock lock(mutex_);
        refuses_ = times;
    }
    std::thread::id id() const { return thread_.get_id(); }

private:
    void run() {
        while (true) {
            kerolox::UniqueFunction<void()> work;
            {
                MutexLock lock(mutex_);
                while (works_.empty() && !ends_) wake_.wait(mutex_);
                if (works_.empty()) return;
                work = std::move(works_.front());
                works_.pop_front();
            }
            work();
        }
    }

    Mutex mutex_;
    CondVar wake_;
    std::deque<kerolox::UniqueFunction<void()>> works_ KX_GUARDED_BY(mutex_);
    int refuses_ KX_GUARDED_BY(mutex_) = 0;
    bool ends_ KX_GUARDED_BY(mutex_) = false;
    std::thread thread_{[this] { run(); }};
};

TEST(PushExecutor, RunsTheListenerAndNobodyElseDoes) {
    OwnThread own;
    std::atomic<int> elsewhere{0};
    PushWorld world;
    world.store(20);
    world.start(
        PushOptions("G").executor(own.executor()).on_messages([&](const MessageBatch& batch) {
            if (std::this_thread::get_id() != own.id()) ++elsewhere;
            world.seen.add(batch);
            return ConsumeResult::success();
        }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 20; }));
    EXPECT_EQ(elsewhere, 0);
    EXPECT_EQ(world.seen.bodies(), numbers_below(20)) << "one thread, one after the other";
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 20);
}

TEST(PushExecutor, ThatRefusesCostsNoMessage) {
    OwnThread own;
    std::atomic<int> elsewhere{0};
    PushWorld world;
    world.store(5);
    own.refuse(2);
    world.start(
        PushOptions("G").executor(own.executor()).on_messages([&](const MessageBatch& batch) {
            if (std::this_thread::get_id() != own.id()) ++elsewhere;
            world.seen.add(batch);
            return ConsumeResult::success();
        }));
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 5; }));
    EXPECT_EQ(elsewhere, 2);
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 5);
}

/// Notes what it is told, then throws if it should.
struct NotingInterceptor : kerolox::Interceptor {
    void before_consume(const ConsumeContext& context) override { note("before", context); }
    void after_consume(const ConsumeContext& context) override {
        note(context.success ? "after, good:" : "after:", context);
    }
    void note(std::string_view what, const ConsumeContext& context) {
        MutexLock lock(mutex);
        notes.push_back(fmt::format("{} {} {} {}", context.group, what,
                                    context.batch.front().text(), context.outcome));
        if (throws) throw std::runtime_error("an interceptor's own trouble");
    }
    bool keep(std::string_view, const kerolox::MessageView& message) override {
        return message.text() != "unwanted";
    }
    std::vector<std::string> all() {
        MutexLock lock(mutex);
        return notes;
    }
    Mutex mutex;
    std::vector<std::string> notes KX_GUARDED_BY(mutex);
    std::atomic<bool> throws{false};
};

TEST(PushInterceptor, SeesEveryCallOfTheListenerAndItsOutcome) {
    const auto clock = std::make_shared<testing::SkewedClock>();
    const auto interceptor = std::make_shared<NotingInterceptor>();
    PushWorld world(1, [&](ClientCore::Settings& settings) {
        settings.interceptors.push_back(interceptor);
        settings.runtime = RuntimeCore::create({}, clock).value();
    });
    for (const char* body : {"fine", "later", "throws", "unwanted", "slow"})
        world.group.broker.store("T", 0, body);
    world.start(PushOptions("G").threads(1).on_messages([&](const MessageBatch& batch) {
        const std::string_view text = batch.front().text();
        world.seen.add(batch);
        if (text == "throws") throw std::runtime_error("no");
        if (text == "slow") clock->advance_ms(16 * 60'000);
        return text == "later" ? ConsumeResult::later() : ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return interceptor->all().size() == 8; }));
    EXPECT_THAT(interceptor->all(), ElementsAre("G before fine ", "G after, good: fine SUCCESS",
                                                "G before later ", "G after: later FAILED",
                                                "G before throws ", "G after: throws EXCEPTION",
                                                "G before slow ", "G after, good: slow TIME_OUT"));
    EXPECT_THAT(world.seen.bodies(), ElementsAre("fine", "later", "throws", "slow"));
}

TEST(PushInterceptor, ThatThrowsChangesNothing) {
    const auto interceptor = std::make_shared<NotingInterceptor>();
    interceptor->throws = true;
    testing::KeptLog log;
    PushWorld world(1, [&](ClientCore::Settings& settings) {
        settings.interceptors.push_back(interceptor);
        settings.log_sink = log.sink();
        settings.log_level = kerolox::LogLevel::warn;
    });
    world.store(3);
    world.start(PushOptions("G").on_messages([&](const MessageBatch& batch) {
        world.seen.add(batch);
        return ConsumeResult::success();
    }));
    EXPECT_TRUE(becomes_true([&] { return interceptor->all().size() == 6; }));
    world.end();
    EXPECT_EQ(world.group.broker.committed("T", 0), 3);
    EXPECT_EQ(log.count("an interceptor threw: an interceptor's own trouble"), 6);
}

std::vector<std::size_t> cached_in(const PushCore& core, std::string_view topic) {
    std::vector<std::size_t> cached;
    for (const kerolox::QueueState& state : core.snapshot().queues)
        if (state.queue.topic == topic) cached.push_back(state.cached_messages);
    return cached;
}

/// It stays so for a while.
bool stays_below(const PushCore& core, std::size_t bound) {
    const std::int64_t until = system_clock().steady_ms() + 200;
    bool below = true;
    becomes_true([&] {
        for (const std::size_t cached : cached_in(core, "T")) below = below && cached < bound;
        return system_clock().steady_ms() > until;
    });
    return below;
}

TEST(PushLimits, OfATopicAreSharedByItsQueues) {
    std::atomic<bool> open{false};
    PushWorld world(4);
    for (int queue = 0; queue < 4; ++queue) world.store(30, queue);
    world.start(
        PushOptions("G").threads(1).pull_batch(1).cache_limit_per_topic(40, 1'000).on_messages(
            [&](const MessageBatch& batch) {
                becomes_true([&] { return open.load(); });
                world.seen.add(batch);
                return ConsumeResult::success();
            }));
    // With the retry topic's there are five: eight each, and the one that goes beyond.
    EXPECT_TRUE(becomes_true([&] {
        const auto cached = cached_in(*world.core, "T");
        return cached.size() == 4 &&
               std::ranges::all_of(cached, [](std::size_t one) { return one >= 9; });
    }));
    EXPECT_TRUE(stays_below(*world.core, 12));
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 120; }));
}

TEST(PushLimits, OfATopicCountBytesToo) {
    std::atomic<bool> open{false};
    PushWorld world(1);
    for (int i = 0; i < 10; ++i) world.group.broker.store("T", 0, std::string(600'000, 'x'));
    world.start(
        PushOptions("G").threads(1).pull_batch(1).cache_limit_per_topic(1'000, 2).on_messages(
            [&](const MessageBatch& batch) {
                becomes_true([&] { return open.load(); });
                world.seen.add(batch);
                return ConsumeResult::success();
            }));
    EXPECT_TRUE(
        becomes_true([&] { return cached_in(*world.core, "T") >= std::vector<std::size_t>{2}; }));
    EXPECT_TRUE(stays_below(*world.core, 5));
    open = true;
    EXPECT_TRUE(becomes_true([&] { return world.seen.count() == 10; }));
}

}  // namespace
}  // namespace kx::client
