// SPDX-License-Identifier: Apache-2.0
//
// Results and errors as values. An Error is a small code and one sentence for the operator that
// names the thing concerned; which response code a client sees is decided elsewhere (wire/).
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace kx {

enum class Errc : std::uint8_t {
    kInvalidArgument,  ///< the caller's input breaks a rule
    kMalformed,        ///< bytes that do not parse
    kNotFound,
    kAlreadyExists,
    kPermissionDenied,
    kUnavailable,  ///< not now: stopping, unreachable, read-only
    kBusy,         ///< a bound was reached
    kTimeout,
    kCancelled,
    kTooLarge,
    kCorrupt,  ///< stored bytes that fail their check
    kNoSpace,
    kIo,
    kUnsupported,  ///< known, but not served by this version
    kInternal,
};

std::string_view name_of(Errc code);

struct [[nodiscard]] Error {
    Errc code = Errc::kInternal;
    std::string text;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// `return fail(Errc::kNotFound, "topic {} does not exist", name);`
template <class... Args>
tl::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// The sentence of strerror for `error`, with the code that fits it (ENOSPC, EACCES, ...).
tl::unexpected<Error> fail_errno(int error, std::string_view what);

}  // namespace kx

#define KX_CONCAT_INNER(a, b) a##b
#define KX_CONCAT(a, b) KX_CONCAT_INNER(a, b)

/// Returns the error of `expression` (a Status or a Result whose value is not needed), if any.
#define KX_CHECK(expression)                                     \
    do {                                                         \
        if (auto kx_status = (expression); !kx_status)           \
            return tl::unexpected(std::move(kx_status).error()); \
    } while (false)

/// `KX_TRY(const auto file, open(path));` declares `file`, or returns the error.
#define KX_TRY(declaration, expression) \
    KX_TRY_INNER(KX_CONCAT(kx_result_, __COUNTER__), declaration, expression)
#define KX_TRY_INNER(result, declaration, expression)              \
    auto result = (expression);                                    \
    if (!result) return tl::unexpected(std::move(result).error()); \
    declaration = std::move(*result)
