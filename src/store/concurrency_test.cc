// SPDX-License-Identifier: Apache-2.0
//
// Many threads at one store; run these under TSan.
#include <gmock/gmock.h>

#include <atomic>

#include "support/store_world.h"

namespace kx::store {
namespace {

using namespace kx::testing;

constexpr int kQueues = 3;

void append_all(MessageStore& store, int thread, int count, std::size_t padding = 0) {
    for (int i = 0; i < count; ++i) {
        const std::string body = fmt::format("{}:{}:", thread, i) + std::string(padding, 'x');
        const model::NewMessage sent = message("t", body, (thread + i) % kQueues);
        const QueuePtr queue = store.queue("t", sent.queue_id);
        PutResult at;
        ASSERT_TRUE(eventually([&] {
            at = store.append(*queue, sent);
            return at.status != PutStatus::kBusy;
        }));
        ASSERT_EQ(at.status, PutStatus::kOk) << at.cause;
        if (i % 7 == 0) store.dispatch();
        if (i % 31 == 0) store.request_flush();
    }
    store.request_flush();
    store.dispatch();
}

/// Every message of every thread once, and each thread's messages in order within their queue.
void expect_all(MessageStore& store, int threads, int count) {
    int seen = 0;
    for (int id = 0; id < kQueues; ++id) {
        std::vector<int> last(static_cast<std::size_t>(threads), -1);
        for (const std::string& body : bodies(store, "t", id)) {
            const auto thread = static_cast<std::size_t>(std::stoi(body));
            const int i = std::stoi(body.substr(body.find(':') + 1));
            EXPECT_GT(i, last[thread]);
            last[thread] = i;
            ++seen;
        }
    }
    EXPECT_EQ(seen, threads * count);
}

void run(StoreOptions options, int count, std::size_t padding = 0) {
    constexpr int kThreads = 3;
    SimFileSystem disk;
    options.flush_interval_ms = 1;
    options.flush_queues_interval_ms = 1;
    auto store = open_store(disk, options);
    std::atomic<bool> done{false};
    std::thread reader([&] {
        while (!done) {
            for (int id = 0; id < kQueues; ++id) bodies(*store, "t", id);
            static_cast<void>(store->figures());
        }
    });
    std::vector<std::thread> writers;
    for (int thread = 0; thread < kThreads; ++thread) {
        writers.emplace_back([&, thread] { append_all(*store, thread, count, padding); });
    }
    for (std::thread& writer : writers) writer.join();
    const std::int64_t end = store->appended().value();
    // Nobody calls dispatch() any more: what was appended is dispatched all the same.
    EXPECT_TRUE(eventually([&] { return store->figures().dispatched >= end; }));
    done = true;
    reader.join();
    expect_all(*store, kThreads, count);
    ASSERT_TRUE(store->stop());
    store = open_store(disk, options);
    expect_all(*store, kThreads, count);
}

TEST(Concurrency, AppendersDispatchersAndReadersAgree) { run(small_store(false), 4000); }

TEST(Concurrency, TheSameUnderSynchronousFlush) { run(small_store(true), 4000); }

TEST(Concurrency, ZerosAheadOfTheTailMeetNoAppend) {
    StoreOptions options = small_store(true);
    options.commit_log_segment_bytes = 8 << 20;
    run(options, 1500, 16 << 10);
}

TEST(Concurrency, AppendsWaitForZerosThatTakeLong) {
    SimFileSystem disk;
    StoreOptions options = small_store(true);
    options.commit_log_segment_bytes = 64 << 20;
    options.busy_after_ms = 20;
    disk.stall_zeros(true);
    auto store = open_store(disk, options);
    ASSERT_TRUE(eventually([&] { return disk.zeros_wait(); }));
    const std::string body(64 << 10, 'x');
    const QueuePtr queue = store->queue("t", 0);
    PutResult at;
    int stored = 0;
    for (; stored < 1000; ++stored) {
        at = store->append(*queue, message("t", body));
        if (at.status != PutStatus::kOk) break;
    }
    EXPECT_EQ(at.status, PutStatus::kBusy) << at.cause;
    EXPECT_GT(stored, 16);
    disk.stall_zeros(false);
    EXPECT_TRUE(eventually([&] {
        at = store->append(*queue, message("t", body));
        return at.status == PutStatus::kOk;
    }));
    ++stored;
    store->dispatch();
    ASSERT_TRUE(store->stop());
    store = open_store(disk, options);
    EXPECT_THAT(bodies(*store, "t", 0),
                ::testing::AllOf(::testing::SizeIs(stored), ::testing::Each(body)));
}

TEST(Concurrency, StopsWhileOthersStillAppend) {
    SimFileSystem disk;
    auto store = open_store(disk);
    std::atomic<std::int64_t> stored{0};
    std::atomic<bool> refused{false};
    std::thread writer([&] {
        const QueuePtr queue = store->queue("t", 0);
        while (!refused) {
            const PutResult at = store->append(*queue, message("t", "x"));
            store->dispatch();
            if (at.status == PutStatus::kOk) ++stored;
            if (at.status == PutStatus::kServiceNotAvailable) refused = true;
        }
    });
    EXPECT_TRUE(eventually([&] { return stored > 100; }));
    ASSERT_TRUE(store->stop());
    writer.join();
    store = open_store(disk);
    EXPECT_EQ(static_cast<std::int64_t>(bodies(*store, "t").size()), stored);
}

TEST(Concurrency, TopicsComeAndGoUnderLoad) {
    SimFileSystem disk;
    StoreOptions options = small_store();
    options.flush_queues_interval_ms = 1;
    auto store = open_store(disk, options);
    std::atomic<bool> done{false};
    std::thread writer([&] {
        while (!done) {
            const QueuePtr queue = store->queue("brief", 0);
            static_cast<void>(store->append(*queue, message("brief", "x")));
            store->dispatch();
        }
    });
    for (int i = 0; i < 200; ++i) {
        store->delete_topic("brief");
        bodies(*store, "brief");
    }
    done = true;
    writer.join();
    ASSERT_TRUE(store->stop());
}

}  // namespace
}  // namespace kx::store
