// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/bench_command_report.h"
#include "cli/exit_codes.h"

namespace kx::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LatencyHistogram, IsRightToAPercent) {
    LatencyHistogram times;
    for (int i = 1; i <= 100'000; ++i) times.record(i * 1000);
    EXPECT_EQ(times.count(), 100'000U);
    EXPECT_NEAR(times.percentile_us(0.5), 50'000, 500);
    EXPECT_NEAR(times.percentile_us(0.99), 99'000, 990);
    EXPECT_NEAR(times.percentile_us(1.0), 100'000, 1);
    EXPECT_NEAR(times.mean_us(), 50'000.5, 0.1);
}

TEST(LatencyHistogram, KeepsSmallAndHugeValues) {
    LatencyHistogram times;
    times.record(-5);
    times.record(3);
    times.record(INT64_MAX);
    EXPECT_EQ(times.percentile_us(0.3), 0);
    EXPECT_EQ(times.percentile_us(0.5), 0.003);
    EXPECT_EQ(times.max_us(), static_cast<double>(INT64_MAX) / 1e3);
}

TEST(LatencyHistogram, OfNothingIsZero) {
    const LatencyHistogram times;
    EXPECT_EQ(times.percentile_us(0.99), 0);
    EXPECT_EQ(times.mean_us(), 0);
}

TEST(LatencyHistogram, AddsUpAsIfAllWereOne) {
    LatencyHistogram all;
    LatencyHistogram odd;
    LatencyHistogram even;
    for (int i = 0; i < 10'000; ++i) {
        all.record(i * i);
        (i % 2 == 0 ? even : odd).record(i * i);
    }
    odd.add(even);
    for (const double share : {0.1, 0.5, 0.9, 0.999})
        EXPECT_EQ(odd.percentile_us(share), all.percentile_us(share));
    EXPECT_EQ(odd.max_us(), all.max_us());
}

BenchReport report() {
    BenchReport made;
    made.seconds = 2;
    made.cpu_seconds = 1;
    made.messages = 2'000'000;
    made.bytes = 2'000'000LL * 1024;
    made.errors[2] = 17;
    made.unanswered = 3;
    made.latency.record(1'000'000);
    return made;
}

TEST(BenchReport, TellsRatesErrorsAndItsOwnCost) {
    const std::string text = report_text({}, report(), false);
    EXPECT_THAT(text, HasSubstr("2,000,000 in 2.00 s"));
    EXPECT_THAT(text, HasSubstr("1,000,000/s, 976.6 MiB/s"));
    EXPECT_THAT(text, HasSubstr("50 %, 0.50 µs a message"));
    EXPECT_THAT(text, HasSubstr("code 2"));
    EXPECT_THAT(text, HasSubstr("unanswered"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(report_text({}, report(), true), HasSubstr("\x1b[1m"));
}

TEST(BenchReport, TellsProgramsTheSame) {
    const auto json = Json::parse(report_json({}, report()));
    ASSERT_TRUE(json) << json.error().text;
    EXPECT_EQ(*json->find("messages")->as_int(), 2'000'000);
    EXPECT_EQ(*json->find("unanswered")->as_int(), 3);
    EXPECT_EQ(*json->find("errors")->find("2")->as_int(), 17);
    EXPECT_EQ(*json->find("sendUs")->find("count")->as_int(), 1);
}

TEST(Bench, RefusesOptionsThatCannotWork) {
    testing::internal::CaptureStderr();
    BenchOptions too_few;
    too_few.inflight = 2;
    too_few.connections = 3;
    EXPECT_EQ(run(too_few), kWrongUsage);
    BenchOptions too_small;
    too_small.mode = BenchMode::kLatency;
    too_small.size = 15;
    EXPECT_EQ(run(too_small), kWrongUsage);
    BenchOptions too_much;
    too_much.size = 4 << 20;
    too_much.inflight = 1000;
    EXPECT_EQ(run(too_much), kWrongUsage);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("more than 1 GiB"));
}

}  // namespace
}  // namespace kx::cli
