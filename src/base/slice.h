// SPDX-License-Identifier: Apache-2.0
//
// A slice: bytes that somebody else owns, and the pin that keeps them where they are. Replies are
// gathered from slices straight out of the mapped commit log.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kx {

struct Slice {
    std::shared_ptr<const void> pin;
    std::string_view bytes;

    /// Takes the text over and pins it.
    static Slice own(std::string text) {
        auto kept = std::make_shared<const std::string>(std::move(text));
        const std::string_view view = *kept;
        return Slice{std::move(kept), view};
    }
};

}  // namespace kx
