// SPDX-License-Identifier: Apache-2.0
//
// Locks with thread-safety annotations (clang checks them), and a spin lock for sections that hold
// nothing but arithmetic and memcpy. The order of locks stands in docs/architecture.md.
#pragma once

#include <immintrin.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#define KX_CAPABILITY(x) __attribute__((capability(x)))
#define KX_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define KX_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define KX_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define KX_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define KX_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define KX_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define KX_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define KX_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace kx {

class KX_CAPABILITY("mutex") Mutex {
public:
    void lock() KX_ACQUIRE() { mutex_.lock(); }
    bool try_lock() KX_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
    void unlock() KX_RELEASE() { mutex_.unlock(); }

private:
    friend class CondVar;
    std::mutex mutex_;
};

/// Spins, then yields. Hold it for less than a microsecond; never across I/O.
class KX_CAPABILITY("mutex") SpinLock {
public:
    void lock() KX_ACQUIRE() {
        for (int tries = 0; !try_lock(); ++tries) {
            if (tries < kSpins) {
                _mm_pause();
            } else {
                std::this_thread::yield();
            }
        }
    }
    bool try_lock() KX_TRY_ACQUIRE(true) {
        return !locked_.load(std::memory_order_relaxed) &&
               !locked_.exchange(true, std::memory_order_acquire);
    }
    void unlock() KX_RELEASE() { locked_.store(false, std::memory_order_release); }

private:
    static constexpr int kSpins = 64;
    std::atomic<bool> locked_{false};
};

template <class Lock>
class KX_SCOPED_CAPABILITY LockGuard {
public:
    explicit LockGuard(Lock& lock) KX_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
    ~LockGuard() KX_RELEASE() { lock_.unlock(); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

private:
    Lock& lock_;
};
using MutexLock = LockGuard<Mutex>;
using SpinGuard = LockGuard<SpinLock>;

class CondVar {
public:
    void notify_one() { condition_.notify_one(); }
    void notify_all() { condition_.notify_all(); }
    void wait(Mutex& mutex) KX_REQUIRES(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        condition_.wait(lock);
        lock.release();
    }
    /// False when the time ran out.
    template <class Rep, class Period>
    bool wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> time) KX_REQUIRES(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        const auto status = condition_.wait_for(lock, time);
        lock.release();
        return status == std::cv_status::no_timeout;
    }

private:
    std::condition_variable condition_;
};

}  // namespace kx
