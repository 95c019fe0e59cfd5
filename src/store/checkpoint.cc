// SPDX-License-Identifier: Apache-2.0
#include "store/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace kx::store {
namespace {

constexpr std::int64_t kFileBytes = 4096;
constexpr std::int64_t kFields = 5;
constexpr std::int64_t kAllowanceMs = 3000;

}  // namespace

Result<std::unique_ptr<Checkpoint>> Checkpoint::open(FileSystem& files, const std::string& path) {
    const bool is_new = !files.exists(path);
    KX_TRY(MappedFilePtr file, is_new ? files.create_mapped(path, kFileBytes, true)
                                      : files.map(path, Access::kReadWrite));
    if (file->size() < kFields * 8) {
        return fail(Errc::kCorrupt, "{} has {} bytes, not {}: remove it, the next start recovers",
                    path, file->size(), kFileBytes);
    }
    if (is_new) KX_CHECK(files.sync_directory(parent_path(path)));
    std::unique_ptr<Checkpoint> result(new Checkpoint(std::move(file)));
    const char* const at = result->file_->data();
    result->physical_time = load_be<std::int64_t>(at);
    result->logical_time = load_be<std::int64_t>(at + 8);
    result->index_time = load_be<std::int64_t>(at + 16);
    result->master_flushed_offset = load_be<std::int64_t>(at + 24);
    result->confirm_offset = load_be<std::int64_t>(at + 32);
    return result;
}

std::int64_t Checkpoint::safe_time() const {
    return std::max<std::int64_t>(
        0, std::min(physical_time.load(), logical_time.load()) - kAllowanceMs);
}

Status Checkpoint::flush() {
    char fields[kFields * 8];
    store_be<std::int64_t>(fields, physical_time.load());
    store_be<std::int64_t>(fields + 8, logical_time.load());
    store_be<std::int64_t>(fields + 16, index_time.load());
    store_be<std::int64_t>(fields + 24, master_flushed_offset.load());
    store_be<std::int64_t>(fields + 32, confirm_offset.load());
    if (std::memcmp(file_->data(), fields, sizeof fields) == 0) return {};
    std::memcpy(file_->data(), fields, sizeof fields);
    return file_->sync(0, static_cast<std::int64_t>(sizeof fields));
}

}  // namespace kx::store
