// SPDX-License-Identifier: Apache-2.0
#include "client/produce/producer_core.h"

#include <algorithm>

#include "base/compress.h"
#include "client/core/heartbeat.h"
#include "client/produce/receipt.h"
#include "model/names.h"
#include "model/properties.h"
#include "wire/requests/send.h"

namespace kx::client {
namespace {

using kerolox::Error;
using kerolox::ErrorKind;
using kerolox::SendReceipt;

/// A route of TBW102 is a guess; and what went wrong may have changed the route.
constexpr std::int64_t kRouteDoubtMs = 1'000;

class OnewayJob final : public SendJob {
public:
    void done(kerolox::Result<SendReceipt>) override { delete this; }
    void abandon(const Error&) override {}
};

}  // namespace

kerolox::Result<std::shared_ptr<ProducerCore>> ProducerCore::create(
    std::shared_ptr<ClientLease> lease, const Settings& settings) {
    std::shared_ptr<ProducerCore> core(new ProducerCore(std::move(lease), settings));
    auto begun = core->client_.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

ProducerCore::ProducerCore(std::shared_ptr<ClientLease> lease, const Settings& settings)
    : lease_(std::move(lease)),
      client_(*lease_->core),
      settings_(settings),
      group_(client_.wire_name(settings.config.producer_group)),
      permits_(settings.config.enable_backpressure_for_async_mode
                   ? settings.config.back_pressure_for_async_send_num
                   : std::numeric_limits<std::int32_t>::max(),
               settings.config.enable_backpressure_for_async_mode
                   ? settings.config.back_pressure_for_async_send_size
                   : std::numeric_limits<std::int64_t>::max() / 2) {}

ProducerCore::~ProducerCore() = default;

Awaitable<kerolox::Result<int>> ProducerCore::begin() {
    if (kerolox::Status added = client_.add_producer(shared_from_this()); !added)
        co_return added.error();
    for (const std::string& topic : settings_.topics) {
        const std::string name = client_.wire_name(topic);
        const auto route = co_await client_.routes().get(name, RouteUse::kSend,
                                                         settings_.config.default_topic_queue_nums);
        if (!route) {
            client_.log(kerolox::LogLevel::warn, "producer", "no route of {} yet: {}", topic,
                        route.error().describe());
        }
    }
    co_await client_.heartbeat().to_all();
    co_return 0;
}

// --- the caller's thread ---

kerolox::Status ProducerCore::usable() const {
    if (closing_.load(std::memory_order_acquire)) return closed_error("producer");
    return client_.usable();
}

std::int64_t ProducerCore::timeout_of(const kerolox::SendOptions& options) const {
    return options.timeout.count() > 0 ? options.timeout.count()
                                       : settings_.config.send_msg_timeout;
}

kerolox::Status ProducerCore::prepare(SendJob& job, kerolox::Message message) {
    if (kerolox::Status valid = message.check(); !valid) return valid;
    const auto limit = static_cast<std::size_t>(settings_.config.max_message_size);
    if (message.body().size() > limit) {
        return client_error(fmt::format("the message body size over max value, MAX: {}", limit),
                            kIllegalMessage);
    }
    auto& data = *Access::data(message);
    job.topic = client_.wire_name(data.topic);
    job.properties = data.properties;
    const auto known = model::find_property(job.properties, model::property::kUniqKey);
    job.message_id = known ? std::string(*known) : client_.next_unique_id();
    if (!known) model::append_property(job.properties, model::property::kUniqKey, job.message_id);
    model::append_property(job.properties, model::property::kWait,
                           data.wait_store ? "true" : "false");
    if (!client_.config().name_space.empty()) {
        model::append_property(job.properties, model::property::kInstanceId,
                               client_.config().name_space);
    }
    job.body = Slice{data.body.owner(), data.body.text()};
    job.message = std::move(message);
    return compress_body(job);
}

kerolox::Status ProducerCore::compress_body(SendJob& job) const {
    const ProducerConfig& config = settings_.config;
    if (config.compress_type == CompressionName::kNone ||
        job.body.bytes.size() < static_cast<std::size_t>(config.compress_msg_body_over_howmuch)) {
        return {};
    }
    Compression format = Compression::kZlib;
    std::int32_t bits = 3 << 8;
    if (config.compress_type == CompressionName::kLz4) format = Compression::kLz4, bits = 1 << 8;
    if (config.compress_type == CompressionName::kZstd) format = Compression::kZstd, bits = 2 << 8;
    auto small = compress(format, job.body.bytes, config.compress_level);
    if (!small) {
        client_.log(kerolox::LogLevel::warn, "producer", "a body travels as it is: {}",
                    small.error().text);
        return {};
    }
    job.body = Slice::own(std::move(*small));
    job.sys_flag |= model::kCompressed | bits;
    return {};
}

kerolox::Async<SendReceipt> ProducerCore::send(kerolox::Message message,
                                               const kerolox::SendOptions& options,
                                               QueueChoice choice, kerolox::Queue queue,
                                               kerolox::QueueSelector selector, std::string key) {
    if (kerolox::Status status = usable(); !status)
        return client_.ready<SendReceipt>(status.error());
    auto* op = client_.new_operation<SendOperation>();
    kerolox::Async<SendReceipt> handle(op);
    if (kerolox::Status prepared = prepare(*op, std::move(message)); !prepared) {
        op->complete(prepared.error());
        return handle;
    }
    op->choice = choice;
    op->queue = std::move(queue);
    op->selector = std::move(selector);
    op->key = std::move(key);
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
    Error refusal(ErrorKind::internal, "");
    const std::int64_t timeout_ms = timeout_of(options);
    if (!admit(*job, timeout_ms, refusal)) {
        if (settings_.back_pressure != kerolox::BackPressure::drop) return refusal;
        client_.count("kerolox_oneway_dropped_total", 1);
        return {};
    }
    submit(job.release(), timeout_ms);
    return {};
}

bool ProducerCore::admit(SendJob& job, std::int64_t timeout_ms, Error& refusal) {
    // Small messages cost more than their bodies.
    constexpr std::size_t kOverhead = 512;
    job.permit_bytes = job.body.bytes.size() + job.properties.size() + kOverhead;
    const auto bytes = static_cast<std::int64_t>(job.permit_bytes);
    const bool waits = settings_.back_pressure == kerolox::BackPressure::wait && !on_io_thread();
    job.has_permit = waits ? permits_.take_before(bytes, timeout_ms) : permits_.take(bytes);
    if (job.has_permit) return true;
    Error::Detail detail;
    detail.kind = ErrorKind::too_much_request;
    detail.text = fmt::format(
        "send message tryAcquire semaphoreAsyncNum timeout: {} messages are "
        "under way",
        permits_.messages());
    detail.retriable = true;
    refusal = Error(std::move(detail));
    if (closing_.load()) refusal = closed_error("producer");
    return false;
}

void ProducerCore::submit(SendJob* job, std::int64_t timeout_ms) {
    const std::int64_t now = client_.clock().steady_ms();
    job->timeout_ms = timeout_ms;
    job->started_ms = now;
    job->deadline_ms = now + timeout_ms;
    if (!job->has_permit) {
        Error refusal(ErrorKind::internal, "");
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

// --- the home thread ---

void ProducerCore::take_inbox() {
    {
        SpinGuard guard(inbox_lock_);
        taken_.swap(inbox_);
    }
    client_.home().run_turn([this] {
        for (SendJob* job : taken_) accept(job);
    });
    taken_.clear();
}

void ProducerCore::accept(SendJob* job) {
    if (jobs_++ == 0) self_ = shared_from_this();
    job->next = first_;
    if (first_ != nullptr) first_->previous = job;
    first_ = job;
    if (shut_) return finish(job, closed_error("producer"));
    PublishTopic& topic = topics_[job->topic];
    const std::int64_t now = client_.clock().steady_ms();
    if (topic.route == nullptr || topic.targets().empty()) {
        topic.waiting.push_back(job);
        if (!std::exchange(expiring_, true)) client_.spawn(expire_waiting());
        return ask_route(job->topic, topic);
    }
    if (topic.route->from_default_topic && now - topic.fetched_ms > kRouteDoubtMs)
        ask_route(job->topic, topic);
    transmit(job);
}

void ProducerCore::ask_route(const std::string& topic, PublishTopic& entry) {
    if (entry.asking) return;
    entry.asking = true;
    entry.fetched_ms = client_.clock().steady_ms();
    client_.routes().refresh(
        topic, RouteUse::kSend, settings_.config.default_topic_queue_nums,
        [self = shared_from_this(), topic](const RouteTable::Outcome& outcome) {
            self->on_route_answer(topic, outcome);
        });
}

void ProducerCore::on_route(const std::string& topic, const RoutePtr& route) {
    const auto known = topics_.find(topic);
    if (known != topics_.end()) known->second.use(client_, topic, route, jobs_ == 0);
}

void ProducerCore::on_route_answer(const std::string& topic, const RouteTable::Outcome& outcome) {
    PublishTopic& entry = topics_[topic];
    entry.asking = false;
    if (outcome && entry.route != *outcome) entry.use(client_, topic, *outcome, jobs_ == 0);
    const std::vector<SendJob*> waiting = std::move(entry.waiting);
    entry.waiting.clear();
    client_.home().run_turn([&] {
        for (SendJob* job : waiting) {
            if (outcome) {
                transmit(job);
            } else {
                finish(job, outcome.error());
            }
        }
    });
}

/// While somebody waits for a route: are their deadlines over?
Awaitable<void> ProducerCore::expire_waiting() {
    const auto self = shared_from_this();
    constexpr std::int64_t kLookMs = 20;
    bool more = true;
    while (more && co_await client_.sleep(kLookMs)) {
        more = false;
        const std::int64_t now = client_.clock().steady_ms();
        std::vector<SendJob*> expired;
        for (auto& [name, topic] : topics_) {
            std::erase_if(topic.waiting, [&](SendJob* job) {
                const bool over = now >= job->deadline_ms || job->is_abandoned();
                if (over) expired.push_back(job);
                return over;
            });
            more |= !topic.waiting.empty();
        }
        for (SendJob* job : expired) {
            finish(job, Error(ErrorKind::timeout,
                              fmt::format("no route of topic {} came within {} ms",
                                          client_.user_name(job->topic), job->timeout_ms),
                              kAccessTimeout));
        }
    }
    expiring_ = false;
}

void ProducerCore::transmit(SendJob* job) {
    if (job->is_abandoned()) return finish(job, Error(ErrorKind::cancelled, "given up"));
    PublishTopic& topic = topics_[job->topic];
    Error refusal(ErrorKind::internal, "");
    job->target = choose(*job, topic, refusal);
    if (job->target == nullptr) return finish(job, refusal);
    job->target_broker = job->target->broker;
    job->brokers_tried.push_back(job->target_broker);
    job->try_started_ns = client_.clock().steady_ns();
    Peer& peer = *job->target->peer;
    if (net::Connection* connection = peer.ready(); connection != nullptr)
        return write(job, *connection);
    peer.connect(
        [this, job, &peer](const kerolox::Status& status) {
            net::Connection* connection = status ? peer.ready() : nullptr;
            if (connection != nullptr) return write(job, *connection);
            on_failure(job, status ? connect_error(kx::Error{Errc::kUnavailable,
                                                             "the connection closed at once"},
                                                   peer.address())
                                   : status.error());
        },
        job->deadline_ms);
}

const PublishTarget* ProducerCore::choose(SendJob& job, PublishTopic& topic, Error& refusal) {
    const auto nothing = [&] {
        refusal = client_error(fmt::format("No route info of this topic: {}", job.topic), kNoRoute);
        return nullptr;
    };
    if (topic.route == nullptr || topic.targets().empty()) return nothing();
    const std::size_t count = topic.targets().size();
    switch (job.choice) {
        case QueueChoice::kByTurns: {
            static const std::string kNobody;
            return topic.by_turns(job.brokers_tried.empty() ? kNobody : job.brokers_tried.back());
        }
        case QueueChoice::kGiven: {
            const PublishTarget* target = topic.find(job.queue);
            if (target == nullptr)
                refusal = client_error(fmt::format("The broker[{}] not exist", job.queue.broker),
                                       kBrokerNotExist);
            return target;
        }
        case QueueChoice::kByKey:
            return &topic.targets()[queue_for_key(job.key, count, settings_.key_spread)];
        case QueueChoice::kSelected: {
            std::size_t index = count;
            try {
                index = job.selector(topic.queues, job.message);
            } catch (...) {
                refusal = client_error("select message queue threw exception.");
                return nullptr;
            }
            if (index < count) return &topic.targets()[index];
            refusal = client_error("select message queue return null.");
            return nullptr;
        }
    }
    return nothing();
}

void ProducerCore::write(SendJob* job, net::Connection& connection) {
    const std::int64_t now = client_.clock().steady_ms();
    wire::SendMessage header;
    header.producer_group = group_;
    header.topic = job->topic;
    header.default_topic = settings_.config.create_topic_key;
    header.default_topic_queue_nums = settings_.config.default_topic_queue_nums;
    header.queue_id = job->target->queue_id;
    header.sys_flag = job->sys_flag;
    header.born_timestamp = client_.clock().wall_ms();
    header.flag = job->message.flag();
    header.properties = job->properties;
    header.unit_mode = client_.config().unit_mode;
    header.batch = job->is_batch;
    header.broker_name = job->target->broker;

    wire::HeaderParts parts;
    parts.encoding = net::answer_encoding();
    parts.code = job->code;
    parts.names = Names::kShort;
    std::vector<ExtField> extra;
    kerolox::ExtFields decorated;
    if (client_.decorates()) {
        net::Call call;
        call.add_fields(rows_of<wire::SendMessage>(), &header, Names::kShort);
        decorated = std::move(call.fields);
        client_.decorate(job->target->peer->address(), job->code, decorated, job->body.bytes);
        for (const auto& [name, value] : decorated) extra.push_back({name, value});
        parts.extra = extra;
    } else {
        parts.with(header);
    }
    if (job->is_oneway) {
        const Status sent = connection.call_oneway(parts, std::span(&job->body, 1));
        if (!sent) return on_failure(job, call_error(sent.error(), connection.peer(), 0));
        return finish(job, SendReceipt());
    }
    std::int64_t left = std::max<std::int64_t>(job->deadline_ms - now, 1);
    const std::int64_t cap = settings_.config.send_msg_max_timeout_per_request;
    if (cap > 0 && may_try_again(*job, now)) left = std::min(left, cap);
    in_call_ = true;
    connection.call(parts, std::span(&job->body, 1), left,
                    [this, job](Result<const wire::Command*> answer) { on_answer(job, answer); });
    in_call_ = false;
}

void ProducerCore::on_answer(SendJob* job, const Result<const wire::Command*>& answer) {
    if (in_call_) {  // nothing was sent; who called is still up the stack
        return client_.post([this, job, error = answer.error()] {
            on_failure(job, call_error(error, job->target->peer->address(), job->timeout_ms));
        });
    }
    const std::string& address = job->target->peer->address();
    if (!answer) return on_failure(job, call_error(answer.error(), address, job->timeout_ms));
    const wire::Command& command = **answer;
    if (!means_stored(command.code)) {
        if (command.code == static_cast<std::int32_t>(wire::ResponseCode::kGoAway))
            job->target->peer->retire();
        return on_failure(job, broker_error(command.code, command.remark, address));
    }
    auto data = read_receipt(
        command, job->message_id,
        {std::string(client_.user_name(job->topic)), job->target_broker, job->target->queue_id});
    if (!data) return on_failure(job, data.error());
    data.value().brokers_tried = job->brokers_tried;
    const bool safe = data.value().status == kerolox::StoreStatus::ok;
    kerolox::Result<SendReceipt> result = make_receipt(std::move(data).value());
    after_try(*job, result);
    const bool retries = !safe && settings_.config.retry_another_broker_when_not_store_ok &&
                         may_try_again(*job, client_.clock().steady_ms());
    if (!retries) return finish(job, std::move(result));
    job->kept = std::move(result).value();
    transmit(job);
}

bool ProducerCore::may_try_again(const SendJob& job, std::int64_t now_ms) const {
    return !shut_ && !job.is_oneway && job.choice == QueueChoice::kByTurns &&
           now_ms < job.deadline_ms &&
           static_cast<std::int32_t>(job.brokers_tried.size()) <=
               settings_.config.retry_times_when_send_failed;
}

void ProducerCore::on_failure(SendJob* job, Error error) {
    after_try(*job, error);
    const std::int64_t now = client_.clock().steady_ms();
    const bool is_answer = error.kind() == ErrorKind::broker;
    if (PublishTopic& topic = topics_[job->topic];
        (!is_answer || error.code() == 17 || error.code() == 16) &&
        now - topic.fetched_ms > kRouteDoubtMs) {
        ask_route(job->topic, topic);
    }
    const bool retried = !is_answer || std::ranges::find(settings_.retry_codes, error.code()) !=
                                           settings_.retry_codes.end();
    if (retried && may_try_again(*job, now)) return transmit(job);
    if (job->kept) return finish(job, *job->kept);
    finish(job, retried && job->choice == QueueChoice::kByTurns && !job->is_oneway
                    ? final_error(*job, error)
                    : error);
}

Error ProducerCore::final_error(const SendJob& job, const Error& last) const {
    const std::int64_t cost = client_.clock().steady_ms() - job.started_ms;
    Error::Detail detail;
    detail.kind = last.kind() == ErrorKind::timeout || cost >= job.timeout_ms ? ErrorKind::timeout
                                                                              : ErrorKind::client;
    switch (last.kind()) {
        case ErrorKind::broker: detail.code = last.code(); break;
        case ErrorKind::connect:
        case ErrorKind::send_request: detail.code = kConnectFailed; break;
        case ErrorKind::timeout: detail.code = kAccessTimeout; break;
        default: detail.code = kBrokerNotExist; break;
    }
    std::string brokers;
    for (const std::string& broker : job.brokers_tried) {
        if (!brokers.empty()) brokers += ", ";
        brokers += broker;
    }
    detail.text =
        fmt::format("Send [{}] times, still failed, cost [{}]ms, Topic: {}, BrokersSent: [{}]",
                    job.brokers_tried.size(), cost, client_.user_name(job.topic), brokers);
    detail.peer = last.peer();
    detail.brokers_tried = job.brokers_tried;
    detail.tries = static_cast<std::int32_t>(job.brokers_tried.size());
    detail.retriable = last.retriable();
    detail.cause = last;
    return Error(std::move(detail));
}

void ProducerCore::after_try(const SendJob&, const kerolox::Result<SendReceipt>&) {}

void ProducerCore::finish(SendJob* job, kerolox::Result<SendReceipt> result) {
    if (job->previous != nullptr) job->previous->next = job->next;
    if (job->next != nullptr) job->next->previous = job->previous;
    if (first_ == job) first_ = job->next;
    permits_.give_back(static_cast<std::int64_t>(job->permit_bytes));
    job->done(std::move(result));
    // The last reference may go with this: nothing of the object is touched afterwards.
    if (--jobs_ == 0) const auto last = std::move(self_);
}

void ProducerCore::add_topics(std::set<std::string>& topics) const {
    for (const auto& entry : topics_) topics.insert(entry.first);
}

void ProducerCore::add_to_heartbeat(wire::HeartbeatData& heartbeat) const {
    heartbeat.producer_data_set.push_back({group_});
}

bool ProducerCore::check_transaction(TransactionCheck) { return false; }

kerolox::Async<std::vector<kerolox::Queue>> ProducerCore::queues(std::string topic) {
    if (kerolox::Status status = usable(); !status)
        return client_.ready<std::vector<kerolox::Queue>>(status.error());
    return client_.run<std::vector<kerolox::Queue>>(fetch_queues(std::move(topic)));
}

Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> ProducerCore::fetch_queues(
    std::string topic) {
    const auto self = shared_from_this();
    const auto route = co_await client_.routes().refresh(client_.wire_name(topic), RouteUse::kRead);
    if (!route) co_return route.error();
    PublishTopic view;
    view.use(client_, client_.wire_name(topic), *route, true);
    co_return view.queues;
}

kerolox::Async<void> ProducerCore::close(std::chrono::milliseconds grace) {
    closing_.store(true, std::memory_order_release);
    permits_.close();
    if (!client_.usable()) return client_.ready<void>({});
    auto end = [](std::shared_ptr<ProducerCore> self,
                  std::int64_t grace_ms) -> Awaitable<kerolox::Result<void>> {
        co_await self->shut(grace_ms);
        co_return kerolox::Result<void>();
    };
    return client_.run<void>(end(shared_from_this(), std::max<std::int64_t>(grace.count(), 0)));
}

Awaitable<void> ProducerCore::shut(std::int64_t grace_ms) {
    const auto self = shared_from_this();
    closing_.store(true, std::memory_order_release);
    permits_.close();
    const std::int64_t deadline = client_.clock().steady_ms() + grace_ms;
    constexpr std::int64_t kPauseMs = 2;
    while (jobs_ > 0 && client_.clock().steady_ms() < deadline)
        if (!co_await client_.sleep(kPauseMs)) break;
    shut_ = true;
    std::int64_t cut_off = 0;
    for (SendJob* job = first_; job != nullptr; job = job->next, ++cut_off)
        job->abandon(Error(ErrorKind::cancelled, "the producer was closed meanwhile"));
    if (cut_off > 0) {
        client_.log(kerolox::LogLevel::warn, "producer",
                    "{} sends of group {} were cut off by its close", cut_off, group_);
    }
    co_await client_.remove_producer(group_);
}

}  // namespace kx::client
