// SPDX-License-Identifier: Apache-2.0
//
// What a failed append means to the sender: RocketMQ's code and text, and behind it the cause with
// its figures. Source: protocol.md 2.3, broker.md 5.5.
#pragma once

#include "store/message_store.h"
#include "wire/refusal.h"

namespace kx::broker {

/// Requires: put.status is not kOk.
wire::Refusal put_refusal(const store::PutResult& put, double disk_used_ratio,
                          std::int32_t max_message_size);

}  // namespace kx::broker
