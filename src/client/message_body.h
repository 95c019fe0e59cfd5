// SPDX-License-Identifier: Apache-2.0
//
// From stored records to messages: bodies unfolded, inner batches taken apart
// (protocol.md 4.4, 4.5).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "model/record.h"

namespace kx::client {

/// Larger than any message that fits a frame after honest compression.
inline constexpr std::size_t kBodyBytesMax = 64 << 20;

/// Calls `deliver` for each message of the record, with its body as the producer gave it and the
/// compression bits cleared, until one call returns false (then false is returned). Views live
/// until the call returns. Fails on a body whose CRC, compression or batch items are wrong.
Result<bool> unpack_record(const model::RecordView& record,
                           const std::function<bool(const model::RecordView&)>& deliver);

/// Its UNIQ_KEY, else its offset message id: what RocketMQ's clients call the message id.
std::string message_id(const model::RecordView& record);

}  // namespace kx::client
