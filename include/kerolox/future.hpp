// SPDX-License-Identifier: Apache-2.0
/// @file
/// Async::to_future. Apart from the other headers: std::future costs a tenth of what they take to
/// compile.
#pragma once

#include <future>
#include <utility>

#include "kerolox/async.hpp"

namespace kerolox {
inline namespace v1 {
namespace detail {

template <class T>
struct Futures {
    static std::future<Result<T>> of(Async<T> operation) {
        std::promise<Result<T>> promise;
        std::future<Result<T>> future = promise.get_future();
        std::move(operation).then([promise = std::move(promise)](Result<T> result) mutable {
            promise.set_value(std::move(result));
        });
        return future;
    }
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
