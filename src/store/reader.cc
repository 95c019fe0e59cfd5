// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"

namespace kx::store {
namespace {

constexpr std::int64_t kBytesPerReadMax = 128LL << 20;
/// Newest bytes that surely are in memory, and need no second look at their CRC.
constexpr std::int64_t kTrustedBytesMax = 1LL << 30;

std::int64_t memory_bound(const StoreOptions& options) {
    if (options.max_memory_bytes > 0) return options.max_memory_bytes;
    const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
    const std::int64_t page = ::sysconf(_SC_PAGESIZE);
    return pages * page / 10 * 4;
}

/// Whether the next record would break a bound of this read; the first one never does.
bool is_full(const ReadResult& result, const ReadRequest& request, std::int64_t size,
             bool in_memory) {
    if (result.count == 0) return false;
    if (result.count + 1 > request.max_count) return true;
    if (result.bytes + size > kBytesPerReadMax) return true;
    const std::int64_t bytes_max =
        in_memory ? request.max_bytes_in_memory : request.max_bytes_on_disk;
    const std::int32_t count_max =
        in_memory ? request.max_count_in_memory : request.max_count_on_disk;
    return result.bytes + size > bytes_max || result.count > count_max - 1;
}

}  // namespace

/// One read in the making.
struct Reader::Pass {
    ReadResult result;
    std::shared_ptr<const Segments> segments;
    std::int64_t appended = 0;
    std::int64_t trusted_from = 0;
    std::int64_t far_bytes = 0;
    bool removed = false;
};

Reader::Reader(CommitLog& log, const StoreOptions& options)
    : log_(log), memory_bytes_(memory_bound(options)) {}

bool Reader::in_memory(std::int64_t physical_offset) const {
    return log_.appended().value() - physical_offset <= memory_bytes_;
}

/// Adds the record to the result. False when it is not there or not sound.
bool Reader::take(const Unit& unit, Pass& pass) const {
    const Segment* const segment = find_segment(*pass.segments, unit.physical_offset);
    if (segment == nullptr || unit.end() > segment->end() || unit.end() > pass.appended) {
        pass.removed = true;
        return false;
    }
    const auto at = static_cast<std::size_t>(unit.physical_offset - segment->base);
    const std::string_view bytes =
        segment->file->view().substr(at, static_cast<std::size_t>(unit.size));
    if (unit.physical_offset < pass.trusted_from) {
        const model::CheckedRecord found = model::check_record(bytes, true);
        if (found.kind != model::RecordKind::kRecord || found.size != unit.size) {
            KX_LOG_LIMITED(error, "store",
                           "{}: {} at offset {} of the log: the message is passed over; run: "
                           "kerolox store check",
                           segment->file->path(), found.reason, unit.physical_offset);
            return false;
        }
    }
    if (pass.appended - unit.physical_offset > kMappedBehind) pass.far_bytes += unit.size;
    std::vector<Slice>& slices = pass.result.slices;
    if (!slices.empty() &&
        slices.back().bytes.data() + slices.back().bytes.size() == bytes.data()) {
        slices.back().bytes = {slices.back().bytes.data(),
                               slices.back().bytes.size() + bytes.size()};
    } else {
        slices.push_back({segment->file, bytes});
    }
    ++pass.result.count;
    pass.result.bytes += unit.size;
    return true;
}

void Reader::take_units(const Units& units, const ReadRequest& request, Pass& pass) const {
    for (std::int64_t i = 0; i < units.count; ++i) {
        const Unit unit = units[i];
        if (!unit.blank() && unit.valid()) {
            if (request.filter == nullptr || request.filter->matches(unit.tags_code)) {
                const bool near = pass.appended - unit.physical_offset <= memory_bytes_;
                if (is_full(pass.result, request, unit.size, near)) return;
                take(unit, pass);
            }
        }
        ++pass.result.next_offset;
    }
}

ReadResult Reader::read(ConsumeQueue& queue, const ReadRequest& request) const {
    Pass pass;
    ReadResult& result = pass.result;
    result.min_offset = queue.min_offset();
    result.max_offset = queue.max_offset();
    result.next_offset = request.offset;
    if (result.max_offset == 0) {
        result.status = ReadStatus::kNoMessageInQueue;
        result.next_offset = 0;
        return result;
    }
    if (request.offset < result.min_offset) {
        result.status = ReadStatus::kOffsetTooSmall;
        result.next_offset = result.min_offset;
        return result;
    }
    if (request.offset >= result.max_offset) {
        result.status = request.offset == result.max_offset ? ReadStatus::kOffsetOverflowOne
                                                            : ReadStatus::kOffsetOverflowBadly;
        result.next_offset = result.max_offset;
        return result;
    }
    const std::int64_t scanned =
        std::max<std::int64_t>(request.max_scan_bytes / kUnitBytes, request.max_count);
    const Units units = queue.units(request.offset, scanned);
    if (units.count == 0) {
        result.status = ReadStatus::kOffsetFoundNull;
        result.next_offset = std::min(queue.next_file_offset(request.offset), result.max_offset);
        return result;
    }
    pass.segments = log_.segments();
    pass.appended = log_.appended().value();
    pass.trusted_from =
        std::max(trusted_from_, pass.appended - std::min(memory_bytes_, kTrustedBytesMax));
    if (!request.allow_cold && !units[0].blank() && units[0].physical_offset < pass.trusted_from) {
        result.from_disk = true;
        return std::move(pass.result);
    }
    take_units(units, request, pass);
    if (pass.far_bytes > 0) log_.note_far_read(pass.far_bytes);
    if (result.count > 0) {
        result.status = ReadStatus::kFound;
    } else {
        result.status =
            pass.removed ? ReadStatus::kMessageWasRemoving : ReadStatus::kNoMatchedMessage;
    }
    return std::move(pass.result);
}

Result<Slice> Reader::record_at(std::int64_t physical_offset) const {
    const auto segments = log_.segments();
    const Segment* const segment = find_segment(*segments, physical_offset);
    const std::int64_t appended = log_.appended().value();
    if (physical_offset < 0 || segment == nullptr || physical_offset >= appended) {
        return fail(Errc::kNotFound, "offset {} is not in the log", physical_offset);
    }
    const std::int64_t readable = std::min(appended, segment->end()) - physical_offset;
    const std::string_view bytes =
        segment->file->view().substr(static_cast<std::size_t>(physical_offset - segment->base),
                                     static_cast<std::size_t>(readable));
    const model::CheckedRecord found = model::check_record(bytes, true);
    if (found.kind != model::RecordKind::kRecord ||
        found.record.physical_offset != physical_offset) {
        return fail(Errc::kNotFound, "no message begins at offset {} of the log", physical_offset);
    }
    return Slice{segment->file, bytes.substr(0, static_cast<std::size_t>(found.size))};
}

std::int64_t Reader::store_time(const ConsumeQueue& queue, std::int64_t queue_offset) const {
    if (queue_offset < queue.min_offset() || queue_offset >= queue.max_offset()) return -1;
    const Unit unit = queue.unit_at(queue_offset);
    if (unit.blank() || !unit.valid()) return -1;
    const auto segments = log_.segments();
    const Segment* const segment = find_segment(*segments, unit.physical_offset);
    if (segment == nullptr || unit.end() > std::min(segment->end(), log_.appended().value())) {
        return -1;
    }
    if (unit.size < 91) return -1;
    return model::record_store_timestamp(segment->file->data() +
                                         (unit.physical_offset - segment->base));
}

std::int64_t Reader::offset_by_time(const ConsumeQueue& queue, std::int64_t time_ms,
                                    Boundary boundary) const {
    const std::int64_t min = queue.min_offset();
    const std::int64_t max = queue.max_offset();
    // Lower: the first offset stored at or after the time. Upper: the last one at or before it.
    std::int64_t low = min;
    std::int64_t high = max;
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        const std::int64_t time = store_time(queue, middle);
        const bool before = boundary == Boundary::kLower ? time < time_ms : time <= time_ms;
        if (before) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (boundary == Boundary::kLower) return low;
    return low > min ? low - 1 : 0;
}

}  // namespace kx::store
