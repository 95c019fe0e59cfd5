// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_service.h"

#include <gtest/gtest.h>

namespace kx::client {
namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kDayMs = 86'400 * kSecondMs;

TEST(PopRetry, GrowsWithTheTriesAndStopsAtTwoHours) {
    EXPECT_EQ(pop_retry_ms(0, 0, 16, 0), 10 * kSecondMs);
    EXPECT_EQ(pop_retry_ms(3, 0, 16, 0), 120 * kSecondMs);
    EXPECT_EQ(pop_retry_ms(40, 0, 100, 0), 7'200 * kSecondMs);
}

TEST(PopRetry, ALevelIsTakenAsItIs) {
    EXPECT_EQ(pop_retry_ms(9, 1, 16, 0), 30 * kSecondMs);
    EXPECT_EQ(pop_retry_ms(0, 99, 16, 0), 7'200 * kSecondMs);
    EXPECT_EQ(pop_retry_ms(0, -1, 16, 0), std::nullopt);
}

TEST(PopRetry, WhatWasTriedTooOftenWaitsForTheBrokerAndIsGivenUpInTheEnd) {
    EXPECT_EQ(pop_retry_ms(16, 0, 16, 11 * kSecondMs), 30 * kSecondMs);
    EXPECT_EQ(pop_retry_ms(16, 0, 16, 7'300 * kSecondMs), 7'200 * kSecondMs);
    EXPECT_EQ(pop_retry_ms(16, 0, 16, kDayMs), std::nullopt);
}

}  // namespace
}  // namespace kx::client
