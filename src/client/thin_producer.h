// SPDX-License-Identifier: Apache-2.0
//
// A producer for one topic, as thin as it can be: SEND_MESSAGE_V2 over one connection to each
// broker, round robin over the queues, any number of messages in flight. What a broker refuses for
// now is tried again on another queue, preferably of another broker (protocol.md 2.3), which may
// store it twice under one UNIQ_KEY. No transactions, no order, no batches.
//
// On the context's io thread, but for open(). Messages are sent at the end of the thread's turn, so
// those that a callback sends leave together.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "client/client_context.h"
#include "model/unique_id.h"
#include "wire/requests/send.h"

namespace kx::client {

struct ProducerOptions {
    std::string topic{};
    std::string group = "kerolox";
    std::int64_t timeout_ms = 3000;       ///< for a message with all its tries
    int retries = 2;                      ///< on other queues
    bool patient = false;                 ///< busy or absent brokers: tries until the timeout
    std::size_t compress_from_bytes = 0;  ///< larger bodies travel as zlib; 0: none do
    std::size_t queues_max = 0;           ///< uses the first so many; 0: all
    std::int32_t new_topic_queues = 4;    ///< when this send creates the topic
};

struct OutMessage {
    Slice body;              ///< not empty: RocketMQ takes no empty bodies
    std::string properties;  ///< model::append_property(); UNIQ_KEY is added
};

/// What became of a message. Views live until the callback returns.
struct SendOutcome {
    const Error* error = nullptr;           ///< null: it was accepted
    const wire::Command* answer = nullptr;  ///< the last answer, where there was one
    std::string_view broker;                ///< who answered last

    bool ok() const { return error == nullptr; }
    /// The answer's code, or -1 without an answer.
    std::int32_t code() const { return answer != nullptr ? answer->code : -1; }
    Result<wire::SendAnswer> header() const {
        return read_header<wire::SendAnswer>(answer->fields);
    }
};

class ThinProducer {
public:
    /// At most 16 bytes of trivial captures are kept without allocating.
    using Callback = std::function<void(const SendOutcome&)>;

    /// Blocks until the route is known; not on the io thread. The producer may only go when the
    /// context is stopped and its thread stands still.
    static Result<std::unique_ptr<ThinProducer>> open(ClientContext& context,
                                                      ProducerOptions options);
    ~ThinProducer();

    /// Calls back exactly once, never before it returns.
    void send(OutMessage message, Callback callback);
    /// From now on nothing is tried again. Call before the context stops.
    void stop() { stopping_ = true; }

    std::size_t in_flight() const { return flights_.size() - free_.size(); }
    /// How many queues there are to write to.
    std::size_t queues() const { return targets_.size(); }

private:
    struct Broker {
        std::string name;
        BrokerLink link;
    };
    struct Target {
        Broker* broker = nullptr;
        std::int32_t queue_id = 0;
    };
    struct Flight {
        OutMessage message;
        Callback callback;
        std::int64_t deadline_ms = 0;
        std::int32_t sys_flag = 0;
        int tries = 0;
        Target target;
    };
    using Slot = std::uint32_t;

    ThinProducer(ClientContext& context, ProducerOptions options);

    void use_route(const Route& route);
    void refresh_route(std::int64_t now_ms, std::int64_t age_ms);
    Target pick_target(const Broker* avoid);
    Slot take_slot();

    void transmit(Slot slot, const Broker* avoid);
    void write_request(Slot slot, net::Connection& connection);
    void on_answer(Slot slot, const Result<const wire::Command*>& answer);
    void on_unreachable(Slot slot, const Error& error);
    bool may_try_again(const Flight& flight, std::int64_t now_ms, bool for_now) const;
    void try_again(Slot slot, bool later);
    void schedule_delayed();
    void finish(Slot slot, const SendOutcome& outcome);

    ClientContext& context_;
    const ProducerOptions options_;
    model::UniqueIdGenerator ids_;
    boost::unordered_flat_map<std::string, std::unique_ptr<Broker>>
        brokers_;  ///< by name and address
    std::vector<Target> targets_;
    std::size_t next_target_ = 0;
    std::int64_t route_ms_ = 0;
    bool route_is_default_ = false;
    bool refreshing_ = false;
    bool stopping_ = false;
    bool in_call_ = false;

    std::vector<Flight> flights_;
    std::vector<Slot> free_;
    std::vector<Slot> delayed_;
    boost::asio::steady_timer delay_;
    bool delay_runs_ = false;
};

}  // namespace kx::client
