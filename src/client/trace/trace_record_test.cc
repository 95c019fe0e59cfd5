// SPDX-License-Identifier: Apache-2.0
//
// Trace records byte by byte, as the table of client.md 26 has them.
#include "client/trace/trace_record.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kx::client {
namespace {

/// Byte 1 as '|', byte 2 as '$'.
std::string shown(std::string text) {
    std::ranges::replace(text, '\x01', '|');
    std::ranges::replace(text, '\x02', '$');
    return text;
}

TEST(TraceRecord, TellsOfASend) {
    PublishTrace trace;
    trace.time_ms = 1700000000000;
    trace.region = "DefaultRegion";
    trace.group = "PG";
    trace.message = {"T", "0A", "tagA", "k1 k2"};
    trace.store_host = "127.0.0.1:10911";
    trace.body_bytes = 5;
    trace.cost_ms = 12;
    trace.type = TracedType::kDelayed;
    trace.offset_id = "7F";
    EXPECT_EQ(shown(encode(trace)),
              "Pub|1700000000000|DefaultRegion|PG|T|0A|tagA|k1 k2|127.0.0.1:10911|5|12|3|7F|true$");
    trace.message.tags = trace.message.keys = trace.offset_id = {};
    trace.success = false;
    EXPECT_EQ(shown(encode(trace)),
              "Pub|1700000000000|DefaultRegion|PG|T|0A|null|null|127.0.0.1:10911|5|12|3|null|"
              "false$");
}

TEST(TraceRecord, TellsOfConsuming) {
    ConsumeTrace trace;
    trace.time_ms = 1700000000000;
    trace.region = "R";
    trace.group = "CG";
    trace.request_id = "REQ";
    trace.message = {"T", "0A", "", ""};
    trace.retry_times = 2;
    EXPECT_EQ(shown(encode_before(trace)), "SubBefore|1700000000000|R|CG|REQ|0A|2|null$");
    trace.cost_ms = 3;
    trace.success = false;
    trace.outcome_code = 4;
    EXPECT_EQ(shown(encode_after(trace)),
              "SubAfter|REQ|0A|3|false|null|4|1700000000000|CG$");
    trace.is_cloud = true;
    EXPECT_EQ(shown(encode_after(trace)), "SubAfter|REQ|0A|3|false|null|4$");
}

TEST(TraceRecord, TellsOfATransactionsEnd) {
    EndTransactionTrace trace;
    trace.time_ms = 1;
    trace.region = "R";
    trace.group = "PG";
    trace.message = {"T", "0A", "", ""};
    trace.store_host = "h:1";
    trace.transaction_id = "TX";
    trace.state = "COMMIT_MESSAGE";
    trace.from_check = true;
    EXPECT_EQ(shown(encode(trace)),
              "EndTransaction|1|R|PG|T|0A|null|null|h:1|2|TX|COMMIT_MESSAGE|true$");
}

}  // namespace
}  // namespace kx::client
