// SPDX-License-Identifier: Apache-2.0
//
// A shared file mapping with every page resident and dirty, written round and round.

#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>

namespace kx::bench {

class MappedFile {
public:
    explicit MappedFile(const std::string& path, size_t size) : size_(size) {
        const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (file < 0 || ftruncate(file, static_cast<off_t>(size_)) != 0) fail(path);
        void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (at == MAP_FAILED) fail(path);
        data_ = static_cast<char*>(at);
        // A first write to a page of a mapping is a fault, and allocates its block: not our
        // subject.
        std::memset(data_, 1, size_);
    }
    ~MappedFile() { munmap(data_, size_); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    /// Requires: `size` is not above the size of the file.
    void append(const char* from, size_t size) {
        if (size > size_ - end_) end_ = 0;
        std::memcpy(data_ + end_, from, size);
        end_ += size;
    }

private:
    [[noreturn]] static void fail(const std::string& path) {
        throw std::system_error(errno, std::generic_category(), path);
    }

    size_t size_;
    char* data_ = nullptr;
    size_t end_ = 0;
};

}  // namespace kx::bench
