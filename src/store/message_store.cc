// SPDX-License-Identifier: Apache-2.0
//
// The façade: puts the parts together, starts them in order and stops them in order.
#include "store/message_store.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "store/checkpoint.h"
#include "store/commit_log.h"
#include "store/dispatcher.h"
#include "store/queue_table.h"
#include "store/reader.h"
#include "store/recovery.h"

namespace kx::store {
namespace {

constexpr std::int64_t kRecordOverheadMax = 64 * 1024;
constexpr std::int64_t kTidyMs = 1000;
constexpr std::size_t kTopicBytesMax = 127;
constexpr std::size_t kRetryTopicBytesMax = 255;

PutResult refused(PutStatus status, std::string cause) {
    PutResult result;
    result.status = status;
    result.cause = std::move(cause);
    return result;
}

Status check_options(StoreOptions& options) {
    if (options.root.empty()) return fail(Errc::kInvalidArgument, "the store has no directory");
    if (options.commit_log_path.empty()) {
        options.commit_log_path = join_path(options.root, "commitlog");
    }
    if (options.commit_log_path.find(',') != std::string::npos) {
        return fail(Errc::kUnsupported, "storePathCommitLog={}: several paths are not served yet",
                    options.commit_log_path);
    }
    if (options.commit_log_segment_bytes < 4096 ||
        options.consume_queue_segment_bytes < kUnitBytes) {
        return fail(Errc::kInvalidArgument,
                    "log files of {} and queue files of {} bytes are too "
                    "small",
                    options.commit_log_segment_bytes, options.consume_queue_segment_bytes);
    }
    // As Java does: the next multiple of a unit.
    const std::int64_t units = (options.consume_queue_segment_bytes + kUnitBytes - 1) / kUnitBytes;
    options.consume_queue_segment_bytes = units * kUnitBytes;
    return {};
}

}  // namespace

class Store final : public MessageStore {
public:
    Store(StoreOptions options, FileSystem& files, const Clock& clock)
        : options_(std::move(options)),
          files_(files),
          clock_(clock),
          queues_(files, options_.root, options_.consume_queue_segment_bytes),
          log_(files, clock, health_, options_),
          dispatcher_(log_, queues_, health_, options_.delay_levels, options_.sync_flush),
          reader_(log_, options_) {}
    ~Store() override { static_cast<void>(stop()); }

    Status open();

    void set_arrivals(MessageArrivals* arrivals) override { dispatcher_.set_arrivals(arrivals); }
    QueuePtr queue(std::string_view topic, std::int32_t queue_id) override {
        return queues_.find_or_make(topic, queue_id);
    }
    QueuePtr find_queue(std::string_view topic, std::int32_t queue_id) const override {
        return queues_.find(topic, queue_id);
    }
    void delete_topic(std::string_view topic) override { queues_.remove_topic(topic); }

    PutResult append(ConsumeQueue& queue, const model::NewMessage& message) override;
    PutResult append_batch(ConsumeQueue& queue, const model::NewMessage& common,
                           std::span<const model::BatchItem> items) override;
    void dispatch() override { dispatcher_.dispatch(); }

    const Watermark& appended() const override { return log_.appended(); }
    Watermark& flushed() override { return log_.flushed(); }
    void request_flush() override { log_.request_flush(); }
    std::string flush_failure() const override { return health_.reason_of(Health::Cause::kFailed); }

    ReadResult read(ConsumeQueue& queue, const ReadRequest& request) const override {
        return reader_.read(queue, request);
    }
    Result<Slice> record_at(std::int64_t physical_offset) const override {
        return reader_.record_at(physical_offset);
    }
    std::int64_t min_offset(const ConsumeQueue& queue) const override { return queue.min_offset(); }
    std::int64_t offset_by_time(const ConsumeQueue& queue, std::int64_t time_ms,
                                Boundary boundary) const override {
        return reader_.offset_by_time(queue, time_ms, boundary);
    }
    std::int64_t store_time(const ConsumeQueue& queue, std::int64_t queue_offset) const override {
        return reader_.store_time(queue, queue_offset);
    }
    bool in_memory(const ConsumeQueue& queue, std::int64_t queue_offset) const override {
        const Unit unit = queue.unit_at(queue_offset);
        return !unit.blank() && reader_.in_memory(unit.physical_offset);
    }

    std::string why_not_writable() const override { return health_.reason(); }
    StoreFigures figures() const override;
    Status stop() override;

private:
    Status check_message(const ConsumeQueue& queue, const model::NewMessage& message) const;
    PutResult put(ConsumeQueue& queue, std::span<const Draft> drafts);
    model::RecordDraft::Options record_options() const {
        return {options_.version_by_topic_length, options_.append_crc_property};
    }
    void look_at_disk();
    Status flush_queues(FlushDepth depth);
    void tidy_loop();
    Status stop_parts();

    const StoreOptions options_;
    FileSystem& files_;
    const Clock& clock_;
    Health health_;
    std::unique_ptr<FileLock> lock_;
    std::unique_ptr<Checkpoint> checkpoint_;
    QueueTable queues_;
    mutable CommitLog log_;
    Dispatcher dispatcher_;
    Reader reader_;
    std::atomic<std::int64_t> put_failures_{0};
    std::atomic<std::int64_t> disk_total_{0};
    std::atomic<std::int64_t> disk_free_{0};
    StoreFigures start_figures_;

    Mutex stop_mutex_;
    bool started_ KX_GUARDED_BY(stop_mutex_) = false;
    std::atomic<bool> stopping_{false};
    Bell tidy_bell_;
    std::thread tidy_thread_;
};

Status Store::open() {
    const std::int64_t began = clock_.steady_ms();
    KX_CHECK(files_.make_directories(options_.root));
    KX_CHECK(files_.make_directories(options_.commit_log_path));
    Result<std::unique_ptr<FileLock>> lock = files_.lock(join_path(options_.root, "lock"));
    if (!lock) {
        return fail(lock.error().code, "the store {} cannot be opened: {}", options_.root,
                    lock.error().text);
    }
    lock_ = std::move(*lock);
    const std::string abort = join_path(options_.root, "abort");
    const bool clean_exit = !files_.exists(abort);
    KX_TRY(checkpoint_, Checkpoint::open(files_, join_path(options_.root, "checkpoint")));
    KX_CHECK(log_.load());
    KX_CHECK(queues_.load(clean_exit));
    KX_TRY(const Recovered found,
           recover(log_, queues_, dispatcher_, *checkpoint_,
                   {options_.root, clean_exit, options_.check_crc_on_recover}));
    KX_CHECK(files_.write_file(abort, std::to_string(::getpid())));
    reader_.trust_from(options_.check_crc_on_recover ? found.checked_from : found.end);
    checkpoint_->confirm_offset = found.end;
    dispatcher_.start(found.end, found.store_time);
    KX_CHECK(log_.start(found.end, found.store_time, clean_exit, *checkpoint_,
                        [this] { dispatcher_.dispatch(); }));
    look_at_disk();
    start_figures_.clean_start = clean_exit;
    start_figures_.recovered_records = found.records;
    start_figures_.recovery_ms = clock_.steady_ms() - began;
    tidy_thread_ = std::thread([this] { tidy_loop(); });
    MutexLock guard(stop_mutex_);
    started_ = true;
    return {};
}

Status Store::check_message(const ConsumeQueue& queue, const model::NewMessage& message) const {
    if (queue.deleted) return fail(Errc::kUnavailable, "topic {} was deleted", queue.topic());
    const std::string_view topic = message.topic;
    const bool long_name = topic.starts_with("%RETRY%") || topic.starts_with("%DLQ%");
    if (topic.size() > (long_name ? kRetryTopicBytesMax : kTopicBytesMax) ||
        !queues_.keeps(topic)) {
        return fail(Errc::kInvalidArgument, "topic {} cannot be stored", topic.substr(0, 300));
    }
    KX_ASSERT(topic == queue.topic() && message.queue_id == queue.queue_id(),
              "a message to {}-{} for queue {}-{}", topic, message.queue_id, queue.topic(),
              queue.queue_id());
    return {};
}

PutResult Store::append(ConsumeQueue& queue, const model::NewMessage& message) {
    if (const Status status = check_message(queue, message); !status) {
        put_failures_.fetch_add(1, std::memory_order_relaxed);
        return refused(status.error().code == Errc::kUnavailable ? PutStatus::kServiceNotAvailable
                                                                 : PutStatus::kMessageIllegal,
                       status.error().text);
    }
    const auto body_bytes = static_cast<std::int64_t>(message.body.size());
    if (body_bytes > options_.max_message_bytes) {
        return refused(PutStatus::kMessageIllegal,
                       fmt::format("a body of {} bytes, {} are allowed", body_bytes,
                                   options_.max_message_bytes));
    }
    Result<model::RecordDraft> record = model::RecordDraft::make(message, record_options());
    if (!record) return refused(PutStatus::kPropertiesTooLong, record.error().text);
    Draft draft{*record, message.tags_code, false};
    if (queue.is_schedule()) {
        const std::int64_t level = options_.delay_levels.level_of(message.properties);
        if (level > 0) {
            draft.tags_code = options_.delay_levels.delay_ms(level);
            draft.tags_are_delay = true;
        }
    }
    return put(queue, std::span(&draft, 1));
}

PutResult Store::append_batch(ConsumeQueue& queue, const model::NewMessage& common,
                              std::span<const model::BatchItem> items) {
    if (items.empty()) return refused(PutStatus::kMessageIllegal, "a batch without messages");
    if (const Status status = check_message(queue, common); !status) {
        return refused(status.error().code == Errc::kUnavailable ? PutStatus::kServiceNotAvailable
                                                                 : PutStatus::kMessageIllegal,
                       status.error().text);
    }
    thread_local std::vector<Draft> drafts;
    drafts.clear();
    for (const model::BatchItem& item : items) {
        Result<model::RecordDraft> record =
            model::RecordDraft::make(common, item, record_options());
        if (!record) return refused(PutStatus::kPropertiesTooLong, record.error().text);
        drafts.push_back({*record, item.tags_code, false});
    }
    PutResult result = put(queue, drafts);
    if (drafts.capacity() > 1024) drafts = {};
    return result;
}

PutResult Store::put(ConsumeQueue& queue, std::span<const Draft> drafts) {
    std::int64_t bytes = 0;
    for (const Draft& draft : drafts) bytes += draft.record.size();
    PutResult result;
    if (bytes > options_.max_message_bytes + kRecordOverheadMax) {
        result = refused(PutStatus::kMessageIllegal,
                         fmt::format("a record of {} bytes, {} are allowed", bytes,
                                     options_.max_message_bytes + kRecordOverheadMax));
    } else {
        result = log_.append(queue, drafts);
    }
    if (result.status != PutStatus::kOk) put_failures_.fetch_add(1, std::memory_order_relaxed);
    return result;
}

StoreFigures Store::figures() const {
    StoreFigures figures = start_figures_;
    const CommitLog::Figures log = log_.figures();
    figures.min_physical_offset = log_.min_offset();
    figures.appended = log_.appended().value();
    figures.flushed = log_.flushed().value();
    figures.dispatched = dispatcher_.dispatched();
    figures.put_count = log.put_count;
    figures.put_bytes = log.put_bytes;
    figures.flush_count = log.flush_count;
    figures.put_failures = put_failures_.load();
    const DiskUsage disk{disk_total_.load(), disk_free_.load()};
    figures.disk_used_ratio = disk.used_ratio();
    figures.disk_free_bytes = disk.free_bytes;
    return figures;
}

void Store::look_at_disk() {
    const Result<DiskUsage> disk = files_.disk_usage(options_.commit_log_path);
    if (!disk) {
        KX_LOG_LIMITED(warn, "store", "{}", disk.error().text);
        return;
    }
    disk_total_ = disk->total_bytes;
    disk_free_ = disk->free_bytes;
    const double used = disk->used_ratio();
    const bool full = used > options_.disk_warning_ratio;
    if (full) {
        health_.raise(
            Health::Cause::kDiskFull,
            fmt::format("the disk of {} is {:.1f} % full, {:.1f} % is the limit",
                        options_.commit_log_path, used * 100, options_.disk_warning_ratio * 100));
    } else if (health_.has(Health::Cause::kDiskFull)) {
        health_.clear(Health::Cause::kDiskFull);
    }
}

/// Makes units durable; when that were all of them, says so in the checkpoint. Recovery goes back
/// to the checkpoint's time, so what a light flush leaves out is dispatched again.
Status Store::flush_queues(FlushDepth depth) {
    const std::int64_t store_time = dispatcher_.store_time();
    for (const QueuePtr& queue : queues_.all()) {
        if (!queue->deleted && queue->dirty()) KX_CHECK(queue->flush(depth));
    }
    if (store_time > 0 && depth == FlushDepth::kAll) checkpoint_->logical_time = store_time;
    checkpoint_->confirm_offset = dispatcher_.confirmed();
    return checkpoint_->flush();
}

void Store::tidy_loop() {
    std::int64_t next_flush = clock_.steady_ms() + options_.flush_queues_interval_ms;
    std::int64_t next_whole = clock_.steady_ms() + options_.flush_queues_wholly_ms;
    while (!stopping_) {
        tidy_bell_.wait_ms(std::min(kTidyMs, options_.flush_queues_interval_ms));
        look_at_disk();
        dispatcher_.dispatch();
        const std::int64_t dispatched = dispatcher_.dispatched();
        queues_.free_removed(dispatched, log_.appended().value());
        if (clock_.steady_ms() < next_flush) continue;
        const std::int64_t now = clock_.steady_ms();
        next_flush = now + options_.flush_queues_interval_ms;
        const FlushDepth depth = now < next_whole ? FlushDepth::kFullPages : FlushDepth::kAll;
        if (depth == FlushDepth::kAll) next_whole = now + options_.flush_queues_wholly_ms;
        if (const Status status = flush_queues(depth); !status) {
            health_.raise(Health::Cause::kFailed, status.error().text);
        }
    }
}

Status Store::stop_parts() {
    // Appends are refused from here on; the log flushes what it has, the queues follow it.
    health_.raise(Health::Cause::kStopped, "the store is stopping");
    stopping_ = true;
    tidy_bell_.ring();
    if (tidy_thread_.joinable()) tidy_thread_.join();
    const Status log = log_.stop();
    const Status queues = dispatcher_.stop();
    const Status flushed = flush_queues(FlushDepth::kAll);
    KX_CHECK(log);
    KX_CHECK(queues);
    KX_CHECK(flushed);
    KX_CHECK(files_.remove(join_path(options_.root, "abort")));
    return files_.sync_directory(options_.root);
}

Status Store::stop() {
    MutexLock guard(stop_mutex_);
    if (!started_) return {};
    started_ = false;
    Status status = stop_parts();
    lock_.reset();
    return status;
}

Result<std::unique_ptr<MessageStore>> MessageStore::open(StoreOptions options, FileSystem& files,
                                                         const Clock& clock) {
    KX_CHECK(check_options(options));
    auto store = std::make_unique<Store>(std::move(options), files, clock);
    KX_CHECK(store->open());
    return std::unique_ptr<MessageStore>(std::move(store));
}

std::string_view name_of(PutStatus status) {
    switch (status) {
        case PutStatus::kOk: return "PUT_OK";
        case PutStatus::kServiceNotAvailable: return "SERVICE_NOT_AVAILABLE";
        case PutStatus::kMessageIllegal: return "MESSAGE_ILLEGAL";
        case PutStatus::kPropertiesTooLong: return "PROPERTIES_SIZE_EXCEEDED";
        case PutStatus::kCreateFileFailed: return "CREATE_MAPPED_FILE_FAILED";
        case PutStatus::kBusy: return "OS_PAGE_CACHE_BUSY";
    }
    return "UNKNOWN_ERROR";
}

std::string_view name_of(ReadStatus status) {
    switch (status) {
        case ReadStatus::kFound: return "FOUND";
        case ReadStatus::kNoMatchedMessage: return "NO_MATCHED_MESSAGE";
        case ReadStatus::kMessageWasRemoving: return "MESSAGE_WAS_REMOVING";
        case ReadStatus::kOffsetFoundNull: return "OFFSET_FOUND_NULL";
        case ReadStatus::kOffsetOverflowBadly: return "OFFSET_OVERFLOW_BADLY";
        case ReadStatus::kOffsetOverflowOne: return "OFFSET_OVERFLOW_ONE";
        case ReadStatus::kOffsetTooSmall: return "OFFSET_TOO_SMALL";
        case ReadStatus::kNoMatchedLogicQueue: return "NO_MATCHED_LOGIC_QUEUE";
        case ReadStatus::kNoMessageInQueue: return "NO_MESSAGE_IN_QUEUE";
    }
    return "UNKNOWN";
}

}  // namespace kx::store
