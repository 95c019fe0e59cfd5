// SPDX-License-Identifier: Apache-2.0
//
// What is inside a kerolox::SendReceipt, and how a broker's answer becomes one (client.md 9.4).
#pragma once

#include <string>
#include <vector>

#include "kerolox/producer.hpp"
#include "wire/command.h"

namespace kerolox {
inline namespace v1 {
namespace detail {

struct ReceiptData {
    StoreStatus status = StoreStatus::ok;
    std::string message_id;
    std::string offset_id;
    Queue queue;
    std::int64_t queue_offset = 0;
    std::string transaction_id;
    std::string recall_handle;
    std::string region;
    bool trace_on = true;
    std::vector<std::string> brokers_tried;
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {

/// The four codes that mean the message is stored.
bool means_stored(std::int32_t code);

/// Requires: means_stored(answer.code). `queue` is where it was sent to.
kerolox::Result<kerolox::detail::ReceiptData> read_receipt(const wire::Command& answer,
                                                           std::string message_id,
                                                           kerolox::Queue queue);

kerolox::SendReceipt make_receipt(kerolox::detail::ReceiptData data);
const kerolox::detail::ReceiptData& receipt_data(const kerolox::SendReceipt& receipt);

}  // namespace kx::client
