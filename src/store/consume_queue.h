// SPDX-License-Identifier: Apache-2.0
//
// A consume queue: for each message of (topic, queue id) one unit of 20 bytes, in queue order, that
// tells where its record is, how long it is, and the code of its tags. Bytes: storage.md 4.1.
//
// What always holds:
//   unit n stands at byte 20 * n of the queue, in the file whose name is the base of its bytes
//   min_offset() <= max_offset(); units in [min_offset(), max_offset()) may be read by anyone
//   one thread at a time appends (the dispatcher's owner); the queue can be rebuilt from the log
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/snapshot.h"

namespace kx::store {

inline constexpr std::int64_t kUnitBytes = 20;
/// Size field of the blank units that stand before the first unit of a queue that starts late.
inline constexpr std::int32_t kBlankUnitSize = 0x7fffffff;

struct Unit {
    std::int64_t physical_offset = 0;
    std::int32_t size = 0;
    std::int64_t tags_code = 0;

    bool operator==(const Unit&) const = default;
    bool valid() const { return physical_offset >= 0 && size > 0; }
    bool blank() const { return size == kBlankUnitSize; }
    std::int64_t end() const { return physical_offset + size; }
};
Unit load_unit(const char* from);
void store_unit(char* to, const Unit& unit);

enum class FlushDepth : std::uint8_t { kFullPages, kAll };

/// One file of a queue. Older files are mapped when first read.
struct QueueFile {
    std::int64_t base = 0;  ///< in bytes of the queue
    MappedFilePtr file;     ///< null: not mapped yet
};

/// A run of neighbouring units, pinned; `count` may be smaller than what was asked for.
struct Units {
    MappedFilePtr pin;
    const char* first = nullptr;
    std::int64_t count = 0;

    Unit operator[](std::int64_t i) const { return load_unit(first + i * kUnitBytes); }
};

class ConsumeQueue {
public:
    ConsumeQueue(FileSystem& files, std::string directory, std::string topic, std::int32_t queue_id,
                 std::int64_t file_bytes);

    const std::string& topic() const { return topic_; }
    std::int32_t queue_id() const { return queue_id_; }
    std::int64_t min_offset() const { return min_offset_.load(std::memory_order_acquire); }
    /// The offset that the next message will have once it is readable. Who waits for messages
    /// raises watchers() first and then looks here again: so no arrival is missed.
    std::int64_t max_offset() const { return max_offset_.load(); }
    /// How many want to be told of arrivals; the dispatcher calls MessageArrivals when above 0.
    std::atomic<std::int32_t>& watchers() { return watchers_; }

    // From here on: for the store alone.

    /// The offset of the next append. Guarded by the lock of the commit log.
    std::int64_t next_offset = 0;
    /// Set once the topic was deleted: nothing is put any more.
    std::atomic<bool> deleted{false};
    /// Tags codes are delivery times there (SCHEDULE_TOPIC_XXXX).
    bool is_schedule() const { return is_schedule_; }

    enum class Put : std::uint8_t { kDone, kRepeated, kNeedsDisk, kGap };
    /// Writes the unit of `offset` and makes it readable, if the page for it is at hand.
    Put put(std::int64_t offset, const Unit& unit);
    /// Makes the file and the pages that put(`offset`) needs. Blocks.
    Status prepare(std::int64_t offset);
    /// Fills [max_offset(), offset) with blank units. For recovery, when their records are gone.
    Status fill_gap(std::int64_t offset);

    /// Lists the files and finds the end of the units. All files must have the configured length.
    Status load(bool clean_exit);
    /// Cuts the units off whose record starts at or after `physical_offset`, and zeroes their
    /// bytes.
    Status truncate(std::int64_t physical_offset);
    /// Cuts the units from `offset` on off.
    Status cut(std::int64_t offset) { return cut_at(offset * kUnitBytes); }
    /// Raises min_offset() to the first unit whose record is not below `log_min`.
    void correct_min(std::int64_t log_min);
    /// Makes everything put so far durable; or all but the page that is being filled, which a sync
    /// would take away from the writer for as long as the disk needs.
    Status flush(FlushDepth depth = FlushDepth::kAll);
    bool dirty() const { return flushed_units_.load() < max_offset(); }
    /// Removes the files; later reads find nothing.
    Status destroy();

    /// At most `count` units from `offset` on, out of one file; none outside [min, max).
    Units units(std::int64_t offset, std::int64_t count) const;
    /// A blank one where there is none.
    Unit unit_at(std::int64_t offset) const;
    /// End of the last unit's record, 0 when there is none.
    std::int64_t max_physical_offset() const { return max_physical_.load(); }
    const std::string& directory() const { return directory_; }
    /// First offset of the file after the one that holds `offset`.
    std::int64_t next_file_offset(std::int64_t offset) const;

private:
    using Files = std::vector<QueueFile>;

    Status add_file(std::int64_t base);
    Status fill_blank(std::int64_t from_byte, std::int64_t to_byte);
    Result<MappedFilePtr> mapped(std::int64_t base, Access access) const;
    Result<bool> scan_file(const QueueFile& file);
    Status cut_at(std::int64_t end_byte);
    void publish(const Unit& last, std::int64_t max_offset);

    FileSystem& files_;
    const std::string directory_;
    const std::string topic_;
    const std::int32_t queue_id_;
    const bool is_schedule_;
    const std::int64_t file_bytes_;

    std::atomic<std::int64_t> min_offset_{0};
    std::atomic<std::int64_t> max_offset_{0};
    std::atomic<std::int64_t> max_physical_{0};
    std::atomic<std::int64_t> flushed_units_{0};
    std::atomic<std::int32_t> watchers_{0};
    std::atomic<bool> names_dirty_{false};
    mutable Snapshot<Files> list_;

    // The appender's own view of the last file.
    MappedFilePtr tail_;
    std::int64_t tail_base_ = 0;
    std::int64_t write_byte_ = 0;  ///< of the queue
    std::int64_t ready_byte_ = 0;  ///< of the queue: pages below it are at hand
    std::int64_t ready_step_ = 4096;
};
using QueuePtr = std::shared_ptr<ConsumeQueue>;

}  // namespace kx::store
