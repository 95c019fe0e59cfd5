// SPDX-License-Identifier: Apache-2.0
//
// A reader of one topic, as thin as it can be: it takes all queues (or a fixed share of them),
// pulls each with long polling, its subscription inside every request, and hands over message by
// message in the queue's order. With a group it goes on where the group's committed offsets are,
// and commits what was handed over; it does not register and shares queues with nobody.
//
// On the context's io thread, but for open(), which also runs the listener.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "client/client_context.h"
#include "model/record.h"
#include "wire/requests/pull.h"

namespace kx::client {

enum class StartAt : std::uint8_t { kMin, kMax, kTime };

struct ConsumerOptions {
    std::string topic{};
    std::string group{};            ///< empty: none, nothing is committed
    std::string tags = "*";         ///< "a || b"
    StartAt start = StartAt::kMin;  ///< with a group: where it has no committed offset
    std::int64_t start_time_ms = 0;
    bool stop_at_end = false;    ///< the end as it is when reading begins
    bool rewind_at_end = false;  ///< begins again at the start instead
    std::int32_t batch_max = 32;
    std::int64_t suspend_ms = 15'000;  ///< how long a broker may hold a pull
    std::int64_t error_pause_ms = 1'000;
    std::size_t share_index = 0;  ///< takes each share_count-th queue, beginning with this one
    std::size_t share_count = 1;
};

/// A message on its way to the user. Views live until the call returns.
struct Delivery {
    const model::RecordView& record;
    std::string_view broker;
};

/// One answered pull.
struct PullDone {
    std::int64_t messages = 0;  ///< handed over
    std::int64_t body_bytes = 0;
    std::int64_t took_ns = 0;  ///< from the request to its answer
};

class ConsumerListener {
public:
    virtual ~ConsumerListener() = default;
    /// Every queue has its start position and is being pulled.
    virtual void on_started() {}
    /// False: enough, this message was the last one.
    virtual bool on_message(const Delivery& delivery) = 0;
    /// After the messages of a pull; now they count as delivered.
    virtual void on_pulled(const PullDone&) {}
    /// Something went wrong that is tried again, or one message could not be read.
    virtual void on_trouble(const Error&) {}
    /// Once; nothing is called afterwards.
    virtual void on_finished(const Status& status) = 0;
};

class ThinConsumer {
public:
    /// Blocks until the route is known, then begins to read. The consumer may only go when its
    /// context is stopped and the thread stands still; the listener must outlive it.
    static Result<std::unique_ptr<ThinConsumer>> open(ClientContext& context,
                                                      ConsumerOptions options,
                                                      ConsumerListener& listener);
    ~ThinConsumer();

    /// Hands over no more, commits, then finishes.
    void stop();

    std::size_t queues() const { return queues_.size(); }

private:
    struct Queue;
    using Step = void (ThinConsumer::*)(Queue&);

    ThinConsumer(ClientContext& context, ConsumerOptions options, ConsumerListener& listener);

    void begin(const Route& route);
    void add_queue(const RouteBroker& broker, std::int32_t id, bool is_new);
    void look_for_new_queues();
    BrokerLink& link_to(const std::string& address);
    void query_committed(Queue& queue);
    void query_start(Queue& queue);
    void query_end(Queue& queue);
    void query_offset(Queue& queue, std::int32_t code, Step again,
                      std::function<void(std::int64_t)> then);
    void start_reading(Queue& queue, std::int64_t offset);

    void pull(Queue& queue);
    void write_pull(Queue& queue, net::Connection& connection);
    void on_pull_answer(Queue& queue, const Result<const wire::Command*>& answer);
    void on_messages(Queue& queue, const wire::PullAnswer& header, std::string_view body);
    bool hand_over(Queue& queue, const model::RecordView& record, PullDone& done);
    void go_on(Queue& queue, bool found_nothing);
    void on_refused(Queue& queue, const Error& error, std::int32_t code, Step again);
    void try_later(Queue& queue, std::int64_t pause_ms, Step step);

    void end_queue(Queue& queue);
    void every_second();
    void commit(Queue& queue);
    void finish(Status status);
    void finish_when_committed();

    ClientContext& context_;
    const ConsumerOptions options_;
    ConsumerListener& listener_;
    const std::string group_;  ///< what requests carry
    const std::vector<std::string> tags_;
    boost::unordered_flat_map<std::string, std::unique_ptr<BrokerLink>> links_;
    std::vector<std::unique_ptr<Queue>> queues_;
    std::size_t starting_ = 0;    ///< queues without a start position
    std::size_t reading_ = 0;     ///< queues that are not at their end
    std::size_t committing_ = 0;  ///< commits without an answer
    boost::asio::steady_timer second_;
    int seconds_ = 0;
    bool started_ = false;
    bool ending_ = false;
    bool finished_ = false;
    Status outcome_;
};

}  // namespace kx::client
