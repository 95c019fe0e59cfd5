// SPDX-License-Identifier: Apache-2.0
//
// The threads a push consumer's listener runs on: made when needed, up to a number. Listeners that
// block get more threads within a millisecond or two; listeners that are quick keep few busy, since
// waking threads costs more than they do. What is posted together is claimed piece by piece without
// the lock, so that a listener that blocks holds up nobody but itself.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "kerolox/async.hpp"

namespace kx::client {

class ListenerThreads {
public:
    using Work = kerolox::UniqueFunction<void()>;

    /// With an executor, work goes there instead.
    ListenerThreads(std::size_t threads, std::string name, kerolox::Executor executor);
    ~ListenerThreads();

    /// Any thread. What is posted after stop() is dropped.
    void post(std::vector<Work> works);
    void post(Work work);
    /// Drops what waits, and joins the threads that are idle. A thread whose listener does not
    /// return is left to itself.
    void stop();

private:
    struct State;
    void give_to_executor(Work work);
    void post_own(std::vector<Work> works);
    const kerolox::Executor executor_;
    const std::shared_ptr<State> state_;
};

}  // namespace kx::client
