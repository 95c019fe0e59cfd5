// SPDX-License-Identifier: Apache-2.0
//
// Threads that run the application's callbacks. One that blocks holds up nobody but itself: work is
// taken one piece at a time, and an idle thread is woken when the busy ones don't keep up. What an
// io thread has for them within one handler is handed over together, since waking a thread costs
// more than a callback does. A callback that never returns keeps its thread, and nobody waits for
// it for ever.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kerolox/async.hpp"

namespace kx::client {

class CallbackPool {
public:
    using Work = kerolox::UniqueFunction<void()>;
    static constexpr std::size_t kQueueForOne = 64;
    static constexpr std::chrono::milliseconds kPatience{5'000};

    /// Threads are made when first needed: when more than `queue_for_one` pieces of work wait for
    /// each busy thread, or by tick(). stop() gives up when nothing has ended for `patience`.
    CallbackPool(std::size_t threads, std::string name, std::size_t queue_for_one = kQueueForOne,
                 std::chrono::milliseconds patience = kPatience);
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
    struct Left {
        std::size_t stuck = 0;    ///< callbacks that do not return; their threads are let go
        std::size_t dropped = 0;  ///< pieces of work that found no thread
    };
    /// Finishes what is queued, then joins the threads; but see `patience`. Not on one of its
    /// threads. Called again, it does nothing.
    Left stop();
    bool is_current() const;

    /// Pieces of work that are queued or run. For tests and metrics.
    std::size_t pending() const;

private:
    struct State;
    const std::shared_ptr<State> state_;
    const std::chrono::milliseconds patience_;
};

}  // namespace kx::client
