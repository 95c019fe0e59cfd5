// SPDX-License-Identifier: Apache-2.0
/// @file
/// Operations with Boost.Asio's completion tokens. The only header that includes Boost: the
/// application's own, 1.81 or newer.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "kerolox/async.hpp"

namespace kerolox {
inline namespace v1 {

/// `Result<SendReceipt> r = co_await complete(producer.send(std::move(m)), use_awaitable);`
/// The handler runs on its associated executor; its cancellation slot cancels the operation.
template <class T, class Token>
auto complete(Async<T> operation, Token&& token) {
    return boost::asio::async_initiate<Token, void(Result<T>)>(
        [](auto handler, Async<T> started) {
            auto executor = boost::asio::get_associated_executor(handler);
            auto work =
                boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
            auto slot = boost::asio::get_associated_cancellation_slot(handler);
            struct State {
                decltype(handler) run;
                decltype(work) keeps;
            };
            auto state = std::make_shared<State>(State{std::move(handler), std::move(work)});
            if (slot.is_connected()) {
                auto cancel = started.canceller();
                slot.assign([cancel](boost::asio::cancellation_type) mutable { cancel(); });
            }
            std::move(started).then([state, executor, slot](Result<T> result) mutable {
                boost::asio::post(executor, [state, slot, result = std::move(result)]() mutable {
                    if (slot.is_connected()) slot.clear();
                    std::move(state->run)(std::move(result));
                });
            });
        },
        token, std::move(operation));
}

}  // namespace v1
}  // namespace kerolox
