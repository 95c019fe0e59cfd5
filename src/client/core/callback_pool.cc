// SPDX-License-Identifier: Apache-2.0
#include "client/core/callback_pool.h"

#include <pthread.h>

namespace kx::client {
namespace {

thread_local const CallbackPool* t_pool = nullptr;
thread_local CallbackPool::Gathering* t_gathering = nullptr;

}  // namespace

CallbackPool::CallbackPool(std::size_t threads, std::string name, std::size_t queue_for_one)
    : threads_max_(threads), name_(std::move(name)), queue_for_one_(queue_for_one) {}

CallbackPool::~CallbackPool() { stop(); }

bool CallbackPool::is_current() const { return t_pool == this; }

bool CallbackPool::post(Work& work) {
    if (t_gathering != nullptr && &t_gathering->pool_ == this) {
        t_gathering->add(work);
        return true;
    }
    return post(std::span(&work, 1));
}

bool CallbackPool::post(std::span<Work> works) {
    bool wakes = false;
    {
        MutexLock lock(mutex_);
        if (stopping_) return false;
        for (Work& work : works) queue_.push_back(std::move(work));
        if (busy_ == 0 || queue_.size() > queue_for_one_ * busy_) wakes = call_one();
    }
    if (wakes) wake_.notify_one();
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
    bool wakes = false;
    {
        MutexLock lock(mutex_);
        wakes = !queue_.empty() && !stopping_ && call_one();
    }
    if (wakes) wake_.notify_one();
}

bool CallbackPool::call_one() {
    if (idle_ > 0) return true;
    if (threads_.size() < threads_max_) threads_.emplace_back([this] { run(); });
    return false;
}

void CallbackPool::run() {
    t_pool = this;
    pthread_setname_np(pthread_self(), (name_.substr(0, 9) + "-call").c_str());
    bool worked = false;
    while (Work work = next(worked)) {
        work();
        worked = true;
    }
}

CallbackPool::Work CallbackPool::next(bool worked) {
    MutexLock lock(mutex_);
    if (worked) --busy_;
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
        if (!queue_.empty() && threads_.empty()) call_one();
        threads.swap(threads_);
    }
    wake_.notify_all();
    for (std::thread& thread : threads) thread.join();
}

}  // namespace kx::client
