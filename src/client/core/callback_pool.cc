// SPDX-License-Identifier: Apache-2.0
#include "client/core/callback_pool.h"

#include <pthread.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "base/clock.h"
#include "base/sync.h"

namespace kx::client {
namespace {

/// The state of the pool whose thread this is.
thread_local const void* t_pool = nullptr;
thread_local CallbackPool::Gathering* t_gathering = nullptr;

}  // namespace

/// Outlives the pool: threads that are left to themselves hold it.
struct CallbackPool::State {
    State(std::size_t max, std::string thread_name, std::size_t for_one)
        : threads_max(max), name(std::move(thread_name)), queue_for_one(for_one) {}

    static void run(const std::shared_ptr<State>& self);
    /// Empty: the pool stops.
    Work next(bool worked);
    /// True: an idle thread is to be woken, once the lock is free.
    bool call_one(const std::shared_ptr<State>& self) KX_REQUIRES(mutex);

    const std::size_t threads_max;
    const std::string name;
    const std::size_t queue_for_one;
    Mutex mutex;
    CondVar wake;
    CondVar headway;  ///< while the pool stops: something ended
    std::deque<Work> queue KX_GUARDED_BY(mutex);
    std::size_t idle KX_GUARDED_BY(mutex) = 0;
    std::size_t busy KX_GUARDED_BY(mutex) = 0;
    std::size_t live KX_GUARDED_BY(mutex) = 0;
    bool stopping KX_GUARDED_BY(mutex) = false;
    std::vector<std::thread> threads KX_GUARDED_BY(mutex);
};

CallbackPool::CallbackPool(std::size_t threads, std::string name, std::size_t queue_for_one,
                           std::chrono::milliseconds patience)
    : state_(std::make_shared<State>(threads, std::move(name), queue_for_one)),
      patience_(patience) {}

CallbackPool::~CallbackPool() { stop(); }

bool CallbackPool::is_current() const { return t_pool == state_.get(); }

bool CallbackPool::post(Work& work) {
    if (t_gathering != nullptr && &t_gathering->pool_ == this) {
        t_gathering->add(work);
        return true;
    }
    return post(std::span(&work, 1));
}

bool CallbackPool::post(std::span<Work> works) {
    State& state = *state_;
    bool wakes = false;
    {
        MutexLock lock(state.mutex);
        if (state.stopping) return false;
        for (Work& work : works) state.queue.push_back(std::move(work));
        if (state.busy == 0 || state.queue.size() > state.queue_for_one * state.busy)
            wakes = state.call_one(state_);
    }
    if (wakes) state.wake.notify_one();
    return true;
}

void CallbackPool::Gathering::begin() { t_gathering = this; }

void CallbackPool::Gathering::add(Work& work) {
    works_.push_back(std::move(work));
    if (works_.size() == 1) later_([this] { hand_over(); });
}

void CallbackPool::Gathering::hand_over() {
    handed_.swap(works_);
    if (!pool_.post(handed_))
        for (Work& work : handed_) work();
    handed_.clear();
}

void CallbackPool::tick() {
    State& state = *state_;
    bool wakes = false;
    {
        MutexLock lock(state.mutex);
        wakes = !state.queue.empty() && !state.stopping && state.call_one(state_);
    }
    if (wakes) state.wake.notify_one();
}

bool CallbackPool::State::call_one(const std::shared_ptr<State>& self) {
    if (idle > 0) return true;
    if (live == threads_max) return false;
    ++live;
    threads.emplace_back([self] { run(self); });
    return false;
}

void CallbackPool::State::run(const std::shared_ptr<State>& self) {
    t_pool = self.get();
    pthread_setname_np(pthread_self(), (self->name.substr(0, 9) + "-call").c_str());
    bool worked = false;
    while (Work work = self->next(worked)) {
        work();
        worked = true;
    }
}

CallbackPool::Work CallbackPool::State::next(bool worked) {
    MutexLock lock(mutex);
    if (worked) --busy;
    if (worked && stopping) headway.notify_all();
    while (queue.empty() && !stopping) {
        ++idle;
        wake.wait(mutex);
        --idle;
    }
    if (queue.empty()) {
        --live;
        headway.notify_all();
        return {};
    }
    Work work = std::move(queue.front());
    queue.pop_front();
    ++busy;
    return work;
}

std::size_t CallbackPool::pending() const {
    MutexLock lock(state_->mutex);
    return state_->queue.size() + state_->busy;
}

CallbackPool::Left CallbackPool::stop() {
    constexpr std::chrono::milliseconds kLook{10};
    State& state = *state_;
    std::deque<Work> dropped;
    std::vector<std::thread> threads;
    std::size_t stuck = 0;
    {
        MutexLock lock(state.mutex);
        if (std::exchange(state.stopping, true)) return {};
        state.wake.notify_all();
        const Clock& clock = system_clock();
        std::int64_t last_ms = clock.steady_ms();
        while (state.live > 0 || !state.queue.empty()) {
            // Whoever blocks is nobody the others have to wait behind.
            if (!state.queue.empty()) (void)state.call_one(state_);
            const std::int64_t now_ms = clock.steady_ms();
            if (state.headway.wait_for(state.mutex, std::min(kLook, patience_))) last_ms = now_ms;
            if (now_ms - last_ms > patience_.count()) break;
        }
        stuck = state.live;
        dropped.swap(state.queue);
        threads.swap(state.threads);
    }
    for (std::thread& thread : threads) {
        if (stuck == 0) {
            thread.join();
        } else {
            thread.detach();
        }
    }
    return {stuck, dropped.size()};
}

}  // namespace kx::client
