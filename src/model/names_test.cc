// SPDX-License-Identifier: Apache-2.0
#include "model/names.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "model/batch.h"
#include "model/properties.h"
#include "model/unique_id.h"
#include "model/validators.h"

namespace kx::model {
namespace {

using ::testing::HasSubstr;

TEST(Names, AreValidatedWithTheTextsOfRocketMQ) {
    EXPECT_TRUE(validate_topic("%RETRY%group-1_|"));
    EXPECT_EQ(validate_topic(" \t").error().text, "The specified topic is blank.");
    EXPECT_EQ(validate_topic("a+b").error().text,
              "The specified topic: a+b, contains illegal characters, allowing only "
              "^[%|a-zA-Z0-9_-]+$");
    EXPECT_TRUE(validate_topic(std::string(127, 't')));
    EXPECT_THAT(validate_topic(std::string(128, 't')).error().text,
                HasSubstr("is longer than topic max length: 127"));
    EXPECT_TRUE(validate_topic(retry_topic(std::string(248, 'g'))));
    EXPECT_THAT(validate_topic(retry_topic(std::string(249, 'g'))).error().text,
                HasSubstr("is DLQ or Retry topic"));
    EXPECT_TRUE(validate_group(std::string(120, 'g')));
    EXPECT_THAT(validate_group(std::string(121, 'g')).error().text, HasSubstr("max length: 120"));
}

TEST(Names, KnowSystemTopicsAndWhereClientsMaySend) {
    EXPECT_TRUE(is_system_topic("TBW102"));
    EXPECT_TRUE(is_system_topic("rmq_sys_anything"));
    EXPECT_FALSE(is_system_topic("orders"));
    EXPECT_TRUE(is_sendable_topic("TBW102"));
    EXPECT_TRUE(is_sendable_topic("rmq_sys_anything"));
    EXPECT_FALSE(is_sendable_topic("SCHEDULE_TOPIC_XXXX"));
    EXPECT_EQ(pop_retry_topic("t", "g"), "%RETRY%g_t");
}

TEST(Batch, SplitsWhatItJoined) {
    std::string body;
    append_batch_item(body, 1, "first", "TAGS\x01TagA\x02");
    append_batch_item(body, 2, "", "");
    const auto items = split_batch(body);
    ASSERT_TRUE(items);
    ASSERT_EQ(items->size(), 2U);
    EXPECT_EQ((*items)[0].flag, 1);
    EXPECT_EQ((*items)[0].body, "first");
    EXPECT_EQ((*items)[0].tags_code, 2598919);
    EXPECT_EQ((*items)[1].body, "");
    for (std::size_t size = 1; size < body.size(); ++size) {
        if (size != 22 + 5 + 10) EXPECT_FALSE(split_batch(body.substr(0, size))) << size;
    }
}

TEST(UniqueId, HasAddressProcessAndTime) {
    ManualClock clock(1'700'000'000'123);
    HostPort host;
    host.address = {10, 1, 2, 3};
    UniqueIdGenerator generator(host, 0x1234, 0x01020304, clock);
    const std::string id = generator.next();
    EXPECT_EQ(id.substr(0, 20), "0A010203123401020304");
    EXPECT_EQ(id.substr(28), "0000");
    EXPECT_EQ(generator.next().substr(28), "0001");
    EXPECT_EQ(unique_id_time_ms(id, clock.wall_ms()), clock.wall_ms());
    clock.advance_ms(40LL * 86'400'000);
    EXPECT_EQ(unique_id_time_ms(generator.next(), clock.wall_ms()), clock.wall_ms());
    clock.advance_ms(5LL * 86'400'000);  // the end of a month: more milliseconds than an int has
    EXPECT_EQ(unique_id_time_ms(generator.next(), clock.wall_ms()), clock.wall_ms());
}

TEST(UniqueId, NeverComesTwiceWhoeverSetsTheClock) {
    constexpr std::int64_t kHourMs = 3'600'000;
    ManualClock clock(1'700'000'000'123);
    UniqueIdGenerator generator({}, 1, 2, clock);
    std::set<std::string> seen;
    std::size_t made = 0;
    const auto make = [&](int count) {
        for (int i = 0; i < count; ++i) seen.insert(generator.next());
        made += static_cast<std::size_t>(count);
        return seen.size() == made;
    };
    EXPECT_TRUE(make(10));
    clock.jump_ms(-kHourMs);
    // More than the counter counts, in one millisecond and one that was there before.
    EXPECT_TRUE(make(140'000));
    clock.jump_ms(kHourMs);
    EXPECT_TRUE(make(66'000));
    // The same moment of other months, and back again.
    for (const std::int64_t days : {31, 30, 31, -92, 0, 365, -365}) {
        clock.jump_ms(days * 24 * kHourMs);
        EXPECT_TRUE(make(66'000)) << days;
    }
}

TEST(UniqueId, NeverComesTwiceFromManyThreads) {
    const std::size_t each = 50'000;
    UniqueIdGenerator generator({}, 1, 2, system_clock());
    std::vector<std::vector<std::string>> made(4);
    std::vector<std::thread> threads;
    for (auto& own : made) {
        threads.emplace_back([&generator, &own] {
            for (std::size_t i = 0; i < each; ++i) own.push_back(generator.next());
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::set<std::string> all;
    for (const auto& own : made) all.insert(own.begin(), own.end());
    EXPECT_EQ(all.size(), made.size() * each);
}

}  // namespace
}  // namespace kx::model
