// SPDX-License-Identifier: Apache-2.0
//
// The commit log: every message in the order it was accepted, in files of one length.
// Bytes: storage.md 2; a file ends with a blank, a record never crosses its end.
//
// What always holds:
//   flushed() <= appended(); bytes below appended() never change
//   the lock covers the tail, the queues' next offsets and the ring of recent appends; inside it
//   there is arithmetic and memcpy into allocated, mostly pre-faulted pages, nothing else
//   a failed sync ends appending; flushed() then stays where it is for good
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/slice.h"
#include "base/snapshot.h"
#include "base/sync.h"
#include "base/watermark.h"
#include "model/record.h"
#include "store/bell.h"
#include "store/checkpoint.h"
#include "store/consume_queue.h"
#include "store/health.h"
#include "store/message_store.h"
#include "store/recent_appends.h"

namespace kx::store {

/// So much of the log stays mapped behind its tail, for those who read what just came in.
inline constexpr std::int64_t kMappedBehind = 8 << 20;

struct Segment {
    std::int64_t base = 0;
    MappedFilePtr file;

    std::int64_t end() const { return base + file->size(); }
};
using Segments = std::vector<Segment>;
/// The segment that holds `offset`, or null.
const Segment* find_segment(const Segments& segments, std::int64_t offset);

/// A record on its way: what is known of it before the lock is taken.
struct Draft {
    model::RecordDraft record;
    std::int64_t tags_code = 0;
    bool tags_are_delay = false;  ///< tags_code is to be added to the store time
};

class CommitLog {
public:
    CommitLog(FileSystem& files, const Clock& clock, Health& health, const StoreOptions& options);
    ~CommitLog();

    /// Maps all files of the directory. Nothing is checked yet.
    Status load();
    /// Recovery's verdict: the log ends at `end`, with a record stored at `store_time`. Later files
    /// and bytes go, the tail is made ready, the threads start.
    Status start(std::int64_t end, std::int64_t store_time, bool clean_exit, Checkpoint& checkpoint,
                 std::function<void()> after_flush);
    /// Ends the threads after a last flush; files that hold nothing yet are removed.
    Status stop();

    PutResult append(ConsumeQueue& queue, std::span<const Draft> drafts);

    const Watermark& appended() const { return appended_; }
    Watermark& flushed() { return flushed_; }
    void request_flush();

    std::shared_ptr<const Segments> segments() const { return segments_.get(); }
    std::int64_t min_offset() const;
    std::int64_t segment_bytes() const { return segment_bytes_; }
    const std::string& directory() const { return directory_; }
    RecentAppends& recent() { return recent_; }
    /// Where this process began to write; what is below was there before.
    std::int64_t started_at() const { return started_at_; }

    struct Figures {
        std::int64_t put_count = 0;
        std::int64_t put_bytes = 0;
        std::int64_t flush_count = 0;
    };
    Figures figures();
    /// Readers of bytes further back than kMappedBehind tell how many, so that their pages are
    /// given back in time.
    void note_far_read(std::int64_t bytes) { far_bytes_.fetch_add(bytes); }

private:
    static constexpr std::int64_t kNoZeros = std::numeric_limits<std::int64_t>::max();

    bool lock_in_time() KX_TRY_ACQUIRE(true, lock_);
    bool lock_below_zeros(std::int64_t bytes) KX_TRY_ACQUIRE(true, lock_);
    bool roll() KX_REQUIRES(lock_);
    void write(ConsumeQueue& queue, std::span<const Draft> drafts, PutResult& result)
        KX_REQUIRES(lock_);
    PutResult refuse(PutStatus status, std::string cause);

    Result<Segment> create_segment(std::int64_t base);
    Status prepare_next();
    Status prepare_pages(std::int64_t ahead_bytes);
    Status prepare_range(const Segment& segment, std::int64_t begin, std::int64_t end);
    bool keep_appends_below(std::int64_t offset);
    void give_back_pages();
    void prepare_loop();
    Status sync_range(const Segment& segment, std::int64_t begin, std::int64_t end);
    bool flush_once(bool leave_tail);
    bool more_comes_soon();
    void flush_loop();

    FileSystem& files_;
    const Clock& clock_;
    Health& health_;
    const std::string directory_;
    const std::int64_t segment_bytes_;
    const bool sync_flush_;
    const std::int64_t flush_interval_ms_;
    const std::int64_t busy_after_ms_;
    Checkpoint* checkpoint_ = nullptr;
    std::function<void()> after_flush_;
    std::int64_t started_at_ = 0;

    Snapshot<Segments> segments_;
    Watermark appended_;
    Watermark flushed_;

    alignas(64) SpinLock lock_;
    char* tail_ KX_GUARDED_BY(lock_) = nullptr;  ///< bytes of the last segment
    std::int64_t tail_base_ KX_GUARDED_BY(lock_) = 0;
    std::int64_t tail_end_ KX_GUARDED_BY(lock_) = 0;
    std::int64_t position_ KX_GUARDED_BY(lock_) = 0;
    std::int64_t last_store_time_ KX_GUARDED_BY(lock_) = 0;
    /// Zeros are being written from here on, which must not meet an append.
    std::int64_t zeros_from_ KX_GUARDED_BY(lock_) = kNoZeros;
    std::int64_t put_count_ KX_GUARDED_BY(lock_) = 0;
    std::int64_t put_bytes_ KX_GUARDED_BY(lock_) = 0;
    bool next_ready_ KX_GUARDED_BY(lock_) = false;
    Segment next_ KX_GUARDED_BY(lock_);
    RecentAppends recent_;

    // The prepare thread's.
    std::atomic<std::int64_t> wake_prepare_at_{0};
    std::int64_t ready_until_ = 0;
    std::int64_t given_back_ = 0;
    std::atomic<std::int64_t> far_bytes_{0};
    Mutex create_mutex_;
    std::string create_error_ KX_GUARDED_BY(create_mutex_);
    Bell prepare_bell_;
    std::thread prepare_thread_;

    // The flush thread's: where the log ended in the round before, and the time of its last
    // message.
    std::int64_t flush_seen_ = 0;
    std::int64_t flush_seen_time_ = 0;
    std::atomic<bool> flush_wanted_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> flush_count_{0};
    Bell flush_bell_;
    std::thread flush_thread_;
};

}  // namespace kx::store
