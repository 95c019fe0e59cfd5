// SPDX-License-Identifier: Apache-2.0
//
// A message (or batch) that is in the log, and the answers a sender gets for it.
#pragma once

#include <string>

#include "base/snapshot.h"
#include "broker/config.h"
#include "net/request.h"
#include "wire/refusal.h"
#include "wire/requests/send.h"

namespace kx::broker {

struct StoredMessage {
    std::string msg_id;      ///< offset message id; a batch's ids are joined by commas
    std::string unique_key;  ///< empty for a batch
    std::int32_t queue_id = 0;
    std::int64_t queue_offset = 0;
    std::int64_t end = 0;  ///< durable once the log is flushed up to here
};

/// Writes the answers to sends. Every one carries MSG_REGION and TRACE_ON, refusals too: clients
/// switch their tracing by them.
class SendReplies {
public:
    SendReplies(std::string region, bool trace_on)
        : region_(std::move(region)), trace_on_(trace_on ? "true" : "false") {}

    template <class Target>
    void accept(Target& target, wire::ResponseCode code, const StoredMessage& stored) const {
        wire::SendAnswer answer;
        answer.msg_id = stored.msg_id;
        answer.queue_id = stored.queue_id;
        answer.queue_offset = stored.queue_offset;
        if (!stored.unique_key.empty()) answer.transaction_id = stored.unique_key;
        net::Reply reply;
        reply.code = code;
        reply.with(answer);
        send(target, reply);
    }
    template <class Target>
    void refuse(Target& target, const wire::Refusal& refusal) const {
        net::Reply reply;
        reply.code = refusal.code;
        reply.remark = refusal.remark;
        send(target, reply);
    }

private:
    template <class Target>
    void send(Target& target, net::Reply& reply) const {
        const std::array<ExtField, 2> extra{ExtField{"MSG_REGION", region_},
                                            ExtField{"TRACE_ON", trace_on_}};
        reply.extra = extra;
        target.send(reply);
    }

    const std::string region_;
    const std::string_view trace_on_;
};

}  // namespace kx::broker
