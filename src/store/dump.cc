// SPDX-License-Identifier: Apache-2.0
#include "store/dump.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base/bytes.h"
#include "base/crc32.h"
#include "model/java_hash.h"
#include "model/message_id.h"
#include "model/names.h"
#include "model/properties.h"
#include "model/record.h"
#include "store/consume_queue.h"

namespace kx::store {
namespace {

constexpr std::size_t kProblemsKept = 100;

struct LogFile {
    std::int64_t base = 0;
    MappedFilePtr file;
};

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void note(CheckReport& report, std::string problem) {
    ++report.problem_count;
    if (report.problems.size() < kProblemsKept) report.problems.push_back(std::move(problem));
}

/// The offset-named files of a directory, mapped for reading.
std::vector<LogFile> map_files(FileSystem& files, const std::string& directory,
                               CheckReport& report) {
    std::vector<LogFile> mapped;
    const auto entries = files.list(directory);
    if (!entries) {
        if (entries.error().code != Errc::kNotFound) note(report, entries.error().text);
        return mapped;
    }
    for (const DirectoryEntry& entry : *entries) {
        if (entry.is_directory || entry.size == 0) continue;
        const std::string path = join_path(directory, entry.name);
        const auto base = parse_number(entry.name);
        if (!base) {
            note(report, fmt::format("{} does not belong there", path));
            continue;
        }
        auto file = files.map(path, Access::kRead);
        if (!file) {
            note(report, file.error().text);
            continue;
        }
        if (!mapped.empty() && mapped.back().base + mapped.back().file->size() != *base) {
            note(report, fmt::format("between {} and {} bytes are missing",
                                     mapped.back().file->path(), path));
        }
        mapped.push_back({*base, std::move(*file)});
    }
    return mapped;
}

bool all_zero(std::string_view bytes) {
    return bytes.empty() ||
           (bytes[0] == 0 && std::equal(bytes.begin() + 1, bytes.end(), bytes.begin()));
}

using OnRecord = std::function<void(const model::RecordView&, std::int64_t)>;

/// Walks all records. Behind the end only zeros are expected, and what an earlier recovery cut off.
void walk_log(const std::vector<LogFile>& log, CheckReport& report, const OnRecord& on_record) {
    if (log.empty()) return;
    report.begin = report.end = log.front().base;
    for (const LogFile& file : log) {
        std::int64_t at = 0;
        while (at < file.file->size()) {
            const std::string_view rest = file.file->view().substr(static_cast<std::size_t>(at));
            const model::CheckedRecord found = model::check_record(rest, true);
            if (found.kind == model::RecordKind::kBlank) {
                at = file.file->size();
                report.end = file.base + at;
                break;
            }
            if (found.kind == model::RecordKind::kBad) {
                const bool unused = rest.size() < 8 || all_zero(rest.substr(0, 8));
                if (unused) break;
                note(report, fmt::format("{}: {} at offset {}", file.file->path(), found.reason,
                                         file.base + at));
                const bool skip =
                    found.size > 0 || load_be<std::int32_t>(rest.data() + 4) == model::kMagicV1;
                const std::int32_t size = load_be<std::int32_t>(rest.data());
                if (!skip || size < 91 || static_cast<std::size_t>(size) > rest.size()) break;
                at += size;
                continue;
            }
            if (found.record.physical_offset != file.base + at) {
                note(report,
                     fmt::format("{}: the record at offset {} says it is at {}", file.file->path(),
                                 file.base + at, found.record.physical_offset));
            }
            ++report.records;
            on_record(found.record, file.base + at);
            at += found.size;
            report.end = file.base + at;
        }
        if (at < file.file->size()) return;  // the log ends inside this file
    }
}

std::optional<model::RecordView> record_at(const std::vector<LogFile>& log, std::int64_t offset,
                                           std::int64_t end) {
    for (const LogFile& file : log) {
        if (offset < file.base || offset >= std::min(end, file.base + file.file->size())) continue;
        const auto found = model::check_record(
            file.file->view().substr(static_cast<std::size_t>(offset - file.base)), false);
        if (found.kind == model::RecordKind::kRecord) return found.record;
    }
    return std::nullopt;
}

struct QueueName {
    std::string topic;
    std::int64_t id = 0;
    auto operator<=>(const QueueName&) const = default;
};

struct Extent {
    std::int64_t min = 0;  ///< first offset found
    std::int64_t max = 0;  ///< behind the last one
};
using Extents = std::map<QueueName, Extent>;

/// One unit against its record. False when the queue ends here.
bool check_unit(const Unit& unit, const QueueName& queue, std::int64_t offset,
                const std::vector<LogFile>& log, CheckReport& report) {
    if (!unit.valid()) return false;
    ++report.units;
    if (unit.blank() || unit.physical_offset < report.begin) return true;  // the log was cleaned
    const auto record = record_at(log, unit.physical_offset, report.end);
    const std::string where = fmt::format("queue {}-{}, offset {}", queue.topic, queue.id, offset);
    if (!record) {
        note(report,
             fmt::format("{}: no record at offset {} of the log", where, unit.physical_offset));
        return true;
    }
    const bool lmq = model::is_lmq(queue.topic);
    const bool same = lmq || (record->topic == queue.topic && record->queue_id == queue.id &&
                              record->queue_offset == offset);
    if (!same || record->total_size != unit.size) {
        note(report, fmt::format("{}: the record at offset {} of the log is message {} of queue "
                                 "{}-{} with {} bytes, not {}",
                                 where, unit.physical_offset, record->queue_offset, record->topic,
                                 record->queue_id, record->total_size, unit.size));
    }
    const bool plain = queue.topic != model::kScheduleTopic && !lmq && unit.tags_code >= INT32_MIN;
    if (plain && unit.tags_code != model::tags_code_of(record->properties)) {
        note(report, fmt::format("{}: tags code {} does not fit the message's tags", where,
                                 unit.tags_code));
    }
    return true;
}

void check_queue(FileSystem& files, const std::string& directory, const QueueName& queue,
                 const std::vector<LogFile>& log, Extents& extents, CheckReport& report) {
    const std::vector<LogFile> units = map_files(files, directory, report);
    ++report.queues;
    if (units.empty()) return;
    Extent& extent = extents[queue];
    extent.min = units.front().base / kUnitBytes;
    extent.max = extent.min;
    for (const LogFile& file : units) {
        for (std::int64_t at = 0; at + kUnitBytes <= file.file->size(); at += kUnitBytes) {
            const std::int64_t offset = (file.base + at) / kUnitBytes;
            if (!check_unit(load_unit(file.file->data() + at), queue, offset, log, report)) return;
            extent.max = offset + 1;
        }
    }
}

void check_queues(FileSystem& files, const std::string& root, const std::vector<LogFile>& log,
                  Extents& extents, CheckReport& report) {
    const std::string directory = join_path(root, "consumequeue");
    const auto topics = files.list(directory);
    if (!topics) return;
    for (const DirectoryEntry& topic : *topics) {
        if (!topic.is_directory) continue;
        const std::string topic_directory = join_path(directory, topic.name);
        const auto ids = files.list(topic_directory);
        if (!ids) continue;
        for (const DirectoryEntry& id : *ids) {
            const auto number = parse_number(id.name);
            if (!id.is_directory || !number) continue;
            check_queue(files, join_path(topic_directory, id.name), {topic.name, *number}, log,
                        extents, report);
        }
    }
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
        } else {
            out += c;
        }
    }
    out += '"';
    return out;
}

std::string as_json(const model::RecordView& record, std::int64_t offset, bool bodies) {
    std::string out = fmt::format(
        R"({{"topic":{},"queueId":{},"queueOffset":{},"commitLogOffset":{},"storeSize":{},)"
        R"("sysFlag":{},"flag":{},"bornTimestamp":{},"storeTimestamp":{},"bornHost":"{}",)"
        R"("storeHost":"{}","reconsumeTimes":{},"preparedTransactionOffset":{},"bodyCRC":{},)"
        R"("bodyLength":{},"offsetMsgId":"{}","properties":{{)",
        quoted(record.topic), record.queue_id, record.queue_offset, offset, record.total_size,
        record.sys_flag, record.flag, record.born_timestamp, record.store_timestamp,
        model::to_string(record.born_host), model::to_string(record.store_host),
        record.reconsume_times, record.prepared_transaction_offset, record.body_crc,
        record.body.size(), model::encode_offset_id(record.store_host, offset));
    bool first = true;
    for (const auto& [name, value] : model::to_pairs(record.properties)) {
        out += fmt::format("{}{}:{}", first ? "" : ",", quoted(name), quoted(value));
        first = false;
    }
    out += '}';
    if (bodies) out += ",\"body\":" + quoted(record.body);
    out += '}';
    return out;
}

std::string as_text(const model::RecordView& record, std::int64_t offset, bool bodies) {
    std::string out =
        fmt::format("{:>14} {:>8} {}-{} #{} stored={} from={}", offset, record.total_size,
                    record.topic, record.queue_id, record.queue_offset, record.store_timestamp,
                    model::to_string(record.born_host));
    if (record.sys_flag != 0) out += fmt::format(" sysFlag={:#x}", record.sys_flag);
    for (const auto& [name, value] : model::to_pairs(record.properties)) {
        out += fmt::format(" {}={}", name, quoted(value));
    }
    if (bodies) out += fmt::format(" body={}", quoted(record.body));
    return out;
}

std::vector<LogFile> map_log(FileSystem& files, const DumpOptions& options, CheckReport& report) {
    const std::string directory = options.commit_log_path.empty()
                                      ? join_path(options.root, "commitlog")
                                      : options.commit_log_path;
    if (!files.exists(directory)) note(report, fmt::format("{} does not exist", directory));
    return map_files(files, directory, report);
}

}  // namespace

CheckReport check_store(FileSystem& files, const DumpOptions& options) {
    CheckReport report;
    const std::vector<LogFile> log = map_log(files, options, report);
    Extents in_log;
    walk_log(log, report, [&](const model::RecordView& record, std::int64_t) {
        if (!record.in_queue()) return;
        const QueueName name{std::string(record.topic), record.queue_id};
        const auto [at, is_new] = in_log.try_emplace(name, Extent{record.queue_offset, 0});
        at->second.max = record.queue_offset + 1;
    });
    Extents in_queues;
    check_queues(files, options.root, log, in_queues, report);
    const bool unclean = files.exists(join_path(options.root, "abort"));
    for (const auto& [name, extent] : in_log) {
        const bool is_batch =
            files.exists(join_path(join_path(options.root, "batchconsumequeue"), name.topic));
        const auto found = in_queues.find(name);
        const std::int64_t max = found == in_queues.end() ? 0 : found->second.max;
        // After a crash the queues may be behind: the next start completes them.
        if (max >= extent.max || is_batch || unclean) continue;
        note(report, fmt::format("queue {}-{} ends at offset {}, the log has messages up to {}",
                                 name.topic, name.id, max, extent.max));
    }
    return report;
}

CheckReport dump_store(FileSystem& files, const DumpOptions& options,
                       const std::function<void(std::string_view)>& line) {
    CheckReport report;
    const std::vector<LogFile> log = map_log(files, options, report);
    walk_log(log, report, [&](const model::RecordView& record, std::int64_t offset) {
        if (!options.topic.empty() && options.topic != record.topic) return;
        line(options.json ? as_json(record, offset, options.bodies)
                          : as_text(record, offset, options.bodies));
    });
    return report;
}

}  // namespace kx::store
