// SPDX-License-Identifier: Apache-2.0
/// @file
/// Immutable bytes with shared ownership.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kerolox/config.hpp"

namespace kerolox {
inline namespace v1 {

/// A range of bytes nobody changes any more. Copies and slices share it; threads may share it.
class KEROLOX_API Bytes {
public:
    Bytes() noexcept = default;
    /// A literal: nothing is copied, it lives as long as the program.
    template <std::size_t N>
    explicit Bytes(const char (&literal)[N]) noexcept : data_(literal), size_(N - 1) {}
    /// Takes the text over.
    explicit Bytes(std::string&& text);
    /// Takes the vector over.
    explicit Bytes(std::vector<std::byte>&& bytes);
    /// Copies.
    explicit Bytes(std::span<const std::byte> bytes);
    /// Copies.
    static Bytes copy(std::string_view text);
    /// `release` runs once, on whatever thread lets go of the last copy.
    static Bytes adopt(const void* data, std::size_t size, void (*release)(void* context),
                       void* context);
    /// Bytes that `owner` keeps alive.
    static Bytes shared(std::shared_ptr<const void> owner, std::string_view bytes) noexcept;

    const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(data_); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    std::span<const std::byte> span() const noexcept { return {data(), size_}; }
    std::string_view text() const noexcept { return {data_, size_}; }
    /// Shares the memory; both ends are clipped to what is there.
    Bytes slice(std::size_t offset, std::size_t count = static_cast<std::size_t>(-1)) const;
    /// What keeps the bytes alive; null for a literal.
    const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

private:
    std::shared_ptr<const void> owner_;
    const char* data_ = "";
    std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace kerolox
