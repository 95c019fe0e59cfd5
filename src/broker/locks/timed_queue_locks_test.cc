// SPDX-License-Identifier: Apache-2.0
#include "broker/locks/timed_queue_locks.h"

#include <gmock/gmock.h>

namespace kx::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const wire::QueueKey kFirst{"broker-a", 0, "orders"};
const wire::QueueKey kSecond{"broker-a", 1, "orders"};

TEST(QueueLocks, GiveAQueueToOneClient) {
    ManualClock clock;
    TimedQueueLocks locks(clock);
    EXPECT_THAT(locks.lock("group", "one", {kFirst}), ElementsAre(kFirst));
    EXPECT_THAT(locks.lock("group", "two", {kFirst, kSecond}), ElementsAre(kSecond));
    EXPECT_THAT(locks.lock("group", "one", {kFirst, kSecond}), ElementsAre(kFirst));
    EXPECT_THAT(locks.lock("other group", "two", {kFirst}), ElementsAre(kFirst));
}

TEST(QueueLocks, ExpireSixtySecondsAfterTheLastWord) {
    ManualClock clock;
    TimedQueueLocks locks(clock);
    locks.lock("group", "one", {kFirst});
    clock.advance_ms(50'000);
    locks.lock("group", "one", {kFirst});
    clock.advance_ms(60'000);
    EXPECT_THAT(locks.lock("group", "two", {kFirst}), IsEmpty());
    EXPECT_TRUE(locks.any_held("group"));
    clock.advance_ms(1);
    EXPECT_FALSE(locks.any_held("group"));
    EXPECT_THAT(locks.lock("group", "two", {kFirst}), ElementsAre(kFirst));
}

TEST(QueueLocks, AreReleasedOnlyByTheirHolder) {
    ManualClock clock;
    TimedQueueLocks locks(clock);
    locks.lock("group", "one", {kFirst});
    locks.unlock("group", "two", {kFirst});
    EXPECT_TRUE(locks.any_held("group"));
    locks.unlock("group", "one", {kFirst});
    EXPECT_FALSE(locks.any_held("group"));
}

TEST(QueueLocks, AreForgottenBySweeping) {
    ManualClock clock;
    TimedQueueLocks locks(clock);
    locks.lock("group", "one", {kFirst});
    locks.sweep();
    EXPECT_TRUE(locks.any_held("group"));
    clock.advance_ms(60'001);
    locks.sweep();
    EXPECT_FALSE(locks.any_held("group"));
}

}  // namespace
}  // namespace kx::broker
