// SPDX-License-Identifier: Apache-2.0
//
// The library's own way into its public classes: they befriend detail::Access and nobody else.
#pragma once

#include <memory>
#include <utility>

#include "kerolox/async.hpp"

namespace kerolox {
inline namespace v1 {
namespace detail {

struct Access {
    template <class Public>
    static auto& core(Public& object) {
        return object.core_;
    }
    template <class Public>
    static auto& data(Public& object) {
        return object.data_;
    }
    template <class Public>
    static auto& settings(Public& object) {
        return object.settings_;
    }
    template <class Public>
    static auto& timeout(Public& object) {
        return object.timeout_;
    }
    /// Calls a private constructor.
    template <class Public, class... Args>
    static Public make(Args&&... args) {
        return Public(std::forward<Args>(args)...);
    }
    template <class Core, class Public>
    static Core& core_as(const Public& object) {
        return *static_cast<Core*>(object.core_.get());
    }
    static auto& shared(Operation& operation) { return operation.shared_; }
    using Shared = Operation::Shared;
    static void fail(Operation& operation, Error error) { operation.fail(std::move(error)); }
};

}  // namespace detail
}  // namespace v1
}  // namespace kerolox

namespace kx::client {
using kerolox::detail::Access;
}
