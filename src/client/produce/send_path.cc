// SPDX-License-Identifier: Apache-2.0
//
// The home thread's half of a producer: a message's way to a broker, try by try (client.md 8-10).
#include <algorithm>

#include "client/produce/producer_core.h"
#include "client/produce/receipt.h"
#include "client/produce/send_watch.h"
#include "model/names.h"
#include "model/properties.h"
#include "wire/requests/offsets.h"
#include "wire/requests/send.h"

namespace kx::client {
namespace {

/// A route of TBW102 is a guess; and what went wrong may have changed the route.
constexpr std::int64_t kRouteDoubtMs = 1'000;

std::optional<std::int32_t> number_property(std::string_view properties, std::string_view name) {
    const std::string text(model::property_or_empty(properties, name));
    char* end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0') return std::nullopt;
    return static_cast<std::int32_t>(value);
}

}  // namespace

// --- arrival ---

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

void ProducerCore::adopt(SendJob* job) {
    if (jobs_++ == 0) self_ = shared_from_this();
    job->next = first_;
    if (first_ != nullptr) first_->previous = job;
    first_ = job;
}

void ProducerCore::accept(SendJob* job) {
    adopt(job);
    if (shut_) return finish(job, closed_error("producer"));
    PublishTopic& topic = topics_[job->topic];
    if (topic.route == nullptr || topic.targets.empty()) {
        const bool needs_none = job->choice == QueueChoice::kGiven &&
                                !client_.routes().master_of(job->queue.broker).empty();
        return needs_none ? transmit(job) : await_route(job, topic);
    }
    const std::int64_t age = client_.clock().steady_ms() - topic.fetched_ms;
    if (topic.route->from_default_topic && age > kRouteDoubtMs) ask_route(job->topic, topic);
    if (job->may_join_batch && batcher_.add(job)) return;
    transmit(job);
}

// --- routes ---

void ProducerCore::await_route(SendJob* job, PublishTopic& topic) {
    topic.waiting.push_back(job);
    if (!std::exchange(expiring_, true)) client_.spawn(expire_waiting());
    ask_route(job->topic, topic);
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
    if (known != topics_.end()) known->second.use(client_, topic, route);
}

void ProducerCore::on_route_answer(const std::string& topic, const RouteTable::Outcome& outcome) {
    PublishTopic& entry = topics_[topic];
    entry.asking = false;
    if (outcome && entry.route != *outcome) entry.use(client_, topic, *outcome);
    const std::vector<SendJob*> waiting = std::move(entry.waiting);
    entry.waiting.clear();
    client_.home().run_turn([&] {
        for (SendJob* job : waiting) {
            if (outcome) {
                transmit(job);
            } else {
                finish(job, outcome.error().code() == kNoRoute ? no_route(*job) : outcome.error());
            }
        }
    });
}

kerolox::Error ProducerCore::no_route(const SendJob& job) const {
    const std::string_view topic = client_.user_name(job.topic);
    if (job.choice == QueueChoice::kByTurns)
        return client_error(fmt::format("No route info of this topic: {}", topic), kNoRoute);
    return client_error(fmt::format("No route info for this topic, {}", topic));
}

/// While somebody waits for a route or for the application: are their deadlines over?
Awaitable<void> ProducerCore::expire_waiting() {
    const auto self = shared_from_this();
    constexpr std::int64_t kLookMs = 20;
    bool more = true;
    while (more && co_await client_.sleep(kLookMs)) {
        const std::int64_t now = client_.clock().steady_ms();
        std::vector<SendJob*> expired;
        more = !selecting_.empty();
        for (auto& [name, topic] : topics_) {
            std::erase_if(topic.waiting, [&](SendJob* job) {
                const bool over = now >= job->deadline_ms || job->is_abandoned();
                if (over) expired.push_back(job);
                return over;
            });
            more |= !topic.waiting.empty();
        }
        for (SendJob* job : expired) {
            finish(job, kerolox::Error(kerolox::ErrorKind::timeout,
                                       fmt::format("no route of topic {} came within {} ms",
                                                   client_.user_name(job->topic), job->timeout_ms),
                                       kAccessTimeout));
        }
        for (SendJob* job : selecting_) {
            if (now < job->deadline_ms || job->is_abandoned()) continue;
            job->abandon(kerolox::Error(kerolox::ErrorKind::timeout, "sendSelectImpl call timeout",
                                        kAccessTimeout));
        }
    }
    expiring_ = false;
}

void ProducerCore::add_topics(std::set<std::string>& topics) const {
    for (const auto& entry : topics_) topics.insert(entry.first);
}

void ProducerCore::add_to_heartbeat(wire::HeartbeatData& heartbeat) const {
    heartbeat.producer_data_set.push_back({group_});
}

bool ProducerCore::check_transaction(TransactionCheck) { return false; }

// --- choosing a queue ---

void ProducerCore::transmit(SendJob* job) {
    if (job->is_abandoned())
        return finish(job, kerolox::Error(kerolox::ErrorKind::cancelled, "given up"));
    PublishTopic& topic = topics_[job->topic];
    if (job->choice == QueueChoice::kGiven) return aim_at_given(job, topic);
    if (topic.route == nullptr || topic.targets.empty()) return finish(job, no_route(*job));
    switch (job->choice) {
        case QueueChoice::kSelected: return run_selector(job, topic);
        case QueueChoice::kByKey:
            return aim(
                job,
                topic.targets[queue_for_key(job->key, topic.targets.size(), settings_.key_spread)]);
        default: break;
    }
    const std::string_view last =
        job->brokers_tried.empty() ? std::string_view() : job->brokers_tried.back();
    aim(job, settings_.config.send_latency_fault_enable ? *topic.by_turns(last, faults_)
                                                        : *topic.by_turns(last));
}

void ProducerCore::aim(SendJob* job, const PublishTarget& target) {
    job->peer = target.peer;
    job->queue_id = target.queue_id;
    job->brokers_tried.push_back(target.broker);
    begin_try(job);
}

/// Any queue of a broker that is there will do: whether it has that queue is the broker's to say.
void ProducerCore::aim_at_given(SendJob* job, PublishTopic& topic) {
    if (const PublishTarget* target = topic.find(job->queue)) return aim(job, *target);
    const std::string master = client_.routes().master_of(job->queue.broker);
    if (!master.empty()) {
        Peer& peer = client_.peer(send_address(client_, master));
        return aim(job, {&peer, job->queue.broker, job->queue.id});
    }
    if (!std::exchange(job->route_refreshed, true)) return await_route(job, topic);
    finish(job, client_error(fmt::format("The broker[{}] not exist", job->queue.broker)));
}

/// The application's function may block: on a callback thread, not here.
void ProducerCore::run_selector(SendJob* job, const PublishTopic& topic) {
    auto select = [this, job, queues = topic.queues] {
        kerolox::Result<kerolox::Queue> choice = client_error("select message queue return null.");
        try {
            const std::size_t index = job->selector(*queues, job->message);
            if (index < queues->size()) choice = (*queues)[index];
        } catch (...) {
            choice = client_error("select message queue threw exception.");
        }
        client_.post([this, job, choice = std::move(choice)] { on_selected(job, choice); });
    };
    selecting_.insert(job);
    if (!std::exchange(expiring_, true)) client_.spawn(expire_waiting());
    CallbackPool::Work work = select;
    if (client_.settings().callbacks_on_io || !client_.runtime().callbacks().post(work)) select();
}

void ProducerCore::on_selected(SendJob* job, const kerolox::Result<kerolox::Queue>& choice) {
    selecting_.erase(job);
    if (job->is_abandoned())
        return finish(job, kerolox::Error(kerolox::ErrorKind::cancelled, "given up"));
    if (!choice) return finish(job, choice.error());
    job->queue = *choice;
    aim_at_given(job, topics_[job->topic]);
}

// --- one try ---

void ProducerCore::begin_try(SendJob* job) {
    job->was_sent_away = false;
    job->try_started_ns = client_.clock().steady_ns();
    const std::int64_t now = job->try_started_ns / 1'000'000;
    job->try_deadline_ms = job->deadline_ms;
    const std::int64_t cap = settings_.config.send_msg_max_timeout_per_request;
    if (cap >= 0 && has_tries_left(*job))
        job->try_deadline_ms = std::min(job->deadline_ms, now + cap);
    if (is_watched(client_)) {
        if (kerolox::Status allowed = tell_before_send(client_, group_, *job); !allowed)
            return finish(job, allowed.error());
    }
    connect(job);
}

void ProducerCore::connect(SendJob* job) {
    Peer& peer = *job->peer;
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
        job->try_deadline_ms);
}

void ProducerCore::write(SendJob* job, net::Connection& connection) {
    if (job->is_oneway && !oneway_gate_.admits(job, connection)) return;
    const std::int64_t left = job->try_deadline_ms - client_.clock().steady_ms();
    const std::string& address = job->peer->address();
    if (left <= 0 && !job->is_oneway)
        return on_failure(
            job, kerolox::Error(kerolox::ErrorKind::timeout, "sendKernelImpl call timeout"));
    wire::SendMessage header;
    header.producer_group = group_;
    header.topic = job->topic;
    header.default_topic = settings_.config.create_topic_key;
    header.default_topic_queue_nums = settings_.config.default_topic_queue_nums;
    header.queue_id = job->queue_id;
    header.sys_flag = job->sys_flag;
    header.born_timestamp = client_.clock().wall_ms();
    header.flag = job->message.flag();
    header.properties = job->properties;
    header.unit_mode = client_.config().unit_mode;
    header.batch = job->is_batch;
    header.broker_name = job->brokers_tried.back();
    if (model::is_retry_topic(job->topic)) {
        // They stay among the properties as well, as RocketMQ's clients leave them.
        header.reconsume_times =
            number_property(job->properties, model::property::kReconsumeTime).value_or(0);
        header.max_reconsume_times =
            number_property(job->properties, model::property::kMaxReconsumeTimes);
    }

    wire::HeaderParts parts;
    parts.encoding = client_.encoding();
    parts.code = job->code;
    parts.names = Names::kShort;
    std::vector<ExtField> extra;
    kerolox::ExtFields decorated;
    if (client_.decorates()) {
        net::Call call;
        call.add_fields(rows_of<wire::SendMessage>(), &header, Names::kShort);
        decorated = std::move(call.fields);
        client_.decorate(address, job->code, decorated, job->body.bytes);
        for (const auto& [name, value] : decorated) extra.push_back({name, value});
        parts.extra = extra;
    } else {
        parts.with(header);
    }
    if (job->is_oneway) {
        const Status sent = connection.call_oneway(parts, std::span(&job->body, 1));
        if (!sent) return on_failure(job, call_error(sent.error(), address, 0));
        after_try(*job, kerolox::SendReceipt());
        return finish(job, kerolox::SendReceipt());
    }
    in_call_ = true;
    connection.call(parts, std::span(&job->body, 1), left,
                    [this, job](Result<const wire::Command*> answer) { on_answer(job, answer); });
    in_call_ = false;
}

void ProducerCore::on_answer(SendJob* job, const Result<const wire::Command*>& answer) {
    const std::string& address = job->peer->address();
    if (in_call_) {  // nothing was sent; who called is still up the stack
        return client_.post([this, job, &address, error = answer.error()] {
            on_failure(job, call_error(error, address, job->timeout_ms));
        });
    }
    const std::int64_t allowed_ms = job->try_deadline_ms - job->try_started_ns / 1'000'000;
    if (!answer) return on_failure(job, call_error(answer.error(), address, allowed_ms));
    const wire::Command& command = **answer;
    if (!means_stored(command.code)) {
        if (command.code == static_cast<std::int32_t>(wire::ResponseCode::kGoAway)) {
            job->peer->retire();
            const bool replays = client_.config().enable_reconnect_for_go_away &&
                                 !std::exchange(job->was_sent_away, true);
            if (replays) return connect(job);
        }
        return on_failure(job, broker_error(command.code, command.remark, address));
    }
    auto data = read_receipt(
        command, job->message_id,
        {std::string(client_.user_name(job->topic)), job->brokers_tried.back(), job->queue_id});
    if (!data) return on_failure(job, data.error());
    data.value().brokers_tried = job->brokers_tried;
    const bool safe = data.value().status == kerolox::StoreStatus::ok;
    Sent result = make_receipt(std::move(data).value());
    after_try(*job, result);
    const bool retries = !safe && settings_.config.retry_another_broker_when_not_store_ok &&
                         may_try_again(*job, client_.clock().steady_ms());
    if (!retries) return finish(job, std::move(result));
    job->kept = std::move(result).value();
    client_.count("kerolox_send_retries_total", 1);
    transmit(job);
}

// --- after a try ---

bool ProducerCore::has_tries_left(const SendJob& job) const {
    return !shut_ && !job.is_oneway && job.choice == QueueChoice::kByTurns &&
           static_cast<std::int32_t>(job.brokers_tried.size()) <=
               settings_.config.retry_times_when_send_failed;
}

bool ProducerCore::may_try_again(const SendJob& job, std::int64_t now_ms) const {
    return has_tries_left(job) && now_ms < job.deadline_ms && !job.is_abandoned();
}

void ProducerCore::on_failure(SendJob* job, kerolox::Error error) {
    after_try(*job, error);
    const std::int64_t now = client_.clock().steady_ms();
    const bool is_answer = error.kind() == kerolox::ErrorKind::broker;
    if (PublishTopic& topic = topics_[job->topic];
        (!is_answer || error.code() == 17 || error.code() == 16 || error.code() == 501) &&
        now - topic.fetched_ms > kRouteDoubtMs) {
        ask_route(job->topic, topic);
    }
    const bool retried = !is_answer || std::ranges::find(settings_.retry_codes, error.code()) !=
                                           settings_.retry_codes.end();
    if (retried && may_try_again(*job, now)) {
        client_.count("kerolox_send_retries_total", 1);
        return transmit(job);
    }
    if (job->kept) return finish(job, *job->kept);
    finish(job, retried && job->choice == QueueChoice::kByTurns && !job->is_oneway
                    ? final_error(*job, error)
                    : error);
}

kerolox::Error ProducerCore::final_error(const SendJob& job, const kerolox::Error& last) const {
    const std::int64_t cost = (client_.clock().steady_ns() - job.started_ns) / 1'000'000;
    const bool out_of_time = client_.clock().steady_ms() >= job.deadline_ms;
    kerolox::Error::Detail detail;
    detail.kind = last.kind() == kerolox::ErrorKind::timeout || out_of_time
                      ? kerolox::ErrorKind::timeout
                      : kerolox::ErrorKind::client;
    switch (last.kind()) {
        case kerolox::ErrorKind::broker: detail.code = last.code(); break;
        case kerolox::ErrorKind::connect:
        case kerolox::ErrorKind::send_request: detail.code = kConnectFailed; break;
        case kerolox::ErrorKind::timeout: detail.code = kAccessTimeout; break;
        default: detail.code = kBrokerNotExist; break;
    }
    std::string brokers;
    for (const std::string& broker : job.brokers_tried) {
        if (!brokers.empty()) brokers += ", ";
        brokers += broker;
    }
    detail.text =
        fmt::format("{}Send [{}] times, still failed, cost [{}]ms, Topic: {}, BrokersSent: [{}]",
                    out_of_time && has_tries_left(job) ? "sendDefaultImpl call timeout: " : "",
                    job.brokers_tried.size(), cost, client_.user_name(job.topic), brokers);
    detail.peer = last.peer();
    detail.brokers_tried = job.brokers_tried;
    detail.tries = static_cast<std::int32_t>(job.brokers_tried.size());
    detail.retriable = last.retriable();
    detail.cause = last;
    return kerolox::Error(std::move(detail));
}

void ProducerCore::after_try(const SendJob& job, const Sent& result) {
    if (settings_.config.send_latency_fault_enable) judge_broker(job, result);
    if (is_watched(client_)) tell_after_send(client_, group_, job, result);
}

void ProducerCore::judge_broker(const SendJob& job, const Sent& result) {
    const std::int64_t took = (client_.clock().steady_ns() - job.try_started_ns) / 1'000'000;
    const std::string& broker = job.brokers_tried.back();
    if (result) return faults_.update(broker, took, false, true);
    switch (result.error().kind()) {
        case kerolox::ErrorKind::broker: return faults_.update(broker, took, true, false);
        case kerolox::ErrorKind::connect:
        case kerolox::ErrorKind::timeout:
        case kerolox::ErrorKind::send_request:
            // Only probes find out that it can be reached again.
            return faults_.update(broker, took, true, !settings_.config.start_detector_enable);
        default: return faults_.update(broker, took, false, true);
    }
}

void ProducerCore::finish(SendJob* job, Sent result) {
    if (job->previous != nullptr) job->previous->next = job->next;
    if (job->next != nullptr) job->next->previous = job->previous;
    if (first_ == job) first_ = job->next;
    if (job->has_permit) permits_.give_back(static_cast<std::int64_t>(job->permit_bytes));
    count_outcome(*job, result);
    job->done(std::move(result));
    // The last reference may go with this: nothing of the object is touched afterwards.
    if (--jobs_ == 0) const auto last = std::move(self_);
}

void ProducerCore::count_outcome(const SendJob& job, const Sent& result) const {
    if (client_.settings().metrics == nullptr || job.messages == 0) return;
    std::string_view outcome = "ok";
    if (!result) {
        outcome = to_string(result.error().kind());
    } else if (!job.is_oneway && !result->stored()) {
        outcome = "not_safe";
    }
    client_.count("kerolox_sends_total", job.messages, "result", outcome);
    const auto took = static_cast<double>(client_.clock().steady_ns() - job.started_ns);
    client_.count("kerolox_send_latency_ms", took / 1e6, {}, {}, kerolox::Metric::Kind::histogram);
}

// --- brokers that are avoided ---

Awaitable<void> ProducerCore::probe_avoided_brokers() {
    constexpr std::int64_t kEveryMs = 3'000;
    constexpr std::int32_t kGetMaxOffset = 30;
    const std::weak_ptr<ProducerCore> weak = weak_from_this();
    ClientCore& client = client_;
    while (co_await client.sleep(kEveryMs)) {
        const auto self = weak.lock();
        if (self == nullptr || self->shut_) co_return;
        const auto due = self->faults_.due_for_probe(client.config().detect_interval);
        for (const std::string& broker : due) {
            const std::string address = client.routes().master_of(broker);
            if (address.empty()) {
                self->faults_.forget(broker);
                continue;
            }
            if (self->topics_.empty()) break;
            wire::QueueOfTopic header;
            const std::string topic = self->topics_.begin()->first;
            header.topic = topic;
            const auto answer = co_await client.call_ok(address, net::Call(kGetMaxOffset, header),
                                                        client.config().detect_timeout);
            if (answer) self->faults_.mark_reachable(broker);
        }
    }
}

}  // namespace kx::client
