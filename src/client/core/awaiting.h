// SPDX-License-Identifier: Apache-2.0
//
// Callbacks as awaitables: `T value = co_await awaiting<T>([&](auto done) { start(done); });`
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace kx::client {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

/// `start(done)` begins something that calls `done(T)` once, from any thread, also at once. Resumes
/// on the coroutine's own executor, never inside `done`.
template <class T, class Start>
Awaitable<T> awaiting(Start start) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto initiate = [&start, executor](auto handler) {
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        start(std::function<void(T)>([kept, executor](T value) {
            boost::asio::post(executor, [kept, value = std::move(value)]() mutable {
                (*kept)(std::move(value));
            });
        }));
    };
    T value = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
        initiate, boost::asio::use_awaitable);
    co_return value;
}

}  // namespace kx::client
