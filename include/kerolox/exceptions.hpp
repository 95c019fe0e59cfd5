// SPDX-License-Identifier: Apache-2.0
/// @file
/// For programs that want exceptions: compiled in your own translation unit.
#pragma once

#include <stdexcept>
#include <utility>

#include "kerolox/result.hpp"

namespace kerolox {
inline namespace v1 {

/// What value_or_throw throws; what() is Error::describe().
class Exception : public std::runtime_error {
public:
    explicit Exception(Error error)
        : std::runtime_error(error.describe()), error_(std::move(error)) {}
    const Error& error() const noexcept { return error_; }

private:
    Error error_;
};

template <class T>
T value_or_throw(Result<T> result) {
    if (!result) throw Exception(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

}  // namespace v1
}  // namespace kerolox
