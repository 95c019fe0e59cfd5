// SPDX-License-Identifier: Apache-2.0
#include "client/produce/batch.h"

#include <algorithm>

#include "client/core/errors.h"
#include "client/produce/producer_core.h"
#include "client/produce/receipt.h"
#include "model/batch.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

namespace property = model::property;
using Receipts = std::vector<kerolox::SendReceipt>;

/// The send of one batch.
class BatchOperation final : public OperationJob<Receipts> {
public:
    void done(kerolox::Result<kerolox::SendReceipt> result) override {
        if (result) {
            complete(split_receipt(*result, ids));
        } else {
            complete(result.error());
        }
        release();
    }
    std::vector<std::string> ids;
};

/// The send of many batches, one after the other.
class BatchesOperation final : public kerolox::detail::OperationOf<Receipts> {};

kerolox::Error failed_batch(const kerolox::Error& why) {
    kerolox::Error::Detail detail;
    detail.kind = kerolox::ErrorKind::client;
    detail.code = why.code();
    detail.text = fmt::format("Failed to initiate the MessageBatch: {}", why.text());
    detail.cause = why;
    return kerolox::Error(std::move(detail));
}

bool is_delayed(const kerolox::Message& message) {
    for (const std::string_view name : {property::kTimerDelayMs, property::kTimerDelaySec,
                                        property::kTimerDeliverMs, property::kDelay}) {
        if (message.property(name).value_or("0") != "0") return true;
    }
    return false;
}

std::vector<std::string_view> split_commas(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t comma = text.find(',');
        parts.push_back(text.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace

kerolox::Status check_batch(std::span<const kerolox::Message> messages) {
    if (messages.empty()) return client_error("a batch holds at least one message");
    for (const kerolox::Message& message : messages) {
        if (kerolox::Status valid = message.check(); !valid) return valid;
        if (is_delayed(message))
            return client_error("TimeDelayLevel is not supported for batching");
        if (model::is_retry_topic(message.topic()))
            return client_error("Retry Group is not supported for batching");
        if (message.topic() != messages.front().topic()) {
            return client_error("The topic of the messages in one batch should be the same");
        }
        if (Access::data(message)->wait_store != Access::data(messages.front())->wait_store) {
            return client_error("The waitStoreMsgOK of the messages in one batch should the same");
        }
    }
    return {};
}

void make_batch_job(SendJob& job, ClientCore& client, Slice body, bool wait_store) {
    constexpr std::int32_t kSendBatch = 320;
    job.code = kSendBatch;
    job.is_batch = true;
    job.message_id = client.next_unique_id();
    model::append_property(job.properties, property::kUniqKey, job.message_id);
    model::append_property(job.properties, property::kWait, wait_store ? "true" : "false");
    if (const std::string& name_space = client.config().name_space; !name_space.empty())
        model::append_property(job.properties, property::kInstanceId, name_space);
    job.message = raw_message(std::string(client.user_name(job.topic)),
                              kerolox::Bytes::shared(body.pin, body.bytes), job.properties, 0);
    job.body = std::move(body);
}

Receipts split_receipt(const kerolox::SendReceipt& whole, std::span<const std::string> ids) {
    const kerolox::detail::ReceiptData& data = receipt_data(whole);
    const auto offset_ids = split_commas(data.offset_id);
    Receipts receipts;
    receipts.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        kerolox::detail::ReceiptData one = data;
        one.message_id = ids[i];
        // Stored as one record it has one place.
        one.offset_id = offset_ids.size() == ids.size() ? offset_ids[i] : offset_ids.front();
        one.queue_offset = data.queue_offset + static_cast<std::int64_t>(i);
        receipts.push_back(make_receipt(std::move(one)));
    }
    return receipts;
}

kerolox::Async<Receipts> ProducerCore::send_batch(std::vector<kerolox::Message> messages,
                                                  const kerolox::SendOptions& options) {
    if (kerolox::Status status = usable(); !status) return client_.ready<Receipts>(status.error());
    if (kerolox::Status valid = check_batch(messages); !valid)
        return client_.ready<Receipts>(failed_batch(valid.error()));
    auto* op = client_.new_operation<BatchOperation>();
    kerolox::Async<Receipts> handle(op);
    std::string body;
    for (const kerolox::Message& message : messages) {
        std::string properties;
        std::string id;
        if (kerolox::Status fine = finish_properties(message, properties, id); !fine) {
            op->complete(failed_batch(fine.error()));
            return handle;
        }
        model::append_batch_item(body, message.flag(), message.body().text(), properties);
        op->ids.push_back(std::move(id));
    }
    const auto limit = static_cast<std::size_t>(settings_.config.max_message_size);
    if (body.size() > limit) {
        op->complete(client_error(
            fmt::format("the message body size over max value, MAX: {}", limit), kIllegalMessage));
        return handle;
    }
    op->topic = client_.wire_name(messages.front().topic());
    op->messages = static_cast<std::int32_t>(messages.size());
    make_batch_job(*op, client_, Slice::own(std::move(body)),
                   Access::data(messages.front())->wait_store);
    op->retain();
    if (options.stop.stop_possible()) op->cancel_with(options.stop);
    submit(op, timeout_of(options));
    return handle;
}

kerolox::Async<Receipts> ProducerCore::send_batches(std::vector<kerolox::Message> messages,
                                                    const kerolox::SendOptions& options) {
    if (kerolox::Status status = usable(); !status) return client_.ready<Receipts>(status.error());
    if (kerolox::Status valid = check_batch(messages); !valid)
        return client_.ready<Receipts>(failed_batch(valid.error()));
    const auto limit = static_cast<std::size_t>(settings_.config.max_message_size);
    std::vector<std::vector<kerolox::Message>> batches(1);
    std::size_t bytes = 0;
    for (kerolox::Message& message : messages) {
        std::string properties;
        std::string id;
        if (kerolox::Status fine = finish_properties(message, properties, id); !fine)
            return client_.ready<Receipts>(failed_batch(fine.error()));
        const std::size_t size = kBatchItemBytes + message.body().size() + properties.size();
        if (size > limit) {
            return client_.ready<Receipts>(
                client_error(fmt::format("the message body size over max value, MAX: {}", limit),
                             kIllegalMessage));
        }
        // The id counts with its full size and is kept, so that the pieces fit as they were cut.
        Access::data(message)->properties = std::move(properties);
        if (bytes + size > limit) {
            batches.emplace_back();
            bytes = 0;
        }
        bytes += size;
        batches.back().push_back(std::move(message));
    }
    auto* op = client_.new_operation<BatchesOperation>();
    op->retain();
    client_.spawn(send_each(shared_from_this(), op, std::move(batches), options));
    return kerolox::Async<Receipts>(op);
}

Awaitable<void> ProducerCore::send_each(std::shared_ptr<ProducerCore> self,
                                        kerolox::detail::OperationOf<Receipts>* op,
                                        std::vector<std::vector<kerolox::Message>> batches,
                                        kerolox::SendOptions options) {
    ClientCore& client = self->client_;
    const std::int64_t deadline = client.clock().steady_ms() + self->timeout_of(options);
    kerolox::Result<Receipts> all = Receipts();
    for (std::vector<kerolox::Message>& batch : batches) {
        // On this thread a full producer refuses at once: room is waited for here.
        constexpr std::int64_t kLookMs = 2;
        const bool waits = self->settings_.back_pressure == kerolox::BackPressure::wait;
        while (waits && self->permits_.is_full() && client.clock().steady_ms() < deadline)
            if (!co_await client.sleep(kLookMs)) break;
        const std::int64_t left = deadline - client.clock().steady_ms();
        if (left <= 0)
            all = kerolox::Error(kerolox::ErrorKind::timeout, "sendDefaultImpl call timeout",
                                 kAccessTimeout);
        if (options.stop.stop_requested() || op->ready())
            all = kerolox::Error(kerolox::ErrorKind::cancelled, "the operation was cancelled");
        if (!all) break;
        options.timeout = std::chrono::milliseconds(left);
        auto sent = co_await awaiting<kerolox::Result<Receipts>>([&](auto done) {
            const auto here = [](kerolox::UniqueFunction<void()> work) { work(); };
            self->send_batch(std::move(batch), options).via(here).then(std::move(done));
        });
        if (!sent) {
            all = sent.error();
            break;
        }
        std::ranges::move(*sent, std::back_inserter(*all));
    }
    op->complete(std::move(all));
    op->release();
}

}  // namespace kx::client
