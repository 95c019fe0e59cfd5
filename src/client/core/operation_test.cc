// SPDX-License-Identifier: Apache-2.0
//
// The life of an operation: completed once, waited for, continued, cancelled; and what happens when
// continuations and executors throw.
#include <gtest/gtest.h>

#include <thread>

#include "client/core/core_world.h"
#include "client/core/runtime.h"
#include "kerolox/async.hpp"
#include "kerolox/future.hpp"

namespace kx::client {
namespace {

using kerolox::Async;
using kerolox::Error;
using kerolox::ErrorKind;
using kerolox::Result;
using testing::eventually;
using testing::KeptLog;
using Op = kerolox::detail::OperationOf<int>;

/// An operation of some client, held as well by the side that completes it.
struct Pending {
    explicit Pending(bool on_io = false) {
        Access::shared(*op) = std::make_shared<SharedThreads>(SharedThreads{
            pool, std::make_shared<ClientLog>(log.sink(), kerolox::LogLevel::debug, "c1"), on_io});
        op->retain();
    }
    ~Pending() {
        op->release();
        pool->stop();
    }
    Async<int> handle() { return Async<int>(op); }

    KeptLog log;
    std::shared_ptr<CallbackPool> pool = std::make_shared<CallbackPool>(2, "test");
    Op* op = new Op();
};

TEST(Operation, IsCompletedOnce) {
    Pending one;
    auto handle = one.handle();
    EXPECT_FALSE(handle.ready());
    EXPECT_TRUE(one.op->complete(7));
    EXPECT_FALSE(one.op->complete(8));
    one.op->cancel();
    EXPECT_TRUE(handle.ready());
    EXPECT_EQ(std::move(handle).get().value(), 7);
}

TEST(Operation, IsCompletedOnceByManyThreads) {
    for (int round = 0; round < 200; ++round) {
        Pending one;
        auto handle = one.handle();
        std::atomic<int> winners{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&, i] { winners += one.op->complete(i) ? 1 : 0; });
        EXPECT_TRUE(std::move(handle).get());
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(winners, 1);
    }
}

TEST(Operation, WakesWhoWaits) {
    Pending one;
    auto handle = one.handle();
    std::thread later([&] { one.op->complete(3); });
    EXPECT_EQ(std::move(handle).get().value(), 3);
    later.join();
}

TEST(Operation, IsCancelledWhenTheTimeIsOver) {
    Pending one;
    auto result = one.handle().get_for(std::chrono::milliseconds(20));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::timeout);
    EXPECT_TRUE(one.op->ready());
    Pending longest;
    longest.op->complete(1);
    EXPECT_TRUE(longest.handle().get_for(std::chrono::milliseconds::max()));
    Pending shortest;
    EXPECT_FALSE(shortest.handle().get_for(std::chrono::milliseconds::min()));
}

TEST(Operation, GoesOnWithoutItsHandle) {
    Pending one;
    { const auto handle = one.handle(); }
    EXPECT_TRUE(one.log.has("the handle of an operation went unused"));
    EXPECT_TRUE(one.op->complete(1));
    Pending other;
    other.handle().detach();
    EXPECT_FALSE(other.log.has("unused"));
}

TEST(Operation, IsCancelledThroughAFunctionThatOutlivesTheHandle) {
    Pending one;
    std::function<void()> cancel;
    {
        auto handle = one.handle();
        cancel = handle.canceller();
        std::move(handle).detach();
    }
    cancel();
    cancel();
    EXPECT_TRUE(one.op->ready());
    ASSERT_FALSE(one.op->take());
}

TEST(Operation, ContinuesOnACallbackThreadWheneverItCompletes) {
    for (const bool before : {true, false}) {
        Pending one;
        std::promise<std::pair<int, bool>> done;
        if (before) one.op->complete(5);
        one.handle().then([&](Result<int> result) {
            done.set_value({result.value(), one.pool->is_current()});
        });
        if (!before) one.op->complete(5);
        EXPECT_EQ(done.get_future().get(), std::make_pair(5, true));
    }
}

TEST(Operation, ContinuesWhereItIsToldTo) {
    Pending one;
    std::vector<kerolox::UniqueFunction<void()>> queue;
    int seen = 0;
    one.handle()
        .via([&](kerolox::UniqueFunction<void()> work) { queue.push_back(std::move(work)); })
        .then([&](Result<int> result) { seen = result.value(); });
    one.op->complete(4);
    EXPECT_EQ(seen, 0);
    ASSERT_EQ(queue.size(), 1U);
    queue[0]();
    EXPECT_EQ(seen, 4);
    Pending on_io(true);
    on_io.handle().then([&](Result<int> result) { seen = result.value(); });
    on_io.op->complete(9);
    EXPECT_EQ(seen, 9);
}

TEST(Operation, TellsTheClientsLogWhatContinuationsThrow) {
    Pending one;
    one.handle().then([](Result<int>) { throw std::runtime_error("oops"); });
    one.op->complete(1);
    EXPECT_TRUE(eventually([&] { return one.log.has("error client a callback threw: oops"); }));
    Pending other;
    other.handle().then([](Result<int>) { throw 42; });
    other.op->complete(1);
    EXPECT_TRUE(eventually([&] { return other.log.has("no std::exception"); }));
    Pending third;
    third.handle()
        .via([](kerolox::UniqueFunction<void()>) { throw std::runtime_error("no loop"); })
        .then([](Result<int>) {});
    third.op->complete(1);
    EXPECT_TRUE(third.log.has("an executor threw: no loop"));
}

kerolox::Task<int> doubled(Async<int> operation) {
    const Result<int> result = co_await std::move(operation);
    co_return result.value() * 2;
}

TEST(Operation, IsAwaitedByCoroutines) {
    Pending one;
    auto task = doubled(one.handle());
    std::thread later([&] { one.op->complete(21); });
    EXPECT_EQ(std::move(task).run(), 42);
    later.join();
}

TEST(Operation, BecomesAFuture) {
    Pending one;
    auto future = one.handle().to_future();
    one.op->complete(6);
    EXPECT_EQ(future.get().value(), 6);
}

TEST(UniqueFunction, MovesWhatCannotBeCopied) {
    auto number = std::make_unique<int>(3);
    kerolox::UniqueFunction<int(int)> add = [number = std::move(number)](int by) {
        return *number + by;
    };
    kerolox::UniqueFunction<int(int)> moved = std::move(add);
    EXPECT_EQ(moved(4), 7);
    const std::array<char, 200> large{'x'};
    kerolox::UniqueFunction<char()> outside = [large] { return large[0]; };
    const auto kept = std::make_shared<int>(1);
    kerolox::UniqueFunction<void()> holder = [kept] {};
    EXPECT_EQ(kept.use_count(), 2);
    holder = {};
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_EQ(outside(), 'x');
    EXPECT_FALSE(kerolox::UniqueFunction<void()>(static_cast<void (*)()>(nullptr)));
}

}  // namespace
}  // namespace kx::client
