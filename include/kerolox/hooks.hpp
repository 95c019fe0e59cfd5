// SPDX-License-Identifier: Apache-2.0
/// @file
/// Seeing, and in few places changing, what goes out and comes in.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kerolox/config.hpp"
#include "kerolox/message.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

class SendReceipt;
enum class Decision : std::uint8_t;

/// Header fields of a request, as they travel.
using ExtFields = std::vector<std::pair<std::string, std::string>>;

/// One message about to be sent, or sent.
struct SendContext {
    std::string_view group{};
    const Message& message;
    std::string_view broker{};
    std::string_view address{};
    Queue queue{};
    std::int32_t attempt = 1;
    std::chrono::nanoseconds took{0};             ///< after: of this attempt
    const Result<SendReceipt>* result = nullptr;  ///< after: what became of the attempt
};

/// One batch about to be given to the listener, or given.
struct ConsumeContext {
    std::string_view group{};
    const MessageBatch& batch;
    bool success = false;              ///< after
    std::string_view outcome{};        ///< after: SUCCESS, TIME_OUT, EXCEPTION, RETURNNULL, FAILED
    std::chrono::nanoseconds took{0};  ///< after
};

/// The end of a transaction.
struct EndTransactionContext {
    std::string_view group{};
    std::string_view message_id{};
    std::string_view transaction_id{};
    std::string_view address{};
    Decision decision;
    bool from_check = false;
    std::string_view topic{};  ///< where it is known
};

/// One request to a server. Fields may be added before it goes.
struct RemotingContext {
    std::string_view address{};
    std::int32_t code = 0;
    ExtFields& fields;
    std::string_view body{};
};

/// The answer to one request.
struct RemotingAnswer {
    std::string_view address{};
    std::int32_t request_code = 0;
    std::int32_t code = 0;
    std::string_view remark{};
};

/// Sees what a client does. Override what you need; every function is called on the thread that
/// does the work, must not block, and what it throws is logged and dropped.
class KEROLOX_API Interceptor {
public:
    virtual ~Interceptor();
    /// An error stops the send: it becomes its result.
    virtual Status before_send(const SendContext& context);
    virtual void after_send(const SendContext& context);
    virtual void before_consume(const ConsumeContext& context);
    virtual void after_consume(const ConsumeContext& context);
    /// False: the message is left out, as if the filter did not match.
    virtual bool keep(std::string_view group, const MessageView& message);
    virtual void end_transaction(const EndTransactionContext& context);
    virtual void before_request(RemotingContext& context);
    virtual void after_response(const RemotingAnswer& answer);
};

}  // namespace v1
}  // namespace kerolox
