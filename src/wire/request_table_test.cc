// SPDX-License-Identifier: Apache-2.0
#include "wire/request_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/recorded_frames.h"

namespace kx::wire {
namespace {

TEST(RequestTable, IsSortedWithoutGapsOrDoubles) {
    std::set<std::int32_t> codes;
    std::set<std::string_view> names;
    for (const RequestRow& row : request_table()) {
        EXPECT_TRUE(codes.empty() || row.code > *codes.rbegin()) << row.name;
        EXPECT_TRUE(codes.insert(row.code).second) << row.code;
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
    }
    EXPECT_EQ(codes.size(), 159U) << "158 codes of 5.3.4, and 5001 of 5.4.0";
}

TEST(RequestTable, FindsEveryRowAndNothingElse) {
    for (const RequestRow& row : request_table()) {
        const RequestRow* found = find_request(row.code);
        ASSERT_NE(found, nullptr) << row.code;
        EXPECT_EQ(found->name, row.name);
    }
    for (const std::int32_t code : {INT32_MIN, -1, 0, 9, 16, 44, 99'999, 200'057, INT32_MAX})
        EXPECT_EQ(find_request(code), nullptr) << code;
}

TEST(RequestTable, ExplainsEveryRow) {
    for (const RequestRow& row : request_table()) {
        EXPECT_FALSE(explain(row).empty()) << row.name;
        EXPECT_NE(explain(row), "unknown") << row.name;
    }
    EXPECT_EQ(find_request(105)->server, Server::kNameServer);
    EXPECT_EQ(find_request(11)->server, Server::kBrokerMainPort);
    EXPECT_EQ(find_request(220)->server, Server::kClient);
    EXPECT_EQ(find_request(13)->server, Server::kNobody);
}

TEST(RequestTable, KnowsEveryRecordedRequest) {
    for (const auto& frame : testing::recorded_frames()) {
        // 0 is the tools' own probe of a connection.
        if (!frame.is_request || frame.code == 0) continue;
        EXPECT_NE(find_request(frame.code), nullptr) << frame.code;
    }
}

}  // namespace
}  // namespace kx::wire
