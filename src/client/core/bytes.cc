// SPDX-License-Identifier: Apache-2.0
#include "kerolox/bytes.hpp"

#include <algorithm>

namespace kerolox {
inline namespace v1 {

Bytes::Bytes(std::string&& text) {
    auto kept = std::make_shared<const std::string>(std::move(text));
    data_ = kept->data();
    size_ = kept->size();
    owner_ = std::move(kept);
}

Bytes::Bytes(std::vector<std::byte>&& bytes) {
    auto kept = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    data_ = reinterpret_cast<const char*>(kept->data());
    size_ = kept->size();
    owner_ = std::move(kept);
}

Bytes::Bytes(std::span<const std::byte> bytes)
    : Bytes(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())) {}

Bytes Bytes::copy(std::string_view text) { return Bytes(std::string(text)); }

Bytes Bytes::adopt(const void* data, std::size_t size, void (*release)(void*), void* context) {
    Bytes bytes;
    bytes.owner_ = std::shared_ptr<const void>(data, [release, context](const void*) {
        if (release != nullptr) release(context);
    });
    bytes.data_ = static_cast<const char*>(data);
    bytes.size_ = size;
    return bytes;
}

Bytes Bytes::shared(std::shared_ptr<const void> owner, std::string_view text) noexcept {
    Bytes bytes;
    bytes.owner_ = std::move(owner);
    bytes.data_ = text.data();
    bytes.size_ = text.size();
    return bytes;
}

Bytes Bytes::slice(std::size_t offset, std::size_t count) const {
    const std::string_view all = text();
    return shared(owner_, all.substr(std::min(offset, size_), count));
}

}  // namespace v1
}  // namespace kerolox
