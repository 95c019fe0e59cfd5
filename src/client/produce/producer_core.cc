// SPDX-License-Identifier: Apache-2.0
//
// The caller's half of a producer, its beginning and its end.
#include "client/produce/producer_core.h"

#include <algorithm>

#include "base/compress.h"
#include "client/core/heartbeat.h"
#include "client/produce/pending_request.h"
#include "client/produce/receipt.h"
#include "model/names.h"
#include "model/properties.h"
#include "model/record.h"

namespace kx::client {
namespace {

class OnewayJob final : public SendJob {
public:
    void done(kerolox::Result<kerolox::SendReceipt>) override { delete this; }
    void abandon(const kerolox::Error&) override {}
};

}  // namespace

kerolox::Result<std::shared_ptr<ProducerCore>> ProducerCore::create(
    std::shared_ptr<ClientLease> lease, const Settings& settings) {
    ClientCore& client = *lease->core;
    std::shared_ptr<ProducerCore> core(new ProducerCore(client, std::move(lease), settings));
    auto begun = client.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

std::shared_ptr<ProducerCore> ProducerCore::make_inner(ClientCore& client) {
    Settings settings;
    settings.config.producer_group = model::kInnerProducerGroup;
    // The client bounds what it sends itself; nothing may wait on the home thread.
    settings.config.enable_backpressure_for_async_mode = false;
    return std::shared_ptr<ProducerCore>(new ProducerCore(client, nullptr, settings));
}

ProducerCore::ProducerCore(ClientCore& client, std::shared_ptr<ClientLease> lease,
                           const Settings& settings)
    : lease_(std::move(lease)),
      kept_client_(lease_ ? lease_->core : nullptr),
      client_(client),
      settings_(settings),
      group_(client_.wire_name(settings.config.producer_group)),
      permits_(settings.config.enable_backpressure_for_async_mode
                   ? settings.config.back_pressure_for_async_send_num
                   : std::numeric_limits<std::int32_t>::max(),
               settings.config.enable_backpressure_for_async_mode
                   ? settings.config.back_pressure_for_async_send_size
                   : std::numeric_limits<std::int64_t>::max() / 2),
      faults_(client_.clock()),
      batcher_(*this),
      oneway_gate_([this](SendJob* job) { connect(job); }) {}

ProducerCore::~ProducerCore() = default;

Awaitable<kerolox::Result<int>> ProducerCore::begin() {
    const auto self = shared_from_this();
    if (kerolox::Status added = client_.add_producer(self); !added) co_return added.error();
    for (const std::string& topic : settings_.topics) {
        const std::string name = client_.wire_name(topic);
        const auto route = co_await client_.routes().get(name, RouteUse::kSend,
                                                         settings_.config.default_topic_queue_nums);
        if (route) {
            topics_[name].use(client_, name, *route);
        } else {
            client_.log(kerolox::LogLevel::warn, "producer", "no route of {} yet: {}", topic,
                        route.error().describe());
        }
    }
    co_await client_.heartbeat().to_all();
    if (settings_.config.start_detector_enable) client_.spawn(probe_avoided_brokers());
    co_return 0;
}

kerolox::Status ProducerCore::usable() const {
    if (closing_.load(std::memory_order_acquire)) return closed_error("producer");
    return client_.usable();
}

std::int64_t ProducerCore::timeout_of(const kerolox::SendOptions& options) const {
    return options.timeout.count() > 0 ? options.timeout.count()
                                       : settings_.config.send_msg_timeout;
}

// --- one message ---

kerolox::Status ProducerCore::prepare(SendJob& job, kerolox::Message message) {
    if (kerolox::Status valid = message.check(); !valid) return valid;
    const auto limit = static_cast<std::size_t>(settings_.config.max_message_size);
    if (message.body().size() > limit) {
        return client_error(fmt::format("the message body size over max value, MAX: {}", limit),
                            kIllegalMessage);
    }
    if (kerolox::Status fine = finish_properties(message, job.properties, job.message_id); !fine)
        return fine;
    if (const std::string& name_space = client_.config().name_space; !name_space.empty())
        model::set_property(job.properties, model::property::kInstanceId, name_space);
    const auto& data = *Access::data(message);
    job.topic = client_.wire_name(data.topic);
    job.body = Slice{data.body.owner(), data.body.text()};
    if (model::has_property(job.properties, model::property::kTransactionPrepared))
        job.sys_flag |= model::kTransactionPrepared;
    // Marks the answers to requests, which brokers hand to whoever asked.
    constexpr std::int32_t kSendReplyMessage = 325;
    if (model::property_or_empty(job.properties, model::property::kMessageType) == "reply")
        job.code = kSendReplyMessage;
    job.message = std::move(message);
    compress_body(job);
    return {};
}

kerolox::Status ProducerCore::finish_properties(const kerolox::Message& message,
                                                std::string& properties, std::string& id) {
    const auto& data = *Access::data(message);
    properties = data.properties;
    const auto known = model::find_property(properties, model::property::kUniqKey);
    id = known ? std::string(*known) : client_.next_unique_id();
    if (!known) model::append_property(properties, model::property::kUniqKey, id);
    model::set_property(properties, model::property::kWait, data.wait_store ? "true" : "false");
    if (properties.size() <= static_cast<std::size_t>(model::kPropertiesBytesMax)) return {};
    return client_error(fmt::format("the message properties size over max value, MAX: {}",
                                    model::kPropertiesBytesMax),
                        kIllegalMessage);
}

void ProducerCore::compress_body(SendJob& job) const {
    const ProducerConfig& config = settings_.config;
    if (config.compress_type == CompressionName::kNone ||
        job.body.bytes.size() < static_cast<std::size_t>(config.compress_msg_body_over_howmuch)) {
        return;
    }
    Compression format = Compression::kZlib;
    std::int32_t bits = 3 << 8;
    if (config.compress_type == CompressionName::kLz4) format = Compression::kLz4, bits = 1 << 8;
    if (config.compress_type == CompressionName::kZstd) format = Compression::kZstd, bits = 2 << 8;
    auto small = compress(format, job.body.bytes, config.compress_level);
    if (!small) {
        client_.log(kerolox::LogLevel::warn, "producer", "a body travels as it is: {}",
                    small.error().text);
        return;
    }
    job.body = Slice::own(std::move(*small));
    job.sys_flag |= model::kCompressed | bits;
}

kerolox::Async<kerolox::SendReceipt> ProducerCore::send(kerolox::Message message,
                                                        const kerolox::SendOptions& options,
                                                        QueueChoice choice, kerolox::Queue queue,
                                                        kerolox::QueueSelector selector,
                                                        std::string key) {
    if (kerolox::Status status = usable(); !status)
        return client_.ready<kerolox::SendReceipt>(status.error());
    auto* op = client_.new_operation<SendOperation>();
    kerolox::Async<kerolox::SendReceipt> handle(op);
    if (kerolox::Status prepared = prepare(*op, std::move(message)); !prepared) {
        op->complete(prepared.error());
        return handle;
    }
    op->choice = choice;
    op->queue = std::move(queue);
    op->selector = std::move(selector);
    op->key = std::move(key);
    op->may_join_batch = settings_.config.auto_batch && AutoBatcher::is_eligible(*op);
    op->retain();
    if (options.stop.stop_possible()) op->cancel_with(options.stop);
    submit(op, timeout_of(options));
    return handle;
}

kerolox::Status ProducerCore::send_oneway(kerolox::Message message,
                                          const kerolox::SendOptions& options) {
    if (kerolox::Status status = usable(); !status) return status;
    auto job = std::make_unique<OnewayJob>();
    if (kerolox::Status prepared = prepare(*job, std::move(message)); !prepared) return prepared;
    job->is_oneway = true;
    kerolox::Error refusal(kerolox::ErrorKind::internal, "");
    const std::int64_t timeout_ms = timeout_of(options);
    if (!admit(*job, timeout_ms, refusal)) {
        if (settings_.back_pressure != kerolox::BackPressure::drop) return refusal;
        client_.count("kerolox_oneway_dropped_total", 1);
        return {};
    }
    submit(job.release(), timeout_ms);
    return {};
}

void ProducerCore::send_then(kerolox::Message message, const kerolox::SendOptions& options,
                             CallbackJob::Callback done) {
    if (kerolox::Status status = usable(); !status) return done(status.error());
    auto job = std::make_unique<CallbackJob>(std::move(done));
    if (kerolox::Status prepared = prepare(*job, std::move(message)); !prepared)
        return job.release()->done(prepared.error());
    submit(job.release(), timeout_of(options));
}

// --- handing over ---

bool ProducerCore::admit(SendJob& job, std::int64_t timeout_ms, kerolox::Error& refusal) {
    // Small messages cost more than their bodies.
    constexpr std::size_t kOverhead = 512;
    job.permit_bytes = job.body.bytes.size() + job.properties.size() + kOverhead;
    const auto bytes = static_cast<std::int64_t>(job.permit_bytes);
    const bool waits = settings_.back_pressure == kerolox::BackPressure::wait && !on_io_thread();
    job.has_permit = waits ? permits_.take_before(bytes, timeout_ms) : permits_.take(bytes);
    if (job.has_permit) return true;
    kerolox::Error::Detail detail;
    detail.kind = kerolox::ErrorKind::too_much_request;
    detail.text = fmt::format(
        "send message tryAcquire semaphoreAsyncNum timeout: {} messages are "
        "under way",
        permits_.messages());
    detail.retriable = true;
    refusal = kerolox::Error(std::move(detail));
    if (closing_.load()) refusal = closed_error("producer");
    return false;
}

void ProducerCore::submit(SendJob* job, std::int64_t timeout_ms) {
    job->timeout_ms = timeout_ms;
    job->started_ns = client_.clock().steady_ns();
    job->deadline_ms = job->started_ns / 1'000'000 + timeout_ms;
    if (!job->has_permit) {
        kerolox::Error refusal(kerolox::ErrorKind::internal, "");
        if (!admit(*job, timeout_ms, refusal)) return job->done(refusal);
    }
    bool first = false;
    {
        SpinGuard guard(inbox_lock_);
        first = inbox_.empty();
        inbox_.push_back(job);
    }
    if (first) client_.post([self = shared_from_this()] { self->take_inbox(); });
}

// --- queues ---

kerolox::Async<std::vector<kerolox::Queue>> ProducerCore::queues(std::string topic) {
    if (kerolox::Status status = usable(); !status)
        return client_.ready<std::vector<kerolox::Queue>>(status.error());
    return client_.run<std::vector<kerolox::Queue>>(fetch_queues(std::move(topic)));
}

Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> ProducerCore::fetch_queues(
    std::string topic) {
    const auto self = shared_from_this();
    const std::string name = client_.wire_name(topic);
    const auto route = co_await client_.routes().refresh(name, RouteUse::kRead);
    if (!route) co_return route.error();
    PublishTopic view;
    view.use(client_, name, *route);
    co_return *view.queues;
}

// --- the end ---

void ProducerCore::stop_taking() {
    closing_.store(true, std::memory_order_release);
    permits_.close();
}

kerolox::Async<void> ProducerCore::close(std::chrono::milliseconds grace) {
    stop_taking();
    if (!client_.usable()) return client_.ready<void>({});
    auto end = [](std::shared_ptr<ProducerCore> self,
                  std::int64_t grace_ms) -> Awaitable<kerolox::Result<void>> {
        co_await self->shut(grace_ms);
        co_return kerolox::Result<void>();
    };
    return client_.run<void>(end(shared_from_this(), std::max<std::int64_t>(grace.count(), 0)));
}

bool ProducerCore::is_idle() const {
    // After the end all that is left was cut off.
    return (jobs_ == 0 || shut_) &&
           std::ranges::all_of(requests_, [](const auto& one) { return one->is_over(); });
}

Awaitable<void> ProducerCore::shut(std::int64_t grace_ms) {
    const auto self = shared_from_this();
    stop_taking();
    take_inbox();
    batcher_.flush_all();
    const std::int64_t deadline = client_.clock().steady_ms() + grace_ms;
    constexpr std::int64_t kPauseMs = 2;
    while (!is_idle() && client_.clock().steady_ms() < deadline)
        if (!co_await client_.sleep(kPauseMs)) break;
    shut_ = true;
    std::int64_t cut_off = 0;
    for (SendJob* job = first_; job != nullptr; job = job->next) {
        if (!job->is_abandoned()) ++cut_off;
        job->abandon(
            kerolox::Error(kerolox::ErrorKind::cancelled, "the producer was closed meanwhile"));
    }
    const auto requests = std::move(requests_);
    requests_.clear();
    for (const auto& request : requests) {
        if (!request->is_over()) ++cut_off;
        request->end(
            kerolox::Error(kerolox::ErrorKind::cancelled, "the producer was closed meanwhile"));
    }
    if (cut_off > 0) {
        client_.log(kerolox::LogLevel::warn, "producer",
                    "{} sends of group {} were cut off by its close", cut_off, group_);
    }
    co_await client_.remove_producer(group_);
}

}  // namespace kx::client
