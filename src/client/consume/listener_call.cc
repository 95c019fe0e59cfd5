// SPDX-License-Identifier: Apache-2.0
#include "client/consume/consume_service.h"
#include "client/consume/push_core.h"
#include "client/core/received.h"

namespace kx::client {
namespace {

constexpr std::int64_t kNsOfMs = 1'000'000;

template <class Tell>
void tell_interceptors(PushCore& core, Tell tell) {
    for (const auto& interceptor : core.client().settings().interceptors) {
        try {
            tell(*interceptor);
        } catch (...) {
            core.log(kerolox::LogLevel::warn, "an interceptor threw: {}", thrown_text());
        }
    }
}

}  // namespace

std::string thrown_text() {
    try {
        throw;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "something that is no exception";
    }
}

ListenerCall::ListenerCall(PushCore& core, const kerolox::MessageBatch& batch)
    : core_(&core), started_ns_(core.client().clock().steady_ns()) {
    for (const kerolox::MessageView& message : batch)
        note_consume_start(message, started_ns_ / kNsOfMs);
    if (core.client().settings().interceptors.empty()) return;
    const kerolox::ConsumeContext context{core.settings().config.consumer_group, batch};
    tell_interceptors(core, [&](kerolox::Interceptor& one) { one.before_consume(context); });
}

std::int64_t ListenerCall::ended(const kerolox::MessageBatch& batch, bool success,
                                 std::string_view failure, TopicCounters& counters) const {
    const Clock& clock = core_->client().clock();
    const std::int64_t now_ns = clock.steady_ns();
    const std::int64_t now_ms = now_ns / kNsOfMs;
    const std::int64_t took_ns = now_ns - started_ns_;
    constexpr std::int64_t kUs = 1'000;
    TopicCounters::add(counters.consume_us, took_ns / kUs);
    TopicCounters::add(counters.batches, 1);
    if (!failure.empty()) {
        core_->log(kerolox::LogLevel::warn, "the listener of {} threw on {}: {}", core_->group(),
                   batch.front().id(), failure);
    }
    if (core_->client().settings().interceptors.empty()) return now_ms;
    const std::chrono::nanoseconds took(took_ns);
    const std::chrono::minutes limit(core_->settings().config.consume_timeout);
    std::string_view outcome = success ? "SUCCESS" : "FAILED";
    if (took >= limit) outcome = "TIME_OUT";
    if (!failure.empty()) outcome = "EXCEPTION";
    const kerolox::ConsumeContext context{core_->settings().config.consumer_group, batch, success,
                                          outcome, took};
    tell_interceptors(*core_, [&](kerolox::Interceptor& one) { one.after_consume(context); });
    return now_ms;
}

}  // namespace kx::client
