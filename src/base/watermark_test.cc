// SPDX-License-Identifier: Apache-2.0
//
// What threads share: watermarks, snapshots, locks, the rate limit of the log. TSan watches.
#include "base/watermark.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/clock.h"
#include "base/log.h"
#include "base/snapshot.h"

namespace kx {
namespace {

TEST(Watermark, OnlyRises) {
    Watermark mark(10);
    mark.raise(5);
    EXPECT_EQ(mark.value(), 10);
    mark.raise(12);
    mark.raise(12);
    EXPECT_EQ(mark.value(), 12);
}

TEST(Watermark, TellsListenersOfEveryRiseUntilTheyLeave) {
    Watermark mark;
    std::vector<std::int64_t> first;
    std::vector<std::int64_t> second;
    const int id = mark.subscribe([&](std::int64_t value) { first.push_back(value); });
    mark.subscribe([&](std::int64_t value) { second.push_back(value); });
    mark.raise(1);
    mark.raise(1);
    mark.unsubscribe(id);
    mark.raise(3);
    EXPECT_EQ(first, (std::vector<std::int64_t>{1}));
    EXPECT_EQ(second, (std::vector<std::int64_t>{1, 3}));
}

TEST(Watermark, NeverGoesBackForAnyListenerWhenManyThreadsRaise) {
    constexpr std::int64_t kRaises = 4000;
    Watermark mark;
    std::int64_t last = 0;  // guarded by the watermark's own lock around listeners
    bool fell = false;
    mark.subscribe([&](std::int64_t value) {
        fell = fell || value < last;
        last = value;
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&mark, t] {
            for (std::int64_t i = 1; i <= kRaises; ++i) mark.raise(i * 4 + t);
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_FALSE(fell);
    EXPECT_EQ(mark.value(), kRaises * 4 + 3);
    EXPECT_EQ(last, mark.value()) << "the last rise was told";
}

TEST(Watermark, LetsListenersComeAndGoWhileItRises) {
    Watermark mark;
    std::atomic<bool> done{false};
    std::thread raiser([&] {
        for (std::int64_t i = 1; !done; ++i, std::this_thread::yield()) mark.raise(i);
    });
    for (int i = 0; i < 100; ++i) {
        auto alive = std::make_unique<std::atomic<int>>(0);
        const int id = mark.subscribe([seen = alive.get()](std::int64_t) { ++*seen; });
        while (alive->load() == 0) std::this_thread::yield();
        mark.unsubscribe(id);
        alive.reset();  // the listener must not run any more: ASan and TSan would tell
    }
    done = true;
    raiser.join();
}

TEST(Watermark, MissesNobodyWhoSubscribesAndThenLooks) {
    for (int round = 0; round < 500; ++round) {
        Watermark mark;
        std::atomic<bool> told{false};
        std::thread raiser([&] { mark.raise(1); });
        mark.subscribe([&](std::int64_t) { told = true; });
        const bool saw = mark.value() == 1;
        raiser.join();
        ASSERT_TRUE(saw || told);
    }
}

TEST(Snapshot, KeepsWhatAReaderHolds) {
    Snapshot<std::vector<int>> snapshot({1, 2});
    const auto held = snapshot.get();
    snapshot.update([](std::vector<int>& value) { value.push_back(3); });
    EXPECT_EQ(*held, (std::vector<int>{1, 2}));
    EXPECT_EQ(*snapshot.get(), (std::vector<int>{1, 2, 3}));
    snapshot.set({9});
    EXPECT_EQ(*snapshot.get(), (std::vector<int>{9}));
    EXPECT_TRUE(Snapshot<std::string>().get()->empty());
}

TEST(Snapshot, LosesNoUpdateAndTearsNoRead) {
    constexpr int kUpdates = 300;
    Snapshot<std::vector<int>> snapshot(std::vector<int>(64, 0));
    std::atomic<bool> done{false};
    std::atomic<int> torn{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            while (!done) {
                const auto seen = snapshot.get();
                if (seen->front() != seen->back()) ++torn;
            }
        });
    }
    std::vector<std::thread> writers;
    for (int t = 0; t < 3; ++t) {
        writers.emplace_back([&] {
            for (int i = 0; i < kUpdates; ++i) {
                snapshot.update([](std::vector<int>& value) {
                    for (int& number : value) ++number;
                });
            }
        });
    }
    for (std::thread& writer : writers) writer.join();
    done = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(torn, 0);
    EXPECT_EQ(snapshot.get()->front(), 3 * kUpdates);
}

TEST(SpinLock, LetsOneInAtATime) {
    constexpr int kRounds = 5000;
    SpinLock lock;
    int counter = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < kRounds; ++i) {
                SpinGuard guard(lock);
                ++counter;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(counter, 4 * kRounds);
    if (lock.try_lock()) {
        std::thread([&lock] {
            if (lock.try_lock()) {
                lock.unlock();
                ADD_FAILURE() << "two at once";
            }
        }).join();
        lock.unlock();
    } else {
        ADD_FAILURE() << "it was free";
    }
}

TEST(CondVar, WakesAndTimesOut) {
    Mutex mutex;
    CondVar wake;
    bool ready = false;
    std::thread setter([&] {
        MutexLock lock(mutex);
        ready = true;
        wake.notify_all();
    });
    {
        MutexLock lock(mutex);
        while (!ready) wake.wait(mutex);
    }
    setter.join();
    MutexLock lock(mutex);
    EXPECT_FALSE(wake.wait_for(mutex, std::chrono::milliseconds(1)));
}

TEST(RateLimit, LetsABurstThroughThenOneASecond) {
    log::RateLimit limit;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.admit(100), 0) << i;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.admit(100), -1);
    EXPECT_EQ(limit.admit(101), 5) << "the next line tells how many were held back";
    EXPECT_EQ(limit.admit(101), -1) << "one a second while it lasts";
    EXPECT_EQ(limit.admit(102), 1);
    EXPECT_EQ(limit.admit(102), -1);
}

TEST(RateLimit, ForgivesAfterAQuietSecond) {
    log::RateLimit limit;
    for (int i = 0; i < 20; ++i) limit.admit(1);
    EXPECT_EQ(limit.admit(2), 10);
    EXPECT_EQ(limit.admit(50), 0);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(limit.admit(50), 0) << i;
    EXPECT_EQ(limit.admit(50), -1);
}

TEST(RateLimit, CountsEveryLineOfManyThreads) {
    log::RateLimit limit;
    std::atomic<std::int64_t> passed{0};
    std::atomic<std::int64_t> told{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                const std::int64_t held = limit.admit(7);
                if (held < 0) continue;
                ++passed;
                told += held;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const std::int64_t last = limit.admit(8);
    EXPECT_EQ(passed + told + last, 4000);
    EXPECT_LE(passed, 11);
}

TEST(Clock, KnowsWhenAMomentWasWhateverTheWallClockSaidThen) {
    ManualClock clock(1'000);
    const std::int64_t moment = clock.steady_ms();
    clock.advance_ms(50);
    EXPECT_EQ(clock.wall_ms_at(moment), 1'000);
    clock.jump_ms(10'000);
    EXPECT_EQ(clock.wall_ms_at(moment), 11'000);
    EXPECT_EQ(clock.wall_ms() - clock.wall_ms_at(moment), 50);
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
    ManualClock clock(1000);
    const std::int64_t steady = clock.steady_ms();
    clock.advance_ms(250);
    EXPECT_EQ(clock.wall_ms(), 1250);
    EXPECT_EQ(clock.steady_ms(), steady + 250);
    EXPECT_GT(system_clock().wall_ms(), 1'600'000'000'000);
    EXPECT_LE(system_clock().steady_ns(), system_clock().steady_ns());
}

}  // namespace
}  // namespace kx
