// SPDX-License-Identifier: Apache-2.0
#include "store/dispatcher.h"

#include <algorithm>

#include "base/log.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::store {
namespace {

/// An io thread goes back to its sockets after so many messages.
constexpr int kMessagesPerTurn = 4096;
constexpr std::int64_t kRetryMs = 1000;

}  // namespace

Dispatcher::Dispatcher(CommitLog& log, QueueTable& queues, Health& health,
                       const DelayLevels& levels, bool sync_flush)
    : log_(log), queues_(queues), health_(health), levels_(levels), sync_flush_(sync_flush) {}

Dispatcher::~Dispatcher() {
    if (thread_.joinable()) static_cast<void>(stop());
}

std::int64_t Dispatcher::confirmed() const {
    return sync_flush_ ? log_.flushed().value() : log_.appended().value();
}

std::int64_t Dispatcher::tags_code(const model::RecordView& record) const {
    if (record.topic == model::kScheduleTopic) {
        const std::int64_t level = levels_.level_of(record.properties);
        if (level > 0) return record.store_timestamp + levels_.delay_ms(level);
    }
    return model::tags_code_of(record.properties);
}

/// Whether the record that a unit points to is this message of this queue.
bool Dispatcher::belongs(const Unit& unit, const ConsumeQueue& queue, std::int64_t offset) const {
    const auto segments = log_.segments();
    const Segment* const segment = find_segment(*segments, unit.physical_offset);
    if (segment == nullptr) return false;
    const auto at = static_cast<std::size_t>(unit.physical_offset - segment->base);
    const model::CheckedRecord found = model::check_record(segment->file->view().substr(at), true);
    return found.kind == model::RecordKind::kRecord && found.size == unit.size &&
           found.record.topic == queue.topic() && found.record.queue_id == queue.queue_id() &&
           found.record.queue_offset == offset;
}

Result<Dispatcher::Recovered> Dispatcher::recover(const model::RecordView& record,
                                                  std::int64_t physical_offset, bool fill_gaps) {
    last_store_time_ = std::max(last_store_time_, record.store_timestamp);
    if (!record.in_queue() || !queues_.keeps(record.topic)) return Recovered::kDone;
    const QueuePtr queue = queues_.find_or_make(record.topic, record.queue_id);
    const std::int64_t offset = record.queue_offset;
    if (offset < 0) return Recovered::kDone;
    const Unit unit{physical_offset, record.total_size, tags_code(record)};
    while (true) {
        // A record of a topic that was deleted, and made again since: its place is taken.
        if (offset >= queue->max_offset() && unit.end() <= queue->max_physical_offset()) {
            return Recovered::kDone;
        }
        switch (queue->put(offset, unit)) {
            case ConsumeQueue::Put::kDone: return Recovered::kDone;
            case ConsumeQueue::Put::kNeedsDisk: KX_CHECK(queue->prepare(offset)); break;
            case ConsumeQueue::Put::kGap:
                if (!fill_gaps) return Recovered::kGap;
                KX_CHECK(queue->fill_gap(offset));
                break;
            case ConsumeQueue::Put::kRepeated: {
                const Unit there = queue->unit_at(offset);
                if (there.blank() ||
                    (there.physical_offset == unit.physical_offset && there.size == unit.size)) {
                    return Recovered::kDone;
                }
                // Deleted and made again, or a unit of an earlier life that was left over.
                if (there.physical_offset > unit.physical_offset &&
                    belongs(there, *queue, offset)) {
                    return Recovered::kDone;
                }
                KX_CHECK(queue->cut(offset));
                break;
            }
        }
    }
}

void Dispatcher::start(std::int64_t position, std::int64_t store_time) {
    position_ = position;
    last_store_time_ = std::max(last_store_time_, store_time);
    store_time_ = last_store_time_;
    dispatched_ = position;
    thread_ = std::thread([this] { loop(); });
}

void Dispatcher::dispatch() {
    if (requests_.fetch_add(1) == 0) drive(false);
}

void Dispatcher::drive(bool may_block) {
    while (true) {
        const std::int64_t seen = requests_.load();
        const Step step = run(may_block);
        dispatched_.store(position_, std::memory_order_release);
        store_time_.store(last_store_time_, std::memory_order_release);
        if (step == Step::kFailed && stopping_) return;  // still the owner: nobody else may try
        if (step == Step::kFailed && may_block) {
            bell_.wait_ms(kRetryMs);
        } else if (step != Step::kAllDone) {
            if (may_block) continue;
            handed_over_ = true;
            bell_.ring();
            return;
        } else if (requests_.fetch_sub(seen) == seen) {
            return;
        }
    }
}

Dispatcher::Step Dispatcher::run(bool may_block) {
    const std::int64_t limit = confirmed();
    RecentAppends& recent = log_.recent();
    int turns = 0;
    while (position_ < limit) {
        if (++turns > kMessagesPerTurn && !may_block) return Step::kLongEnough;
        const RecentAppend* const append = recent.front();
        if (append != nullptr && append->unit.physical_offset < position_) {
            recent.pop();
            continue;
        }
        if (append == nullptr || append->unit.physical_offset > position_) {
            const Step step = parse_one(limit, may_block);
            if (step == Step::kAllDone) continue;
            return step;
        }
        if (append->unit.end() > limit) break;
        if (append->queue != nullptr &&
            !put(*append->queue, append->queue_offset, append->unit, may_block)) {
            return may_block ? Step::kFailed : Step::kNeedsDisk;
        }
        position_ = append->unit.end();
        last_store_time_ = append->store_timestamp;
        recent.pop();
    }
    return Step::kAllDone;
}

/// Takes the record at position_ from the log itself: what is no record is a blank here, because
/// everything below the limit was written or checked by this process.
Dispatcher::Step Dispatcher::parse_one(std::int64_t limit, bool may_block) {
    const auto segments = log_.segments();
    const Segment* const segment = find_segment(*segments, position_);
    if (segment == nullptr || failed_) return Step::kFailed;
    const auto at = static_cast<std::size_t>(position_ - segment->base);
    const auto readable = static_cast<std::size_t>(std::min(limit, segment->end()) - segment->base);
    const std::string_view bytes = segment->file->view().substr(at, readable - at);
    const model::CheckedRecord found = model::check_record(bytes, false);
    if (found.kind == model::RecordKind::kBlank) {
        position_ = segment->end();
        return Step::kAllDone;
    }
    if (found.kind == model::RecordKind::kBad) {
        failed_ = true;
        health_.raise(
            Health::Cause::kFailed,
            fmt::format("{}: {} at offset {} of the log; stop the broker and run: kerolox "
                        "store check",
                        segment->file->path(), found.reason, position_));
        return Step::kFailed;
    }
    const model::RecordView& record = found.record;
    if (record.in_queue() && queues_.keeps(record.topic)) {
        const QueuePtr queue = queues_.find_or_make(record.topic, record.queue_id);
        const Unit unit{position_, record.total_size, tags_code(record)};
        if (!put(*queue, record.queue_offset, unit, may_block)) {
            return may_block ? Step::kFailed : Step::kNeedsDisk;
        }
    }
    position_ += found.size;
    last_store_time_ = record.store_timestamp;
    return Step::kAllDone;
}

/// False when the disk is needed and not allowed, or not willing.
bool Dispatcher::put(ConsumeQueue& queue, std::int64_t offset, const Unit& unit, bool may_block) {
    while (true) {
        switch (queue.put(offset, unit)) {
            case ConsumeQueue::Put::kRepeated: return true;
            case ConsumeQueue::Put::kDone:
                if (queue.watchers().load() > 0) {
                    MessageArrivals* const arrivals = arrivals_.load();
                    if (arrivals != nullptr)
                        arrivals->message_arrived(queue, offset, unit.tags_code);
                }
                return true;
            case ConsumeQueue::Put::kNeedsDisk:
            case ConsumeQueue::Put::kGap:
                if (!may_block || !prepare(queue, offset)) return false;
        }
    }
}

bool Dispatcher::prepare(ConsumeQueue& queue, std::int64_t offset) {
    Status status;
    if (offset > queue.max_offset() && queue.max_offset() > 0) status = queue.fill_gap(offset);
    if (status && !queue.deleted) status = queue.prepare(offset);
    if (status) {
        if (health_.has(Health::Cause::kQueueError)) health_.clear(Health::Cause::kQueueError);
        return true;
    }
    health_.raise(Health::Cause::kQueueError, status.error().text);
    return false;
}

void Dispatcher::loop() {
    while (!stopping_) {
        bell_.wait_ms(kRetryMs);
        if (handed_over_.exchange(false)) drive(true);
    }
}

Status Dispatcher::stop() {
    stopping_ = true;
    bell_.ring();
    if (thread_.joinable()) thread_.join();
    // An io thread may still be at it; it ends soon, or hands over.
    while (dispatched() < confirmed()) {
        if (handed_over_.exchange(false) || requests_.fetch_add(1) == 0) drive(true);
        if (health_.has(Health::Cause::kFailed) || health_.has(Health::Cause::kQueueError)) break;
        std::this_thread::yield();
    }
    if (dispatched() >= confirmed()) return {};
    return fail(Errc::kIo, "consume queues end at offset {} of the log, not {}: {}", dispatched(),
                confirmed(), health_.reason());
}

}  // namespace kx::store
