// SPDX-License-Identifier: Apache-2.0
#include "store/recovery.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "support/store_world.h"

namespace kx::store {
namespace {

using namespace kx::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kLog = "/store/commitlog/00000000000000000000";

std::string queue_file(const std::string& topic, int queue, std::int64_t base = 0) {
    return fmt::format("/store/consumequeue/{}/{}/{:020d}", topic, queue, base);
}

PutResult fill(MessageStore& store, int count, const std::string& topic = "t",
               std::size_t bytes = 100) {
    PutResult last;
    for (int i = 0; i < count; ++i) {
        last = put(store, message(topic, fmt::format("{:06d}", i) + std::string(bytes, 'x')));
        EXPECT_EQ(last.status, PutStatus::kOk) << last.cause;
    }
    wait_dispatched(store, last);
    return last;
}

std::string error_of(FileSystem& files, const StoreOptions& options = small_store()) {
    auto store = MessageStore::open(options, files, system_clock());
    EXPECT_FALSE(store);
    return store ? "" : store.error().text;
}

TEST(Recovery, KeepsEverySyncedMessageThroughAPowerCut) {
    SimFileSystem disk;
    auto store = open_store(disk, small_store(true));
    put(*store, message("t", "promised"));
    sync(*store);
    put(*store, message("t", "still on its way"));
    const auto after = disk.after_power_loss();
    auto again = open_store(*after, small_store(true));
    EXPECT_FALSE(again->figures().clean_start);
    EXPECT_THAT(bodies(*again, "t"), ElementsAre("promised"));
    EXPECT_EQ(put(*again, message("t", "next")).queue_offset, 1);
}

TEST(Recovery, KeepsEverySyncedMessageHoweverTheRestWasTorn) {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        SimFileSystem disk;
        auto store = open_store(disk, small_store(true));
        std::vector<std::string> promised;
        for (int i = 0; i < 150; ++i) {
            const std::string body = fmt::format("{:04d}", i) + std::string(seed * 37, 'b');
            put(*store, message("t", body));
            if (i < 100) promised.push_back(body);
            if (i == 99) sync(*store);
        }
        const auto after = disk.after_power_loss(Tear::kLastPage, seed);
        auto again = open_store(*after, small_store(true));
        ASSERT_NE(again, nullptr) << "seed " << seed;
        std::vector<std::string> found = bodies(*again, "t");
        ASSERT_GE(found.size(), promised.size()) << "seed " << seed;
        const auto found_count = static_cast<std::int64_t>(found.size());
        found.resize(promised.size());
        EXPECT_EQ(found, promised) << "seed " << seed;
        EXPECT_EQ(put(*again, message("t", "next")).queue_offset, found_count);
    }
}

TEST(Recovery, KeepsEverythingThroughAKill) {
    SimFileSystem disk;
    auto store = open_store(disk);
    fill(*store, 1000);
    const auto after = disk.after_kill();
    auto again = open_store(*after);
    EXPECT_EQ(bodies(*again, "t").size(), 1000U);
    EXPECT_EQ(put(*again, message("t", "next")).queue_offset, 1000);
}

TEST(Recovery, RebuildsAllQueuesFromTheLogAlone) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 700);
        fill(*store, 30, "u");
        ASSERT_TRUE(store->stop());
    }
    ASSERT_TRUE(disk.remove("/store/consumequeue"));
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 700U);
    EXPECT_EQ(bodies(*store, "u").size(), 30U);
}

TEST(Recovery, CutsTheLogAtATornRecordAndReusesItsOffset) {
    SimFileSystem disk;
    std::int64_t end = 0;
    {
        auto store = open_store(disk);
        end = fill(*store, 10).end;
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");
    disk.bytes(kLog)[static_cast<std::size_t>(end) - 60] ^= 1;  // in the last body
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 9U);
    const PutResult at = put(*store, message("t", "new"));
    EXPECT_EQ(at.queue_offset, 9);
    EXPECT_LT(at.physical_offset, end);
    wait_dispatched(*store, at);
    EXPECT_EQ(bodies(*store, "t").back(), "new");
}

TEST(Recovery, NeverBringsCutRecordsBack) {
    SimFileSystem disk;
    std::int64_t second = 0;
    {
        auto store = open_store(disk);
        second = put(*store, message("t", "a")).end;
        fill(*store, 10);
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");
    disk.bytes(kLog)[static_cast<std::size_t>(second) + 90] ^= 1;  // all behind the first is lost
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 1U);
    const auto after = disk.after_kill();
    auto again = open_store(*after);
    EXPECT_EQ(bodies(*again, "t").size(), 1U);
    // The next record ends where an old one began: its bytes must not count.
    wait_dispatched(*again, put(*again, message("t", "000000" + std::string(100, 'x'))));
    const auto third = after->after_kill();
    EXPECT_EQ(bodies(*open_store(*third), "t").size(), 2U);
}

TEST(Recovery, StopsWithOneSentenceWhenACleanLogIsDamaged) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 10);
        ASSERT_TRUE(store->stop());
    }
    disk.bytes(kLog)[300] ^= 1;
    const std::string error = error_of(disk);
    EXPECT_THAT(error, HasSubstr(kLog));
    EXPECT_THAT(error, HasSubstr("offset 198"));
    EXPECT_THAT(error, HasSubstr("kerolox store check /store"));
    disk.put_file("/store/abort", "1");
    EXPECT_EQ(bodies(*open_store(disk), "t").size(), 1U);
}

TEST(Recovery, CutsAQueueThatIsAheadOfTheLog) {
    SimFileSystem disk;
    std::int64_t end = 0;
    {
        auto store = open_store(disk);
        end = fill(*store, 250).end;
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");
    // The last hundred records never reached the disk, their units did.
    const std::int64_t size = end / 250;
    std::string& log = disk.bytes(kLog);
    std::fill(log.begin() + static_cast<std::ptrdiff_t>(size * 150), log.end(), '\0');
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 150U);
    EXPECT_EQ(store->queue("t", 0)->max_offset(), 150);
    EXPECT_FALSE(disk.exists(queue_file("t", 0, 4000)));
    EXPECT_EQ(put(*store, message("t", "new")).queue_offset, 150);
}

TEST(Recovery, CompletesAQueueThatIsBehindTheLog) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 250);
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");
    std::string& units = disk.bytes(queue_file("t", 0, 2000));
    std::fill(units.begin() + 1000, units.end(), '\0');
    ASSERT_TRUE(disk.remove(queue_file("t", 0, 4000)));
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 250U);
}

TEST(Recovery, ReadsTheWholeLogWhenAnOldUnitIsMissing) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 350, "t", 1000);
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");
    std::string& units = disk.bytes(queue_file("t", 0, 2000));
    std::fill(units.begin() + 100, units.begin() + 200, '\0');
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 350U);
}

TEST(Recovery, FillsBlankUnitsInFrontOfAQueueThatStartsLate) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 700);
        ASSERT_TRUE(store->stop());
    }
    // Retention took the first log file, and the queue was lost.
    ASSERT_TRUE(disk.remove(kLog));
    ASSERT_TRUE(disk.remove("/store/consumequeue"));
    auto store = open_store(disk);
    const QueuePtr queue = store->queue("t", 0);
    const std::int64_t min = queue->min_offset();
    EXPECT_GT(min, 100);
    EXPECT_EQ(min % 100, 30);  // in the middle of a file: what stands before it is blank
    EXPECT_EQ(queue->max_offset(), 700);
    const std::string& units = disk.bytes(queue_file("t", 0, min / 100 * 2000));
    EXPECT_EQ(load_unit(units.data()), (Unit{0, kBlankUnitSize, 0}));
    EXPECT_EQ(bodies(*store, "t").size(), static_cast<std::size_t>(700 - min));
    ASSERT_TRUE(store->stop());
    store = open_store(disk);
    EXPECT_EQ(store->queue("t", 0)->min_offset(), min);
    EXPECT_EQ(put(*store, message("t", "next")).queue_offset, 700);
}

TEST(Recovery, RaisesTheMinimumWhenLogFilesAreGone) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 700);
        ASSERT_TRUE(store->stop());
    }
    ASSERT_TRUE(disk.remove(kLog));
    auto store = open_store(disk);
    const QueuePtr queue = store->queue("t", 0);
    EXPECT_GE(queue->unit_at(queue->min_offset()).physical_offset, 64 * 1024);
    EXPECT_LT(queue->unit_at(queue->min_offset() - 1).physical_offset, 64 * 1024);
    ReadRequest request;
    EXPECT_EQ(store->read(*queue, request).status, ReadStatus::kOffsetTooSmall);
}

TEST(Recovery, ToleratesPreallocatedFilesOfZeros) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 10);
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/commitlog/00000000000000065536", std::string(65536, '\0'));
    disk.put_file("/store/commitlog/00000000000000131072", std::string(65536, '\0'));
    disk.put_file("/store/abort", "1");
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 10U);
    EXPECT_FALSE(disk.exists("/store/commitlog/00000000000000131072"));
}

TEST(Recovery, RefusesFilesOfAnotherLengthByName) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 10);
        ASSERT_TRUE(store->stop());
    }
    StoreOptions larger = small_store();
    larger.commit_log_segment_bytes = 128 * 1024;
    EXPECT_THAT(error_of(disk, larger), HasSubstr(std::string(kLog) + " has 65536 bytes"));
    StoreOptions queues = small_store();
    queues.consume_queue_segment_bytes = 4000;
    EXPECT_THAT(error_of(disk, queues), HasSubstr(queue_file("t", 0) + " has 2000 bytes"));
}

TEST(Recovery, RemovesAnEmptyLastFile) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 10);
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/commitlog/00000000000000065536", "");
    disk.put_file(queue_file("t", 0, 2000), "");
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "t").size(), 10U);
}

TEST(Recovery, RefusesForeignFiles) {
    SimFileSystem disk;
    disk.put_file("/store/commitlog/notes.txt", "hello");
    EXPECT_THAT(error_of(disk), HasSubstr("/store/commitlog/notes.txt does not belong"));
}

TEST(Recovery, RefusesALogThatIsNotMounted) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 10);
        ASSERT_TRUE(store->stop());
    }
    ASSERT_TRUE(disk.remove("/store/commitlog"));
    EXPECT_THAT(error_of(disk), HasSubstr("holds no files"));
}

TEST(Recovery, RefusesAStoreThatIsHeld) {
    SimFileSystem disk;
    auto store = open_store(disk);
    EXPECT_THAT(error_of(disk), HasSubstr("held by process 4711"));
}

TEST(Recovery, RefusesADiskThatCannotBeWritten) {
    SimFileSystem disk;
    disk.fail_writes(true);
    EXPECT_THAT(error_of(disk), HasSubstr("Read-only file system"));
}

TEST(Recovery, RefusesQueuesInRocksDb) {
    SimFileSystem disk;
    disk.put_file("/store/consumequeue/CURRENT", "MANIFEST-000005\n");
    EXPECT_THAT(error_of(disk), HasSubstr("RocksDB"));
}

TEST(Recovery, LeavesBatchQueuesAlone) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        fill(*store, 5, "batched");
        fill(*store, 5, "plain");
        ASSERT_TRUE(store->stop());
    }
    ASSERT_TRUE(disk.remove("/store/consumequeue"));
    disk.put_file("/store/batchconsumequeue/batched/0/00000000000000000000", std::string(46, '\0'));
    auto store = open_store(disk);
    EXPECT_EQ(bodies(*store, "plain").size(), 5U);
    EXPECT_EQ(store->find_queue("batched", 0), nullptr);
    EXPECT_EQ(put(*store, message("batched", "x")).status, PutStatus::kMessageIllegal);
}

TEST(Recovery, PassesOverAnOldMessageWhoseBodyWasDamaged) {
    SimFileSystem disk;
    StoreOptions options = small_store();
    std::int64_t first_size = 0;
    {
        auto store = open_store(disk, options);
        first_size = put(*store, message("t", std::string(100, 'a'))).end;
        fill(*store, 700);
        ASSERT_TRUE(store->stop());
    }
    disk.bytes(kLog)[100] ^= 1;  // recovery after a clean exit reads the last file only
    auto store = open_store(disk, options);
    EXPECT_EQ(bodies(*store, "t").size(), 700U);
    EXPECT_FALSE(store->record_at(0));
    EXPECT_TRUE(store->record_at(first_size));
}

TEST(Recovery, StartsThreeSecondsBeforeTheCheckpoint) {
    SimFileSystem disk;
    ManualClock clock;
    StoreOptions options = small_store();
    options.flush_queues_interval_ms = 1;
    std::int64_t put_count = 0;
    {
        auto store = open_store(disk, options, clock);
        for (int i = 0; i < 50; ++i) {
            fill(*store, 20, "t", 1000);
            put_count += 20;
            clock.advance_ms(1000);
        }
        sync(*store);
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");
    auto store = open_store(disk, options, clock);
    EXPECT_EQ(static_cast<std::int64_t>(bodies(*store, "t").size()), put_count);
    EXPECT_GT(store->figures().recovered_records, 0);
    EXPECT_LT(store->figures().recovered_records, put_count / 4);
}

}  // namespace
}  // namespace kx::store
