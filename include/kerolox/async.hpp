// SPDX-License-Identifier: Apache-2.0
/// @file
/// Operations under way: Async, the handle on one, and Task, a coroutine that may await them.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "kerolox/config.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

template <class Signature>
class UniqueFunction;

/// A callable that is moved, never copied: captures may be move-only. Small ones need no memory.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
public:
    UniqueFunction() noexcept = default;
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
                 std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
    UniqueFunction(F&& f) {  // NOLINT(google-explicit-constructor)
        using Own = std::remove_cvref_t<F>;
        if constexpr (std::is_pointer_v<Own>) {
            if (f == nullptr) return;
        }
        if constexpr (sizeof(Own) <= sizeof(buffer_) && alignof(Own) <= alignof(std::max_align_t) &&
                      std::is_nothrow_move_constructible_v<Own>) {
            ::new (static_cast<void*>(buffer_)) Own(std::forward<F>(f));
            table_ = &kInside<Own>;
        } else {
            ::new (static_cast<void*>(buffer_)) Own*(new Own(std::forward<F>(f)));
            table_ = &kOutside<Own>;
        }
    }
    UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
    UniqueFunction& operator=(UniqueFunction&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    ~UniqueFunction() { reset(); }

    explicit operator bool() const noexcept { return table_ != nullptr; }
    R operator()(Args... args) { return table_->call(buffer_, std::forward<Args>(args)...); }

private:
    struct Table {
        R (*call)(void* buffer, Args&&... args);
        void (*move)(void* from, void* to) noexcept;
        void (*destroy)(void* buffer) noexcept;
    };
    template <class F>
    static constexpr Table kInside{[](void* buffer, Args&&... args) -> R {
                                       return std::invoke(*static_cast<F*>(buffer),
                                                          std::forward<Args>(args)...);
                                   },
                                   [](void* from, void* to) noexcept {
                                       ::new (to) F(std::move(*static_cast<F*>(from)));
                                       static_cast<F*>(from)->~F();
                                   },
                                   [](void* buffer) noexcept { static_cast<F*>(buffer)->~F(); }};
    template <class F>
    static constexpr Table kOutside{
        [](void* buffer, Args&&... args) -> R {
            return std::invoke(**static_cast<F**>(buffer), std::forward<Args>(args)...);
        },
        [](void* from, void* to) noexcept { ::new (to) F*(*static_cast<F**>(from)); },
        [](void* buffer) noexcept { delete *static_cast<F**>(buffer); }};

    void take(UniqueFunction& other) noexcept {
        table_ = std::exchange(other.table_, nullptr);
        if (table_ != nullptr) table_->move(other.buffer_, buffer_);
    }
    void reset() noexcept {
        if (table_ != nullptr) std::exchange(table_, nullptr)->destroy(buffer_);
    }

    alignas(std::max_align_t) std::byte buffer_[48];
    const Table* table_ = nullptr;
};

/// Runs work somewhere: on a pool, an event loop, the application's own threads. Must run
/// everything it is given, once, and never inside the call that gives it.
using Executor = std::function<void(UniqueFunction<void()>)>;

namespace detail {

/// An operation under way, without its value. Reference counted; completed exactly once.
class KEROLOX_API Operation {
public:
    Operation() noexcept = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    void retain() noexcept;
    void release() noexcept;

    bool ready() const noexcept;
    /// Blocks until ready; fails at once on a thread that would wait for itself.
    Status wait() noexcept;
    /// False: the time is over.
    Result<bool> wait_for(std::chrono::milliseconds time) noexcept;
    /// Runs `work` once ready, on `executor` or on the client's callback threads; the operation
    /// lives until then. Once only.
    void on_ready(UniqueFunction<void()> work, Executor executor);
    /// Completes with `cancelled` unless it is complete already.
    void cancel() noexcept;
    /// The handle goes without having been consumed.
    void dropped() noexcept;

protected:
    virtual ~Operation();
    /// Completes with this error, unless it is complete already.
    virtual void fail(Error error) noexcept = 0;
    friend struct Access;

    /// True for one caller only, who then stores the value and calls finish().
    bool claim() noexcept;
    void finish() noexcept;

    struct Shared;  ///< where continuations run
    std::shared_ptr<Shared> shared_;

private:
    class Continuation;
    void hand_over() noexcept;

    UniqueFunction<void()> continuation_;
    Executor executor_;
    int state_ = 0;   ///< through std::atomic_ref
    int owners_ = 1;  ///< through std::atomic_ref
    bool claimed_ = false;
};

template <class T>
class OperationOf : public Operation {
public:
    /// False when it was complete already.
    bool complete(Result<T> result) noexcept {
        if (!claim()) return false;
        result_.emplace(std::move(result));
        finish();
        return true;
    }
    Result<T> take() { return std::move(*result_); }
    /// As on_ready(), with the result.
    void on_result(UniqueFunction<void(Result<T>)> callback, Executor executor) {
        callback_ = std::move(callback);
        on_ready(
            [this] {
                auto callback = std::move(callback_);
                callback(take());
            },
            std::move(executor));
    }

protected:
    void fail(Error error) noexcept override { complete(Result<T>(std::move(error))); }

private:
    std::optional<Result<T>> result_;
    UniqueFunction<void(Result<T>)> callback_;
};

/// Async::to_future, in kerolox/future.hpp.
template <class T>
struct Futures;

}  // namespace detail

/// The handle on an operation that was started. The operation goes on when the handle goes.
///
/// It completes exactly once: with its result, with `timeout` when its deadline is over, with
/// `cancelled`, or with `closed`. Use one of get, get_for, then, to_future, co_await, detach, once.
/// Continuations never run inside the call that started the operation nor under a lock, but on the
/// client's callback threads unless via() says otherwise.
template <class T>
class [[nodiscard]] Async {
public:
    /// For the library: takes one reference over.
    explicit Async(detail::OperationOf<T>* operation) noexcept : operation_(operation) {}
    Async(Async&& other) noexcept
        : operation_(std::exchange(other.operation_, nullptr)),
          executor_(std::move(other.executor_)) {}
    Async& operator=(Async&& other) noexcept {
        std::swap(operation_, other.operation_);
        std::swap(executor_, other.executor_);
        return *this;
    }
    ~Async() {
        if (operation_ == nullptr) return;
        operation_->dropped();
        operation_->release();
    }

    /// Blocks. On an io thread of the library this fails with `usage` at once.
    Result<T> get() && {
        const Hold hold(std::exchange(operation_, nullptr));
        if (Status waited = hold->wait(); !waited) return waited.error();
        return hold->take();
    }
    /// Blocks so long at most; then the operation is cancelled and the result is `timeout`.
    Result<T> get_for(std::chrono::milliseconds time) && {
        const Hold hold(std::exchange(operation_, nullptr));
        const Result<bool> waited = hold->wait_for(time);
        if (!waited) return waited.error();
        if (*waited) return hold->take();
        hold->cancel();
        return Error(ErrorKind::timeout, "no result within the time given to get_for");
    }
    void then(UniqueFunction<void(Result<T>)> callback) && {
        const Hold hold(std::exchange(operation_, nullptr));
        hold->on_result(std::move(callback), std::move(executor_));
    }
    /// A std::future of the Result. Defined in kerolox/future.hpp.
    auto to_future() && { return detail::Futures<T>::of(std::move(*this)); }
    /// Where callback or coroutine go on.
    Async via(Executor executor) && {
        executor_ = std::move(executor);
        return std::move(*this);
    }
    /// Nobody wants to know how it ends.
    void detach() && { Hold(std::exchange(operation_, nullptr)); }
    void cancel() noexcept { operation_->cancel(); }
    /// A function that cancels, for as long as one likes: also when the handle is gone.
    std::function<void()> canceller() {
        operation_->retain();
        auto hold = std::make_shared<Hold>(operation_);
        return [hold] { (*hold)->cancel(); };
    }
    bool ready() const noexcept { return operation_->ready(); }

    auto operator co_await() && noexcept {
        struct Awaiter {
            Hold hold;
            Executor executor;
            bool await_ready() const noexcept { return hold->ready(); }
            void await_suspend(std::coroutine_handle<> waiting) {
                hold->on_ready([waiting] { waiting.resume(); }, std::move(executor));
            }
            Result<T> await_resume() { return hold->take(); }
        };
        return Awaiter{Hold(std::exchange(operation_, nullptr)), std::move(executor_)};
    }

private:
    /// One reference.
    class Hold {
    public:
        explicit Hold(detail::OperationOf<T>* operation) noexcept : operation_(operation) {}
        Hold(Hold&& other) noexcept : operation_(std::exchange(other.operation_, nullptr)) {}
        Hold& operator=(Hold&&) = delete;
        ~Hold() {
            if (operation_ != nullptr) operation_->release();
        }
        detail::OperationOf<T>* operator->() const noexcept { return operation_; }

    private:
        detail::OperationOf<T>* operation_;
    };

    detail::OperationOf<T>* operation_;
    Executor executor_;
};

template <class T>
class Task;

namespace detail {

struct TaskPromiseBase {
    std::coroutine_handle<> waiting;

    static std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
        struct Resume {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
                return waiting ? waiting : std::noop_coroutine();
            }
            void await_resume() const noexcept {}
            std::coroutine_handle<> waiting;
        };
        return Resume{waiting};
    }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
    std::variant<std::monostate, T, std::exception_ptr> outcome;
    Task<T> get_return_object() noexcept;
    void return_value(T value) { outcome.template emplace<1>(std::move(value)); }
    void unhandled_exception() noexcept { outcome.template emplace<2>(std::current_exception()); }
    T take() {
        if (outcome.index() == 2) std::rethrow_exception(std::get<2>(outcome));
        return std::move(std::get<1>(outcome));
    }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    std::exception_ptr failure;
    Task<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void unhandled_exception() noexcept { failure = std::current_exception(); }
    void take() const {
        if (failure) std::rethrow_exception(failure);
    }
};

}  // namespace detail

/// A coroutine that runs when it is awaited, or with run(). What it throws comes out of there.
template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = detail::TaskPromise<T>;

    explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }

    auto operator co_await() && noexcept {
        struct Awaiter {
            std::coroutine_handle<promise_type> coroutine;
            bool await_ready() const noexcept { return coroutine.done(); }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
                coroutine.promise().waiting = waiting;
                return coroutine;
            }
            T await_resume() { return coroutine.promise().take(); }
        };
        return Awaiter{coroutine_};
    }

    /// Runs it to its end, blocking this thread.
    T run() &&;
    /// Runs it; `done` is called when it ended, wherever that is. `done` gets a function that gives
    /// the value or throws what the coroutine threw.
    void start(UniqueFunction<void(UniqueFunction<T()>)> done) &&;

private:
    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

/// A coroutine nobody awaits; it destroys itself.
struct Detached {
    struct promise_type {
        static Detached get_return_object() noexcept { return {}; }
        static std::suspend_never initial_suspend() noexcept { return {}; }
        static std::suspend_never final_suspend() noexcept { return {}; }
        static void return_void() noexcept {}
        [[noreturn]] static void unhandled_exception() noexcept { std::terminate(); }
    };
};

template <class T>
Detached drive(Task<T> task, UniqueFunction<void(UniqueFunction<T()>)> done) {
    std::exception_ptr failure;
    if constexpr (std::is_void_v<T>) {
        try {
            co_await std::move(task);
        } catch (...) {
            failure = std::current_exception();
        }
        done([failure] {
            if (failure) std::rethrow_exception(failure);
        });
    } else {
        std::optional<T> value;
        try {
            value.emplace(co_await std::move(task));
        } catch (...) {
            failure = std::current_exception();
        }
        done([failure, value = std::move(value)]() mutable -> T {
            if (failure) std::rethrow_exception(failure);
            return std::move(*value);
        });
    }
}

}  // namespace detail

template <class T>
void Task<T>::start(UniqueFunction<void(UniqueFunction<T()>)> done) && {
    detail::drive(std::move(*this), std::move(done));
}

template <class T>
T Task<T>::run() && {
    struct End {
        UniqueFunction<T()> take;
        std::atomic<bool> reached{false};
    };
    const auto end = std::make_shared<End>();  // this thread may be gone before notify_one returns
    std::move(*this).start([end](UniqueFunction<T()> take) {
        end->take = std::move(take);
        end->reached.store(true, std::memory_order_release);
        end->reached.notify_one();
    });
    end->reached.wait(false, std::memory_order_acquire);
    return end->take();
}

}  // namespace v1
}  // namespace kerolox
