// SPDX-License-Identifier: Apache-2.0
#include "net/workers.h"

#include <pthread.h>

namespace kx::net {

Workers::Workers(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this, i] {
            pthread_setname_np(pthread_self(), ("worker-" + std::to_string(i)).c_str());
            run();
        });
    }
}

bool Workers::post(std::function<void()> work) {
    {
        MutexLock lock(mutex_);
        if (stopping_) return false;
        queue_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
}

void Workers::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void Workers::run() {
    while (true) {
        std::function<void()> work;
        {
            MutexLock lock(mutex_);
            while (queue_.empty() && !stopping_) wake_.wait(mutex_);
            if (queue_.empty()) return;
            work = std::move(queue_.front());
            queue_.pop_front();
        }
        work();
    }
}

}  // namespace kx::net
