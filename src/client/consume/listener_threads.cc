// SPDX-License-Identifier: Apache-2.0
#include "client/consume/listener_threads.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>

namespace kx::client {

/// Outlives the object: threads that are left to themselves hold it.
struct ListenerThreads::State {
    State(std::size_t max, std::string thread_name)
        : threads_max(max), name(std::move(thread_name)) {}

    static void run(const std::shared_ptr<State>& self);
    Work next(bool worked) KX_REQUIRES(mutex);
    bool may_join_in() KX_REQUIRES(mutex);
    void call_one(const std::shared_ptr<State>& self) KX_REQUIRES(mutex);

    const std::size_t threads_max;
    const std::string name;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    Mutex mutex;
    CondVar wake;
    CondVar stopped;
    std::deque<Work> queue KX_GUARDED_BY(mutex);
    std::vector<std::thread> threads KX_GUARDED_BY(mutex);
    std::size_t idle KX_GUARDED_BY(mutex) = 0;
    std::size_t busy KX_GUARDED_BY(mutex) = 0;
    std::size_t live KX_GUARDED_BY(mutex) = 0;
    std::uint64_t taken KX_GUARDED_BY(mutex) = 0;
    bool watching KX_GUARDED_BY(mutex) = false;  ///< a thread sees whether the others keep up
    bool stopping KX_GUARDED_BY(mutex) = false;
};

ListenerThreads::ListenerThreads(std::size_t threads, std::string name, kerolox::Executor executor)
    : executor_(std::move(executor)),
      state_(std::make_shared<State>(threads, name.substr(0, 9) + "-cons")) {}

ListenerThreads::~ListenerThreads() { stop(); }

void ListenerThreads::post(std::span<Work> works) {
    if (works.empty()) return;
    if (executor_) {
        for (Work& work : works) give_to_executor(std::move(work));
        return;
    }
    post_own(works);
}

/// One that refuses must not cost messages: our own threads do it then.
void ListenerThreads::give_to_executor(Work work) {
    struct Once {
        std::atomic<bool> begun{false};
        Work work;
    };
    auto once = std::make_shared<Once>();
    once->work = std::move(work);
    const auto run = [once] {
        if (!once->begun.exchange(true)) once->work();
    };
    try {
        executor_(run);
    } catch (...) {
        Work own(run);
        post_own(std::span(&own, 1));
    }
}

void ListenerThreads::post_own(std::span<Work> works) {
    State& state = *state_;
    MutexLock lock(state.mutex);
    if (state.stopping) return;
    for (Work& work : works) state.queue.push_back(std::move(work));
    state.call_one(state_);
}

void ListenerThreads::State::call_one(const std::shared_ptr<State>& self) {
    if (watching && busy > 0) return;
    if (idle > 0 || watching) return wake.notify_one();
    if (live == threads_max || stopping) return;
    ++live;
    threads.emplace_back([self] { run(self); });
}

/// Whether one more thread is wanted: nobody works, or those who do make no headway.
bool ListenerThreads::State::may_join_in() {
    if (busy == 0) return true;
    if (watching) return false;
    constexpr auto kWatch = std::chrono::milliseconds(1);
    constexpr std::uint64_t kHeadway = 4;
    const std::uint64_t before = taken;
    watching = true;
    wake.wait_for(mutex, kWatch);
    watching = false;
    return busy < cores || taken - before < kHeadway * busy;
}

ListenerThreads::Work ListenerThreads::State::next(bool worked) {
    while (!stopping) {
        if (!queue.empty() && (worked || may_join_in())) {
            if (queue.empty() || stopping) continue;
            Work work = std::move(queue.front());
            queue.pop_front();
            ++taken;
            ++busy;
            return work;
        }
        // One who may not join in goes on watching while there is something to watch.
        if (stopping || (!queue.empty() && !watching)) continue;
        worked = false;
        ++idle;
        wake.wait(mutex);
        --idle;
    }
    return {};
}

void ListenerThreads::State::run(const std::shared_ptr<State>& self) {
    pthread_setname_np(pthread_self(), self->name.c_str());
    bool worked = false;
    while (true) {
        Work work;
        {
            MutexLock lock(self->mutex);
            work = self->next(worked);
            if (!work) {
                --self->live;
                self->stopped.notify_all();
                return;
            }
            if (!self->queue.empty()) self->call_one(self);
        }
        work();
        work = {};  // captures go before the thread counts as idle
        worked = true;
        MutexLock lock(self->mutex);
        --self->busy;
    }
}

void ListenerThreads::stop() {
    std::vector<std::thread> threads;
    std::deque<Work> dropped;
    {
        MutexLock lock(state_->mutex);
        state_->stopping = true;
        dropped.swap(state_->queue);
        threads.swap(state_->threads);
        state_->wake.notify_all();
        while (state_->live > state_->busy) state_->stopped.wait(state_->mutex);
        if (state_->live == 0) {
            for (std::thread& thread : threads) thread.join();
            return;
        }
    }
    for (std::thread& thread : threads) thread.detach();
}

}  // namespace kx::client
