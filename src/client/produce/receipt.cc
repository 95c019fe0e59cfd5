// SPDX-License-Identifier: Apache-2.0
#include "client/produce/receipt.h"

#include "client/core/access.h"
#include "client/core/errors.h"
#include "wire/requests/send.h"

namespace kx::client {

bool means_stored(std::int32_t code) { return code == 0 || (code >= 10 && code <= 12); }

kerolox::Result<kerolox::detail::ReceiptData> read_receipt(const wire::Command& answer,
                                                           std::string message_id,
                                                           kerolox::Queue queue) {
    const auto header = read_header<wire::SendAnswer>(answer.fields);
    if (!header) return local_error(header.error());
    kerolox::detail::ReceiptData data;
    switch (answer.code) {
        case 10: data.status = kerolox::StoreStatus::flush_disk_timeout; break;
        case 11: data.status = kerolox::StoreStatus::slave_not_available; break;
        case 12: data.status = kerolox::StoreStatus::flush_slave_timeout; break;
        default: break;
    }
    data.message_id = std::move(message_id);
    data.offset_id = header->msg_id;
    data.queue = std::move(queue);
    data.queue.id = header->queue_id;
    data.queue_offset = header->queue_offset;
    data.transaction_id = header->transaction_id;
    data.recall_handle = answer.fields.find("recallHandle").value_or("");
    data.region = answer.fields.find("MSG_REGION").value_or("DefaultRegion");
    data.trace_on = answer.fields.find("TRACE_ON").value_or("true") != "false";
    return data;
}

kerolox::SendReceipt make_receipt(kerolox::detail::ReceiptData data) {
    return Access::make<kerolox::SendReceipt>(std::shared_ptr<const kerolox::detail::ReceiptData>(
        std::make_shared<kerolox::detail::ReceiptData>(std::move(data))));
}

const kerolox::detail::ReceiptData& receipt_data(const kerolox::SendReceipt& receipt) {
    static const auto* const kEmpty = new kerolox::detail::ReceiptData();
    const auto& data = Access::data(receipt);
    return data ? *data : *kEmpty;
}

}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

using kx::client::receipt_data;

std::string_view to_string(StoreStatus status) noexcept {
    switch (status) {
        case StoreStatus::ok: return "SEND_OK";
        case StoreStatus::flush_disk_timeout: return "FLUSH_DISK_TIMEOUT";
        case StoreStatus::flush_slave_timeout: return "FLUSH_SLAVE_TIMEOUT";
        case StoreStatus::slave_not_available: return "SLAVE_NOT_AVAILABLE";
    }
    return "SEND_OK";
}

SendReceipt::SendReceipt() noexcept = default;
SendReceipt::SendReceipt(std::shared_ptr<const detail::ReceiptData> data) noexcept
    : data_(std::move(data)) {}
StoreStatus SendReceipt::status() const noexcept { return receipt_data(*this).status; }
std::string_view SendReceipt::message_id() const noexcept { return receipt_data(*this).message_id; }
std::string_view SendReceipt::offset_id() const noexcept { return receipt_data(*this).offset_id; }
const Queue& SendReceipt::queue() const noexcept { return receipt_data(*this).queue; }
std::int64_t SendReceipt::queue_offset() const noexcept { return receipt_data(*this).queue_offset; }
std::string_view SendReceipt::transaction_id() const noexcept {
    return receipt_data(*this).transaction_id;
}
std::string_view SendReceipt::recall_handle() const noexcept {
    return receipt_data(*this).recall_handle;
}
std::string_view SendReceipt::region() const noexcept { return receipt_data(*this).region; }
std::int32_t SendReceipt::tries() const noexcept {
    return static_cast<std::int32_t>(receipt_data(*this).brokers_tried.size());
}
std::span<const std::string> SendReceipt::brokers_tried() const noexcept {
    return receipt_data(*this).brokers_tried;
}

}  // namespace v1
}  // namespace kerolox
