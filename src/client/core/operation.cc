// SPDX-License-Identifier: Apache-2.0
//
// The life of an operation: pending, perhaps waited for or with a continuation, then done.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <ctime>

#include "client/core/runtime.h"
#include "kerolox/async.hpp"

namespace kerolox {
inline namespace v1 {
namespace detail {
namespace {

enum State : int { kPending, kWaitedFor, kContinued, kDone };

constexpr const char* kWaitsForItself =
    "get() on an io thread of the library would wait for itself: use then() or co_await";

void futex_wait(int& word, int seen, const timespec* deadline) {
    // Spurious returns are the caller's to see.
    ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seen, deadline, nullptr,
              FUTEX_BITSET_MATCH_ANY);
}

void futex_wake_all(int& word) {
    ::syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, nullptr, nullptr, 0);
}

/// Says that somebody waits; false when it is done already.
bool announce_waiter(int& state) {
    std::atomic_ref<int> shared(state);
    int seen = shared.load(std::memory_order_acquire);
    if (seen == kPending) {
        shared.compare_exchange_strong(seen, kWaitedFor, std::memory_order_acq_rel);
        seen = shared.load(std::memory_order_acquire);
    }
    return seen != kDone;
}

/// Runs the application's `work`; what it throws goes to the client's log.
template <class Shared, class Work>
void guarded(const Shared* shared, std::string_view what, Work&& work) noexcept {
    const auto tell = [&](std::string_view thrown) {
        const std::string text = fmt::format("{} threw: {}", what, thrown);
        if (shared != nullptr && shared->log != nullptr)
            shared->log->write(LogLevel::error, "client", text);
    };
    try {
        work();
    } catch (const std::exception& error) {
        tell(error.what());
    } catch (...) {
        tell("something that is no std::exception");
    }
}

}  // namespace

Operation::~Operation() = default;

void Operation::retain() noexcept {
    std::atomic_ref<int>(owners_).fetch_add(1, std::memory_order_relaxed);
}

void Operation::release() noexcept {
    if (std::atomic_ref<int>(owners_).fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

bool Operation::ready() const noexcept {
    return std::atomic_ref<int>(const_cast<int&>(state_)).load(std::memory_order_acquire) == kDone;
}

Status Operation::wait() noexcept {
    if (ready()) return {};
    if (kx::client::on_io_thread()) return Error(ErrorKind::usage, kWaitsForItself);
    while (announce_waiter(state_)) futex_wait(state_, kWaitedFor, nullptr);
    return {};
}

Result<bool> Operation::wait_for(std::chrono::milliseconds time) noexcept {
    if (ready()) return true;
    if (kx::client::on_io_thread()) return Error(ErrorKind::usage, kWaitsForItself);
    timespec deadline{};
    ::clock_gettime(CLOCK_MONOTONIC, &deadline);
    constexpr std::chrono::hours kLongest{24 * 365};
    const auto wanted = std::clamp<std::chrono::milliseconds>(time, {}, kLongest);
    deadline.tv_sec += wanted.count() / 1000;
    deadline.tv_nsec += (wanted.count() % 1000) * 1'000'000;
    if (deadline.tv_nsec >= 1'000'000'000) {
        deadline.tv_nsec -= 1'000'000'000;
        ++deadline.tv_sec;
    }
    while (announce_waiter(state_)) {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > deadline.tv_sec ||
            (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec)) {
            return false;
        }
        futex_wait(state_, kWaitedFor, &deadline);
    }
    return true;
}

void Operation::on_ready(UniqueFunction<void()> work, Executor executor) {
    continuation_ = std::move(work);
    executor_ = std::move(executor);
    retain();  // until the continuation was handed over
    int seen = kPending;
    if (std::atomic_ref<int>(state_).compare_exchange_strong(seen, kContinued,
                                                             std::memory_order_acq_rel)) {
        return;
    }
    hand_over();
}

bool Operation::claim() noexcept {
    return !std::atomic_ref<bool>(claimed_).exchange(true, std::memory_order_acq_rel);
}

void Operation::finish() noexcept {
    const int before = std::atomic_ref<int>(state_).exchange(kDone, std::memory_order_acq_rel);
    if (before == kWaitedFor) futex_wake_all(state_);
    if (before == kContinued) hand_over();
}

/// What is handed to a thread: one reference on the operation, which holds all there is to run.
class Operation::Continuation {
public:
    explicit Continuation(Operation* operation) noexcept : operation_(operation) {}
    Continuation(Continuation&& other) noexcept
        : operation_(std::exchange(other.operation_, nullptr)) {}
    Continuation& operator=(Continuation&&) = delete;
    ~Continuation() {
        if (operation_ != nullptr) operation_->release();
    }
    void operator()() const noexcept {
        UniqueFunction<void()> work = std::move(operation_->continuation_);
        guarded(operation_->shared_.get(), "a callback", work);
    }

private:
    Operation* operation_;
};

void Operation::hand_over() noexcept {
    Shared* const shared = shared_.get();
    const Executor executor = std::move(executor_);
    Continuation continuation(this);
    if (!executor && (shared == nullptr || shared->on_io)) return continuation();
    const std::shared_ptr<Shared> kept = shared_;  // the operation may be over before we return
    UniqueFunction<void()> work = std::move(continuation);
    if (executor) {
        guarded(kept.get(), "an executor", [&] { executor(std::move(work)); });
    } else if (!kept->callbacks->post(work)) {
        work();
    }
}

void Operation::cancel() noexcept {
    fail(Error(ErrorKind::cancelled, "the operation was cancelled"));
}

void Operation::dropped() noexcept {
    if (shared_ == nullptr || !shared_->log->wants(LogLevel::debug)) return;
    shared_->log->write(LogLevel::debug, "client",
                        "the handle of an operation went unused: say detach() if that is meant");
}

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
