// SPDX-License-Identifier: Apache-2.0
//
// Directories of files that are named by the offset of their first byte (storage.md 1.2): 20
// decimal digits, all files of one length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace kx::store {

struct OffsetFile {
    std::int64_t base = 0;
    std::string path;
};

std::string offset_file_name(std::int64_t base);

/// Sorted by base; nothing when the directory is missing. Directories in it are skipped, an empty
/// last file is removed; any other name or length is an error that names the file.
Result<std::vector<OffsetFile>> list_offset_files(FileSystem& files, const std::string& directory,
                                                  std::int64_t file_bytes);

}  // namespace kx::store
