// SPDX-License-Identifier: Apache-2.0
//
// Loading, appending and what surrounds it. The two threads are in commit_log_threads.cc.
#include "store/commit_log.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "store/offset_files.h"

namespace kx::store {
namespace {

/// Turns to yield before the clock is asked whether the wait is too long.
constexpr int kYieldsPerLook = 256;

}  // namespace

const Segment* find_segment(const Segments& segments, std::int64_t offset) {
    auto after =
        std::upper_bound(segments.begin(), segments.end(), offset,
                         [](std::int64_t at, const Segment& segment) { return at < segment.base; });
    if (after == segments.begin()) return nullptr;
    const Segment& segment = *std::prev(after);
    return offset < segment.end() ? &segment : nullptr;
}

CommitLog::CommitLog(FileSystem& files, const Clock& clock, Health& health,
                     const StoreOptions& options)
    : files_(files),
      clock_(clock),
      health_(health),
      directory_(options.commit_log_path),
      segment_bytes_(options.commit_log_segment_bytes),
      sync_flush_(options.sync_flush),
      flush_interval_ms_(options.flush_interval_ms),
      busy_after_ms_(options.busy_after_ms) {}

CommitLog::~CommitLog() {
    if (prepare_thread_.joinable() || flush_thread_.joinable()) static_cast<void>(stop());
}

Status CommitLog::load() {
    KX_TRY(const std::vector<OffsetFile> found,
           list_offset_files(files_, directory_, segment_bytes_));
    Segments segments;
    for (const OffsetFile& file : found) {
        KX_TRY(MappedFilePtr map, files_.map(file.path, Access::kReadWrite));
        segments.push_back({file.base, std::move(map)});
    }
    segments_.set(std::move(segments));
    return {};
}

Result<Segment> CommitLog::create_segment(std::int64_t base) {
    KX_TRY(MappedFilePtr file, files_.create_mapped(join_path(directory_, offset_file_name(base)),
                                                    segment_bytes_, true));
    KX_CHECK(files_.sync_directory(directory_));
    if (sync_flush_) file->advise(0, file->size(), Advice::kSyncedOften);
    return Segment{base, std::move(file)};
}

Status CommitLog::start(std::int64_t end, std::int64_t store_time, bool clean_exit,
                        Checkpoint& checkpoint, std::function<void()> after_flush) {
    checkpoint_ = &checkpoint;
    after_flush_ = std::move(after_flush);
    started_at_ = end;
    Segments kept;
    const auto loaded = segments_.get();
    for (const Segment& segment : *loaded) {
        if (segment.base < end || (segment.base == end && kept.empty())) {
            kept.push_back(segment);
        } else {
            KX_CHECK(files_.remove(segment.file->path()));
        }
    }
    Status room;
    if (kept.empty() || kept.back().end() <= end) {
        Result<Segment> segment = create_segment(end);
        if (segment) {
            kept.push_back(std::move(*segment));
        } else {
            room = tl::unexpected(std::move(segment).error());
        }
    } else {
        // What stands behind the end must not come back to life after the next crash.
        MappedFile& tail = *kept.back().file;
        const std::int64_t rest = end - kept.back().base;
        KX_CHECK(tail.zero(rest, tail.size()));
        room = tail.reserve(rest, tail.size());
        if (sync_flush_) tail.advise(rest, tail.size(), Advice::kSyncedOften);
        KX_CHECK(tail.sync(rest, tail.size()));
    }
    if (!clean_exit) {
        // After a kill the pages may be in memory only, and from here on they count as flushed.
        for (const Segment& segment : kept) {
            if (segment.base < end) {
                KX_CHECK(segment.file->sync(0, std::min(end - segment.base, segment.file->size())));
            }
        }
    }
    for (const Segment& segment : kept) {
        segment.file->advise(0, segment.file->size(), Advice::kDropFromMemory);
    }
    segments_.set(kept);
    if (!room) {
        if (room.error().code != Errc::kNoSpace) return room;
        health_.raise(Health::Cause::kFailed, room.error().text + "; make room and start again");
    } else {
        SpinGuard guard(lock_);
        tail_ = kept.back().file->data();
        tail_base_ = kept.back().base;
        tail_end_ = kept.back().end();
        position_ = end;
        last_store_time_ = store_time;
    }
    ready_until_ = given_back_ = end;
    appended_.raise(end);
    flushed_.raise(end);
    if (room) KX_CHECK(prepare_pages(1 << 20));
    prepare_thread_ = std::thread([this] { prepare_loop(); });
    flush_thread_ = std::thread([this] { flush_loop(); });
    return {};
}

Status CommitLog::stop() {
    stopping_ = true;
    prepare_bell_.ring();
    flush_bell_.ring();
    if (prepare_thread_.joinable()) prepare_thread_.join();
    if (flush_thread_.joinable()) flush_thread_.join();
    if (health_.has(Health::Cause::kFailed)) return fail(Errc::kIo, "{}", health_.reason());
    std::int64_t position = 0;
    {
        SpinGuard guard(lock_);
        position = position_;
        next_ = {};
        next_ready_ = false;
    }
    const auto segments = segments_.get();
    for (const Segment& segment : *segments) {
        // A lone empty file still tells where the log goes on.
        const bool needed = segments->size() == 1 && segment.base > 0;
        if (segment.base >= position && !needed) KX_CHECK(files_.remove(segment.file->path()));
    }
    return files_.sync_directory(directory_);
}

std::int64_t CommitLog::min_offset() const {
    const auto segments = segments_.get();
    return segments->empty() ? 0 : segments->front().base;
}

CommitLog::Figures CommitLog::figures() {
    SpinGuard guard(lock_);
    return {put_count_, put_bytes_, flush_count_.load()};
}

bool CommitLog::lock_in_time() KX_NO_THREAD_SAFETY_ANALYSIS {
    if (lock_.try_lock()) return true;
    for (int tries = 0; tries < 64; ++tries) {
        _mm_pause();
        if (lock_.try_lock()) return true;
    }
    const std::int64_t deadline = clock_.steady_ms() + busy_after_ms_;
    while (true) {
        for (int turns = 0; turns < kYieldsPerLook; ++turns) {
            if (lock_.try_lock()) return true;
            std::this_thread::yield();
        }
        if (clock_.steady_ms() > deadline) return false;
    }
}

/// The lock, with room for so many bytes in front of what the prepare thread zeroes. There is, but
/// for a disk that stalled that thread while a dozen MiB were appended.
bool CommitLog::lock_below_zeros(std::int64_t bytes) KX_NO_THREAD_SAFETY_ANALYSIS {
    bytes += model::kBlankBytes;
    std::int64_t deadline = 0;
    while (lock_in_time()) {
        const std::int64_t at = bytes <= tail_end_ - position_ ? position_ : tail_end_;
        if (at + bytes <= zeros_from_) return true;
        lock_.unlock();
        const std::int64_t now = clock_.steady_ms();
        if (deadline == 0) deadline = now + busy_after_ms_;
        if (now > deadline) return false;
        std::this_thread::yield();
    }
    return false;
}

PutResult CommitLog::refuse(PutStatus status, std::string cause) {
    PutResult result;
    result.status = status;
    result.cause = std::move(cause);
    return result;
}

PutResult CommitLog::append(ConsumeQueue& queue, std::span<const Draft> drafts) {
    std::int64_t bytes = 0;
    for (const Draft& draft : drafts) bytes += draft.record.size();
    if (bytes + model::kBlankBytes > segment_bytes_) {
        return refuse(PutStatus::kMessageIllegal,
                      fmt::format("{} bytes do not fit a log file of {}", bytes, segment_bytes_));
    }
    PutResult result;
    result.store_timestamp = clock_.wall_ms();
    if (!lock_below_zeros(bytes)) {
        return refuse(PutStatus::kBusy,
                      fmt::format("waited {} ms for the commit log's lock", busy_after_ms_));
    }
    const bool open = health_.writable();
    const bool fits = open && (bytes + model::kBlankBytes <= tail_end_ - position_ || roll());
    if (fits) write(queue, drafts, result);
    lock_.unlock();

    if (!open) return refuse(PutStatus::kServiceNotAvailable, health_.reason());
    if (!fits) {
        prepare_bell_.ring();
        MutexLock guard(create_mutex_);
        if (!create_error_.empty()) return refuse(PutStatus::kCreateFileFailed, create_error_);
        return refuse(PutStatus::kBusy, "the next log file is not ready yet");
    }
    appended_.raise(result.end);
    if (result.end >= wake_prepare_at_.load(std::memory_order_relaxed)) {
        constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
        if (wake_prepare_at_.exchange(kNever) != kNever) prepare_bell_.ring();
    }
    return result;
}

void CommitLog::write(ConsumeQueue& queue, std::span<const Draft> drafts, PutResult& result) {
    // Store times never fall, whatever the system's clock does: searches by time rely on it.
    last_store_time_ = std::max(last_store_time_, result.store_timestamp);
    result.store_timestamp = last_store_time_;
    result.physical_offset = position_;
    result.queue_offset = queue.next_offset;
    std::int64_t at = position_;
    std::int64_t queue_offset = queue.next_offset;
    for (const Draft& draft : drafts) {
        const bool in_queue = draft.record.takes_queue_offset();
        draft.record.write(tail_ + (at - tail_base_), queue_offset, at, last_store_time_);
        const std::int64_t tags = draft.tags_code + (draft.tags_are_delay ? last_store_time_ : 0);
        const auto size = static_cast<std::int32_t>(draft.record.size());
        recent_.push(
            {in_queue ? &queue : nullptr, queue_offset, last_store_time_, {at, size, tags}});
        at += size;
        if (in_queue) ++queue_offset;
    }
    if (queue_offset == queue.next_offset) result.queue_offset = 0;
    put_count_ += static_cast<std::int64_t>(drafts.size());
    put_bytes_ += at - position_;
    queue.next_offset = queue_offset;
    position_ = at;
    result.end = at;
}

bool CommitLog::roll() {
    if (!next_ready_) return false;
    // A file is only ever filled up to 8 bytes before its end, so the blank has its place.
    model::write_blank(tail_ + (position_ - tail_base_),
                       static_cast<std::int32_t>(tail_end_ - position_));
    tail_ = next_.file->data();
    tail_base_ = next_.base;
    tail_end_ = next_.end();
    position_ = tail_base_;
    next_ready_ = false;
    return true;
}

void CommitLog::request_flush() {
    if (!flush_wanted_.exchange(true)) flush_bell_.ring();
}

}  // namespace kx::store
