// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace kx {

std::string_view name_of(Errc code) {
    switch (code) {
        case Errc::kInvalidArgument: return "invalid argument";
        case Errc::kMalformed: return "malformed";
        case Errc::kNotFound: return "not found";
        case Errc::kAlreadyExists: return "already exists";
        case Errc::kPermissionDenied: return "permission denied";
        case Errc::kUnavailable: return "unavailable";
        case Errc::kBusy: return "busy";
        case Errc::kTimeout: return "timeout";
        case Errc::kCancelled: return "cancelled";
        case Errc::kTooLarge: return "too large";
        case Errc::kCorrupt: return "corrupt";
        case Errc::kNoSpace: return "no space";
        case Errc::kIo: return "input/output error";
        case Errc::kUnsupported: return "unsupported";
        case Errc::kInternal: return "internal";
    }
    return "unknown";
}

tl::unexpected<Error> fail_errno(int error, std::string_view what) {
    Errc code = Errc::kIo;
    switch (error) {
        case ENOSPC:
        case EDQUOT: code = Errc::kNoSpace; break;
        case EACCES:
        case EPERM:
        case EROFS: code = Errc::kPermissionDenied; break;
        case ENOENT: code = Errc::kNotFound; break;
        case EEXIST: code = Errc::kAlreadyExists; break;
        case ETIMEDOUT: code = Errc::kTimeout; break;
        case EADDRINUSE:
        case ECONNREFUSED:
        case EHOSTUNREACH: code = Errc::kUnavailable; break;
        default: break;
    }
    return fail(code, "{}: {}", what, std::generic_category().message(error));
}

}  // namespace kx
