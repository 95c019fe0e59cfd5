// SPDX-License-Identifier: Apache-2.0
#include "store/consume_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/log.h"
#include "model/names.h"
#include "store/offset_files.h"

namespace kx::store {
namespace {

constexpr std::int64_t kReadyStepMax = 64 * 1024;
constexpr std::int64_t kZeroPage = 4096;
/// An unclean exit may have lost pages of this many files; older ones were flushed long ago.
constexpr std::size_t kFilesScannedAfterCrash = 3;

/// Zeroes what is not zero, page by page, so that the holes of a sparse file stay holes.
bool zero_rest(MappedFile& file, std::int64_t begin) {
    bool changed = false;
    while (begin < file.size()) {
        const std::int64_t end = std::min(file.size(), begin / kZeroPage * kZeroPage + kZeroPage);
        char* const first = file.data() + begin;
        const auto size = static_cast<std::size_t>(end - begin);
        if (first[0] != 0 || std::memcmp(first, first + 1, size - 1) != 0) {
            std::memset(first, 0, size);
            changed = true;
        }
        begin = end;
    }
    return changed;
}

}  // namespace

Unit load_unit(const char* from) {
    return {load_be<std::int64_t>(from), load_be<std::int32_t>(from + 8),
            load_be<std::int64_t>(from + 12)};
}

void store_unit(char* to, const Unit& unit) {
    store_be<std::int64_t>(to, unit.physical_offset);
    store_be<std::int32_t>(to + 8, unit.size);
    store_be<std::int64_t>(to + 12, unit.tags_code);
}

ConsumeQueue::ConsumeQueue(FileSystem& files, std::string directory, std::string topic,
                           std::int32_t queue_id, std::int64_t file_bytes)
    : files_(files),
      directory_(std::move(directory)),
      topic_(std::move(topic)),
      queue_id_(queue_id),
      is_schedule_(topic_ == model::kScheduleTopic),
      file_bytes_(file_bytes) {
    KX_ASSERT(file_bytes_ > 0 && file_bytes_ % kUnitBytes == 0, "queue files of {} bytes",
              file_bytes_);
}

ConsumeQueue::Put ConsumeQueue::put(std::int64_t offset, const Unit& unit) {
    const std::int64_t at = offset * kUnitBytes;
    if (at < write_byte_ || deleted.load(std::memory_order_relaxed)) return Put::kRepeated;
    if (at > write_byte_) return write_byte_ == 0 ? Put::kNeedsDisk : Put::kGap;
    if (at + kUnitBytes > ready_byte_) return Put::kNeedsDisk;
    store_unit(tail_->data() + (at - tail_base_), unit);
    write_byte_ += kUnitBytes;
    publish(unit, offset + 1);
    return Put::kDone;
}

void ConsumeQueue::publish(const Unit& last, std::int64_t max_offset) {
    max_physical_.store(last.end(), std::memory_order_relaxed);
    // Sequentially consistent: who raised watchers() and then saw the old value here is seen by
    // the dispatcher, which looks at watchers() next.
    max_offset_.store(max_offset);
}

Status ConsumeQueue::prepare(std::int64_t offset) {
    const std::int64_t at = offset * kUnitBytes;
    if (write_byte_ == 0 && at != 0) KX_CHECK(fill_blank(at - at % file_bytes_, at));
    KX_ASSERT(at == write_byte_, "queue {}-{} continues at {}, not {}", topic_, queue_id_,
              write_byte_ / kUnitBytes, offset);
    if (!tail_ || at >= tail_base_ + file_bytes_) KX_CHECK(add_file(at));
    if (at + kUnitBytes <= ready_byte_) return {};
    const std::int64_t begin = std::max(ready_byte_, tail_base_) - tail_base_;
    const std::int64_t end =
        std::min(file_bytes_, std::max(begin + ready_step_, at + kUnitBytes - tail_base_));
    KX_CHECK(tail_->reserve(begin, end));
    KX_CHECK(tail_->populate(begin, end));
    ready_byte_ = tail_base_ + end;
    ready_step_ = std::min(ready_step_ * 2, kReadyStepMax);
    return {};
}

Status ConsumeQueue::add_file(std::int64_t base) {
    KX_CHECK(files_.make_directories(directory_));
    const std::string path = join_path(directory_, offset_file_name(base));
    Result<MappedFilePtr> file = files_.create_mapped(path, file_bytes_, false);
    if (!file && file.error().code == Errc::kAlreadyExists) {
        KX_CHECK(files_.remove(path));
        file = files_.create_mapped(path, file_bytes_, false);
    }
    if (!file) return tl::unexpected(std::move(file).error());
    names_dirty_ = true;
    tail_ = std::move(*file);
    tail_base_ = base;
    ready_byte_ = base;
    list_.update([&](Files& list) { list.push_back({base, tail_}); });
    return {};
}

Status ConsumeQueue::fill_blank(std::int64_t from_byte, std::int64_t to_byte) {
    if (write_byte_ == 0) {
        // Java starts the queue in the file that holds the unit, whatever stood there before.
        KX_CHECK(cut_at(0));
        if (tail_) KX_CHECK(files_.remove(tail_->path()));
        list_.set(Files{});
        tail_.reset();
        write_byte_ = from_byte;
    }
    for (std::int64_t at = from_byte; at < to_byte; at += kUnitBytes) {
        if (!tail_ || at >= tail_base_ + file_bytes_) KX_CHECK(add_file(at));
        if (at >= ready_byte_) {
            const std::int64_t begin = at - tail_base_;
            const std::int64_t end = std::min(file_bytes_, begin + kReadyStepMax);
            KX_CHECK(tail_->reserve(begin, end));
            KX_CHECK(tail_->populate(begin, end));
            ready_byte_ = tail_base_ + end;
        }
        store_unit(tail_->data() + (at - tail_base_), {0, kBlankUnitSize, 0});
    }
    write_byte_ = to_byte;
    flushed_units_ = std::min(flushed_units_.load(), from_byte / kUnitBytes);
    max_offset_ = to_byte / kUnitBytes;
    min_offset_ = to_byte / kUnitBytes;
    return {};
}

Status ConsumeQueue::fill_gap(std::int64_t offset) {
    log::warn("store", "queue {}-{}: the log no longer has the records of offsets {} to {}", topic_,
              queue_id_, max_offset(), offset);
    const std::int64_t min = min_offset();
    KX_CHECK(fill_blank(write_byte_, offset * kUnitBytes));
    min_offset_ = min;
    return {};
}

Status ConsumeQueue::load(bool clean_exit) {
    KX_TRY(const std::vector<OffsetFile> found, list_offset_files(files_, directory_, file_bytes_));
    if (found.empty()) return {};
    Files list;
    for (const OffsetFile& file : found) list.push_back({file.base, nullptr});
    list_.set(list);
    write_byte_ = list.front().base;
    const std::size_t scanned = clean_exit ? 1 : kFilesScannedAfterCrash;
    const std::size_t first = list.size() > scanned ? list.size() - scanned : 0;
    bool stopped = false;
    for (std::size_t i = first; i < list.size() && !stopped; ++i) {
        KX_TRY(const bool full, scan_file(list[i]));
        stopped = !full;
    }
    const std::int64_t max = write_byte_ / kUnitBytes;
    const std::int64_t min = list.front().base / kUnitBytes;
    min_offset_ = min;
    max_offset_ = max;
    max_physical_ = max > min ? unit_at(max - 1).end() : 0;
    // After a crash the pages may be in memory only: the next flush makes sure of them.
    flushed_units_ = clean_exit ? max : std::min(max, list[first].base / kUnitBytes);
    if (!clean_exit) names_dirty_ = true;
    KX_CHECK(cut_at(write_byte_));
    tail_->advise(0, file_bytes_, Advice::kDropFromMemory);
    return {};
}

/// Moves write_byte_ behind the valid units of the file; true when all of it is valid.
Result<bool> ConsumeQueue::scan_file(const QueueFile& file) {
    KX_TRY(const MappedFilePtr map, mapped(file.base, Access::kReadWrite));
    tail_ = map;
    tail_base_ = file.base;
    ready_byte_ = file.base;
    write_byte_ = file.base;
    for (std::int64_t at = 0; at < file_bytes_; at += kUnitBytes) {
        if (!load_unit(map->data() + at).valid()) return false;
        write_byte_ = file.base + at + kUnitBytes;
    }
    return true;
}

/// Forgets everything from `end_byte` on: later files go, and so do the bytes, which another crash
/// would otherwise bring back to life.
Status ConsumeQueue::cut_at(std::int64_t end_byte) {
    const auto list = list_.get();
    if (list->empty()) return {};
    Files kept;
    for (const QueueFile& file : *list) {
        if (file.base < end_byte || kept.empty()) {
            kept.push_back(file);
        } else {
            KX_CHECK(files_.remove(join_path(directory_, offset_file_name(file.base))));
            names_dirty_ = true;
        }
    }
    list_.set(kept);
    KX_TRY(const MappedFilePtr map, mapped(kept.back().base, Access::kReadWrite));
    tail_ = map;
    tail_base_ = kept.back().base;
    ready_byte_ = tail_base_;
    write_byte_ = std::max(end_byte, tail_base_);
    ready_byte_ = write_byte_;
    const std::int64_t rest = write_byte_ - tail_base_;
    if (rest < file_bytes_ && zero_rest(*tail_, rest)) KX_CHECK(tail_->sync(rest, file_bytes_));
    max_offset_ = write_byte_ / kUnitBytes;
    min_offset_ = std::min(min_offset(), max_offset());
    flushed_units_ = std::min(flushed_units_.load(), max_offset());
    const bool empty = max_offset() * kUnitBytes <= kept.front().base;
    max_physical_ = empty ? 0 : unit_at(max_offset() - 1).end();
    return {};
}

Status ConsumeQueue::truncate(std::int64_t physical_offset) {
    const auto list = list_.get();
    if (list->empty() || max_physical_offset() <= physical_offset) return {};
    // Units stand in the order of their records, so the cut is found by halving.
    std::int64_t low = list->front().base / kUnitBytes;
    std::int64_t high = max_offset();
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        const Unit unit = unit_at(middle);
        if (unit.blank() || unit.end() <= physical_offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return cut_at(low * kUnitBytes);
}

void ConsumeQueue::correct_min(std::int64_t log_min) {
    std::int64_t low = min_offset();
    std::int64_t high = max_offset();
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        const Unit unit = unit_at(middle);
        if (unit.blank() || unit.physical_offset < log_min) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    min_offset_ = low;
}

Status ConsumeQueue::flush(FlushDepth depth) {
    constexpr std::int64_t kDiskPage = 4096;
    std::int64_t end = max_offset();
    if (depth == FlushDepth::kFullPages)
        end = end * kUnitBytes / kDiskPage * kDiskPage / kUnitBytes;
    const std::int64_t begin = flushed_units_.load();
    const auto list = list_.get();
    for (const QueueFile& file : *list) {
        const std::int64_t from = std::max(begin * kUnitBytes, file.base);
        const std::int64_t to = std::min(end * kUnitBytes, file.base + file_bytes_);
        if (from >= to) continue;
        KX_TRY(const MappedFilePtr map, mapped(file.base, Access::kReadWrite));
        KX_CHECK(map->sync(from - file.base, to - file.base));
    }
    if (names_dirty_.exchange(false) && !list->empty()) {
        const std::string topic_directory = parent_path(directory_);
        KX_CHECK(files_.sync_directory(directory_));
        KX_CHECK(files_.sync_directory(topic_directory));
        KX_CHECK(files_.sync_directory(parent_path(topic_directory)));
    }
    if (end > begin) flushed_units_.store(end);
    return {};
}

Status ConsumeQueue::destroy() {
    deleted = true;
    list_.set(Files{});
    max_offset_ = 0;
    min_offset_ = 0;
    return files_.remove(directory_);
}

Result<MappedFilePtr> ConsumeQueue::mapped(std::int64_t base, Access access) const {
    const auto list = list_.get();
    for (const QueueFile& file : *list) {
        if (file.base == base && file.file) return file.file;
    }
    KX_TRY(const MappedFilePtr map,
           files_.map(join_path(directory_, offset_file_name(base)), access));
    if (map->size() != file_bytes_) {
        return fail(Errc::kCorrupt, "{} has {} bytes, not {}", map->path(), map->size(),
                    file_bytes_);
    }
    list_.update([&](Files& next) {
        for (QueueFile& file : next) {
            if (file.base == base) file.file = map;
        }
    });
    return map;
}

Unit ConsumeQueue::unit_at(std::int64_t offset) const {
    const auto list = list_.get();
    const std::int64_t at = offset * kUnitBytes;
    for (auto file = list->rbegin(); file != list->rend(); ++file) {
        if (file->base > at) continue;
        if (at >= file->base + file_bytes_) break;
        if (file->file) return load_unit(file->file->data() + (at - file->base));
        const auto map = mapped(file->base, Access::kReadWrite);
        if (map) return load_unit((*map)->data() + (at - file->base));
        log::error("store", "{}", map.error().text);
        break;
    }
    return {0, kBlankUnitSize, 0};
}

Units ConsumeQueue::units(std::int64_t offset, std::int64_t count) const {
    const std::int64_t max = max_offset();
    if (offset < min_offset() || offset >= max) return {};
    const auto list = list_.get();
    const std::int64_t at = offset * kUnitBytes;
    for (auto file = list->rbegin(); file != list->rend(); ++file) {
        if (file->base > at) continue;
        if (at >= file->base + file_bytes_) break;
        MappedFilePtr map = file->file;
        if (!map) {
            auto opened = mapped(file->base, Access::kReadWrite);
            if (!opened) {
                KX_LOG_LIMITED(error, "store", "{}", opened.error().text);
                return {};
            }
            map = std::move(*opened);
        }
        const std::int64_t in_file = (file->base + file_bytes_ - at) / kUnitBytes;
        const char* const first = map->data() + (at - file->base);
        return {std::move(map), first, std::min({count, in_file, max - offset})};
    }
    return {};
}

std::int64_t ConsumeQueue::next_file_offset(std::int64_t offset) const {
    const std::int64_t at = offset * kUnitBytes;
    return (at - at % file_bytes_ + file_bytes_) / kUnitBytes;
}

}  // namespace kx::store
