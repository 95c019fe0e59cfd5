// SPDX-License-Identifier: Apache-2.0
#include "console/metrics_text.h"

#include <gtest/gtest.h>

namespace kx::console {
namespace {

TEST(MetricsText, GathersRowsOfOneName) {
    const MetricRows rows = {
        {.name = "rocketmq_messages_in_total",
         .help = "messages stored",
         .type = MetricType::kCounter,
         .labels = {{"topic", "a"}},
         .value = 3},
        {.name = "rocketmq_storage_size", .help = "bytes", .value = 1.5},
        {.name = "rocketmq_messages_in_total",
         .type = MetricType::kCounter,
         .labels = {{"topic", "b\"\\\n"}},
         .value = 12'345'678'901},
    };
    EXPECT_EQ(metrics_text(rows),
              "# HELP rocketmq_messages_in_total messages stored\n"
              "# TYPE rocketmq_messages_in_total counter\n"
              "rocketmq_messages_in_total{topic=\"a\"} 3\n"
              "rocketmq_messages_in_total{topic=\"b\\\"\\\\\\n\"} 12345678901\n"
              "# HELP rocketmq_storage_size bytes\n"
              "# TYPE rocketmq_storage_size gauge\n"
              "rocketmq_storage_size 1.5\n");
}

TEST(MetricsText, IsEmptyWithoutRows) { EXPECT_EQ(metrics_text({}), ""); }

}  // namespace
}  // namespace kx::console
