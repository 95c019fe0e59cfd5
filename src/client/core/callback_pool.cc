// SPDX-License-Identifier: Apache-2.0
#include "client/core/callback_pool.h"

#include <pthread.h>

namespace kx::client {
namespace {

thread_local const CallbackPool* t_pool = nullptr;

}  // namespace

CallbackPool::CallbackPool(std::size_t threads, std::string name, std::size_t queue_for_one)
    : threads_max_(threads), name_(std::move(name)), queue_for_one_(queue_for_one) {}

CallbackPool::~CallbackPool() { stop(); }

bool CallbackPool::is_current() const { return t_pool == this; }

bool CallbackPool::post(Work& work) {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    queue_.push_back(std::move(work));
    if (busy_ == 0 || queue_.size() > queue_for_one_ * busy_) wake_one();
    return true;
}

void CallbackPool::tick() {
    MutexLock lock(mutex_);
    if (!queue_.empty() && !stopping_) wake_one();
}

void CallbackPool::wake_one() {
    if (idle_ > 0) {
        wake_.notify_one();
    } else if (threads_.size() < threads_max_) {
        threads_.emplace_back([this] { run(); });
    }
}

void CallbackPool::run() {
    t_pool = this;
    pthread_setname_np(pthread_self(), (name_.substr(0, 9) + "-call").c_str());
    while (Work work = next()) {
        work();
        work = {};  // captures go before the thread counts as idle
        MutexLock lock(mutex_);
        --busy_;
    }
}

CallbackPool::Work CallbackPool::next() {
    MutexLock lock(mutex_);
    while (queue_.empty() && !stopping_) {
        ++idle_;
        wake_.wait(mutex_);
        --idle_;
    }
    if (queue_.empty()) return {};
    Work work = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    return work;
}

std::size_t CallbackPool::pending() const {
    MutexLock lock(mutex_);
    return queue_.size() + busy_;
}

void CallbackPool::stop() {
    std::vector<std::thread> threads;
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        if (!queue_.empty() && threads_.empty()) wake_one();
        threads.swap(threads_);
    }
    wake_.notify_all();
    for (std::thread& thread : threads) thread.join();
}

}  // namespace kx::client
