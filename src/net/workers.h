// SPDX-License-Identifier: Apache-2.0
//
// Worker threads for whatever may wait for the disk. The router bounds what is queued here.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/sync.h"

namespace kx::net {

class Workers {
public:
    explicit Workers(std::size_t threads);
    ~Workers() { stop(); }

    /// False when stopping.
    bool post(std::function<void()> work);
    /// Finishes what is queued, then joins.
    void stop();

private:
    void run();

    Mutex mutex_;
    CondVar wake_;
    std::deque<std::function<void()>> queue_ KX_GUARDED_BY(mutex_);
    bool stopping_ KX_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace kx::net
