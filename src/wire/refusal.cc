// SPDX-License-Identifier: Apache-2.0
#include "wire/refusal.h"

namespace kx::wire {

Refusal refusal_of(const Error& error) {
    switch (error.code) {
        case Errc::kInvalidArgument: return {ResponseCode::kInvalidParameter, error.text};
        case Errc::kBusy: return {ResponseCode::kSystemBusy, error.text};
        case Errc::kUnavailable:
        case Errc::kNoSpace: return {ResponseCode::kServiceNotAvailable, error.text};
        case Errc::kPermissionDenied: return {ResponseCode::kNoPermission, error.text};
        case Errc::kTooLarge: return {ResponseCode::kMessageIllegal, error.text};
        default: return {ResponseCode::kSystemError, error.text};
    }
}

}  // namespace kx::wire
