// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_service.h"

#include <gtest/gtest.h>

namespace kx::client {
namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

TEST(PopRetry, GrowsWithTheTriesAndStopsAtTwoHours) {
    EXPECT_EQ(pop_retry_ms(0, 0, 16, 0), 10 * kSecond);
    EXPECT_EQ(pop_retry_ms(3, 0, 16, 0), 120 * kSecond);
    EXPECT_EQ(pop_retry_ms(40, 0, 100, 0), 7'200 * kSecond);
}

TEST(PopRetry, ALevelIsTakenAsItIs) {
    EXPECT_EQ(pop_retry_ms(9, 1, 16, 0), 30 * kSecond);
    EXPECT_EQ(pop_retry_ms(0, 99, 16, 0), 7'200 * kSecond);
    EXPECT_EQ(pop_retry_ms(0, -1, 16, 0), std::nullopt);
}

TEST(PopRetry, WhatWasTriedTooOftenWaitsForTheBrokerAndIsGivenUpInTheEnd) {
    EXPECT_EQ(pop_retry_ms(16, 0, 16, 11 * kSecond), 30 * kSecond);
    EXPECT_EQ(pop_retry_ms(16, 0, 16, 7'300 * kSecond), 7'200 * kSecond);
    EXPECT_EQ(pop_retry_ms(16, 0, 16, kDay), std::nullopt);
}

}  // namespace
}  // namespace kx::client
