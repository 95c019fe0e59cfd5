// SPDX-License-Identifier: Apache-2.0
#include "filter/tag_filter.h"

#include <gmock/gmock.h>

namespace kx::filter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TagFilter, MatchesByHash) {
    EXPECT_TRUE(TagFilter::parse("*").matches(5));
    EXPECT_TRUE(TagFilter::parse("").matches(0));
    const TagFilter filter = TagFilter::parse(" TagA || TagB ||");
    EXPECT_TRUE(filter.matches(2598919));
    EXPECT_TRUE(filter.matches(2598920));
    EXPECT_FALSE(filter.matches(0));
    EXPECT_FALSE(filter.matches(2598919 + (1LL << 32)));
    EXPECT_THAT(tags_of("A || *"), ElementsAre("A", "*"));
    EXPECT_THAT(tags_of("*"), IsEmpty());
    EXPECT_THAT(tags_of(" || "), IsEmpty());
}

}  // namespace
}  // namespace kx::filter
