// SPDX-License-Identifier: Apache-2.0
#include "client/consume/listener_threads.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>

namespace kx::client {

namespace {

constexpr auto kWatch = std::chrono::milliseconds(1);
/// Listeners that end so many calls a thread within one watch are quick.
constexpr std::uint64_t kHeadway = 4;

/// What was posted together.
class Group {
public:
    explicit Group(std::vector<ListenerThreads::Work> works) : works_(std::move(works)) {}

    /// Null: all are claimed.
    ListenerThreads::Work* claim() {
        const std::size_t at = next_.fetch_add(1, std::memory_order_relaxed);
        return at < works_.size() ? &works_[at] : nullptr;
    }
    bool is_claimed() const { return left() == 0; }
    std::size_t left() const {
        return works_.size() - std::min(next_.load(std::memory_order_relaxed), works_.size());
    }
    void drop() { next_.store(works_.size(), std::memory_order_relaxed); }

private:
    std::vector<ListenerThreads::Work> works_;
    std::atomic<std::size_t> next_{0};
};

using GroupPtr = std::shared_ptr<Group>;

}  // namespace

/// Outlives the object: threads that are left to themselves hold it.
struct ListenerThreads::State {
    State(std::size_t max, std::string thread_name)
        : threads_max(max), name(std::move(thread_name)) {}

    static void run(const std::shared_ptr<State>& self);
    /// Null: the threads stop.
    static GroupPtr next(const std::shared_ptr<State>& self, bool worked);
    GroupPtr first() KX_REQUIRES(mutex);
    bool may_join_in() KX_REQUIRES(mutex);
    /// True: an idle thread is to be woken.
    bool call_one(const std::shared_ptr<State>& self) KX_REQUIRES(mutex);

    const std::size_t threads_max;
    const std::string name;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::atomic<std::uint64_t> ended{0};
    Mutex mutex;
    CondVar wake;
    CondVar watch_over;
    CondVar stopped;
    std::deque<GroupPtr> groups KX_GUARDED_BY(mutex);
    std::vector<std::thread> threads KX_GUARDED_BY(mutex);
    std::size_t idle KX_GUARDED_BY(mutex) = 0;
    std::size_t busy KX_GUARDED_BY(mutex) = 0;
    std::size_t live KX_GUARDED_BY(mutex) = 0;
    std::uint64_t posted KX_GUARDED_BY(mutex) = 0;  ///< groups so far
    bool called KX_GUARDED_BY(mutex) = false;       ///< a thread is on its way
    bool watching KX_GUARDED_BY(mutex) = false;     ///< a thread sees whether the others keep up
    bool stopping KX_GUARDED_BY(mutex) = false;
};

ListenerThreads::ListenerThreads(std::size_t threads, std::string name, kerolox::Executor executor)
    : executor_(std::move(executor)),
      state_(std::make_shared<State>(threads, name.substr(0, 9) + "-cons")) {}

ListenerThreads::~ListenerThreads() { stop(); }

void ListenerThreads::post(Work work) {
    std::vector<Work> works;
    works.push_back(std::move(work));
    post(std::move(works));
}

void ListenerThreads::post(std::vector<Work> works) {
    if (works.empty()) return;
    if (!executor_) return post_own(std::move(works));
    for (Work& work : works) give_to_executor(std::move(work));
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
        std::vector<Work> own;
        own.emplace_back(run);
        post_own(std::move(own));
    }
}

void ListenerThreads::post_own(std::vector<Work> works) {
    auto group = std::make_shared<Group>(std::move(works));
    State& state = *state_;
    bool wakes = false;
    {
        MutexLock lock(state.mutex);
        if (state.stopping) return;
        state.groups.push_back(std::move(group));
        ++state.posted;
        wakes = state.call_one(state_);
    }
    if (wakes) state.wake.notify_one();
}

bool ListenerThreads::State::call_one(const std::shared_ptr<State>& self) {
    if (called || stopping || (watching && busy > 0)) return false;
    if (idle == 0 && live == threads_max) return false;
    called = true;
    if (idle > 0) return true;
    ++live;
    threads.emplace_back([self] { run(self); });
    return false;
}

/// The oldest group that has work left, if any.
GroupPtr ListenerThreads::State::first() {
    while (!groups.empty() && groups.front()->is_claimed()) groups.pop_front();
    return groups.empty() ? nullptr : groups.front();
}

/// Whether one more thread is wanted: nobody works, or what was there a while ago still waits.
bool ListenerThreads::State::may_join_in() {
    if (busy == 0) return true;
    if (watching) return false;
    const std::uint64_t ended_before = ended.load(std::memory_order_relaxed);
    const std::uint64_t posted_before = posted;
    watching = true;
    watch_over.wait_for(mutex, kWatch);
    watching = false;
    if (busy == 0) return true;
    const bool waits_long = first() != nullptr && posted - groups.size() < posted_before;
    const std::uint64_t headway = ended.load(std::memory_order_relaxed) - ended_before;
    return waits_long && (busy < cores || headway < kHeadway * busy);
}

GroupPtr ListenerThreads::State::next(const std::shared_ptr<State>& self, bool worked) {
    GroupPtr group;
    bool wakes = false;
    {
        MutexLock lock(self->mutex);
        if (worked) --self->busy;
        while (!self->stopping && group == nullptr) {
            if (self->first() != nullptr) {
                if (worked || self->may_join_in()) group = self->stopping ? nullptr : self->first();
                // One who may not join in goes on watching while there is something to watch.
                if (group != nullptr || !self->watching) continue;
            }
            worked = false;
            ++self->idle;
            self->wake.wait(self->mutex);
            --self->idle;
            self->called = false;
        }
        if (group == nullptr) {
            --self->live;
            self->stopped.notify_all();
            return nullptr;
        }
        ++self->busy;
        // Another one looks on only if there is more than this thread does next.
        const bool more = self->groups.size() > 1 || group->left() > 1;
        wakes = more && self->call_one(self);
    }
    if (wakes) self->wake.notify_one();
    return group;
}

void ListenerThreads::State::run(const std::shared_ptr<State>& self) {
    pthread_setname_np(pthread_self(), self->name.c_str());
    {
        MutexLock lock(self->mutex);
        self->called = false;
    }
    bool worked = false;
    while (const GroupPtr group = next(self, worked)) {
        while (Work* const work = group->claim()) {
            (*work)();
            *work = {};  // captures go before the thread counts as idle
            self->ended.fetch_add(1, std::memory_order_relaxed);
        }
        worked = true;
    }
}

void ListenerThreads::stop() {
    std::vector<std::thread> threads;
    std::deque<GroupPtr> dropped;
    {
        MutexLock lock(state_->mutex);
        state_->stopping = true;
        dropped.swap(state_->groups);
        for (const GroupPtr& group : dropped) group->drop();
        threads.swap(state_->threads);
        state_->wake.notify_all();
        state_->watch_over.notify_all();
        while (state_->live > state_->busy) state_->stopped.wait(state_->mutex);
        if (state_->live == 0) {
            for (std::thread& thread : threads) thread.join();
            return;
        }
    }
    for (std::thread& thread : threads) thread.detach();
}

}  // namespace kx::client
