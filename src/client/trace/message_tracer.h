// SPDX-License-Identifier: Apache-2.0
//
// Watches what a client's producers and consumers do with messages, and tells it as trace records.
// An interceptor like those of the application, last of the list.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/sync.h"
#include "client/trace/trace_dispatcher.h"
#include "kerolox/hooks.hpp"

namespace kx::client {

class MessageTracer final : public kerolox::Interceptor {
public:
    /// Watches nothing before attach().
    kerolox::Status attach(ClientCore& host);
    const std::shared_ptr<TraceDispatcher>& dispatcher() const { return dispatcher_; }

    void after_send(const kerolox::SendContext& context) override;
    void before_consume(const kerolox::ConsumeContext& context) override;
    void after_consume(const kerolox::ConsumeContext& context) override;
    void end_transaction(const kerolox::EndTransactionContext& context) override;

private:
    struct Begun {
        std::string request_id;
        std::string region;
    };
    std::string own_name(std::string_view group) const;

    ClientCore* host_ = nullptr;  ///< which owns this
    std::shared_ptr<TraceDispatcher> dispatcher_;
    Mutex mutex_;
    /// Batches that listeners have now, by their first message.
    std::map<const void*, Begun> begun_ KX_GUARDED_BY(mutex_);
};

}  // namespace kx::client
