// SPDX-License-Identifier: Apache-2.0
#include "client/produce/auto_batcher.h"

#include <algorithm>
#include <array>
#include <set>

#include "client/produce/batch.h"
#include "client/produce/producer_core.h"
#include "model/batch.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

namespace property = model::property;

/// The batch itself. Its members stay the producer's jobs and are finished one by one.
class GroupJob final : public SendJob {
public:
    GroupJob(ProducerCore& producer, std::vector<SendJob*> members)
        : producer_(producer), members_(std::move(members)) {}

    void done(kerolox::Result<kerolox::SendReceipt> result) override {
        const std::unique_ptr<GroupJob> last(this);
        std::vector<kerolox::SendReceipt> receipts;
        if (result) {
            std::vector<std::string> ids;
            for (const SendJob* member : members_) ids.push_back(member->message_id);
            receipts = split_receipt(*result, ids);
        }
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (result) {
                producer_.finish(members_[i], receipts[i]);
            } else {
                producer_.finish(members_[i], result.error());
            }
        }
    }
    bool is_abandoned() const override {
        return std::ranges::all_of(members_, [](SendJob* one) { return one->is_abandoned(); });
    }
    /// Each member hears for itself.
    void abandon(const kerolox::Error&) override {}

private:
    ProducerCore& producer_;
    const std::vector<SendJob*> members_;
};

std::size_t size_in_batch(const SendJob& job) {
    return kBatchItemBytes + job.body.bytes.size() + job.properties.size();
}

std::string batch_group_of(const SendJob& job) {
    return fmt::format("{}\n{}\n{}\n{}\n{}", job.topic, job.queue.broker,
                       job.choice == QueueChoice::kGiven ? job.queue.id : -1,
                       Access::data(job.message)->wait_store,
                       job.message.tag().value_or(std::string_view()));
}

/// Each key once, in the order of the messages.
std::string batch_keys_of(const std::vector<SendJob*>& members) {
    std::set<std::string_view> seen;
    std::string joined;
    for (const SendJob* member : members) {
        std::string_view keys = member->message.keys().value_or(std::string_view());
        while (!keys.empty()) {
            const std::size_t end = std::min(keys.find(' '), keys.size());
            const std::string_view key = keys.substr(0, end);
            if (!key.empty() && seen.insert(key).second) {
                if (!joined.empty()) joined += ' ';
                joined += key;
            }
            keys.remove_prefix(std::min(end + 1, keys.size()));
        }
    }
    return joined;
}

}  // namespace

bool AutoBatcher::is_eligible(const SendJob& job) {
    constexpr std::array kGoesAlone{property::kDelay,         property::kTimerDelayMs,
                                    property::kTimerDelaySec, property::kTimerDeliverMs,
                                    property::kProducerGroup, property::kTransactionPrepared,
                                    property::kCorrelationId, property::kMessageType};
    if (job.is_oneway || job.is_batch || job.sys_flag != 0) return false;
    if (job.choice != QueueChoice::kByTurns && job.choice != QueueChoice::kGiven) return false;
    if (model::is_retry_topic(job.topic)) return false;
    return std::ranges::none_of(kGoesAlone, [&](std::string_view name) {
        return model::has_property(job.properties, name);
    });
}

bool AutoBatcher::add(SendJob* job) {
    const ProducerConfig& config = producer_.settings().config;
    const std::size_t size = size_in_batch(*job);
    const auto total_max = static_cast<std::size_t>(config.total_batch_max_bytes);
    const auto message_max = static_cast<std::size_t>(config.max_message_size);
    if (bytes_waiting_ + size > total_max || size > message_max) return false;

    const std::string name = batch_group_of(*job);
    if (const auto open = groups_.find(name);
        open != groups_.end() && open->second.bytes + size > message_max) {
        Group full = std::move(open->second);
        groups_.erase(open);
        flush(std::move(full));
    }
    Group& group = groups_[name];
    if (group.members.empty())
        group.due_ms = producer_.client().clock().steady_ms() + config.batch_max_delay_ms;
    group.members.push_back(job);
    group.bytes += size;
    bytes_waiting_ += size;
    if (group.bytes > static_cast<std::size_t>(config.batch_max_bytes) ||
        group.members.size() >= producer_.settings().auto_batch_count) {
        Group full = std::move(group);
        groups_.erase(name);
        flush(std::move(full));
    } else if (!std::exchange(is_timing_, true)) {
        producer_.client().spawn(flush_when_due());
    }
    return true;
}

Awaitable<void> AutoBatcher::flush_when_due() {
    const auto hold = producer_.shared_from_this();
    ClientCore& client = producer_.client();
    while (!groups_.empty()) {
        const auto first = std::ranges::min_element(
            groups_, {}, [](const auto& entry) { return entry.second.due_ms; });
        const std::int64_t left = first->second.due_ms - client.clock().steady_ms();
        if (left > 0) {
            if (!co_await client.sleep(left)) break;
            continue;
        }
        Group due = std::move(first->second);
        groups_.erase(first);
        flush(std::move(due));
    }
    is_timing_ = false;
    flush_all();
}

void AutoBatcher::flush_all() {
    while (!groups_.empty()) {
        Group group = std::move(groups_.begin()->second);
        groups_.erase(groups_.begin());
        flush(std::move(group));
    }
}

void AutoBatcher::flush(Group group) {
    bytes_waiting_ -= group.bytes;
    std::vector<SendJob*> members;
    for (SendJob* member : group.members) {
        if (member->is_abandoned()) {
            producer_.finish(member, kerolox::Error(kerolox::ErrorKind::cancelled, "given up"));
        } else {
            members.push_back(member);
        }
    }
    if (members.empty()) return;
    if (members.size() == 1) return producer_.transmit(members.front());

    const SendJob& first = *members.front();
    const bool waits = Access::data(first.message)->wait_store;
    std::string body;
    body.reserve(group.bytes);
    std::int64_t deadline = first.deadline_ms;
    for (const SendJob* member : members) {
        model::append_batch_item(body, member->message.flag(), member->body.bytes,
                                 member->properties);
        deadline = std::min(deadline, member->deadline_ms);
    }
    const Clock& clock = producer_.client().clock();
    auto* batch = new GroupJob(producer_, members);
    batch->topic = first.topic;
    batch->choice = first.choice;
    batch->queue = first.queue;
    batch->started_ns = clock.steady_ns();
    batch->deadline_ms = deadline;
    batch->timeout_ms = std::max<std::int64_t>(deadline - clock.steady_ms(), 0);
    batch->messages = 0;  // each member is counted itself
    const std::string keys = batch_keys_of(members);
    model::append_property(batch->properties, property::kKeys, keys);
    make_batch_job(*batch, producer_.client(), Slice::own(std::move(body)), waits);
    producer_.adopt(batch);
    producer_.transmit(batch);
}

}  // namespace kx::client
