// SPDX-License-Identifier: Apache-2.0
#include "client/thin_consumer.h"

#include <algorithm>

#include "client/message_body.h"
#include "client/remote_error.h"
#include "filter/tag_filter.h"
#include "model/names.h"
#include "model/properties.h"
#include "net/connection.h"
#include "wire/requests/offsets.h"
#include "wire/response_codes.h"

namespace kx::client {
namespace {

constexpr std::int32_t kPullMessage = 11;
constexpr std::int32_t kQueryConsumerOffset = 14;
constexpr std::int32_t kUpdateConsumerOffset = 15;
constexpr std::int32_t kSearchOffset = 29;
constexpr std::int32_t kMaxOffset = 30;
constexpr std::int32_t kMinOffset = 31;
constexpr std::int32_t kFlowControl = 215;

constexpr std::int64_t kCallMs = 3'000;
constexpr std::int64_t kPullMarginMs = 15'000;  ///< a pull call outlives its suspension by so much
constexpr std::int64_t kFlowControlPauseMs = 20;
constexpr std::int64_t kNoProgressPauseMs = 100;
constexpr std::int64_t kQuickNs = 50'000'000;
/// Where somebody waits for the end, three failures in a row are one.
constexpr int kFailuresMax = 3;
constexpr int kRouteEverySeconds = 30;

constexpr std::int32_t code_of(wire::ResponseCode code) { return static_cast<std::int32_t>(code); }

/// No use to try these again.
bool is_final(Errc code) {
    return code == Errc::kNotFound || code == Errc::kPermissionDenied ||
           code == Errc::kInvalidArgument || code == Errc::kUnsupported;
}

}  // namespace

struct ThinConsumer::Queue {
    Queue(const RouteBroker& broker_of_it, std::int32_t queue_id, boost::asio::io_context& context)
        : broker(broker_of_it), id(queue_id), timer(context) {}

    RouteBroker broker;
    std::int32_t id;
    bool is_new = false;          ///< appeared while we read: from its beginning
    std::int64_t first = -1;      ///< the start position, once known
    std::int64_t next = -1;       ///< the next to pull
    std::int64_t end = -1;        ///< stop_at_end: where that is
    std::int64_t delivered = -1;  ///< all before it were handed over
    std::int64_t committed = -1;
    std::int64_t pull_from = 0;  ///< the broker id that the last answer suggested
    std::int64_t asked_ns = 0;
    int failures = 0;  ///< in a row
    bool is_committing = false;
    bool was_pulled = false;
    boost::asio::steady_timer timer;

    std::string name() const { return fmt::format("{} queue {}", broker.name, id); }
};

ThinConsumer::ThinConsumer(ClientContext& context, ConsumerOptions options,
                           ConsumerListener& listener)
    : context_(context),
      options_(std::move(options)),
      listener_(listener),
      group_(options_.group.empty() ? std::string(model::kToolsConsumerGroup) : options_.group),
      tags_(filter::tags_of(options_.tags)),
      second_(context.thread().context()) {}

ThinConsumer::~ThinConsumer() = default;

Result<std::unique_ptr<ThinConsumer>> ThinConsumer::open(ClientContext& context,
                                                         ConsumerOptions options,
                                                         ConsumerListener& listener) {
    KX_TRY(const RoutePtr route, context.routes().get(options.topic, RouteUse::kRead));
    if (route->subscribe.empty())
        return fail(Errc::kUnavailable, "no queue of topic {} can be read", options.topic);
    std::unique_ptr<ThinConsumer> consumer(new ThinConsumer(context, std::move(options), listener));
    context.post_and_wait([&] { consumer->begin(*route); });
    return consumer;
}

void ThinConsumer::begin(const Route& route) {
    for (std::size_t i = options_.share_index; i < route.subscribe.size();
         i += options_.share_count) {
        const RouteQueue& queue = route.subscribe[i];
        add_queue(route.brokers[queue.broker], queue.id, false);
    }
    if (queues_.empty()) return context_.post([this] { finish({}); });
    every_second();
}

void ThinConsumer::add_queue(const RouteBroker& broker, std::int32_t id, bool is_new) {
    queues_.push_back(std::make_unique<Queue>(broker, id, context_.thread().context()));
    Queue& queue = *queues_.back();
    queue.is_new = is_new;
    ++starting_;
    ++reading_;
    if (options_.group.empty())
        query_start(queue);
    else
        query_committed(queue);
}

void ThinConsumer::look_for_new_queues() {
    if (options_.share_count > 1 || options_.stop_at_end || options_.rewind_at_end) return;
    context_.routes().fetch(options_.topic, RouteUse::kRead, [this](Result<RoutePtr> route) {
        if (!route || ending_) return;
        for (const RouteQueue& found : (*route)->subscribe) {
            const RouteBroker& broker = (*route)->brokers[found.broker];
            const auto known = std::ranges::find_if(queues_, [&](const auto& queue) {
                return queue->id == found.id && queue->broker.name == broker.name;
            });
            if (known == queues_.end())
                add_queue(broker, found.id, true);
            else
                (*known)->broker = broker;  // it may have moved
        }
    });
}

// --- where to begin ---------------------------------------------------------------------------

void ThinConsumer::query_committed(Queue& queue) {
    query_offset(queue, kQueryConsumerOffset, &ThinConsumer::query_committed,
                 [this, &queue](std::int64_t offset) {
                     queue.committed = offset;
                     start_reading(queue, offset);
                 });
}

void ThinConsumer::query_start(Queue& queue) {
    std::int32_t code = options_.start == StartAt::kMin   ? kMinOffset
                        : options_.start == StartAt::kMax ? kMaxOffset
                                                          : kSearchOffset;
    if (queue.is_new) code = kMinOffset;
    query_offset(queue, code, &ThinConsumer::query_start,
                 [this, &queue](std::int64_t offset) { start_reading(queue, offset); });
}

void ThinConsumer::query_end(Queue& queue) {
    query_offset(queue, kMaxOffset, &ThinConsumer::query_end, [this, &queue](std::int64_t offset) {
        queue.end = offset;
        start_reading(queue, queue.first);
    });
}

void ThinConsumer::query_offset(Queue& queue, std::int32_t code, Step again,
                                std::function<void(std::int64_t)> then) {
    net::Call call;
    if (code == kQueryConsumerOffset) {
        // Without that "false" a broker makes 0 of a missing offset wherever offset 0 still exists.
        call = net::Call(code, wire::QueryConsumerOffset{group_, options_.topic, queue.id, false});
    } else if (code == kSearchOffset) {
        call = net::Call(
            code, wire::SearchOffset{options_.topic, queue.id, options_.start_time_ms, "lower"});
    } else {
        call = net::Call(code, wire::QueueOfTopic{options_.topic, queue.id});
    }
    context_.rpc().call(
        queue.broker.address_or_nearest(0), std::move(call), kCallMs,
        [this, &queue, code, again, then = std::move(then)](const Result<net::Answer>& answer) {
            if (ending_) return;
            if (!answer) return on_refused(queue, answer.error(), -1, again);
            const std::int32_t said = code_of(answer->code);
            const bool no_offset =
                code == kQueryConsumerOffset && answer->code == wire::ResponseCode::kQueryNotFound;
            if (no_offset) return query_start(queue);
            if (!answer->ok()) {
                return on_refused(queue, remote_error(queue.name(), said, answer->remark), said,
                                  again);
            }
            const auto header = answer->header<wire::OffsetAnswer>();
            if (!header)
                return on_refused(queue, {Errc::kInternal, header.error().text}, said, again);
            queue.failures = 0;
            then(header->offset);
        });
}

/// The end is asked for behind the start: what is written in between is read.
void ThinConsumer::start_reading(Queue& queue, std::int64_t offset) {
    queue.first = offset;
    if ((options_.stop_at_end || options_.rewind_at_end) && queue.end < 0) return query_end(queue);
    queue.next = queue.delivered = offset;
    if (--starting_ == 0 && !started_) {
        started_ = true;
        listener_.on_started();
    }
    go_on(queue, false);
}

// --- pulling ------------------------------------------------------------------------------------

BrokerLink& ThinConsumer::link_to(const std::string& address) {
    auto& link = links_[address];
    if (!link) link = std::make_unique<BrokerLink>(context_, address);
    return *link;
}

void ThinConsumer::pull(Queue& queue) {
    if (ending_) return;
    BrokerLink& link = link_to(queue.broker.address_or_nearest(queue.pull_from));
    if (net::Connection* connection = link.ready(); connection != nullptr)
        return write_pull(queue, *connection);
    link.connect([this, &queue, &link](const Status& status) {
        if (ending_) return;
        net::Connection* connection = link.ready();
        if (status && connection != nullptr) return write_pull(queue, *connection);
        queue.pull_from = 0;
        on_refused(
            queue,
            status ? Error{Errc::kUnavailable, "the connection closed at once"} : status.error(),
            -1, &ThinConsumer::pull);
    });
}

void ThinConsumer::write_pull(Queue& queue, net::Connection& connection) {
    const bool may_wait = !options_.stop_at_end && !options_.rewind_at_end;
    wire::PullMessage header;
    header.consumer_group = group_;
    header.topic = options_.topic;
    header.queue_id = queue.id;
    header.queue_offset = queue.next;
    header.max_msg_nums = options_.batch_max;
    header.sys_flag = wire::kPullSubscription | (may_wait ? wire::kPullSuspend : 0);
    header.suspend_timeout_millis = may_wait ? options_.suspend_ms : 0;
    header.subscription = options_.tags;
    header.expression_type = "TAG";

    wire::HeaderParts parts;
    parts.encoding = net::answer_encoding();
    parts.code = kPullMessage;
    parts.with(header);
    queue.asked_ns = context_.clock().steady_ns();
    queue.was_pulled = true;
    connection.call(parts, {}, header.suspend_timeout_millis + kPullMarginMs,
                    [this, queue = &queue](Result<const wire::Command*> answer) {
                        if (!ending_) on_pull_answer(*queue, answer);
                    });
}

void ThinConsumer::on_pull_answer(Queue& queue, const Result<const wire::Command*>& answer) {
    if (!answer) return on_refused(queue, answer.error(), -1, &ThinConsumer::pull);
    const std::int32_t code = (*answer)->code;
    using enum wire::ResponseCode;
    const bool found = code == code_of(kSuccess);
    const bool moved = code == code_of(kPullNotFound) || code == code_of(kPullRetryImmediately) ||
                       code == code_of(kPullOffsetMoved);
    if (!found && !moved) {
        return on_refused(queue, remote_error(queue.name(), code, (*answer)->remark), code,
                          &ThinConsumer::pull);
    }
    const auto header = read_header<wire::PullAnswer>((*answer)->fields);
    if (!header) {
        return on_refused(queue, {Errc::kInternal, header.error().text}, code, &ThinConsumer::pull);
    }

    queue.failures = 0;
    queue.pull_from = header->suggest_which_broker_id;
    if (found) return on_messages(queue, *header, (*answer)->body);
    const bool progress = header->next_begin_offset != queue.next;
    queue.next = queue.delivered = header->next_begin_offset;
    go_on(queue, !progress);
}

void ThinConsumer::on_messages(Queue& queue, const wire::PullAnswer& header,
                               std::string_view body) {
    PullDone done;
    done.took_ns = context_.clock().steady_ns() - queue.asked_ns;
    bool enough = false;
    std::int64_t last = queue.next - 1;
    const std::function<bool(const model::RecordView&)> deliver =
        [&](const model::RecordView& record) { return hand_over(queue, record, done); };
    while (!body.empty() && !enough) {
        auto record = model::decode_record(body);
        if (!record) {
            listener_.on_trouble({Errc::kMalformed, fmt::format("{} offset {}: {}", queue.name(),
                                                                last + 1, record.error().text)});
            break;
        }
        body.remove_prefix(static_cast<std::size_t>(record->total_size));
        record->queue_offset += header.offset_delta.value_or(0);
        last = record->queue_offset;
        const auto unpacked = unpack_record(*record, deliver);
        if (unpacked) {
            enough = !*unpacked;
        } else {
            listener_.on_trouble({Errc::kCorrupt, fmt::format("{} offset {}: {}", queue.name(),
                                                              last, unpacked.error().text)});
        }
    }
    listener_.on_pulled(done);
    // hand_over() set the position behind the last message wanted; else the broker tells it.
    if (!enough) queue.next = std::max(header.next_begin_offset, last + 1);
    queue.delivered = queue.next;
    if (enough) return finish({});
    go_on(queue, false);
}

bool ThinConsumer::hand_over(Queue& queue, const model::RecordView& record, PullDone& done) {
    if (ending_) return false;
    if (record.queue_offset < queue.next) return true;  // an inner batch begins before
    if (!tags_.empty()) {
        // The broker compares hashes only.
        const auto tag = model::property_or_empty(record.properties, model::property::kTags);
        if (std::ranges::find(tags_, tag) == tags_.end()) return true;
    }
    ++done.messages;
    done.body_bytes += static_cast<std::int64_t>(record.body.size());
    queue.next = record.queue_offset + 1;
    return listener_.on_message({record, queue.broker.name});
}

void ThinConsumer::go_on(Queue& queue, bool found_nothing) {
    if (ending_) return;
    // A group comes into being with its first pull, so that one is made even where nothing is.
    const bool may_end = options_.group.empty() || queue.was_pulled;
    if (queue.end >= 0 && may_end && (queue.next >= queue.end || found_nothing)) {
        if (!options_.rewind_at_end || queue.end <= queue.first) return end_queue(queue);
        queue.next = queue.first;
        return pull(queue);
    }
    // A broker that answers at once without anything new must not be asked in a tight loop.
    const bool quick = context_.clock().steady_ns() - queue.asked_ns < kQuickNs;
    if (found_nothing && quick) return try_later(queue, kNoProgressPauseMs, &ThinConsumer::pull);
    pull(queue);
}

void ThinConsumer::on_refused(Queue& queue, const Error& error, std::int32_t code, Step again) {
    if (ending_) return;
    const bool somebody_waits = options_.stop_at_end || queue.next < 0;
    const bool too_often = ++queue.failures >= kFailuresMax && somebody_waits;
    if (is_final(error.code) || too_often) return finish(tl::unexpected(error));
    if (code != kFlowControl) listener_.on_trouble(error);
    try_later(queue, code == kFlowControl ? kFlowControlPauseMs : options_.error_pause_ms, again);
}

void ThinConsumer::try_later(Queue& queue, std::int64_t pause_ms, Step step) {
    queue.timer.expires_after(std::chrono::milliseconds(pause_ms));
    queue.timer.async_wait([this, &queue, step](const boost::system::error_code& error) {
        if (!error && !ending_) (this->*step)(queue);
    });
}

// --- the end
// --------------------------------------------------------------------------------------

void ThinConsumer::end_queue(Queue& queue) {
    queue.delivered = queue.next;
    if (--reading_ == 0) finish({});
}

void ThinConsumer::every_second() {
    second_.expires_after(std::chrono::seconds(1));
    second_.async_wait([this](const boost::system::error_code& error) {
        if (error || ending_) return;
        for (const auto& queue : queues_) commit(*queue);
        if (++seconds_ % kRouteEverySeconds == 0) look_for_new_queues();
        every_second();
    });
}

void ThinConsumer::commit(Queue& queue) {
    const std::int64_t position = queue.delivered;
    if (options_.group.empty() || queue.is_committing || position == queue.committed) return;
    queue.is_committing = true;
    ++committing_;
    const wire::UpdateConsumerOffset header{group_, options_.topic, queue.id, position};
    context_.rpc().call(
        queue.broker.address_or_nearest(0), net::Call(kUpdateConsumerOffset, header), kCallMs,
        [this, &queue, position](const Result<net::Answer>& answer) {
            queue.is_committing = false;
            --committing_;
            const bool ok = answer && answer->ok();
            if (ok) {
                queue.committed = position;
                if (ending_) commit(queue);  // what was delivered meanwhile
            } else {
                const Error error =
                    answer ? remote_error(queue.name(), code_of(answer->code), answer->remark)
                           : answer.error();
                listener_.on_trouble({error.code, "an offset was not committed: " + error.text});
            }
            if (ending_) finish_when_committed();
        });
}

void ThinConsumer::stop() {
    context_.post([this] { finish({}); });
}

void ThinConsumer::finish(Status status) {
    if (ending_) return;
    ending_ = true;
    outcome_ = std::move(status);
    second_.cancel();
    for (const auto& queue : queues_) {
        queue->timer.cancel();
        commit(*queue);
    }
    finish_when_committed();
}

void ThinConsumer::finish_when_committed() {
    if (committing_ > 0 || finished_) return;
    finished_ = true;
    listener_.on_finished(outcome_);
}

}  // namespace kx::client
