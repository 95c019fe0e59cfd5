// SPDX-License-Identifier: Apache-2.0
#include "kerolox/result.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace kerolox {
inline namespace v1 {

std::string_view to_string(ErrorKind kind) noexcept {
    constexpr std::array<std::string_view, 11> kNames{
        "usage",    "client",    "broker", "connect", "timeout", "send_request", "too_much_request",
        "protocol", "cancelled", "closed", "internal"};
    const auto index = static_cast<std::size_t>(kind);
    return index < kNames.size() ? kNames[index] : "internal";
}

Error::Error(ErrorKind kind, std::string text, std::int32_t code) {
    Detail detail;
    detail.kind = kind;
    detail.code = code;
    detail.text = std::move(text);
    detail_ = std::make_shared<const Detail>(std::move(detail));
}

Error::Error(Detail detail) : detail_(std::make_shared<const Detail>(std::move(detail))) {}

ErrorKind Error::kind() const noexcept { return detail_->kind; }
std::int32_t Error::code() const noexcept { return detail_->code; }
std::string_view Error::text() const noexcept { return detail_->text; }
std::string_view Error::peer() const noexcept { return detail_->peer; }
std::span<const std::string> Error::brokers_tried() const noexcept {
    return detail_->brokers_tried;
}
std::int32_t Error::tries() const noexcept { return detail_->tries; }
bool Error::retriable() const noexcept { return detail_->retriable; }
const Error* Error::cause() const noexcept { return detail_->cause ? &*detail_->cause : nullptr; }

std::string Error::describe() const {
    std::string line = fmt::format("{}", to_string(kind()));
    if (code() != -1) line += fmt::format(" (code {})", code());
    line += fmt::format(": {}", text());
    if (!peer().empty() && text().find(peer()) == std::string_view::npos)
        line += fmt::format(", by {}", peer());
    if (cause() != nullptr) line += fmt::format("; because: {}", cause()->describe());
    return line;
}

namespace detail {

void value_of_error(const Error& error) noexcept {
    std::fprintf(stderr, "kerolox: the value of a failed result was taken: %s\n",
                 error.describe().c_str());
    std::abort();
}

void error_of_value() noexcept {
    std::fprintf(stderr, "kerolox: the error of a successful result was taken\n");
    std::abort();
}

}  // namespace detail
}  // namespace v1
}  // namespace kerolox
