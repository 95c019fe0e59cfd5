// SPDX-License-Identifier: Apache-2.0
//
// Big-endian integers in byte buffers, and a reader that checks every length before it is used.
// Everything RocketMQ writes, on the wire and on disk, is big-endian.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace kx {

/// Between the machine's order and big-endian; the machine is little-endian.
template <std::integral T>
constexpr T swap_be(T value) {
    static_assert(std::endian::native == std::endian::little);
    using U = std::make_unsigned_t<T>;
    const auto bits = static_cast<U>(value);
    if constexpr (sizeof(T) == 2)
        return static_cast<T>(__builtin_bswap16(bits));
    else if constexpr (sizeof(T) == 4)
        return static_cast<T>(__builtin_bswap32(bits));
    else if constexpr (sizeof(T) == 8)
        return static_cast<T>(__builtin_bswap64(bits));
    else
        return value;
}

template <std::integral T>
T load_be(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return swap_be(value);
}

template <std::integral T>
void store_be(char* to, T value) {
    value = swap_be(value);
    std::memcpy(to, &value, sizeof value);
}

/// Appends `value` to anything with append(const char*, size), such as std::string.
template <std::integral T, class Out>
void put_be(Out& out, T value) {
    char bytes[sizeof value];
    store_be(bytes, value);
    out.append(bytes, sizeof value);
}

/// Reads from a view, front to back. After the first overrun every read gives zero and ok() is
/// false, so that a parser may read a whole structure and check once.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

    template <std::integral T>
    T read() {
        if (rest_.size() < sizeof(T)) return overrun(), T{0};
        const T value = load_be<T>(rest_.data());
        rest_.remove_prefix(sizeof(T));
        return value;
    }

    /// The next `size` bytes; a negative or too large size is an overrun.
    std::string_view take(std::int64_t size) {
        if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size())
            return overrun(), std::string_view{};
        const std::string_view piece = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(piece.size());
        return piece;
    }

    bool ok() const { return ok_; }
    std::size_t left() const { return rest_.size(); }
    std::string_view rest() const { return rest_; }

private:
    void overrun() {
        ok_ = false;
        rest_ = {};
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace kx
