// SPDX-License-Identifier: Apache-2.0
#include "client/core/errors.h"

#include <algorithm>
#include <array>

namespace kx::client {
namespace {

using kerolox::ErrorKind;

/// What RocketMQ's producers try again after (client.md 3.3), and its flow control.
bool is_for_now(std::int32_t code) {
    constexpr std::array kCodes{17, 14, 1, 2, 16, 204, 205, 215, 1500};
    return std::ranges::find(kCodes, code) != kCodes.end();
}

}  // namespace

kerolox::Error usage_error(std::string text) { return {ErrorKind::usage, std::move(text)}; }

kerolox::Error client_error(std::string text, std::int32_t code) {
    return {ErrorKind::client, std::move(text), code};
}

kerolox::Error closed_error(std::string_view what) {
    return {ErrorKind::closed, fmt::format("the {} is closed", what)};
}

kerolox::Error broker_error(std::int32_t code, std::string_view remark, std::string_view address) {
    kerolox::Error::Detail detail;
    detail.kind = ErrorKind::broker;
    detail.code = code;
    detail.text = remark.empty() ? fmt::format("answered code {} without a reason", code)
                                 : std::string(remark);
    detail.peer = address;
    detail.retriable = is_for_now(code);
    return kerolox::Error(std::move(detail));
}

kerolox::Error connect_error(const Error& error, std::string_view address) {
    kerolox::Error::Detail detail;
    detail.kind = ErrorKind::connect;
    detail.text = fmt::format("connect to {} failed", address);
    detail.peer = address;
    detail.retriable = true;
    detail.cause = kerolox::Error(ErrorKind::connect, error.text);
    return kerolox::Error(std::move(detail));
}

kerolox::Error call_error(const Error& error, std::string_view address, std::int64_t timeout_ms) {
    kerolox::Error::Detail detail;
    detail.peer = address;
    detail.text = error.text;
    switch (error.code) {
        case Errc::kTimeout:
            detail.kind = ErrorKind::timeout;
            detail.text =
                fmt::format("wait response on the channel {} timeout, {}(ms)", address, timeout_ms);
            detail.retriable = true;
            break;
        case Errc::kUnavailable:
            detail.kind = ErrorKind::send_request;
            detail.text = fmt::format("send request to {} failed", address);
            detail.cause = kerolox::Error(ErrorKind::send_request, error.text);
            detail.retriable = true;
            break;
        case Errc::kBusy:
            detail.kind = ErrorKind::too_much_request;
            detail.retriable = true;
            break;
        case Errc::kMalformed: detail.kind = ErrorKind::protocol; break;
        default: return local_error(error);
    }
    return kerolox::Error(std::move(detail));
}

kerolox::Error go_away_error(std::string_view address) {
    kerolox::Error::Detail detail;
    detail.kind = ErrorKind::send_request;
    detail.text = fmt::format("Receive GO_AWAY twice in request from channelId={}", address);
    detail.peer = address;
    detail.retriable = true;
    return kerolox::Error(std::move(detail));
}

kerolox::Error local_error(const Error& error) {
    switch (error.code) {
        case Errc::kInvalidArgument:
        case Errc::kTooLarge: return usage_error(error.text);
        case Errc::kMalformed:
        case Errc::kCorrupt: return {ErrorKind::protocol, error.text};
        case Errc::kTimeout: return {ErrorKind::timeout, error.text};
        case Errc::kUnavailable: return {ErrorKind::connect, error.text};
        case Errc::kBusy: return {ErrorKind::too_much_request, error.text};
        case Errc::kCancelled: return {ErrorKind::cancelled, error.text};
        default: return {ErrorKind::client, error.text};
    }
}

}  // namespace kx::client
