// SPDX-License-Identifier: Apache-2.0
//
// The checkpoint file: up to which store times log, queues and index are known to be on disk
// (storage.md 1.3). Recovery after a crash begins three seconds before the oldest of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/result.h"

namespace kx::store {

class Checkpoint {
public:
    /// Maps the file, making it when there is none.
    static Result<std::unique_ptr<Checkpoint>> open(FileSystem& files, const std::string& path);

    std::atomic<std::int64_t> physical_time{0};
    std::atomic<std::int64_t> logical_time{0};
    std::atomic<std::int64_t> index_time{0};
    std::atomic<std::int64_t> master_flushed_offset{0};
    std::atomic<std::int64_t> confirm_offset{0};

    /// max(0, min(physical, logical) - 3000).
    std::int64_t safe_time() const;
    /// Writes all five, if any has changed since.
    Status flush();

private:
    explicit Checkpoint(MappedFilePtr file) : file_(std::move(file)) {}

    MappedFilePtr file_;
};

}  // namespace kx::store
