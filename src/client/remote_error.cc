// SPDX-License-Identifier: Apache-2.0
#include "client/remote_error.h"

#include "wire/response_codes.h"

namespace kx::client {

Errc errc_of(std::int32_t response_code) {
    using enum wire::ResponseCode;
    switch (static_cast<wire::ResponseCode>(response_code)) {
        case kSystemBusy:
        case kServiceNotAvailable:
        case kFlowControl: return Errc::kBusy;
        case kRequestCodeNotSupported:
        case kVersionNotSupported: return Errc::kUnsupported;
        case kMessageIllegal:
        case kSubscriptionParseFailed:
        case kInvalidParameter: return Errc::kInvalidArgument;
        case kNoPermission: return Errc::kPermissionDenied;
        case kTopicNotExist:
        case kQueryNotFound:
        case kSubscriptionNotExist:
        case kSubscriptionGroupNotExist: return Errc::kNotFound;
        case kGoAway: return Errc::kUnavailable;
        default: return Errc::kInternal;
    }
}

kx::Error remote_error(std::string_view server, std::int32_t response_code,
                       std::string_view remark) {
    const std::string_view said = remark.substr(0, remark.find('\n'));
    return {errc_of(response_code), fmt::format("{} answered code {}: {}", server, response_code,
                                                said.empty() ? "no reason given" : said)};
}

}  // namespace kx::client
