// SPDX-License-Identifier: Apache-2.0
#include "client/core/callback_pool.h"

#include <gtest/gtest.h>

#include <future>

#include "client/core/core_world.h"

namespace kx::client {
namespace {

using testing::eventually;

bool post(CallbackPool& pool, CallbackPool::Work work) { return pool.post(work); }

TEST(CallbackPool, RunsEverythingOnce) {
    CallbackPool pool(3, "test");
    std::atomic<int> ran{0};
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(post(pool, [&] { ++ran; }));
    EXPECT_TRUE(eventually([&] {
        pool.tick();
        return ran == 1000;
    }));
    EXPECT_TRUE(eventually([&] { return pool.pending() == 0; }));
}

TEST(CallbackPool, LetsABlockedCallbackHoldUpNobody) {
    CallbackPool pool(2, "test");
    std::promise<void> release;
    auto released = release.get_future().share();
    std::atomic<int> ran{0};
    ASSERT_TRUE(post(pool, [released] { released.wait(); }));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(post(pool, [&] { ++ran; }));
    EXPECT_TRUE(eventually([&] {
        pool.tick();
        return ran == 20;
    }));
    EXPECT_EQ(pool.pending(), 1U);
    release.set_value();
    pool.stop();
}

TEST(CallbackPool, FinishesWhatIsQueuedThenRefuses) {
    CallbackPool pool(1, "test");
    std::atomic<int> ran{0};
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(post(pool, [&] { ++ran; }));
    pool.stop();
    EXPECT_EQ(ran, 50);
    CallbackPool::Work late = [&] { ++ran; };
    EXPECT_FALSE(pool.post(late));
    ASSERT_TRUE(late);
    late();
    EXPECT_EQ(ran, 51);
    pool.stop();
}

constexpr std::chrono::milliseconds kBrief{50};

/// A callback that returns when the test says so, after the pool is gone.
struct Stuck {
    CallbackPool::Work work() {
        return [state = state] {
            state->begun = true;
            state->released.wait();
            state->ended = true;
        };
    }
    bool has_begun() const {
        return eventually([&] { return state->begun.load(); });
    }
    ~Stuck() {
        state->release.set_value();
        EXPECT_TRUE(eventually([&] { return state->ended.load(); }));
    }
    struct State {
        std::promise<void> release;
        std::shared_future<void> released = release.get_future().share();
        std::atomic<bool> begun{false};
        std::atomic<bool> ended{false};
    };
    std::shared_ptr<State> state = std::make_shared<State>();
};

TEST(CallbackPool, LeavesOneThatNeverReturnsToItself) {
    Stuck stuck;
    std::atomic<int> ran{0};
    const std::int64_t began = system_clock().steady_ms();
    {
        CallbackPool pool(2, "test", 64, kBrief);
        ASSERT_TRUE(post(pool, stuck.work()));
        ASSERT_TRUE(stuck.has_begun());
        // Fewer than would call a second thread.
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(post(pool, [&] { ++ran; }));
        const CallbackPool::Left left = pool.stop();
        EXPECT_EQ(left.stuck, 1U);
        EXPECT_EQ(left.dropped, 0U);
        EXPECT_EQ(ran, 20);
        EXPECT_EQ(pool.stop().stuck, 0U) << "told once";
        EXPECT_FALSE(post(pool, [] {}));
    }
    EXPECT_LT(system_clock().steady_ms() - began, 5'000);
}

TEST(CallbackPool, DropsWhatIsQueuedBehindThoseThatNeverReturn) {
    Stuck stuck;
    Stuck stuck_too;
    std::atomic<int> ran{0};
    const auto captured = std::make_shared<int>(0);
    CallbackPool pool(2, "test", 0, kBrief);
    ASSERT_TRUE(post(pool, stuck.work()));
    ASSERT_TRUE(post(pool, stuck_too.work()));
    ASSERT_TRUE(stuck.has_begun());
    ASSERT_TRUE(stuck_too.has_begun());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(post(pool, [&ran, captured] { ++ran; }));
    const CallbackPool::Left left = pool.stop();
    EXPECT_EQ(left.stuck, 2U);
    EXPECT_EQ(left.dropped, 3U);
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(captured.use_count(), 1) << "what they held is let go";
}

TEST(CallbackPool, WaitsForWhoMakesHeadway) {
    std::atomic<int> ran{0};
    CallbackPool pool(1, "test", 64, std::chrono::milliseconds(200));
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(post(pool, [&] {
            ::poll(nullptr, 0, 50);  // altogether far longer than the patience
            ++ran;
        }));
    }
    EXPECT_EQ(pool.stop().stuck, 0U);
    EXPECT_EQ(ran, 10);
}

TEST(CallbackPool, KnowsItsThreads) {
    CallbackPool pool(1, "test");
    EXPECT_FALSE(pool.is_current());
    std::promise<bool> inside;
    ASSERT_TRUE(post(pool, [&] { inside.set_value(pool.is_current()); }));
    EXPECT_TRUE(inside.get_future().get());
}

TEST(CallbackPool, TakesWhatAThreadGatheredAllAtOnce) {
    std::vector<std::function<void()>> later;
    std::atomic<int> ran{0};
    CallbackPool pool(1, "test");
    CallbackPool other(1, "other");
    std::thread([&] {
        CallbackPool::Gathering gathering(
            pool, [&](std::function<void()> work) { later.push_back(std::move(work)); });
        gathering.begin();
        for (int round = 0; round < 2; ++round) {
            for (int i = 0; i < 3; ++i) ASSERT_TRUE(post(pool, [&] { ++ran; }));
            EXPECT_EQ(pool.pending(), 0U);
            ASSERT_EQ(later.size(), 1U);
            later[0]();
            later.clear();
            EXPECT_TRUE(eventually([&] { return pool.pending() == 0; }));
        }
        ASSERT_TRUE(post(other, [&] { ++ran; }));
        EXPECT_TRUE(later.empty());
        EXPECT_TRUE(eventually([&] { return ran == 7; }));
        pool.stop();
        ASSERT_TRUE(post(pool, [&] { ++ran; }));
        later[0]();
        EXPECT_EQ(ran, 8);
    }).join();
}

TEST(CallbackPool, LetsCallbacksPostMore) {
    CallbackPool pool(1, "test");
    std::promise<int> end;
    std::function<void(int)> step = [&](int left) {
        if (left == 0) return end.set_value(1);
        CallbackPool::Work next = [&, left] { step(left - 1); };
        pool.post(next);
    };
    step(100);
    EXPECT_EQ(end.get_future().get(), 1);
}

}  // namespace
}  // namespace kx::client
