// SPDX-License-Identifier: Apache-2.0
#include "broker/pull/pull_handler.h"

#include <sys/mman.h>

#include "base/log.h"

namespace kx::broker {
namespace {

using store::ReadStatus;
using wire::ResponseCode;

constexpr std::int32_t kLitePullMessage = 361;
constexpr std::size_t kHeldMax = 100'000;

enum Forbidden : std::int32_t {
    kByBroker = 1,
    kByGroup = 2,
    kByTopic = 3,
    kByBroadcast = 4,
    kBySubscription = 5,
};

ResponseCode code_for(ReadStatus status, std::int64_t requested_offset) {
    switch (status) {
        case ReadStatus::kFound: return ResponseCode::kSuccess;
        case ReadStatus::kMessageWasRemoving:
        case ReadStatus::kNoMatchedMessage: return ResponseCode::kPullRetryImmediately;
        case ReadStatus::kNoMatchedLogicQueue:
        case ReadStatus::kNoMessageInQueue:
            return requested_offset == 0 ? ResponseCode::kPullNotFound
                                         : ResponseCode::kPullOffsetMoved;
        case ReadStatus::kOffsetFoundNull:
        case ReadStatus::kOffsetOverflowOne: return ResponseCode::kPullNotFound;
        case ReadStatus::kOffsetOverflowBadly:
        case ReadStatus::kOffsetTooSmall: return ResponseCode::kPullOffsetMoved;
    }
    return ResponseCode::kSystemError;
}

bool is_tag_type(std::string_view expression_type) {
    return expression_type.empty() || expression_type == "TAG";
}

/// Pages in what a reply will be sent from, so that the io thread does not wait for the disk.
void page_in(const std::vector<Slice>& slices) {
    constexpr std::uintptr_t kPage = 4096;
    for (const Slice& slice : slices) {
        const auto begin = reinterpret_cast<std::uintptr_t>(slice.bytes.data()) & ~(kPage - 1);
        const auto end = reinterpret_cast<std::uintptr_t>(slice.bytes.data()) + slice.bytes.size();
        if (::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ) != 0)
            KX_LOG_LIMITED(warn, "pull", "paging in {} bytes failed: errno={}", end - begin, errno);
    }
}

}  // namespace

PullHandler::PullHandler(Context& context)
    : context_(context),
      hold_(context.clock, kHeldMax, [this](HeldPullPtr held) { resume(std::move(held)); }) {
    context_.store.set_arrivals(&hold_);
    context_.io.at(0).on_tick(this, [this] { hold_.tick(); });
}

PullHandler::~PullHandler() {
    context_.store.set_arrivals(nullptr);
    // Also waits for the wake-ups that are posted already.
    for (std::size_t i = 0; i < context_.io.size(); ++i) context_.io.at(i).remove_hooks(this);
}

void PullHandler::stop() { hold_.stop(); }

void PullHandler::handle(net::Request& request) {
    const auto pull = request.header<wire::PullMessage>();
    if (!pull) return request.refuse(pull.error());
    auto admitted = admit(*pull, request.code());
    if (!admitted) return deny(request, admitted.error());
    Found found = read(*pull, *admitted, false);
    const bool commits = (pull->sys_flag & wire::kPullCommitOffset) != 0;
    if (found.read.from_disk) {
        HeldPullPtr held = take_over(request, *pull, *admitted);
        if (commits) held->commit_offset = pull->commit_offset;
        return read_on_worker(std::move(held));
    }
    note(*pull, found, commits ? std::optional(pull->commit_offset) : std::nullopt,
         request.connection().peer());
    if (found.code == ResponseCode::kPullNotFound && may_park(request, *pull)) {
        const auto config = context_.config.get();
        const std::int64_t wait_ms = config->long_polling_enable ? pull->suspend_timeout_millis
                                                                 : config->short_polling_time_mills;
        return park(take_over(request, *pull, *admitted), wait_ms);
    }
    reply(request, found);
}

tl::unexpected<PullHandler::Denied> PullHandler::denied(ResponseCode code, std::string remark,
                                                        std::optional<std::int32_t> type) {
    return tl::unexpected(Denied{{code, std::move(remark)}, type});
}

tl::expected<PullHandler::Admitted, PullHandler::Denied> PullHandler::admit(
    const wire::PullMessage& pull, std::int32_t code) const {
    const auto config = context_.config.get();
    const std::string& ip = config->broker_ip1;
    if ((config->broker_permission & wire::kRead) == 0) {
        return denied(ResponseCode::kNoPermission,
                      fmt::format("the broker[{}] pulling message is forbidden", ip), kByBroker);
    }
    if (code == kLitePullMessage && !config->lite_pull_message_enable) {
        return denied(ResponseCode::kNoPermission,
                      fmt::format("the broker[{}] for lite pull consumer is forbidden", ip),
                      kByBroker);
    }
    Admitted admitted;
    admitted.group = context_.groups.find_or_create(pull.consumer_group);
    if (!admitted.group) {
        return denied(ResponseCode::kSubscriptionGroupNotExist,
                      fmt::format("subscription group [{}] does not exist, {}", pull.consumer_group,
                                  wire::kSeeFaq));
    }
    if (!admitted.group->consume_enable) {
        return denied(ResponseCode::kNoPermission,
                      fmt::format("subscription group no permission, {}", pull.consumer_group),
                      kByGroup);
    }
    admitted.topic = context_.topics.find(pull.topic);
    if (!admitted.topic) {
        return denied(
            ResponseCode::kTopicNotExist,
            fmt::format("topic[{}] not exist, apply first please! {}", pull.topic, wire::kSeeFaq));
    }
    const wire::TopicConfig& topic = admitted.topic->config();
    if ((topic.perm & wire::kRead) == 0) {
        return denied(ResponseCode::kNoPermission,
                      fmt::format("the topic[{}] pulling message is forbidden", pull.topic),
                      kByTopic);
    }
    if (pull.queue_id < 0 || pull.queue_id >= topic.read_queue_nums) {
        return denied(
            ResponseCode::kInvalidParameter,
            fmt::format("queueId[{}] is illegal, topic:[{}] topicConfig.readQueueNums:[{}] "
                        "consumer:[{}]",
                        pull.queue_id, pull.topic, topic.read_queue_nums, pull.consumer_group));
    }
    auto filter = choose_filter(pull, *admitted.group);
    if (!filter) return tl::unexpected(std::move(filter).error());
    admitted.filter = std::move(*filter);
    return admitted;
}

tl::expected<filter::TagFilter, PullHandler::Denied> PullHandler::choose_filter(
    const wire::PullMessage& pull, const wire::SubscriptionGroupConfig& group) const {
    const auto deny_type = [&](std::string_view type) {
        return denied(
            ResponseCode::kSystemError,
            fmt::format("The broker does not support consumer to filter message by {}", type));
    };
    if ((pull.sys_flag & wire::kPullSubscription) != 0) {
        if (is_tag_type(pull.expression_type)) return filter::TagFilter::parse(pull.subscription);
        if (pull.subscription.empty())
            return denied(ResponseCode::kSubscriptionParseFailed,
                          "parse the consumer's subscription failed");
        return deny_type(pull.expression_type);
    }
    const PullView view = context_.clients.pull_view(pull.consumer_group, pull.topic);
    if (!view.group_online) {
        return denied(ResponseCode::kSubscriptionNotExist,
                      fmt::format("the consumer's group info not exist{}", wire::kSeeFaq));
    }
    if (view.broadcasting && !group.consume_broadcast_enable) {
        return denied(ResponseCode::kNoPermission,
                      fmt::format("the consumer group[{}] can not consume by broadcast way",
                                  pull.consumer_group),
                      kByBroadcast);
    }
    if (context_.groups.is_read_forbidden(pull.consumer_group, pull.topic)) {
        return denied(ResponseCode::kNoPermission,
                      fmt::format("the consumer group[{}] is forbidden for topic[{}]",
                                  pull.consumer_group, pull.topic),
                      kBySubscription);
    }
    if (!view.subscription) {
        return denied(ResponseCode::kSubscriptionNotExist,
                      fmt::format("the consumer's subscription not exist{}", wire::kSeeFaq));
    }
    const wire::SubscriptionData& known = *view.subscription;
    if (known.sub_version < pull.sub_version) {
        return denied(ResponseCode::kSubscriptionNotLatest,
                      "the consumer's subscription not latest");
    }
    if (!is_tag_type(known.expression_type)) return deny_type(known.expression_type);
    if (known.class_filter_mode || known.sub_string == "*") return filter::TagFilter();
    return filter::TagFilter::of_codes({known.code_set.begin(), known.code_set.end()});
}

PullHandler::Found PullHandler::read(const wire::PullMessage& pull, const Admitted& admitted,
                                     bool allow_cold) {
    const auto config = context_.config.get();
    Found found;
    found.answer.topic_sys_flag = admitted.topic->config().topic_sys_flag;
    found.answer.group_sys_flag = admitted.group->group_sys_flag;
    store::ConsumeQueue& queue = admitted.topic->queue(pull.queue_id);
    // A pending reset is taken out even when the feature is off (broker.md 40, trap 6).
    const auto reset = context_.offsets.take_reset(pull.consumer_group, pull.topic, pull.queue_id);
    if (reset && config->use_server_side_reset_offset) {
        found.code = ResponseCode::kPullOffsetMoved;
        found.status = "OFFSET_RESET";
        found.answer.next_begin_offset = *reset;
        found.answer.min_offset = queue.min_offset();
        found.answer.max_offset = queue.max_offset();
        return found;
    }
    store::ReadRequest request;
    request.offset = pull.queue_offset;
    request.max_count = std::max(pull.max_msg_nums, 1);
    request.max_count_in_memory = config->max_transfer_count_on_message_in_memory;
    request.max_bytes_in_memory = config->max_transfer_bytes_on_message_in_memory;
    request.max_count_on_disk = config->max_transfer_count_on_message_in_disk;
    request.max_bytes_on_disk = config->max_transfer_bytes_on_message_in_disk;
    request.max_scan_bytes = config->max_filter_message_size;
    request.filter = &admitted.filter;
    request.allow_cold = allow_cold;
    found.read = context_.store.read(queue, request);
    found.code = code_for(found.read.status, pull.queue_offset);
    found.status = name_of(found.read.status);
    found.answer.next_begin_offset = found.read.next_offset;
    found.answer.min_offset = found.read.min_offset;
    found.answer.max_offset = found.read.max_offset;
    return found;
}

void PullHandler::note(const wire::PullMessage& pull, const Found& found,
                       std::optional<std::int64_t> commit_offset, std::string_view peer) {
    context_.offsets.note_pull(pull.consumer_group, pull.topic, pull.queue_id,
                               found.answer.next_begin_offset);
    if (commit_offset) {
        context_.offsets.commit(pull.consumer_group, pull.topic, pull.queue_id, *commit_offset,
                                peer);
    }
}

bool PullHandler::may_park(const net::Request& request, const wire::PullMessage& pull) const {
    return (pull.sys_flag & wire::kPullSuspend) != 0 && !request.command().is_oneway();
}

HeldPullPtr PullHandler::take_over(net::Request& request, const wire::PullMessage& pull,
                                   const Admitted& admitted) const {
    auto held = std::make_shared<HeldPull>();
    held->group = pull.consumer_group;
    held->topic = pull.topic;
    held->subscription = pull.subscription;
    held->expression_type = pull.expression_type;
    held->code = request.code();
    held->queue_id = pull.queue_id;
    held->offset = pull.queue_offset;
    held->max_count = pull.max_msg_nums;
    held->sys_flag = pull.sys_flag;
    held->sub_version = pull.sub_version;
    held->filter = admitted.filter;
    held->later = request.defer();
    return held;
}

void PullHandler::park(HeldPullPtr held, std::int64_t wait_ms) {
    held->deadline_ms = context_.clock.steady_ms() + wait_ms;
    // When too many are held already, the pull is answered by running again.
    const store::QueuePtr queue = context_.store.queue(held->topic, held->queue_id);
    if (!hold_.hold(queue, held)) resume(std::move(held));
}

namespace {

wire::PullMessage view_of(const HeldPull& held) {
    wire::PullMessage pull;
    pull.consumer_group = held.group;
    pull.topic = held.topic;
    pull.subscription = held.subscription;
    pull.expression_type = held.expression_type;
    pull.queue_id = held.queue_id;
    pull.queue_offset = held.offset;
    pull.max_msg_nums = held.max_count;
    pull.sys_flag = held.sys_flag;
    pull.sub_version = held.sub_version;
    return pull;
}

}  // namespace

/// A held pull runs again: all checks, no commit, no second wait.
void PullHandler::resume(HeldPullPtr held) {
    const wire::PullMessage pull = view_of(*held);
    auto admitted = admit(pull, held->code);
    if (!admitted) return deny(held->later, admitted.error());
    const Found found = read(pull, *admitted, false);
    if (found.read.from_disk) return read_on_worker(std::move(held));
    note(pull, found, std::nullopt, held->later.connection()->peer());
    reply(held->later, found);
}

void PullHandler::read_on_worker(HeldPullPtr held) {
    const bool posted = context_.workers.post([this, held] {
        const wire::PullMessage pull = view_of(*held);
        auto admitted = admit(pull, held->code);
        if (!admitted) return deny(held->later, admitted.error());
        const Found found = read(pull, *admitted, true);
        note(pull, found, held->commit_offset, held->later.connection()->peer());
        page_in(found.read.slices);
        reply(held->later, found);
    });
    if (!posted)
        held->later.refuse(ResponseCode::kServiceNotAvailable,
                           "service not available now: stopping");
}

template <class Target>
void PullHandler::deny(Target& target, const Denied& denied) {
    wire::PullAnswer answer;
    answer.forbidden_type = denied.forbidden_type;
    net::Reply reply;
    reply.with(answer);
    reply.code = denied.refusal.code;
    reply.remark = denied.refusal.remark;
    target.send(reply);
}

template <class Target>
void PullHandler::reply(Target& target, const Found& found) {
    if (found.code == ResponseCode::kSuccess) {
        probe_.found.fetch_add(1, std::memory_order_relaxed);
        probe_.messages.fetch_add(found.read.count, std::memory_order_relaxed);
        probe_.bytes.fetch_add(found.read.bytes, std::memory_order_relaxed);
    } else {
        probe_.missed.fetch_add(1, std::memory_order_relaxed);
    }
    net::Reply reply;
    reply.code = found.code;
    reply.remark = found.status;
    reply.with(found.answer);
    reply.body = found.read.slices;
    target.send(reply);
}

}  // namespace kx::broker
