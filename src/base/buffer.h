// SPDX-License-Identifier: Apache-2.0
//
// A growing run of bytes that never initialises what it is about to overwrite. Writers ask for
// room, write through the pointer, and commit what they wrote.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace kx {

class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t capacity) { grow(capacity); }
    ~Buffer() { std::free(data_); }
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    char* data() { return data_; }
    const char* data() const { return data_; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    std::string_view view() const { return {data_, size_}; }
    void clear() { size_ = 0; }
    void resize_down(std::size_t size) { size_ = size; }

    /// At least `size` writable bytes behind the end; valid until the next call that may grow.
    char* room(std::size_t size) {
        if (capacity_ - size_ < size) [[unlikely]]
            grow(size_ + size);
        return data_ + size_;
    }
    void commit(std::size_t size) { size_ += size; }

    void append(const char* from, std::size_t size) {
        if (size == 0) return;  // memcpy takes no null pointers, not even for nothing
        std::memcpy(room(size), from, size);
        size_ += size;
    }
    void append(std::string_view text) { append(text.data(), text.size()); }
    void push_back(char c) {
        *room(1) = c;
        ++size_;
    }

    /// Gives memory back when the buffer is empty and larger than `keep`.
    void trim(std::size_t keep) {
        if (size_ == 0 && capacity_ > keep) Buffer().swap(*this);
    }

    void swap(Buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

private:
    void grow(std::size_t needed) {
        if (needed > kBytesMax) throw std::bad_alloc();
        std::size_t capacity = capacity_ == 0 ? 256 : capacity_;
        while (capacity < needed) capacity *= 2;
        void* moved = std::realloc(data_, capacity);
        if (moved == nullptr) throw std::bad_alloc();
        data_ = static_cast<char*>(moved);
        capacity_ = capacity;
    }

    static constexpr std::size_t kBytesMax = std::size_t{1} << 40;

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace kx
