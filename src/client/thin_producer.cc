// SPDX-License-Identifier: Apache-2.0
#include "client/thin_producer.h"

#include <unistd.h>

#include <algorithm>
#include <random>

#include "base/assert.h"
#include "base/compress.h"
#include "base/log.h"
#include "client/remote_error.h"
#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

constexpr std::int32_t kSendMessageV2 = 310;
constexpr std::int32_t kCompressedZlib = model::kCompressed | (3 << 8);
constexpr std::int64_t kRouteAgeMs = 30'000;
/// A route of TBW102 is a guess; and what went wrong may have changed the route.
constexpr std::int64_t kDoubtfulRouteAgeMs = 1'000;
constexpr std::chrono::milliseconds kPause{50};

std::int32_t random_number() { return static_cast<std::int32_t>(std::random_device{}()); }

/// The message is stored, if not as safely as wished for.
bool is_accepted(std::int32_t code) { return code == 0 || (code >= 10 && code <= 12); }

/// Another queue may take what this one refused: protocol.md 2.3.
bool is_retried(std::int32_t code) {
    constexpr std::array kCodes{17, 14, 1, 2, 16, 204, 205, 1500};
    return std::ranges::find(kCodes, code) != kCodes.end();
}

/// The same queue may take it a little later.
bool is_for_now(Errc code) { return code == Errc::kBusy || code == Errc::kUnavailable; }

}  // namespace

ThinProducer::ThinProducer(ClientContext& context, ProducerOptions options)
    : context_(context),
      options_(std::move(options)),
      ids_(own_host(), ::getpid(), random_number(), system_clock()),
      delay_(context.thread().context()) {}

ThinProducer::~ThinProducer() {
    KX_ASSERT(in_flight() == 0, "{} messages to {} are in flight", in_flight(), options_.topic);
}

Result<std::unique_ptr<ThinProducer>> ThinProducer::open(ClientContext& context,
                                                         ProducerOptions options) {
    KX_TRY(const RoutePtr route, context.routes().get(options.topic, RouteUse::kSend));
    if (route->publish.empty()) {
        return fail(Errc::kUnavailable, "no queue of topic {} can be written: {}", options.topic,
                    route->brokers.empty() ? "none of its brokers is there"
                                           : "it is read-only, or its masters are gone");
    }
    std::unique_ptr<ThinProducer> producer(new ThinProducer(context, std::move(options)));
    context.post_and_wait([&] { producer->use_route(*route); });
    return producer;
}

void ThinProducer::use_route(const Route& route) {
    route_ms_ = context_.clock().steady_ms();
    route_is_default_ = route.from_default_topic;
    if (route.publish.empty()) return;
    // Brokers by turns, not one broker's queues after the other's.
    std::vector<RouteQueue> queues = route.publish;
    std::ranges::sort(queues, {},
                      [](const RouteQueue& queue) { return std::pair(queue.id, queue.broker); });
    if (options_.queues_max > 0 && queues.size() > options_.queues_max)
        queues.resize(options_.queues_max);
    targets_.clear();
    for (const RouteQueue& queue : queues) {
        const RouteBroker& broker = route.brokers[queue.broker];
        const std::string& address = broker.address_or_nearest(0);
        auto& known = brokers_[broker.name + ' ' + address];
        if (!known) known.reset(new Broker{broker.name, BrokerLink(context_, address)});
        targets_.push_back({known.get(), queue.id});
    }
}

void ThinProducer::refresh_route(std::int64_t now_ms, std::int64_t age_ms) {
    if (refreshing_ || now_ms - route_ms_ < age_ms) return;
    refreshing_ = true;
    context_.routes().fetch(options_.topic, RouteUse::kSend, [this](Result<RoutePtr> route) {
        refreshing_ = false;
        route_ms_ = context_.clock().steady_ms();
        if (route) return use_route(**route);
        // Sends tell of it, if it matters.
        log::debug("client", "the route stays as it was: {}", route.error().text);
    });
}

ThinProducer::Target ThinProducer::pick_target(const Broker* avoid) {
    const Target first = targets_[next_target_++ % targets_.size()];
    Target target = first;
    for (std::size_t i = 1; i < targets_.size(); ++i) {
        if (target.broker != avoid && !target.broker->link.is_down()) return target;
        target = targets_[next_target_++ % targets_.size()];
    }
    return target.broker == avoid || target.broker->link.is_down() ? first : target;
}

ThinProducer::Slot ThinProducer::take_slot() {
    if (!free_.empty()) {
        const Slot slot = free_.back();
        free_.pop_back();
        return slot;
    }
    flights_.emplace_back();
    return static_cast<Slot>(flights_.size() - 1);
}

void ThinProducer::send(OutMessage message, Callback callback) {
    const std::int64_t now = context_.clock().steady_ms();
    refresh_route(now, route_is_default_ ? kDoubtfulRouteAgeMs : kRouteAgeMs);
    const Slot slot = take_slot();
    Flight& flight = flights_[slot];
    flight.message = std::move(message);
    flight.callback = std::move(callback);
    flight.deadline_ms = now + options_.timeout_ms;
    flight.sys_flag = 0;
    flight.tries = 0;
    model::append_property(flight.message.properties, model::property::kUniqKey, ids_.next());
    model::append_property(flight.message.properties, model::property::kWait, "true");
    const std::string_view body = flight.message.body.bytes;
    if (options_.compress_from_bytes > 0 && body.size() >= options_.compress_from_bytes) {
        auto small = compress(Compression::kZlib, body);
        if (small && small->size() < body.size()) {
            flight.message.body = Slice::own(std::move(*small));
            flight.sys_flag = kCompressedZlib;
        }
    }
    transmit(slot, nullptr);
}

void ThinProducer::transmit(Slot slot, const Broker* avoid) {
    Flight& flight = flights_[slot];
    flight.target = pick_target(avoid);
    ++flight.tries;
    BrokerLink& link = flight.target.broker->link;
    if (net::Connection* connection = link.ready(); connection != nullptr)
        return write_request(slot, *connection);
    link.connect([this, slot, &link](const Status& status) {
        net::Connection* connection = link.ready();
        if (status && connection != nullptr) return write_request(slot, *connection);
        on_unreachable(slot, status ? Error{Errc::kUnavailable, "the connection closed at once"}
                                    : status.error());
    });
}

void ThinProducer::write_request(Slot slot, net::Connection& connection) {
    const Flight& flight = flights_[slot];
    wire::SendMessage header;
    header.producer_group = options_.group;
    header.topic = options_.topic;
    header.default_topic = model::kDefaultTopic;
    header.default_topic_queue_nums = options_.new_topic_queues;
    header.queue_id = flight.target.queue_id;
    header.sys_flag = flight.sys_flag;
    header.born_timestamp = context_.clock().wall_ms();
    header.properties = flight.message.properties;
    header.broker_name = flight.target.broker->name;

    wire::HeaderParts parts;
    parts.encoding = net::answer_encoding();
    parts.code = kSendMessageV2;
    parts.names = Names::kShort;
    parts.with(header);
    const std::int64_t left_ms = flight.deadline_ms - context_.clock().steady_ms();
    in_call_ = true;
    connection.call(parts, std::span(&flight.message.body, 1), std::max<std::int64_t>(left_ms, 1),
                    [this, slot](Result<const wire::Command*> answer) { on_answer(slot, answer); });
    in_call_ = false;
}

void ThinProducer::on_answer(Slot slot, const Result<const wire::Command*>& answer) {
    if (in_call_) {  // nothing was sent; who called send() is still up the stack
        return context_.post([this, slot, error = answer.error()] {
            if (is_for_now(error.code)) return on_unreachable(slot, error);
            finish(slot, {&error, nullptr, {}});
        });
    }
    if (!answer) return on_unreachable(slot, answer.error());
    const Flight& flight = flights_[slot];
    const std::string_view broker = flight.target.broker->name;
    const std::int32_t code = (*answer)->code;
    if (is_accepted(code)) return finish(slot, {nullptr, *answer, broker});

    const std::int64_t now = context_.clock().steady_ms();
    if (code == static_cast<std::int32_t>(wire::ResponseCode::kTopicNotExist))
        refresh_route(now, kDoubtfulRouteAgeMs);
    const bool for_now = is_for_now(errc_of(code));
    if (is_retried(code) && may_try_again(flight, now, for_now)) return try_again(slot, for_now);
    const Error error = remote_error(broker, code, (*answer)->remark);
    finish(slot, {&error, *answer, broker});
}

void ThinProducer::on_unreachable(Slot slot, const Error& error) {
    const Flight& flight = flights_[slot];
    const std::int64_t now = context_.clock().steady_ms();
    refresh_route(now, kDoubtfulRouteAgeMs);
    if (may_try_again(flight, now, true)) return try_again(slot, true);
    finish(slot, {&error, nullptr, flight.target.broker->name});
}

bool ThinProducer::may_try_again(const Flight& flight, std::int64_t now_ms, bool for_now) const {
    if (stopping_ || now_ms >= flight.deadline_ms) return false;
    return flight.tries <= options_.retries || (options_.patient && for_now);
}

void ThinProducer::try_again(Slot slot, bool later) {
    // Patience means a pause, or all tries would be over before anything could change.
    if (!later || !options_.patient) return transmit(slot, flights_[slot].target.broker);
    delayed_.push_back(slot);
    schedule_delayed();
}

void ThinProducer::schedule_delayed() {
    if (delay_runs_) return;
    delay_runs_ = true;
    delay_.expires_after(kPause);
    delay_.async_wait([this](const boost::system::error_code&) {
        delay_runs_ = false;
        const std::vector<Slot> due = std::move(delayed_);
        delayed_.clear();
        for (const Slot slot : due) transmit(slot, flights_[slot].target.broker);
    });
}

void ThinProducer::finish(Slot slot, const SendOutcome& outcome) {
    Flight& flight = flights_[slot];
    const Callback callback = std::move(flight.callback);
    flight.callback = nullptr;
    flight.message = {};
    free_.push_back(slot);
    callback(outcome);
}

}  // namespace kx::client
