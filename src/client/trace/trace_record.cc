// SPDX-License-Identifier: Apache-2.0
#include "client/trace/trace_record.h"

#include <fmt/format.h>

namespace kx::client {
namespace {

/// Fields in their order.
class RecordLine {
public:
    explicit RecordLine(std::string_view type) : text_(type) {}
    RecordLine& add(std::string_view field) {
        text_ += '\x01';
        text_ += field.empty() ? std::string_view("null") : field;
        return *this;
    }
    RecordLine& add(const std::string& field) { return add(std::string_view(field)); }
    RecordLine& add(const char* field) { return add(std::string_view(field)); }
    RecordLine& add(bool field) { return add(field ? "true" : "false"); }
    template <class Number>
        requires std::is_integral_v<Number>
    RecordLine& add(Number field) {
        return add(fmt::to_string(field));
    }
    RecordLine& add(TracedType type) { return add(static_cast<int>(type)); }
    std::string end() {
        text_ += '\x02';
        return std::move(text_);
    }

private:
    std::string text_;
};

}  // namespace

std::string encode(const PublishTrace& trace) {
    return RecordLine("Pub")
        .add(trace.time_ms)
        .add(trace.region)
        .add(trace.group)
        .add(trace.message.topic)
        .add(trace.message.id)
        .add(trace.message.tags)
        .add(trace.message.keys)
        .add(trace.store_host)
        .add(trace.body_bytes)
        .add(trace.cost_ms)
        .add(trace.type)
        .add(trace.offset_id)
        .add(trace.success)
        .end();
}

std::string encode_before(const ConsumeTrace& trace) {
    return RecordLine("SubBefore")
        .add(trace.time_ms)
        .add(trace.region)
        .add(trace.group)
        .add(trace.request_id)
        .add(trace.message.id)
        .add(trace.retry_times)
        .add(trace.message.keys)
        .end();
}

std::string encode_after(const ConsumeTrace& trace) {
    RecordLine line("SubAfter");
    line.add(trace.request_id)
        .add(trace.message.id)
        .add(trace.cost_ms)
        .add(trace.success)
        .add(trace.message.keys)
        .add(trace.outcome_code);
    if (!trace.is_cloud) line.add(trace.time_ms).add(trace.group);
    return line.end();
}

std::string encode(const EndTransactionTrace& trace) {
    return RecordLine("EndTransaction")
        .add(trace.time_ms)
        .add(trace.region)
        .add(trace.group)
        .add(trace.message.topic)
        .add(trace.message.id)
        .add(trace.message.tags)
        .add(trace.message.keys)
        .add(trace.store_host)
        .add(TracedType::kCommit)
        .add(trace.transaction_id)
        .add(trace.state)
        .add(trace.from_check)
        .end();
}

}  // namespace kx::client
