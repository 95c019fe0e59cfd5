// SPDX-License-Identifier: Apache-2.0
#include "store/recovery.h"

#include <algorithm>

#include "base/log.h"

namespace kx::store {
namespace {

std::string_view bytes_from(const Segment& segment, std::int64_t at) {
    return segment.file->view().substr(static_cast<std::size_t>(at - segment.base));
}

/// Whether a scan may begin with this file: all that stands before it is in the queues already.
bool may_start(const Segment& segment, const Checkpoint& checkpoint, bool clean_exit,
               std::int64_t dispatched_to) {
    const model::CheckedRecord first = model::check_record(segment.file->view(), true);
    if (first.kind != model::RecordKind::kRecord || first.record.store_timestamp == 0) return false;
    if (clean_exit) return first.record.physical_offset <= dispatched_to;
    return first.record.store_timestamp <= checkpoint.safe_time();
}

std::size_t start_index(const Segments& segments, const Checkpoint& checkpoint, bool clean_exit,
                        std::int64_t dispatched_to) {
    for (std::size_t i = segments.size(); i > 0; --i) {
        if (may_start(segments[i - 1], checkpoint, clean_exit, dispatched_to)) return i - 1;
    }
    return 0;
}

struct Scan {
    Recovered result;
    bool gap = false;
    const char* stopped_by = "the last file ends";
};

Result<Scan> scan(const Segments& segments, std::size_t first, Dispatcher& dispatcher,
                  bool check_crc, bool fill_gaps) {
    Scan scan;
    Recovered& result = scan.result;
    result.end = result.checked_from = segments[first].base;
    for (std::size_t i = first; i < segments.size(); ++i) {
        const Segment& segment = segments[i];
        // A missing file in between ends the log, as it does for Java.
        if (segment.base != result.end) {
            scan.stopped_by = "a file is missing";
            return scan;
        }
        while (result.end < segment.end()) {
            const model::CheckedRecord found =
                model::check_record(bytes_from(segment, result.end), check_crc);
            if (found.kind == model::RecordKind::kBlank) {
                result.end = segment.end();
                break;
            }
            if (found.kind == model::RecordKind::kBad) {
                scan.stopped_by = found.reason;
                return scan;
            }
            KX_TRY(const Dispatcher::Recovered put,
                   dispatcher.recover(found.record, result.end, fill_gaps));
            if (put == Dispatcher::Recovered::kGap) {
                scan.gap = true;
                return scan;
            }
            result.end += found.size;
            result.store_time = found.record.store_timestamp;
            ++result.records;
        }
        segment.file->advise(0, segment.file->size(), Advice::kDropFromMemory);
    }
    return scan;
}

/// Without its log a queue points nowhere. Java empties the queues then; we would rather not do
/// that to someone whose disk is not mounted.
Status check_empty_log(const CommitLog& log, std::int64_t dispatched_to, const std::string& root) {
    if (dispatched_to <= 0) return {};
    return fail(Errc::kCorrupt,
                "{} holds no files, but the consume queues know messages up to offset {}: mount "
                "the log's disk, or remove {} to start with an empty store",
                log.directory(), dispatched_to, join_path(root, "consumequeue"));
}

Status check_clean_end(const Scan& scan, const Segments& segments, std::int64_t dispatched_to,
                       const std::string& root) {
    const std::int64_t end = scan.result.end;
    if (end >= dispatched_to) return {};
    const Segment* const segment = find_segment(segments, end);
    return fail(Errc::kCorrupt,
                "{}: {} at offset {} of the log, though the last exit was clean and messages up to "
                "{} are known; run: kerolox store check {} (to cut the log there, create the file "
                "{} and start again)",
                segment == nullptr ? "commit log" : segment->file->path(), scan.stopped_by, end,
                dispatched_to, root, join_path(root, "abort"));
}

Status finish_queues(const std::vector<QueuePtr>& queues, std::int64_t log_min, std::int64_t end) {
    for (const QueuePtr& queue : queues) {
        KX_CHECK(queue->truncate(end));
        queue->correct_min(log_min);
        queue->next_offset = queue->max_offset();
    }
    return {};
}

}  // namespace

Result<Recovered> recover(CommitLog& log, QueueTable& queues, Dispatcher& dispatcher,
                          const Checkpoint& checkpoint, const RecoveryOptions& options) {
    std::int64_t dispatched_to = -1;
    for (const QueuePtr& queue : queues.all()) {
        if (queue->max_offset() > queue->min_offset()) {
            dispatched_to = std::max(dispatched_to, queue->max_physical_offset());
        }
    }
    const auto segments = log.segments();
    if (segments->empty()) {
        KX_CHECK(check_empty_log(log, dispatched_to, options.root));
        return Recovered{};
    }
    const std::size_t first = start_index(*segments, checkpoint, options.clean_exit, dispatched_to);
    KX_TRY(Scan found, scan(*segments, first, dispatcher, options.check_crc, false));
    if (found.gap) {
        // A queue lost units from before the scan's begin: the whole log tells what they were.
        log::warn("store", "a consume queue is incomplete; reading the whole log again");
        KX_TRY(found, scan(*segments, 0, dispatcher, options.check_crc, true));
    }
    if (options.clean_exit) {
        KX_CHECK(check_clean_end(found, *segments, dispatched_to, options.root));
    }
    KX_CHECK(finish_queues(queues.all(), segments->front().base, found.result.end));
    log::info("store", "the log ends at offset {} ({}); read {} records from offset {}",
              found.result.end, found.stopped_by, found.result.records, found.result.checked_from);
    return found.result;
}

}  // namespace kx::store
