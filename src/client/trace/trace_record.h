// SPDX-License-Identifier: Apache-2.0
//
// What is told of a message's life, as RocketMQ's tools read it (client.md 26): fields joined by
// byte 1, records ended by byte 2. An absent text is the four letters "null": the Java reader loses
// empty fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kx::client {

struct TracedMessage {
    std::string_view topic{};
    std::string_view id{};
    std::string_view tags{};
    std::string_view keys{};
};

/// MessageType's numbers.
enum class TracedType : int { kNormal, kHalf, kCommit, kDelayed, kOrdered };

struct PublishTrace {
    std::int64_t time_ms = 0;
    std::string_view region{};
    std::string_view group{};
    TracedMessage message{};
    std::string_view store_host{};
    std::size_t body_bytes = 0;
    std::int64_t cost_ms = 0;
    TracedType type = TracedType::kNormal;
    std::string_view offset_id{};
    bool success = true;
};

struct ConsumeTrace {
    std::int64_t time_ms = 0;
    std::string_view region{};
    std::string_view group{};
    std::string_view request_id{};
    TracedMessage message{};
    std::int32_t retry_times = 0;
    std::int64_t cost_ms = 0;  ///< after, as all below
    bool success = true;
    int outcome_code = 0;   ///< 0 SUCCESS, 1 TIME_OUT, 2 EXCEPTION, 3 RETURNNULL, 4 FAILED
    bool is_cloud = false;  ///< neither time nor group then
};

struct EndTransactionTrace {
    std::int64_t time_ms = 0;
    std::string_view region{};
    std::string_view group{};
    TracedMessage message{};
    std::string_view store_host{};
    std::string_view transaction_id{};
    std::string_view state{};
    bool from_check = false;
};

std::string encode(const PublishTrace& trace);
std::string encode_before(const ConsumeTrace& trace);
std::string encode_after(const ConsumeTrace& trace);
std::string encode(const EndTransactionTrace& trace);

/// One record on its way to the trace topic.
struct TraceRecord {
    std::string topic;  ///< of the traced message: records of one topic travel together
    std::string region;
    std::string text;
    std::vector<std::string> keys;  ///< what the trace message is found by
};

}  // namespace kx::client
