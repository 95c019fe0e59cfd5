// SPDX-License-Identifier: Apache-2.0
/// @file
/// Results and errors as values: nothing in this library throws.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>
#include <version>
#if defined(__cpp_lib_expected)
#include <expected>
#endif

#include "kerolox/config.hpp"

namespace kerolox {
inline namespace v1 {

/// What sort of thing went wrong.
enum class ErrorKind : std::uint8_t {
    usage,             ///< the call itself is wrong: bad argument, bad configuration
    client,            ///< the client gave up: no route, all tries failed, check refused
    broker,            ///< a server answered with an error; code() is its response code
    connect,           ///< no connection to the address
    timeout,           ///< no answer within the time
    send_request,      ///< the request could not be written, or its connection broke
    too_much_request,  ///< a bound of this client was reached
    protocol,          ///< a server's answer could not be read
    cancelled,         ///< by Async::cancel, a stop token, or close
    closed,            ///< the object was closed before
    internal,          ///< a mistake of the library
};

/// "usage", "client", "broker", ...
KEROLOX_API std::string_view to_string(ErrorKind kind) noexcept;

/// Why something failed. Immutable, cheap to copy, may be shared between threads.
class KEROLOX_API Error {
public:
    struct Detail;

    Error(ErrorKind kind, std::string text, std::int32_t code = -1);
    explicit Error(Detail detail);

    ErrorKind kind() const noexcept;
    /// The server's response code, or RocketMQ's client code (10001 no connection, 10002 timeout,
    /// 10003 broker unknown, 10004 no name server, 10005 no route, 10006 no reply, 10007 reply
    /// cannot be made, 13 illegal message), else -1.
    std::int32_t code() const noexcept;
    /// The sentence RocketMQ's users search for.
    std::string_view text() const noexcept;
    /// "127.0.0.1:10911", if one server was involved; else empty.
    std::string_view peer() const noexcept;
    /// Names of the brokers that were tried, in order.
    std::span<const std::string> brokers_tried() const noexcept;
    /// How often a send was tried; 0 where nothing is tried again.
    std::int32_t tries() const noexcept;
    /// The same call may succeed later.
    bool retriable() const noexcept;
    /// The error behind this one, or null.
    const Error* cause() const noexcept;
    /// Everything in one line, for a log.
    std::string describe() const;

private:
    std::shared_ptr<const Detail> detail_;
};

/// All an error can say; only kind and text are always there.
struct Error::Detail {
    ErrorKind kind = ErrorKind::internal;
    std::int32_t code = -1;
    std::string text{};
    std::string peer{};
    std::vector<std::string> brokers_tried{};
    std::int32_t tries = 0;
    bool retriable = false;
    std::optional<Error> cause{};
};

namespace detail {
/// Ends the process with the error's description: somebody took a value that is not there.
[[noreturn]] KEROLOX_API void value_of_error(const Error& error) noexcept;
[[noreturn]] KEROLOX_API void error_of_value() noexcept;
}  // namespace detail

/// A value or an Error. Taking the value of an error ends the process with the error's text.
template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;
    using error_type = Error;

    // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return error;` are the use.
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}
    // NOLINTEND(google-explicit-constructor)

    bool has_value() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& value() & { return check(), *std::get_if<0>(&content_); }
    const T& value() const& { return check(), *std::get_if<0>(&content_); }
    T&& value() && { return check(), std::move(*std::get_if<0>(&content_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    template <class U>
    T value_or(U&& other) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(other));
    }
    template <class U>
    T value_or(U&& other) && {
        return has_value() ? std::move(*this).value() : static_cast<T>(std::forward<U>(other));
    }

    const Error& error() const& {
        if (has_value()) detail::error_of_value();
        return *std::get_if<1>(&content_);
    }

    /// `f(value)`, which gives a Result, or the error.
    template <class F>
    auto and_then(F&& f) && -> std::remove_cvref_t<std::invoke_result_t<F, T&&>> {
        if (!has_value()) return error();
        return std::forward<F>(f)(std::move(*this).value());
    }
    /// A Result of `f(value)`, or the error.
    template <class F>
    auto transform(F&& f) && -> Result<std::remove_cvref_t<std::invoke_result_t<F, T&&>>> {
        if (!has_value()) return error();
        return std::forward<F>(f)(std::move(*this).value());
    }
    /// The value, or `f(error)`, which gives a Result of the same type.
    template <class F>
    Result or_else(F&& f) && {
        if (has_value()) return std::move(*this);
        return std::forward<F>(f)(error());
    }

#if defined(__cpp_lib_expected)
    std::expected<T, Error> to_expected() && {
        if (!has_value()) return std::unexpected(error());
        return std::move(*this).value();
    }
#endif

private:
    void check() const {
        if (!has_value()) detail::value_of_error(*std::get_if<1>(&content_));
    }
    std::variant<T, Error> content_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    using error_type = Error;

    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const {
        if (error_) detail::value_of_error(*error_);
    }
    const Error& error() const& {
        if (!error_) detail::error_of_value();
        return *error_;
    }
    template <class F>
    auto and_then(F&& f) && -> std::remove_cvref_t<std::invoke_result_t<F>> {
        if (error_) return *error_;
        return std::forward<F>(f)();
    }
    template <class F>
    Result or_else(F&& f) && {
        if (!error_) return {};
        return std::forward<F>(f)(*error_);
    }
#if defined(__cpp_lib_expected)
    std::expected<void, Error> to_expected() && {
        if (error_) return std::unexpected(*error_);
        return {};
    }
#endif

private:
    std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace v1
}  // namespace kerolox
