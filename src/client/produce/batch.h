// SPDX-License-Identifier: Apache-2.0
//
// Many messages in one request (client.md 11.3).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/produce/send_job.h"

namespace kx::client {

class ClientCore;

/// What a member takes beside its body and properties.
inline constexpr std::size_t kBatchItemBytes = 22;

/// One topic, one way of waiting, no delays, no retry topic; RocketMQ's texts.
kerolox::Status check_batch(std::span<const kerolox::Message> messages);

/// Fills in what makes `job` the send of a batch with that body. Topic and what the producer
/// decides are the caller's to set.
void make_batch_job(SendJob& job, ClientCore& client, Slice body, bool wait_store);

/// A batch's receipt as those of its members, whose ids are given in order.
std::vector<kerolox::SendReceipt> split_receipt(const kerolox::SendReceipt& whole,
                                                std::span<const std::string> ids);

}  // namespace kx::client
