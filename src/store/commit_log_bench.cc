// SPDX-License-Identifier: Apache-2.0
//
// What storing costs, on a real disk below the current directory (KX_BENCH_DIR to choose another).
// BM_Append: copy into the log, with its lock. BM_AppendAndDispatch: with the queue's unit, in
// turns of 16 as an io thread has them. BM_Read: a pull of 32 messages. BM_SyncFlush: one durable
// message at a time, from append to flushed().
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "model/properties.h"
#include "model/record.h"
#include "store/message_store.h"

namespace kx::store {
namespace {

class World {
public:
    explicit World(bool sync_flush) {
        const char* const base = std::getenv("KX_BENCH_DIR");
        std::string pattern = std::string(base == nullptr ? "." : base) + "/kx_bench_XXXXXX";
        root_ = ::mkdtemp(pattern.data());
        StoreOptions options;
        options.root = root_;
        options.sync_flush = sync_flush;
        auto opened = MessageStore::open(options, posix_file_system(), system_clock());
        if (!opened) std::abort();
        store = std::move(*opened);
    }
    ~World() {
        static_cast<void>(store->stop());
        store.reset();
        static_cast<void>(posix_file_system().remove(root_));
    }

    std::unique_ptr<MessageStore> store;

private:
    std::string root_;
};

model::NewMessage make_message(std::string_view body, std::string_view properties) {
    model::NewMessage message;
    message.topic = "benchmark";
    message.body = body;
    message.properties = properties;
    message.tags_code = model::tags_code_of(properties);
    return message;
}

const std::string kProperties =
    "UNIQ_KEY\x01"
    "7F00000155AF00000000000000000000\x02TAGS\x01TagA\x02";

void append(World& world, ConsumeQueue& queue, const model::NewMessage& message) {
    while (world.store->append(queue, message).status != PutStatus::kOk) ::usleep(50);
}

double thread_cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// CPU time of the appending thread alone, for bursts that fit the pre-faulted pages; range(1):
/// with a dispatch every 16 messages. One iteration is a burst of 4096 messages.
void BM_Burst(benchmark::State& state) {
    constexpr int kBurst = 4096;
    World world(false);
    const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
    const model::NewMessage message = make_message(body, kProperties);
    const QueuePtr queue = world.store->queue("benchmark", 0);
    for (auto _ : state) {
        ::usleep(20'000);  // the prepare thread gets ahead
        const double begin = thread_cpu_seconds();
        for (int i = 0; i < kBurst; ++i) {
            append(world, *queue, message);
            if (state.range(1) != 0 && i % 16 == 15) world.store->dispatch();
        }
        state.SetIterationTime(thread_cpu_seconds() - begin);
        while (state.range(1) == 0 && queue->max_offset() < queue->next_offset) {
            world.store->dispatch();
        }
    }
    state.SetItemsProcessed(state.iterations() * kBurst);
}
BENCHMARK(BM_Burst)
    ->Args({128, 0})
    ->Args({128, 1})
    ->Args({1024, 0})
    ->Args({1024, 1})
    ->UseManualTime()
    ->Iterations(100);

std::unique_ptr<World> shared_world;

void BM_Append(benchmark::State& state) {
    if (state.thread_index() == 0) shared_world = std::make_unique<World>(false);
    const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
    const model::NewMessage message = make_message(body, kProperties);
    QueuePtr queue;
    for (auto _ : state) {
        if (!queue) queue = shared_world->store->queue("benchmark", state.thread_index());
        model::NewMessage sent = message;
        sent.queue_id = state.thread_index();
        append(*shared_world, *queue, sent);
    }
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * state.range(0));
    queue.reset();
    if (state.thread_index() == 0) shared_world.reset();
}
BENCHMARK(BM_Append)->Arg(128)->Arg(1024)->Arg(4096)->UseRealTime()->MinTime(0.5);
BENCHMARK(BM_Append)->Arg(128)->Arg(1024)->Threads(2)->UseRealTime()->MinTime(0.5);

void BM_Encode(benchmark::State& state) {
    const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
    const model::NewMessage message = make_message(body, kProperties);
    for (auto _ : state) benchmark::DoNotOptimize(model::RecordDraft::make(message, {}));
}
BENCHMARK(BM_Encode)->Arg(128)->Arg(1024);

void BM_AppendAndDispatch(benchmark::State& state) {
    World world(false);
    const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
    const model::NewMessage message = make_message(body, kProperties);
    const QueuePtr queue = world.store->queue("benchmark", 0);
    int turn = 0;
    for (auto _ : state) {
        append(world, *queue, message);
        if (++turn % 16 == 0) world.store->dispatch();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AppendAndDispatch)->Arg(128)->Arg(1024)->UseRealTime()->MinTime(0.5);

void BM_Read(benchmark::State& state) {
    World world(false);
    const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
    const model::NewMessage message = make_message(body, kProperties);
    const QueuePtr queue = world.store->queue("benchmark", 0);
    constexpr std::int64_t kCount = 100'000;
    for (std::int64_t i = 0; i < kCount; ++i) {
        append(world, *queue, message);
        if (i % 16 == 0) world.store->dispatch();
    }
    while (queue->max_offset() < kCount) world.store->dispatch();
    ReadRequest request;
    for (auto _ : state) {
        const ReadResult read = world.store->read(*queue, request);
        benchmark::DoNotOptimize(read.bytes);
        request.offset = read.next_offset >= kCount ? 0 : read.next_offset;
    }
}
BENCHMARK(BM_Read)->Arg(128)->Arg(1024)->UseRealTime();

void BM_SyncFlush(benchmark::State& state) {
    World world(true);
    const std::string body(1024, 'b');
    const model::NewMessage message = make_message(body, kProperties);
    const QueuePtr queue = world.store->queue("benchmark", 0);
    for (auto _ : state) {
        PutResult at;
        for (std::int64_t i = 0; i < state.range(0); ++i) at = world.store->append(*queue, message);
        world.store->request_flush();
        while (world.store->flushed().value() < at.end) ::sched_yield();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SyncFlush)->Arg(1)->Arg(64)->UseRealTime()->MinTime(1.0);

}  // namespace
}  // namespace kx::store
