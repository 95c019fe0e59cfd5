// SPDX-License-Identifier: Apache-2.0
//
// Snapshot<T>: an immutable value that is replaced as a whole. Readers keep what they got for as
// long as they hold the pointer; writers take turns, so that no change is lost.
// (libstdc++ 12's atomic<shared_ptr> hides its lock from TSan; this one does not.)
#pragma once

#include <memory>
#include <utility>

#include "base/sync.h"

namespace kx {

template <class T>
class Snapshot {
public:
    Snapshot() : value_(std::make_shared<const T>()) {}
    explicit Snapshot(T value) : value_(std::make_shared<const T>(std::move(value))) {}

    std::shared_ptr<const T> get() const {
        SpinGuard guard(lock_);
        return value_;
    }

    void set(T value) {
        MutexLock writing(writers_);
        publish(std::make_shared<const T>(std::move(value)));
    }

    /// Copies the value, lets `change` edit the copy, publishes it. Writers take turns.
    template <class Change>
    void update(Change&& change) {
        MutexLock writing(writers_);
        auto next = std::make_shared<T>(*get());
        std::forward<Change>(change)(*next);
        publish(std::move(next));
    }

private:
    void publish(std::shared_ptr<const T> next) {
        SpinGuard guard(lock_);
        value_.swap(next);
    }

    Mutex writers_;
    mutable SpinLock lock_;
    std::shared_ptr<const T> value_;
};

}  // namespace kx
