// SPDX-License-Identifier: Apache-2.0
#include "client/produce/send_watch.h"

#include "client/core/client_core.h"
#include "kerolox/hooks.hpp"

namespace kx::client {
namespace {

kerolox::SendContext send_context_of(const ClientCore& client, const std::string& group,
                                     const SendJob& job) {
    kerolox::SendContext context{.message = job.message};
    context.group = client.user_name(group);
    context.broker = job.brokers_tried.back();
    context.address = job.peer->address();
    context.queue = {std::string(client.user_name(job.topic)), job.brokers_tried.back(),
                     job.queue_id};
    context.attempt = static_cast<std::int32_t>(job.brokers_tried.size());
    return context;
}

template <class Tell>
void tell_each(const ClientCore& client, std::string_view what, Tell tell) {
    for (const auto& interceptor : client.settings().interceptors) {
        try {
            tell(*interceptor);
        } catch (const std::exception& error) {
            client.log(kerolox::LogLevel::warn, "producer", "an interceptor's {} threw: {}", what,
                       error.what());
        } catch (...) {
            client.log(kerolox::LogLevel::warn, "producer",
                       "an interceptor's {} threw something that is no std::exception", what);
        }
    }
}

}  // namespace

bool is_watched(const ClientCore& client) { return !client.settings().interceptors.empty(); }

kerolox::Status tell_before_send(ClientCore& client, const std::string& group, const SendJob& job) {
    const kerolox::SendContext context = send_context_of(client, group, job);
    kerolox::Status verdict;
    tell_each(client, "before_send", [&](kerolox::Interceptor& interceptor) {
        if (!verdict) return;
        verdict = interceptor.before_send(context);
    });
    return verdict;
}

void tell_after_send(ClientCore& client, const std::string& group, const SendJob& job,
                     const kerolox::Result<kerolox::SendReceipt>& result) {
    kerolox::SendContext context = send_context_of(client, group, job);
    context.took = std::chrono::nanoseconds(client.clock().steady_ns() - job.try_started_ns);
    context.result = &result;
    tell_each(client, "after_send",
              [&](kerolox::Interceptor& interceptor) { interceptor.after_send(context); });
}

void tell_end_of_transaction(ClientCore& client, const kerolox::EndTransactionContext& context) {
    tell_each(client, "end_transaction",
              [&](kerolox::Interceptor& interceptor) { interceptor.end_transaction(context); });
}

}  // namespace kx::client
