// SPDX-License-Identifier: Apache-2.0
//
// The two threads of the commit log. `prepare` makes the next file and faults pages in ahead of the
// tail, so that appends find them; `flush` makes what was appended durable.
#include <algorithm>

#include "base/log.h"
#include "store/commit_log.h"

namespace kx::store {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kAhead = 16 * kMiB;      ///< pages that are ready in front of the tail
constexpr std::int64_t kAheadLow = 12 * kMiB;   ///< with less than this, prepare is woken
constexpr std::int64_t kStep = kMiB;            ///< one call, so that page faults of others get in
constexpr std::int64_t kZerosAhead = 2 * kMiB;  ///< nearer to the tail no zeros are written
constexpr std::int64_t kFarBytesMax = 8 * kMiB;
constexpr std::int64_t kTickMs = 1000;
constexpr std::int64_t kPage = 4096;
/// So long the flush thread looks for the next batch before it sleeps: a wake-up costs as much.
constexpr std::int64_t kLookNs = 50'000;

}  // namespace

Status CommitLog::prepare_next() {
    std::int64_t base = 0;
    {
        SpinGuard guard(lock_);
        if (next_ready_ || tail_ == nullptr) return {};
        if (tail_end_ - position_ > segment_bytes_ / 2) return {};
        base = tail_end_;
    }
    Result<Segment> segment = create_segment(base);
    if (!segment) return tl::unexpected(std::move(segment).error());
    segments_.update([&](Segments& list) { list.push_back(*segment); });
    SpinGuard guard(lock_);
    next_ = std::move(*segment);
    next_ready_ = true;
    return {};
}

Status CommitLog::prepare_range(const Segment& segment, std::int64_t begin, std::int64_t end) {
    // Blocks that were only allocated must be marked as written by a commit of the file system's
    // journal, which would be part of the first sync of each. Writing the zeros now takes that off
    // the path of an acknowledgement.
    if (sync_flush_ && keep_appends_below(segment.base + begin)) {
        const Status status = segment.file->write_zeros(begin, end);
        SpinGuard guard(lock_);
        zeros_from_ = kNoZeros;
        if (!status) {
            // The kernel tells of a failed write once: the flush thread would not hear of it again.
            health_.raise(Health::Cause::kFailed, status.error().text);
            return status;
        }
    }
    return segment.file->populate(begin, end);
}

/// False when the tail is so near that appends would have to wait.
bool CommitLog::keep_appends_below(std::int64_t offset) {
    SpinGuard guard(lock_);
    if (position_ + kZerosAhead > offset) return false;
    zeros_from_ = offset;
    return true;
}

Status CommitLog::prepare_pages(std::int64_t ahead_bytes) {
    std::int64_t position = 0;
    {
        SpinGuard guard(lock_);
        position = position_;
    }
    ready_until_ = std::max(ready_until_, position);
    const auto segments = segments_.get();
    const std::int64_t target = position + ahead_bytes;
    while (ready_until_ < target && !stopping_) {
        const Segment* const segment = find_segment(*segments, ready_until_);
        if (segment == nullptr) break;
        const std::int64_t end =
            std::min({ready_until_ / kStep * kStep + kStep, target, segment->end()});
        KX_CHECK(prepare_range(*segment, ready_until_ - segment->base, end - segment->base));
        ready_until_ = end;
    }
    return {};
}

void CommitLog::give_back_pages() {
    const std::int64_t behind = appended_.value() - kMappedBehind;
    const bool far = far_bytes_.load() > kFarBytesMax;
    if (behind - given_back_ < kMappedBehind / 2 && !far) return;
    const std::int64_t from = far ? 0 : given_back_;
    const auto segments = segments_.get();
    for (const Segment& segment : *segments) {
        const std::int64_t begin = std::max<std::int64_t>(from - segment.base, 0);
        const std::int64_t end = std::min(behind - segment.base, segment.file->size());
        segment.file->advise(begin, end, Advice::kDropFromMemory);
        if (sync_flush_) segment.file->advise(0, end, Advice::kReadOften);
    }
    if (far) far_bytes_ = 0;
    given_back_ = std::max(given_back_, behind);
}

void CommitLog::prepare_loop() {
    while (!stopping_) {
        Status status = prepare_next();
        if (status) status = prepare_pages(kAhead);
        {
            MutexLock guard(create_mutex_);
            std::string error = status ? std::string() : status.error().text;
            if (!error.empty() && error != create_error_) log::error("store", "{}", error);
            create_error_ = std::move(error);
        }
        give_back_pages();
        std::int64_t half_way = 0;
        {
            SpinGuard guard(lock_);
            half_way = next_ready_ ? tail_end_ : tail_end_ - segment_bytes_ / 2;
        }
        wake_prepare_at_ = std::min(std::max(ready_until_ - kAheadLow, appended_.value() + kStep),
                                    std::max(half_way, appended_.value() + 1));
        prepare_bell_.wait_ms(kTickMs);
    }
}

Status CommitLog::sync_range(const Segment& segment, std::int64_t begin, std::int64_t end) {
    // A sync takes each mapped page from its writers, with an interrupt to every core for each.
    // Unmapped together they cost one. Full pages have no writers any more; readers map them again.
    if (sync_flush_) segment.file->advise(begin / kPage * kPage, end, Advice::kDropFromMemory);
    return segment.file->sync(begin, end);
}

/// True when there was something to flush and it is durable now.
bool CommitLog::flush_once(bool leave_tail) {
    std::int64_t target = 0;
    std::int64_t store_time = 0;
    {
        SpinGuard guard(lock_);
        target = position_;
        store_time = last_store_time_;
    }
    // A page that is synced is taken from its writers until the disk has it. Under asynchronous
    // flush the page being filled waits for the next round, unless it is the same as last time: a
    // message is durable after two rounds at most, and a round is half the interval.
    const std::int64_t full_pages = target / kPage * kPage;
    leave_tail = leave_tail && full_pages > flush_seen_;
    flush_seen_ = target;
    std::swap(store_time, flush_seen_time_);
    if (leave_tail) {
        target = full_pages;
    } else {
        store_time = flush_seen_time_;
    }
    const std::int64_t begin = flushed_.value();
    if (target <= begin || health_.has(Health::Cause::kFailed)) return false;
    const auto segments = segments_.get();
    for (const Segment& segment : *segments) {
        if (segment.end() <= begin || segment.base >= target) continue;
        const Status status = sync_range(segment, std::max<std::int64_t>(begin - segment.base, 0),
                                         std::min(target, segment.end()) - segment.base);
        if (status) continue;
        // The kernel may have dropped the pages' dirty marks: a second try would report success
        // for bytes that are lost. Nothing of this range is ever acknowledged.
        health_.raise(Health::Cause::kFailed,
                      fmt::format("{} (offsets {} to {})", status.error().text, begin, target));
        return false;
    }
    flush_count_.fetch_add(1, std::memory_order_relaxed);
    if (store_time > 0) checkpoint_->physical_time = store_time;
    flushed_.raise(target);
    return true;
}

/// Under load the next batch is on its way when a flush ends. Others may have the core meanwhile.
bool CommitLog::more_comes_soon() {
    const std::int64_t until = system_clock().steady_ns() + kLookNs;
    while (system_clock().steady_ns() < until) {
        if (flush_wanted_ || stopping_) return true;
        std::this_thread::yield();
    }
    return false;
}

void CommitLog::flush_loop() {
    bool flushed = false;
    while (true) {
        const bool last = stopping_;
        const bool look = flushed && sync_flush_ && !last;
        if (!last && !(look && more_comes_soon()))
            flush_bell_.wait_ms(sync_flush_ ? kTickMs
                                            : std::max<std::int64_t>(flush_interval_ms_ / 2, 1));
        const bool wanted = flush_wanted_.exchange(false);
        flushed = flush_once(!wanted && !sync_flush_ && !last);
        if (flushed) after_flush_();
        if (last) return;
    }
}

}  // namespace kx::store
