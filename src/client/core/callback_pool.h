// SPDX-License-Identifier: Apache-2.0
//
// Threads that run the application's callbacks. One that blocks holds up nobody but itself: work is
// taken one piece at a time, and an idle thread is woken when the busy ones don't keep up. What an
// io thread has for them within one handler is handed over together, since waking a thread costs
// more than a callback does.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "kerolox/async.hpp"

namespace kx::client {

class CallbackPool {
public:
    using Work = kerolox::UniqueFunction<void()>;

    /// Threads are made when first needed: when more than `queue_for_one` pieces of work wait for
    /// each busy thread, or by tick().
    CallbackPool(std::size_t threads, std::string name, std::size_t queue_for_one = 64);
    ~CallbackPool();

    /// False when stopped: `work` is left as it was.
    bool post(Work& work);
    bool post(std::span<Work> works);

    /// What one thread posts is gathered and given to the pool all at once.
    class Gathering {
    public:
        /// `later` runs its argument on the same thread, when what runs there now is over.
        Gathering(CallbackPool& pool, std::function<void(std::function<void()>)> later)
            : pool_(pool), later_(std::move(later)) {}
        /// From now on, on this thread.
        void begin();

    private:
        friend class CallbackPool;
        void add(Work& work);
        void hand_over();
        CallbackPool& pool_;
        const std::function<void(std::function<void()>)> later_;
        std::vector<Work> works_;
        std::vector<Work> handed_;
    };
    /// Every so often, from an io thread: wakes another thread when work waits.
    void tick();
    /// Finishes what is queued, then joins. Not on one of its threads.
    void stop();
    bool is_current() const;

    /// Pieces of work that are queued or run. For tests and metrics.
    std::size_t pending() const;

private:
    void run();
    /// Empty: the pool stops.
    Work next(bool worked);
    /// True: an idle thread is to be woken, once the lock is free.
    bool call_one() KX_REQUIRES(mutex_);

    const std::size_t threads_max_;
    const std::string name_;
    const std::size_t queue_for_one_;
    mutable Mutex mutex_;
    CondVar wake_;
    std::deque<Work> queue_ KX_GUARDED_BY(mutex_);
    std::size_t idle_ KX_GUARDED_BY(mutex_) = 0;
    std::size_t busy_ KX_GUARDED_BY(mutex_) = 0;
    bool stopping_ KX_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::client
