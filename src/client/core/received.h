// SPDX-License-Identifier: Apache-2.0
//
// Received messages: one frame of records that all its messages keep alive. The frame is copied out
// of the connection's buffer once; a message is a record's fields and views into it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/core/access.h"
#include "kerolox/message.hpp"
#include "model/message_id.h"
#include "model/record.h"

namespace kerolox {
inline namespace v1 {
namespace detail {

struct ReceivedMessage {
    kx::model::RecordView record{};
    const Queue* queue = nullptr;   ///< lives in the frame
    std::string_view topic{};       ///< as the application knows it: retry topics resolved
    std::string_view unique_key{};  ///< empty where the producer gave none; in the frame
    kx::model::OffsetIdText offset_id{};
    std::string expanded{};      ///< the body, where it was compressed
    std::string body_problem{};  ///< why it could not be expanded
    std::int32_t reconsume_times = 0;
    std::string_view bounds{};      ///< MIN_OFFSET and MAX_OFFSET, as properties; in the frame
    std::string pop_check_point{};  ///< POP_CK, for messages that were popped
    std::string first_pop_time{};   ///< 1ST_POP_TIME, where the record has none
    /// When its listener began, by the steady clock; 0: not yet. Through std::atomic_ref.
    mutable std::int64_t consume_started_ms = 0;
};

struct BatchData {
    boost::container::small_vector<MessageView, 1> messages;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {

using kerolox::detail::ReceivedMessage;

/// Larger than any message that fits a frame after honest compression.
inline constexpr std::size_t kBodyBytesMax = 64 << 20;

/// How records become messages.
struct DecodeOptions {
    kerolox::Queue queue{};         ///< where they were pulled from, as the application names it
    std::string_view name_space{};  ///< stripped off topics
    std::int64_t offset_delta = 0;  ///< of logical queues
    std::int64_t min_offset = -1;   ///< what MIN_OFFSET says; -1: unknown
    std::int64_t max_offset = -1;
    bool read_body = true;
    bool expand = true;
    bool queue_from_record = false;  ///< pop: each record says which queue it lies in
};

/// The records in `bytes`, inner batches unfolded. A record that cannot be read ends the list with
/// an error; a body that cannot be expanded is its own message's.
kerolox::Result<std::vector<kerolox::MessageView>> decode_messages(std::string_view bytes,
                                                                   const DecodeOptions& options);

/// Several messages as the listener gets them. They are moved from.
kerolox::MessageBatch make_batch(std::span<kerolox::MessageView> messages);
inline kerolox::MessageBatch make_batch(std::vector<kerolox::MessageView> messages) {
    return make_batch(std::span(messages));
}

/// For the consuming side: the message behind a view, to be changed before anybody else sees it.
ReceivedMessage& mutable_message(kerolox::MessageView& view);
const ReceivedMessage& message_of(const kerolox::MessageView& view);
/// Any thread.
void note_consume_start(const kerolox::MessageView& view, std::int64_t now_ms);
std::int64_t consume_started_ms(const kerolox::MessageView& view);

}  // namespace kx::client
