// SPDX-License-Identifier: Apache-2.0
#include "client/consume/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kx::client {
namespace {

using kerolox::Filter;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Subscription, TagsAreTrimmedAndCountedOnce) {
    const auto made = make_subscription("T", Filter::tags(" A || B||  || A "), 7);
    ASSERT_TRUE(made);
    EXPECT_THAT(made.value().tags_set, ElementsAre("A", "B"));
    EXPECT_THAT(made.value().code_set, ElementsAre(65, 66));
    EXPECT_EQ(made.value().sub_string, " A || B||  || A ");
    EXPECT_EQ(made.value().sub_version, 7);
    EXPECT_EQ(made.value().expression_type, "TAG");
}

TEST(Subscription, VersionsNeverGoBackWithTheClock) {
    ManualClock clock(system_clock().wall_ms());
    const std::int64_t first = next_subscription_version(clock);
    EXPECT_GE(first, clock.wall_ms()) << "others of the group go by the time of day";
    EXPECT_GT(next_subscription_version(clock), first);
    clock.jump_ms(-7'200'000);
    const std::int64_t later = next_subscription_version(clock);
    EXPECT_GT(later, first);
    clock.jump_ms(7'201'000);
    EXPECT_GT(next_subscription_version(clock), later);
}

TEST(Subscription, EverythingIsAStar) {
    for (const Filter& filter : {Filter::all(), Filter::tags(""), Filter::tags("*")}) {
        const auto made = make_subscription("T", filter, 0);
        ASSERT_TRUE(made);
        EXPECT_EQ(made.value().sub_string, "*");
        EXPECT_THAT(made.value().tags_set, IsEmpty());
        EXPECT_TRUE(wants(made.value(), std::nullopt));
    }
}

TEST(Subscription, AnExpressionWithoutATagIsRefused) {
    EXPECT_FALSE(make_subscription("T", Filter::tags("||"), 0));
    EXPECT_FALSE(make_subscription("T", Filter::sql(" "), 0));
}

TEST(Subscription, TheTagDecidesExactly) {
    const auto made = make_subscription("T", Filter::tags("AaAa"), 0);
    ASSERT_TRUE(made);
    EXPECT_TRUE(wants(made.value(), "AaAa"));
    EXPECT_FALSE(wants(made.value(), "BBBB"));  // the same Java hash
    EXPECT_FALSE(wants(made.value(), std::nullopt));
}

TEST(Subscription, SqlKeepsItsExpressionAndComesBackAsAFilter) {
    const auto made = make_subscription("T", Filter::sql("a > 1"), 0);
    ASSERT_TRUE(made);
    EXPECT_EQ(made.value().expression_type, "SQL92");
    EXPECT_TRUE(wants(made.value(), std::nullopt));
    EXPECT_EQ(filter_of(made.value()), Filter::sql("a > 1"));
}

}  // namespace
}  // namespace kx::client
