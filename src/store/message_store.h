// SPDX-License-Identifier: Apache-2.0
//
// The message store: commit log, consume queues and what keeps them durable and consistent, behind
// one face. RocketMQ's files, byte for byte (storage.md); any thread may call anything here.
//
// What always holds:
//   queue.max_offset() <= entries whose records are below dispatched() <= confirmed() <= appended()
//   flushed() <= appended(); none of them ever falls.
//   confirmed() is flushed() under synchronous flush, else appended(): a consumer never sees a
//   message that the producer's acknowledgement does not cover.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/watermark.h"
#include "filter/tag_filter.h"
#include "model/message.h"
#include "store/consume_queue.h"
#include "store/delay_levels.h"

namespace kx::store {

struct StoreOptions {
    std::string root;             ///< storePathRootDir
    std::string commit_log_path;  ///< storePathCommitLog; empty: root/commitlog
    std::int64_t commit_log_segment_bytes = 1LL << 30;     ///< mappedFileSizeCommitLog
    std::int64_t consume_queue_segment_bytes = 6'000'000;  ///< mappedFileSizeConsumeQueue
    bool sync_flush = false;                               ///< flushDiskType == SYNC_FLUSH
    std::int64_t flush_interval_ms = 500;                  ///< flushIntervalCommitLog
    std::int64_t flush_queues_interval_ms = 1000;          ///< flushIntervalConsumeQueue
    std::int64_t flush_queues_wholly_ms = 60'000;          ///< flushConsumeQueueThoroughInterval
    std::int32_t max_message_bytes = 4 << 20;              ///< maxMessageSize: body and batch bound
    std::int64_t max_memory_bytes = 0;    ///< "in memory" bound of reads; 0: 40 % of the machine's
    bool version_by_topic_length = true;  ///< autoMessageVersionOnTopicLen
    bool check_crc_on_recover = true;     ///< checkCRCOnRecover
    bool append_crc_property = false;     ///< enabledAppendPropCRC
    std::int64_t busy_after_ms = 1000;    ///< osPageCacheBusyTimeOutMills
    double disk_warning_ratio = 0.90;     ///< diskSpaceWarningLevelRatio: not writable above
    DelayLevels delay_levels;             ///< messageDelayLevel
};

enum class PutStatus : std::uint8_t {
    kOk,
    kServiceNotAvailable,  ///< stopping, read-only, disk full or failed
    kMessageIllegal,       ///< body, topic or record too large
    kPropertiesTooLong,
    kCreateFileFailed,  ///< the next segment could not be made
    kBusy,              ///< the next segment is not ready, or the log was held too long
};
std::string_view name_of(PutStatus status);

struct PutResult {
    PutStatus status = PutStatus::kOk;
    std::int64_t physical_offset = 0;  ///< of the first record
    std::int64_t end = 0;           ///< first byte after the last record: wait for flushed() >= end
    std::int64_t queue_offset = 0;  ///< of the first record
    std::int64_t store_timestamp = 0;
    std::string cause;  ///< for the remark when not kOk: figures, file, errno
};

enum class ReadStatus : std::uint8_t {
    kFound,
    kNoMatchedMessage,
    kMessageWasRemoving,
    kOffsetFoundNull,
    kOffsetOverflowBadly,
    kOffsetOverflowOne,
    kOffsetTooSmall,
    kNoMatchedLogicQueue,
    kNoMessageInQueue,
};
/// RocketMQ's spelling, as remarks carry it: "FOUND", "OFFSET_TOO_SMALL", ...
std::string_view name_of(ReadStatus status);

struct ReadRequest {
    std::int64_t offset = 0;
    std::int32_t max_count = 32;
    std::int32_t max_count_in_memory = 32;       ///< maxTransferCountOnMessageInMemory
    std::int32_t max_bytes_in_memory = 262'144;  ///< maxTransferBytesOnMessageInMemory
    std::int32_t max_count_on_disk = 8;
    std::int32_t max_bytes_on_disk = 65'536;
    std::int32_t max_scan_bytes = 16'000;       ///< maxFilterMessageSize
    const filter::TagFilter* filter = nullptr;  ///< null: everything matches
    bool allow_cold = true;  ///< false: do not touch records that may have to come from the disk
};

struct ReadResult {
    ReadStatus status = ReadStatus::kNoMatchedLogicQueue;
    std::int64_t next_offset = 0;
    std::int64_t min_offset = 0;
    std::int64_t max_offset = 0;
    std::int32_t count = 0;
    std::int64_t bytes = 0;
    bool from_disk =
        false;  ///< only without allow_cold: nothing was read, it may wait for the disk
    std::vector<Slice> slices;  ///< whole records, in order; neighbours in the log are merged
};

enum class Boundary : std::uint8_t { kLower, kUpper };

/// Told of every message that becomes readable in a queue with watchers() > 0, by the thread that
/// dispatches. Must not block.
class MessageArrivals {
public:
    virtual ~MessageArrivals() = default;
    virtual void message_arrived(ConsumeQueue& queue, std::int64_t queue_offset,
                                 std::int64_t tags_code) = 0;
};

struct StoreFigures {  ///< for metrics, runtime info and the start-up screen
    std::int64_t min_physical_offset = 0;
    std::int64_t appended = 0;
    std::int64_t flushed = 0;
    std::int64_t dispatched = 0;
    std::int64_t put_count = 0;
    std::int64_t put_bytes = 0;
    std::int64_t put_failures = 0;
    std::int64_t flush_count = 0;
    double disk_used_ratio = 0;
    std::int64_t disk_free_bytes = 0;
    std::int64_t recovery_ms = 0;
    bool clean_start = true;  ///< false: the last exit left the abort file
    std::int64_t recovered_records = 0;
};

class MessageStore {
public:
    /// Locks, loads, recovers and starts the store's own threads. Fails with one sentence that
    /// names the file, the offset and what to do.
    static Result<std::unique_ptr<MessageStore>> open(StoreOptions options, FileSystem& files,
                                                      const Clock& clock);
    virtual ~MessageStore() = default;  ///< stops, if stop() was not called

    /// At most one; set before the first append.
    virtual void set_arrivals(MessageArrivals* arrivals) = 0;

    /// The queue, made known if it is not (no file before its first message). Never null.
    virtual QueuePtr queue(std::string_view topic, std::int32_t queue_id) = 0;
    /// Null when nothing was ever stored or asked for there.
    virtual QueuePtr find_queue(std::string_view topic, std::int32_t queue_id) const = 0;
    /// Forgets and removes the topic's queues (their records stay in the log until it is cleaned).
    virtual void delete_topic(std::string_view topic) = 0;

    /// Copies the message to the tail. May spin, never sleeps, never touches the disk. Callers
    /// finish a turn of appends with dispatch().
    virtual PutResult append(ConsumeQueue& queue, const model::NewMessage& message) = 0;
    /// All items get consecutive offsets in one piece, or none is stored.
    virtual PutResult append_batch(ConsumeQueue& queue, const model::NewMessage& common,
                                   std::span<const model::BatchItem> items) = 0;

    /// Builds consume-queue entries up to confirmed(), unless another thread is at it already, or
    /// leaves the work to the store's own thread where it would touch the disk. Never blocks.
    virtual void dispatch() = 0;

    virtual const Watermark& appended() const = 0;
    virtual Watermark& flushed() = 0;
    /// Asks the flusher to make everything appended so far durable. Cheap when it is at work.
    virtual void request_flush() = 0;
    /// Empty, or why nothing more becomes durable: after a failed fsync flushed() stands still and
    /// senders that wait for it are told this.
    virtual std::string flush_failure() const = 0;

    virtual ReadResult read(ConsumeQueue& queue, const ReadRequest& request) const = 0;
    /// One whole record by commit-log offset; kNotFound when no record starts there.
    virtual Result<Slice> record_at(std::int64_t physical_offset) const = 0;
    virtual std::int64_t min_offset(const ConsumeQueue& queue) const = 0;
    /// lower: smallest offset stored at or after `time_ms`; upper: largest stored at or before it.
    virtual std::int64_t offset_by_time(const ConsumeQueue& queue, std::int64_t time_ms,
                                        Boundary boundary) const = 0;
    /// Store time of the message at `queue_offset`; -1 when unknown.
    virtual std::int64_t store_time(const ConsumeQueue& queue, std::int64_t queue_offset) const = 0;
    /// Whether that entry's record lies within the "in memory" range of the log's end (40 % rule).
    virtual bool in_memory(const ConsumeQueue& queue, std::int64_t queue_offset) const = 0;

    /// Empty when messages can be stored, else the reason ("disk 93.1 % full", "fsync failed:
    /// ...").
    virtual std::string why_not_writable() const = 0;
    virtual StoreFigures figures() const = 0;

    /// Stops appends, dispatches and flushes what is left, writes the checkpoint, removes `abort`.
    virtual Status stop() = 0;
};

}  // namespace kx::store
