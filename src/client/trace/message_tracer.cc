// SPDX-License-Identifier: Apache-2.0
#include "client/trace/message_tracer.h"

#include <algorithm>
#include <array>

#include "client/produce/receipt.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using kerolox::MessageView;

/// Batches whose end nobody tells must not gather for ever.
constexpr std::size_t kBegunMax = 100'000;
constexpr std::string_view kDefaultRegion = "DefaultRegion";

TracedType type_of(const kerolox::Message& message) {
    namespace property = model::property;
    if (message.property(property::kTransactionPrepared) == "true") return TracedType::kHalf;
    for (const std::string_view name :
         {std::string_view("DELAY"), std::string_view("TIMER_DELIVER_MS"),
          std::string_view("TIMER_DELAY_MS"), std::string_view("TIMER_DELAY_SEC"),
          std::string_view("__STARTDELIVERTIME")}) {
        if (message.property(name)) return TracedType::kDelayed;
    }
    return TracedType::kNormal;
}

int outcome_code(std::string_view outcome) {
    constexpr std::array<std::string_view, 5> kNames{"SUCCESS", "TIME_OUT", "EXCEPTION",
                                                     "RETURNNULL", "FAILED"};
    const auto found = std::ranges::find(kNames, outcome);
    return found == kNames.end() ? 0 : static_cast<int>(found - kNames.begin());
}

std::string_view state_name(kerolox::Decision decision) {
    switch (decision) {
        case kerolox::Decision::commit: return "COMMIT_MESSAGE";
        case kerolox::Decision::rollback: return "ROLLBACK_MESSAGE";
        default: return "UNKNOW";
    }
}

TracedMessage traced(const MessageView& message) {
    return {message.topic(), message.id(), message.tag().value_or(std::string_view()),
            message.keys().value_or(std::string_view())};
}

bool is_traced(const MessageView& message) { return message.property("TRACE_ON") != "false"; }

std::int64_t in_ms(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

TraceRecord record_of(const TracedMessage& message, std::string_view region, std::string text) {
    TraceRecord record{std::string(message.topic), std::string(region), std::move(text), {}};
    if (!message.id.empty()) record.keys.emplace_back(message.id);
    if (!message.keys.empty()) record.keys.emplace_back(message.keys);
    return record;
}

}  // namespace

kerolox::Status MessageTracer::attach(ClientCore& host) {
    host_ = &host;
    auto dispatcher = std::make_shared<TraceDispatcher>(host);
    if (kerolox::Status begun = dispatcher->begin(host); !begun) return begun;
    dispatcher_ = std::move(dispatcher);
    return {};
}

std::string MessageTracer::own_name(std::string_view group) const {
    return std::string(host_->user_name(group));
}

void MessageTracer::after_send(const kerolox::SendContext& context) {
    if (dispatcher_ == nullptr || context.result == nullptr || !*context.result) return;
    if (context.message.topic().starts_with(dispatcher_->topic())) return;
    const kerolox::detail::ReceiptData& receipt = receipt_data(**context.result);
    if (!receipt.trace_on || receipt.region.empty()) return;
    const std::string group = own_name(context.group);
    const std::string topic = own_name(context.message.topic());
    PublishTrace trace;
    trace.time_ms = host_->clock().wall_ms() - in_ms(context.took);
    trace.region = receipt.region;
    trace.group = group;
    trace.message = {topic, receipt.message_id, context.message.tag().value_or(std::string_view()),
                     context.message.keys().value_or(std::string_view())};
    trace.store_host = context.address;
    trace.body_bytes = context.message.body().size();
    trace.cost_ms = in_ms(context.took);
    trace.type = type_of(context.message);
    trace.offset_id = receipt.offset_id;
    trace.success = receipt.status == kerolox::StoreStatus::ok;
    dispatcher_->append(record_of(trace.message, trace.region, encode(trace)));
}

void MessageTracer::before_consume(const kerolox::ConsumeContext& context) {
    if (dispatcher_ == nullptr || context.batch.empty()) return;
    const std::string group = own_name(context.group);
    Begun begun{host_->next_unique_id(), {}};
    ConsumeTrace trace;
    trace.time_ms = host_->clock().wall_ms();
    trace.group = group;
    trace.request_id = begun.request_id;
    for (const MessageView& message : context.batch) {
        if (!is_traced(message)) continue;
        begun.region = message.property("MSG_REGION").value_or(std::string_view());
        if (begun.region.empty()) continue;  // nobody could tell where it belongs
        trace.region = begun.region;
        trace.message = traced(message);
        trace.retry_times = message.reconsume_times();
        dispatcher_->append(record_of(trace.message, trace.region, encode_before(trace)));
    }
    if (begun.region.empty()) return;
    MutexLock lock(mutex_);
    if (begun_.size() < kBegunMax) begun_[context.batch.begin()] = std::move(begun);
}

void MessageTracer::after_consume(const kerolox::ConsumeContext& context) {
    if (dispatcher_ == nullptr || context.batch.empty()) return;
    Begun begun;
    {
        MutexLock lock(mutex_);
        const auto found = begun_.find(context.batch.begin());
        if (found == begun_.end()) return;
        begun = std::move(found->second);
        begun_.erase(found);
    }
    const std::string group = own_name(context.group);
    ConsumeTrace trace;
    trace.time_ms = host_->clock().wall_ms();
    trace.region = begun.region;
    trace.group = group;
    trace.request_id = begun.request_id;
    trace.cost_ms = in_ms(context.took) / static_cast<std::int64_t>(context.batch.size());
    trace.success = context.success;
    trace.outcome_code = outcome_code(context.outcome);
    trace.is_cloud = dispatcher_->is_cloud();
    for (const MessageView& message : context.batch) {
        if (!is_traced(message) || !message.property("MSG_REGION")) continue;
        trace.message = traced(message);
        dispatcher_->append(record_of(trace.message, trace.region, encode_after(trace)));
    }
}

void MessageTracer::end_transaction(const kerolox::EndTransactionContext& context) {
    if (dispatcher_ == nullptr) return;
    const std::string group = own_name(context.group);
    EndTransactionTrace trace;
    trace.time_ms = host_->clock().wall_ms();
    trace.region = kDefaultRegion;
    trace.group = group;
    trace.message.topic = context.topic;
    trace.message.id = context.message_id;
    trace.store_host = context.address;
    trace.transaction_id = context.transaction_id;
    trace.state = state_name(context.decision);
    trace.from_check = context.from_check;
    dispatcher_->append(record_of(trace.message, trace.region, encode(trace)));
}

}  // namespace kx::client
