// SPDX-License-Identifier: Apache-2.0
//
// A refusal: the response code and the remark a client gets. Handlers' checks return it as the
// error of an Outcome, because RocketMQ fixes code and text together, check by check. Errors of the
// rooms below (Error) become one through refusal_of().
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>

#include "base/result.h"
#include "wire/response_codes.h"

namespace kx::wire {

struct [[nodiscard]] Refusal {
    ResponseCode code = ResponseCode::kSystemError;
    std::string remark;
};

template <class T>
using Outcome = tl::expected<T, Refusal>;

template <class... Args>
tl::unexpected<Refusal> refuse(ResponseCode code, fmt::format_string<Args...> format,
                               Args&&... args) {
    return tl::unexpected(Refusal{code, fmt::format(format, std::forward<Args>(args)...)});
}

Refusal refusal_of(const Error& error);

/// RocketMQ's pointer to its FAQ, which clients search for to avoid adding it twice.
inline constexpr std::string_view kSeeFaq =
    "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.";

}  // namespace kx::wire
