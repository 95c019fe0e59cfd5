// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <list>
#include <set>

#include "client/core/errors.h"
#include "client/core/expanded_body.h"
#include "client/core/received.h"
#include "client/core/request_decoration.h"
#include "kerolox/producer.hpp"
#include "model/batch.h"
#include "model/message_id.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using kerolox::Queue;

constexpr std::int32_t kInnerBatchBits = model::kNeedUnwrap | model::kInnerBatch;

/// What one answer brought. Messages point into `bytes` and at queues of `queues`.
struct Frame {
    std::string bytes;
    std::list<std::string> unfolded;  ///< bodies of inner batches that were compressed
    std::set<Queue> queues;
    std::string bounds;
    std::vector<ReceivedMessage> messages;
};

std::string bounds_text(const DecodeOptions& options) {
    std::string text;
    if (options.min_offset >= 0)
        model::append_property(text, model::property::kMinOffset,
                               std::to_string(options.min_offset));
    if (options.max_offset >= 0)
        model::append_property(text, model::property::kMaxOffset,
                               std::to_string(options.max_offset));
    return text;
}

std::string_view shown_topic(const model::RecordView& record, const DecodeOptions& options) {
    std::string_view topic = record.topic;
    if (model::is_retry_topic(topic)) {
        const auto origin = model::find_property(record.properties, model::property::kRetryTopic);
        if (origin) topic = *origin;
    }
    return without_namespace(options.name_space, topic);
}

const Queue& queue_of(Frame& frame, const model::RecordView& record, const DecodeOptions& options) {
    const std::int32_t id = options.queue_from_record ? record.queue_id : options.queue.id;
    if (!frame.messages.empty() && frame.messages.back().queue->id == id)
        return *frame.messages.back().queue;
    Queue queue = options.queue;
    queue.id = id;
    return *frame.queues.insert(std::move(queue)).first;
}

void add_message(Frame& frame, const model::RecordView& record, const DecodeOptions& options) {
    ReceivedMessage message;
    message.record = record;
    message.record.queue_offset += options.offset_delta;
    if (!options.read_body) message.record.body = {};
    message.topic = shown_topic(record, options);
    message.queue = &queue_of(frame, record, options);
    message.offset_id = model::encode_offset_id(record.store_host, record.physical_offset);
    message.unique_key = model::property_or_empty(record.properties, model::property::kUniqKey);
    message.reconsume_times = record.reconsume_times;
    message.bounds = frame.bounds;
    if ((record.sys_flag & model::kCompressed) != 0 && options.expand && options.read_body) {
        if (!record.body_crc_matches()) {
            message.body_problem = "the body's CRC does not match";
        } else {
            show_expanded(message);
        }
    }
    frame.messages.push_back(std::move(message));
}

Status add_inner_batch(Frame& frame, model::RecordView envelope, const DecodeOptions& options) {
    if ((envelope.sys_flag & model::kCompressed) != 0) {
        auto items = expand_body(envelope.body, envelope.sys_flag);
        if (!items) return fail(Errc::kMalformed, "an inner batch: {}", items.error().text);
        frame.unfolded.push_back(std::move(*items));
        envelope.body = frame.unfolded.back();
        envelope.sys_flag &= ~(model::kCompressed | model::kCompressionMask);
    }
    KX_TRY(const auto items, model::split_batch(envelope.body));
    envelope.sys_flag &= ~kInnerBatchBits;
    for (const model::BatchItem& item : items) {
        envelope.flag = item.flag;
        envelope.body = item.body;
        envelope.properties = item.properties;
        add_message(frame, envelope, options);
        ++envelope.queue_offset;
    }
    return {};
}

}  // namespace

kerolox::Result<std::vector<kerolox::MessageView>> decode_messages(std::string_view bytes,
                                                                   const DecodeOptions& options) {
    auto frame = std::make_shared<Frame>();
    frame->bytes = bytes;
    frame->bounds = bounds_text(options);
    std::string_view rest = frame->bytes;
    while (!rest.empty()) {
        const auto record = model::decode_record(rest);
        if (!record) {
            return kerolox::Error(
                kerolox::ErrorKind::protocol,
                fmt::format("an unreadable record among pulled messages: {}", record.error().text));
        }
        if ((record->sys_flag & kInnerBatchBits) == kInnerBatchBits) {
            if (const Status added = add_inner_batch(*frame, *record, options); !added)
                return local_error(added.error());
        } else {
            add_message(*frame, *record, options);
        }
        const auto size = static_cast<std::size_t>(record->total_size);
        if (frame->messages.size() == 1) frame->messages.reserve(1 + rest.size() / size);
        rest.remove_prefix(size);
    }
    std::vector<kerolox::MessageView> views;
    views.reserve(frame->messages.size());
    for (const ReceivedMessage& message : frame->messages) {
        views.push_back(Access::make<kerolox::MessageView>(
            std::shared_ptr<const ReceivedMessage>(frame, &message)));
    }
    return views;
}

kerolox::MessageBatch make_batch(std::span<kerolox::MessageView> messages) {
    auto data = std::make_shared<kerolox::detail::BatchData>();
    data->messages.assign(std::make_move_iterator(messages.begin()),
                          std::make_move_iterator(messages.end()));
    return Access::make<kerolox::MessageBatch>(
        std::shared_ptr<const kerolox::detail::BatchData>(std::move(data)));
}

ReceivedMessage& mutable_message(kerolox::MessageView& view) {
    return const_cast<ReceivedMessage&>(*Access::data(view));
}
const ReceivedMessage& message_of(const kerolox::MessageView& view) { return *Access::data(view); }

void note_consume_start(const kerolox::MessageView& view, std::int64_t now_ms) {
    std::atomic_ref(message_of(view).consume_started_ms).store(now_ms, std::memory_order_relaxed);
}
std::int64_t consume_started_ms(const kerolox::MessageView& view) {
    return std::atomic_ref(message_of(view).consume_started_ms).load(std::memory_order_relaxed);
}

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

namespace {

const std::shared_ptr<const detail::ReceivedMessage>& no_message() {
    static const auto* const kNone = new std::shared_ptr<const detail::ReceivedMessage>(
        std::make_shared<detail::ReceivedMessage>());
    return *kNone;
}
const Queue& no_queue() {
    static const auto* const kNone = new Queue();
    return *kNone;
}

std::chrono::system_clock::time_point to_time(std::int64_t ms) {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
}

}  // namespace

std::string Queue::describe() const { return fmt::format("{}@{}:{}", topic, broker, id); }

MessageView::MessageView() noexcept : data_(no_message()) {}
MessageView::MessageView(std::shared_ptr<const detail::ReceivedMessage> data) noexcept
    : data_(std::move(data)) {}

std::string_view MessageView::topic() const noexcept { return data_->topic; }
std::string_view MessageView::text() const noexcept {
    return data_->expanded.empty() ? data_->record.body : std::string_view(data_->expanded);
}
std::span<const std::byte> MessageView::body() const noexcept {
    return {reinterpret_cast<const std::byte*>(text().data()), text().size()};
}
Bytes MessageView::bytes() const { return Bytes::shared(data_, text()); }
Status MessageView::body_status() const {
    if (data_->body_problem.empty()) return {};
    return Error(ErrorKind::protocol, data_->body_problem);
}
std::string_view MessageView::id() const noexcept {
    return data_->unique_key.empty() ? data_->offset_id.view() : data_->unique_key;
}
std::string_view MessageView::offset_id() const noexcept { return data_->offset_id; }
std::optional<std::string_view> MessageView::tag() const noexcept {
    return property(kx::model::property::kTags);
}
std::optional<std::string_view> MessageView::keys() const noexcept {
    return property(kx::model::property::kKeys);
}
std::optional<std::string_view> MessageView::property(std::string_view name) const noexcept {
    namespace names = kx::model::property;
    if (name == names::kPopCheckPoint && !data_->pop_check_point.empty())
        return data_->pop_check_point;
    if (name == names::kMinOffset || name == names::kMaxOffset) {
        // What the answer says is newer than what an earlier client left in the message.
        if (const auto bound = kx::model::find_property(data_->bounds, name)) return bound;
    }
    const auto own = kx::model::find_property(data_->record.properties, name);
    if (!own && name == names::kFirstPopTime && !data_->first_pop_time.empty())
        return data_->first_pop_time;
    return own;
}
std::vector<std::pair<std::string, std::string>> MessageView::properties() const {
    std::string all(data_->record.properties);
    for (const auto& [name, value] : kx::model::to_pairs(data_->bounds))
        kx::model::set_property(all, name, value);
    namespace names = kx::model::property;
    if (!data_->pop_check_point.empty())
        kx::model::set_property(all, names::kPopCheckPoint, data_->pop_check_point);
    if (!data_->first_pop_time.empty() && !kx::model::has_property(all, names::kFirstPopTime))
        kx::model::append_property(all, names::kFirstPopTime, data_->first_pop_time);
    return kx::model::to_pairs(all);
}
const Queue& MessageView::queue() const noexcept {
    return data_->queue == nullptr ? no_queue() : *data_->queue;
}
std::int64_t MessageView::queue_offset() const noexcept { return data_->record.queue_offset; }
std::int64_t MessageView::commit_log_offset() const noexcept {
    return data_->record.physical_offset;
}
std::int32_t MessageView::flag() const noexcept { return data_->record.flag; }
std::int32_t MessageView::sys_flag() const noexcept { return data_->record.sys_flag; }
std::int32_t MessageView::reconsume_times() const noexcept { return data_->reconsume_times; }
std::int32_t MessageView::stored_size() const noexcept { return data_->record.total_size; }
std::chrono::system_clock::time_point MessageView::born_time() const noexcept {
    return to_time(data_->record.born_timestamp);
}
std::chrono::system_clock::time_point MessageView::store_time() const noexcept {
    return to_time(data_->record.store_timestamp);
}
std::string MessageView::born_host() const { return to_string(data_->record.born_host); }
std::string MessageView::store_host() const { return to_string(data_->record.store_host); }
std::string_view MessageView::transaction_id() const noexcept {
    namespace names = kx::model::property;
    const bool has_one =
        kx::model::has_property(data_->record.properties, names::kTransactionPrepared);
    return has_one ? data_->unique_key : std::string_view();
}

MessageView MessageView::detach() const {
    struct Own {
        std::string body;
        std::string properties;
        std::string topic;
        std::string wire_topic;
        std::string bounds;
        Queue queue;
        detail::ReceivedMessage message;
    };
    auto own = std::make_shared<Own>();
    own->body = data_->record.body;
    own->properties = data_->record.properties;
    own->topic = data_->topic;
    own->wire_topic = data_->record.topic;
    own->bounds = data_->bounds;
    own->queue = queue();
    own->message = *data_;
    own->message.bounds = own->bounds;
    own->message.record.body = own->body;
    own->message.record.properties = own->properties;
    own->message.record.topic = own->wire_topic;
    own->message.topic = own->topic;
    own->message.unique_key =
        kx::model::property_or_empty(own->properties, kx::model::property::kUniqKey);
    own->message.queue = &own->queue;
    return MessageView(std::shared_ptr<const detail::ReceivedMessage>(own, &own->message));
}

MessageBatch::MessageBatch() noexcept = default;
MessageBatch::MessageBatch(std::shared_ptr<const detail::BatchData> data) noexcept
    : data_(std::move(data)) {}
const MessageView* MessageBatch::begin() const noexcept {
    return data_ ? data_->messages.data() : nullptr;
}
const MessageView* MessageBatch::end() const noexcept {
    return data_ ? data_->messages.data() + data_->messages.size() : nullptr;
}
std::size_t MessageBatch::size() const noexcept { return data_ ? data_->messages.size() : 0; }
const Queue& MessageBatch::queue() const noexcept { return empty() ? no_queue() : front().queue(); }

Filter Filter::all() { return {false, "*"}; }
Filter Filter::tags(std::string expression) {
    return {false, expression.empty() ? "*" : std::move(expression)};
}
Filter Filter::sql(std::string expression) { return {true, std::move(expression)}; }

}  // namespace v1
}  // namespace kerolox
