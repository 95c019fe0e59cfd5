// SPDX-License-Identifier: Apache-2.0
//
// SEND_MESSAGE 10, SEND_MESSAGE_V2 310, SEND_BATCH_MESSAGE 320: checks in RocketMQ's order, one
// append, and the answer: at once under asynchronous flush, when the disk has it otherwise.
// Source: protocol.md 2.3, broker.md 5.
#pragma once

#include <atomic>
#include <string>

#include "broker/context.h"
#include "broker/send/durability.h"
#include "broker/send/new_topic_sends.h"
#include "broker/send/send_properties.h"
#include "broker/send/stored_message.h"
#include "model/unique_id.h"

namespace kx::broker {

struct SendProbe {
    std::atomic<std::int64_t> messages{0};
    std::atomic<std::int64_t> bytes{0};
    std::atomic<std::int64_t> refused{0};
};

class SendHandler {
public:
    explicit SendHandler(Context& context);

    void handle(net::Request& request);

    const SendProbe& probe() const { return probe_; }
    std::size_t waiting_for_disk() const { return durability_.size(); }

private:
    /// One send, wherever it runs; views live while it is handled.
    struct Send {
        const wire::SendMessage& header;
        std::string_view body;
        net::Connection& connection;
        std::int32_t client_version;
        const BrokerConfig& config;
    };
    using WaitingPtr = NewTopicSends::WaitingPtr;
    struct Stored {
        StoredMessage message;
        bool wait_store = true;
    };

    template <class Target>
    void answer(Target& target, const Send& send, const TopicPtr& topic);
    void wait_for_topic(net::Request& request, const wire::SendMessage& header);
    void create_topic(const WaitingPtr& first);
    void go_on(const WaitingPtr& first);
    void send_waiting(NewTopicSends::Waiting& waiting, const TopicPtr& topic);

    wire::Outcome<void> check_name(const Send& send) const;
    wire::Outcome<TopicPtr> redirect_retry(const Send& send, const TopicPtr& topic);
    wire::Outcome<Stored> store(const Send& send, const TopicPtr& topic);
    wire::Outcome<Stored> store_single(const Send& send, const Topic& topic,
                                       model::NewMessage& message);
    wire::Outcome<Stored> store_batch(const Send& send, const Topic& topic,
                                      model::NewMessage& message);
    static wire::Outcome<void> refuse_unserved(const SendProperties& properties, const Send& send);
    wire::Refusal refusal_for(const store::PutResult& put, const Send& send) const;
    std::int32_t choose_queue(const Send& send, const Topic& topic) const;

    Context& context_;
    const BrokerMarks marks_;
    SendReplies replies_;
    DurabilityWaiters durability_;
    NewTopicSends new_topic_sends_;
    model::UniqueIdGenerator unique_ids_;
    SendProbe probe_;
};

}  // namespace kx::broker
