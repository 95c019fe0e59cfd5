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
