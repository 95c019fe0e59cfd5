// SPDX-License-Identifier: Apache-2.0
#include "broker/send/put_refusal.h"

namespace kx::broker {
namespace {

using store::PutStatus;
using wire::ResponseCode;

ResponseCode code_of(PutStatus status) {
    switch (status) {
        case PutStatus::kOk: return ResponseCode::kSuccess;
        case PutStatus::kServiceNotAvailable: return ResponseCode::kServiceNotAvailable;
        case PutStatus::kMessageIllegal:
        case PutStatus::kPropertiesTooLong: return ResponseCode::kMessageIllegal;
        case PutStatus::kCreateFileFailed: return ResponseCode::kSystemError;
        case PutStatus::kBusy: return ResponseCode::kSystemBusy;
    }
    return ResponseCode::kSystemError;
}

std::string text_of(PutStatus status, double disk_used_ratio, std::int32_t max_message_size) {
    switch (status) {
        case PutStatus::kServiceNotAvailable:
            return fmt::format(
                "service not available now. It may be caused by one of the following reasons: the "
                "broker's disk is full [CL: {0:5.2f} CQ: {0:5.2f} INDEX: {0:5.2f}], messages are "
                "put to the slave, message store has been shut down, etc.",
                disk_used_ratio);
        case PutStatus::kMessageIllegal:
        case PutStatus::kPropertiesTooLong:
            return fmt::format(
                "the message is illegal, maybe msg body or properties length not matched. msg body "
                "length limit {}B, msg properties length limit 32KB.",
                max_message_size);
        case PutStatus::kCreateFileFailed:
            return "create mapped file failed, server is busy or broken.";
        case PutStatus::kBusy:
            return "[PC_SYNCHRONIZED]broker busy, start flow control for a while";
        case PutStatus::kOk: break;
    }
    return "UNKNOWN_ERROR";
}

}  // namespace

wire::Refusal put_refusal(const store::PutResult& put, double disk_used_ratio,
                          std::int32_t max_message_size) {
    wire::Refusal refusal{code_of(put.status),
                          text_of(put.status, disk_used_ratio, max_message_size)};
    if (!put.cause.empty()) refusal.remark += " Cause: " + put.cause;
    return refusal;
}

}  // namespace kx::broker
