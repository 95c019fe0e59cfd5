// SPDX-License-Identifier: Apache-2.0
//
// A request that waits for its reply (client.md 13). On the home thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "client/core/client_core.h"
#include "kerolox/producer.hpp"

namespace kx::client {

class RequestOperation final : public kerolox::detail::OperationOf<kerolox::MessageView> {
public:
    void cancel_with(std::stop_token token) { on_stop_.emplace(std::move(token), Canceller{this}); }

private:
    struct Canceller {
        RequestOperation* operation;
        void operator()() const noexcept { operation->cancel(); }
    };
    std::optional<std::stop_callback<Canceller>> on_stop_;
};

class PendingRequest : public std::enable_shared_from_this<PendingRequest> {
public:
    PendingRequest(ClientCore& client, RequestOperation* op, std::string id, std::string topic,
                   std::int64_t timeout_ms)
        : client_(client),
          op_(op),
          id_(std::move(id)),
          topic_(std::move(topic)),
          timeout_ms_(timeout_ms),
          timer_(client.home().context()) {
        op_->retain();
    }
    PendingRequest(const PendingRequest&) = delete;
    PendingRequest& operator=(const PendingRequest&) = delete;
    ~PendingRequest() {
        if (op_ != nullptr) op_->release();
    }

    const std::string& id() const { return id_; }
    bool is_over() const { return op_ == nullptr || op_->ready(); }
    /// Ends it when what is left of its time is over.
    void watch(std::int64_t left_ms);
    void on_sent(const kerolox::Result<kerolox::SendReceipt>& sent);
    void end(kerolox::Result<kerolox::MessageView> result);

private:
    ClientCore& client_;
    RequestOperation* op_;  ///< null: ended
    const std::string id_;
    const std::string topic_;
    const std::int64_t timeout_ms_;
    boost::asio::steady_timer timer_;
    bool sent_ = false;
};

}  // namespace kx::client
