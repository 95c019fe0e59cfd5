// SPDX-License-Identifier: Apache-2.0
#include "store/message_store.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "model/names.h"
#include "support/store_world.h"

namespace kx::store {
namespace {

using namespace kx::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(std::int64_t i) { return "message " + std::to_string(i); }

TEST(MessageStore, GivesBackWhatWasStored) {
    SimFileSystem disk;
    auto store = open_store(disk);
    const std::string properties =
        "TAGS\x01"
        "TagA\x02"
        "KEYS\x01k\x02";
    model::NewMessage sent = message("orders", "hello", 3, properties);
    sent.flag = 7;
    sent.reconsume_times = 2;
    const PutResult at = put(*store, sent);
    ASSERT_EQ(at.status, PutStatus::kOk) << at.cause;
    EXPECT_EQ(at.physical_offset, 0);
    EXPECT_EQ(at.queue_offset, 0);
    wait_dispatched(*store, at);

    const QueuePtr queue = store->find_queue("orders", 3);
    const ReadResult read = store->read(*queue, {});
    ASSERT_EQ(read.status, ReadStatus::kFound);
    EXPECT_EQ(read.next_offset, 1);
    const auto found = records(read);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].topic, "orders");
    EXPECT_EQ(found[0].queue_id, 3);
    EXPECT_EQ(found[0].flag, 7);
    EXPECT_EQ(found[0].body, "hello");
    EXPECT_EQ(found[0].properties, properties);
    EXPECT_EQ(found[0].reconsume_times, 2);
    EXPECT_EQ(found[0].store_timestamp, at.store_timestamp);
    EXPECT_EQ(found[0].born_host, sent.born_host);
    EXPECT_EQ(queue->unit_at(0).tags_code, 2598919);
    const auto by_offset = store->record_at(0);
    ASSERT_TRUE(by_offset);
    EXPECT_EQ(by_offset->bytes.size(), static_cast<std::size_t>(at.end));
}

TEST(MessageStore, KeepsOrderAndOffsetsOverManyFilesAndAReopening) {
    SimFileSystem disk;
    std::vector<std::string> sent;
    for (int round = 0; round < 3; ++round) {
        auto store = open_store(disk);
        EXPECT_TRUE(store->figures().clean_start);
        PutResult last;
        for (int i = 0; i < 400; ++i) {
            sent.push_back(text_of(round * 400 + i));
            last = put(*store, message("t", sent.back() + std::string(200, 'x')));
            sent.back() += std::string(200, 'x');
            ASSERT_EQ(last.status, PutStatus::kOk) << last.cause;
            ASSERT_EQ(last.queue_offset, round * 400 + i);
        }
        wait_dispatched(*store, last);
        EXPECT_EQ(bodies(*store, "t"), sent);
        ASSERT_TRUE(store->stop());
    }
}

TEST(MessageStore, ReadsByTheRulesOfTheBroker) {
    SimFileSystem disk;
    auto store = open_store(disk);
    const QueuePtr queue = store->queue("t", 0);
    EXPECT_EQ(store->read(*queue, {}).status, ReadStatus::kNoMessageInQueue);
    PutResult last;
    for (int i = 0; i < 50; ++i) {
        last = put(*store, message("t", text_of(i), 0,
                                   i % 2 == 0 ? "TAGS\x01"
                                                "A\x02"
                                              : "TAGS\x01"
                                                "B\x02"));
    }
    wait_dispatched(*store, last);

    ReadRequest request;
    EXPECT_EQ(store->read(*queue, request).count, 32);
    EXPECT_EQ(store->read(*queue, request).next_offset, 32);
    request.max_bytes_in_memory = 1;
    EXPECT_EQ(store->read(*queue, request).count, 1);
    request = {};
    request.offset = 50;
    EXPECT_EQ(store->read(*queue, request).status, ReadStatus::kOffsetOverflowOne);
    request.offset = 51;
    EXPECT_EQ(store->read(*queue, request).status, ReadStatus::kOffsetOverflowBadly);
    EXPECT_EQ(store->read(*queue, request).next_offset, 50);
    request.offset = -1;
    EXPECT_EQ(store->read(*queue, request).status, ReadStatus::kOffsetTooSmall);
    EXPECT_EQ(store->read(*queue, request).next_offset, 0);

    const filter::TagFilter only_b = filter::TagFilter::parse("B");
    request = {};
    request.filter = &only_b;
    const ReadResult filtered = store->read(*queue, request);
    EXPECT_EQ(filtered.count, 25);
    EXPECT_EQ(filtered.next_offset, 50);
    const filter::TagFilter none = filter::TagFilter::parse("C");
    request.filter = &none;
    EXPECT_EQ(store->read(*queue, request).status, ReadStatus::kNoMatchedMessage);
    EXPECT_EQ(store->read(*queue, request).next_offset, 50);
}

TEST(MessageStore, MergesNeighboursIntoOneSlice) {
    SimFileSystem disk;
    auto store = open_store(disk);
    PutResult last;
    for (int i = 0; i < 3; ++i) last = put(*store, message("t", text_of(i)));
    put(*store, message("other", "between"));
    last = put(*store, message("t", text_of(3)));
    wait_dispatched(*store, last);
    EXPECT_EQ(store->read(*store->queue("t", 0), {}).slices.size(), 2U);
}

TEST(MessageStore, StoresABatchInOnePiece) {
    SimFileSystem disk;
    auto store = open_store(disk);
    put(*store, message("t", "before"));
    const std::vector<model::BatchItem> items = {{1, "a", "TAGS\x01x\x02", 120}, {2, "b", "", 0}};
    const QueuePtr queue = store->queue("t", 0);
    const PutResult at = store->append_batch(*queue, message("t", ""), items);
    ASSERT_EQ(at.status, PutStatus::kOk) << at.cause;
    EXPECT_EQ(at.queue_offset, 1);
    store->dispatch();
    wait_dispatched(*store, at);
    EXPECT_THAT(bodies(*store, "t"), ElementsAre("before", "a", "b"));
    EXPECT_EQ(queue->unit_at(1).tags_code, 120);
}

TEST(MessageStore, RefusesWhatIsTooLarge) {
    SimFileSystem disk;
    StoreOptions options = small_store();
    options.max_message_bytes = 1000;
    auto store = open_store(disk, options);
    EXPECT_EQ(put(*store, message("t", std::string(1001, 'x'))).status, PutStatus::kMessageIllegal);
    EXPECT_EQ(put(*store, message("t", std::string(1000, 'x'))).status, PutStatus::kOk);
    EXPECT_EQ(put(*store, message("t", "b", 0, std::string(32768, 'p'))).status,
              PutStatus::kPropertiesTooLong);
    EXPECT_EQ(put(*store, message("t", "b", 0, std::string(32767, 'p'))).status, PutStatus::kOk);
    EXPECT_EQ(put(*store, message(std::string(128, 't'), "b")).status, PutStatus::kMessageIllegal);
    EXPECT_EQ(put(*store, message(std::string(127, 't'), "b")).status, PutStatus::kOk);
    EXPECT_EQ(put(*store, message("%RETRY%" + std::string(248, 't'), "b")).status, PutStatus::kOk);
    EXPECT_EQ(put(*store, message("%RETRY%" + std::string(249, 't'), "b")).status,
              PutStatus::kMessageIllegal);
    EXPECT_EQ(put(*store, message("a/b", "b")).status, PutStatus::kMessageIllegal);
    EXPECT_EQ(put(*store, message("..", "b")).status, PutStatus::kMessageIllegal);
}

TEST(MessageStore, WritesLongTopicsAsVersionTwo) {
    SimFileSystem disk;
    const std::string topic = "%RETRY%" + std::string(200, 'g');
    {
        auto store = open_store(disk);
        wait_dispatched(*store, put(*store, message(topic, "long")));
        EXPECT_EQ(load_be<std::int32_t>(store->record_at(0)->bytes.data() + 4), model::kMagicV2);
    }
    auto store = open_store(disk);
    EXPECT_THAT(bodies(*store, topic), ElementsAre("long"));
}

TEST(MessageStore, ClosesAFileByABlankUnlessEightBytesStayFree) {
    SimFileSystem disk;
    StoreOptions options = small_store();
    options.commit_log_segment_bytes = 4096;
    auto store = open_store(disk, options);
    // 91 bytes and the topic's one: the record and the blank's eight fill the file exactly.
    const std::string fits(4096 - 8 - 92, 'x');
    const PutResult first = put(*store, message("t", fits));
    ASSERT_EQ(first.status, PutStatus::kOk) << first.cause;
    EXPECT_EQ(first.physical_offset, 0);
    EXPECT_EQ(first.end, 4088);
    EXPECT_EQ(put(*store, message("t", fits + "y")).status, PutStatus::kMessageIllegal);
    const PutResult second = put(*store, message("t", "next"));
    EXPECT_EQ(second.physical_offset, 4096);
    const std::string& bytes = disk.bytes("/store/commitlog/00000000000000000000");
    EXPECT_EQ(load_be<std::int32_t>(bytes.data() + 4088), 8);
    EXPECT_EQ(load_be<std::int32_t>(bytes.data() + 4092), model::kMagicBlank);
    wait_dispatched(*store, second);
    EXPECT_THAT(bodies(*store, "t"), ElementsAre(fits, "next"));
}

TEST(MessageStore, GivesHalfMessagesNoPlaceInAQueue) {
    SimFileSystem disk;
    auto store = open_store(disk);
    model::NewMessage half = message("t", "half");
    half.sys_flag = model::kTransactionPrepared;
    put(*store, half);
    model::NewMessage commit = message("t", "commit");
    commit.sys_flag = model::kTransactionCommit;
    const PutResult at = put(*store, commit);
    EXPECT_EQ(at.queue_offset, 0);
    wait_dispatched(*store, at);
    EXPECT_THAT(bodies(*store, "t"), ElementsAre("commit"));
}

TEST(MessageStore, PutsTheDeliveryTimeIntoTheScheduleQueue) {
    SimFileSystem disk;
    ManualClock clock;
    const std::string topic(model::kScheduleTopic);
    auto store = open_store(disk, small_store(), clock);
    const PutResult at = put(*store, message(topic, "later", 2,
                                             "DELAY\x01"
                                             "3\x02"));
    wait_dispatched(*store, at);
    EXPECT_EQ(store->queue(topic, 2)->unit_at(0).tags_code, clock.wall_ms() + 10'000);
}

TEST(MessageStore, StoreTimesNeverFall) {
    SimFileSystem disk;
    ManualClock clock;
    auto store = open_store(disk, small_store(), clock);
    const PutResult first = put(*store, message("t", "a"));
    clock.advance_ms(-5000);
    const PutResult second = put(*store, message("t", "b"));
    EXPECT_EQ(second.store_timestamp, first.store_timestamp);
}

TEST(MessageStore, FindsOffsetsByTime) {
    SimFileSystem disk;
    ManualClock clock;
    auto store = open_store(disk, small_store(), clock);
    const std::int64_t begin = clock.wall_ms();
    PutResult last;
    for (int i = 0; i < 10; ++i) {
        last = put(*store, message("t", text_of(i)));
        if (i % 2 == 1) clock.advance_ms(10);  // two messages share each time
    }
    wait_dispatched(*store, last);
    const QueuePtr queue = store->queue("t", 0);
    EXPECT_EQ(store->offset_by_time(*queue, begin, Boundary::kLower), 0);
    EXPECT_EQ(store->offset_by_time(*queue, begin, Boundary::kUpper), 1);
    EXPECT_EQ(store->offset_by_time(*queue, begin + 10, Boundary::kLower), 2);
    EXPECT_EQ(store->offset_by_time(*queue, begin + 15, Boundary::kLower), 4);
    EXPECT_EQ(store->offset_by_time(*queue, begin + 15, Boundary::kUpper), 3);
    EXPECT_EQ(store->offset_by_time(*queue, begin + 1000, Boundary::kLower), 10);
    EXPECT_EQ(store->offset_by_time(*queue, begin + 1000, Boundary::kUpper), 9);
    EXPECT_EQ(store->offset_by_time(*queue, begin - 1000, Boundary::kUpper), 0);
    EXPECT_EQ(store->store_time(*queue, 3), begin + 10);
    EXPECT_EQ(store->store_time(*queue, 10), -1);
}

class Heard final : public MessageArrivals {
public:
    void message_arrived(ConsumeQueue& queue, std::int64_t offset, std::int64_t) override {
        heard.push_back(queue.topic() + "@" + std::to_string(offset));
    }
    std::vector<std::string> heard;
};

TEST(MessageStore, TellsOfArrivalsInWatchedQueuesOnly) {
    SimFileSystem disk;
    Heard heard;
    auto store = open_store(disk);
    store->set_arrivals(&heard);
    store->queue("watched", 0)->watchers() = 1;
    put(*store, message("watched", "a"));
    put(*store, message("other", "b"));
    wait_dispatched(*store, put(*store, message("watched", "c")));
    ASSERT_TRUE(store->stop());
    EXPECT_THAT(heard.heard, ElementsAre("watched@0", "watched@1"));
}

TEST(MessageStore, ShowsNothingUnflushedUnderSynchronousFlush) {
    SimFileSystem disk;
    auto store = open_store(disk, small_store(true));
    const PutResult at = put(*store, message("t", "a"));
    EXPECT_EQ(store->flushed().value(), 0);
    EXPECT_EQ(store->queue("t", 0)->max_offset(), 0);
    sync(*store);
    wait_dispatched(*store, at);
    EXPECT_THAT(bodies(*store, "t"), ElementsAre("a"));
}

TEST(MessageStore, AcknowledgesNothingAfterAFailedSync) {
    SimFileSystem disk;
    auto store = open_store(disk, small_store(true));
    put(*store, message("t", "durable"));
    sync(*store);
    const std::int64_t flushed = store->flushed().value();
    disk.fail_syncs(true);
    put(*store, message("t", "lost"));
    store->request_flush();
    ASSERT_TRUE(eventually([&] { return !store->why_not_writable().empty(); }));
    EXPECT_THAT(store->flush_failure(), HasSubstr("sync"));
    disk.fail_syncs(false);
    store->request_flush();
    const PutResult refused = put(*store, message("t", "refused"));
    EXPECT_EQ(refused.status, PutStatus::kServiceNotAvailable);
    EXPECT_THAT(refused.cause, HasSubstr("/store/commitlog/"));
    EXPECT_FALSE(store->stop());
    EXPECT_EQ(store->flushed().value(), flushed);
    EXPECT_TRUE(disk.exists("/store/abort"));
}

TEST(MessageStore, AnswersAFullDiskWithAnErrorAndGoesOnOnceThereIsRoom) {
    SimFileSystem disk;
    StoreOptions options = small_store();
    options.disk_warning_ratio = 1.0;
    auto store = open_store(disk, options);
    wait_dispatched(*store, put(*store, message("t", "first")));
    disk.set_capacity(disk.used_bytes());
    PutResult result;
    int stored = 1;
    for (; stored < 100; ++stored) {
        result = put(*store, message("t", std::string(4000, 'x')));
        if (result.status != PutStatus::kOk) break;
    }
    EXPECT_EQ(result.status, PutStatus::kCreateFileFailed);
    EXPECT_THAT(result.cause, HasSubstr("No space left"));
    disk.set_capacity(1LL << 40);
    EXPECT_TRUE(eventually([&] {
        result = put(*store, message("t", "again"));
        return result.status == PutStatus::kOk;
    }));
    EXPECT_EQ(result.queue_offset, stored);
    wait_dispatched(*store, result);
    EXPECT_EQ(bodies(*store, "t").size(), static_cast<std::size_t>(stored) + 1);
}

TEST(MessageStore, RefusesMessagesWhileTheDiskIsNearlyFull) {
    SimFileSystem disk;
    auto store = open_store(disk);
    wait_dispatched(*store, put(*store, message("t", "first")));
    disk.set_capacity(disk.used_bytes() * 100 / 95);
    ASSERT_TRUE(eventually([&] { return !store->why_not_writable().empty(); }));
    const PutResult refused = put(*store, message("t", "second"));
    EXPECT_EQ(refused.status, PutStatus::kServiceNotAvailable);
    EXPECT_THAT(refused.cause, HasSubstr("% full"));
    disk.set_capacity(1LL << 40);
    EXPECT_TRUE(eventually([&] { return store->why_not_writable().empty(); }));
    EXPECT_EQ(put(*store, message("t", "third")).status, PutStatus::kOk);
}

TEST(MessageStore, ForgetsADeletedTopicAndStartsItAnew) {
    SimFileSystem disk;
    {
        auto store = open_store(disk);
        for (int i = 0; i < 5; ++i) put(*store, message("t", "old"));
        wait_dispatched(*store, put(*store, message("u", "other")));
        const QueuePtr held = store->queue("t", 0);
        store->delete_topic("t");
        EXPECT_EQ(store->find_queue("t", 0), nullptr);
        EXPECT_FALSE(disk.exists("/store/consumequeue/t"));
        EXPECT_EQ(store->append(*held, message("t", "x")).status, PutStatus::kServiceNotAvailable);
        const PutResult at = put(*store, message("t", "new"));
        EXPECT_EQ(at.queue_offset, 0);
        wait_dispatched(*store, at);
        EXPECT_THAT(bodies(*store, "t"), ElementsAre("new"));
        ASSERT_TRUE(store->stop());
    }
    disk.put_file("/store/abort", "1");  // the old records are read again
    auto store = open_store(disk);
    EXPECT_THAT(bodies(*store, "t"), ElementsAre("new"));
}

TEST(MessageStore, RefusesARequestForBytesThatAreNoRecord) {
    SimFileSystem disk;
    auto store = open_store(disk);
    const PutResult at = put(*store, message("t", std::string(300, 'x')));
    EXPECT_FALSE(store->record_at(-1));
    EXPECT_FALSE(store->record_at(5));
    EXPECT_FALSE(store->record_at(at.end));
    EXPECT_FALSE(store->record_at(1LL << 60));
}

TEST(MessageStore, LeavesAnEmptyDirectoryBehindWhenNothingWasStored) {
    SimFileSystem disk;
    auto store = open_store(disk);
    EXPECT_TRUE(disk.exists("/store/abort"));
    ASSERT_TRUE(store->stop());
    EXPECT_FALSE(disk.exists("/store/abort"));
    const auto files = disk.list("/store/commitlog");
    ASSERT_TRUE(files);
    EXPECT_THAT(*files, IsEmpty());
}

}  // namespace
}  // namespace kx::store
