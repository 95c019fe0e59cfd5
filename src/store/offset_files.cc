// SPDX-License-Identifier: Apache-2.0
#include "store/offset_files.h"

#include <charconv>
#include <optional>

#include "base/log.h"

namespace kx::store {
namespace {

std::optional<std::int64_t> parse_name(std::string_view name) {
    std::int64_t base = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), base);
    if (error != std::errc{} || end != name.data() + name.size() || base < 0) return std::nullopt;
    return base;
}

}  // namespace

std::string offset_file_name(std::int64_t base) { return fmt::format("{:020d}", base); }

Result<std::vector<OffsetFile>> list_offset_files(FileSystem& files, const std::string& directory,
                                                  std::int64_t file_bytes) {
    const Result<std::vector<DirectoryEntry>> entries = files.list(directory);
    if (!entries) {
        if (entries.error().code == Errc::kNotFound) return std::vector<OffsetFile>();
        return tl::unexpected(entries.error());
    }
    std::vector<OffsetFile> found;
    for (std::size_t i = 0; i < entries->size(); ++i) {
        const DirectoryEntry& entry = (*entries)[i];
        if (entry.is_directory) continue;
        const std::string path = join_path(directory, entry.name);
        const std::optional<std::int64_t> base = parse_name(entry.name);
        if (!base) {
            return fail(Errc::kCorrupt,
                        "{} does not belong into a directory of store files: move it elsewhere",
                        path);
        }
        if (entry.size == 0 && i + 1 == entries->size()) {
            log::warn("store", "{} is empty and was removed", path);
            KX_CHECK(files.remove(path));
            continue;
        }
        if (entry.size != file_bytes) {
            return fail(Errc::kCorrupt,
                        "{} has {} bytes, but the configuration says {}: set the file size it was "
                        "written with, or move the file elsewhere",
                        path, entry.size, file_bytes);
        }
        found.push_back({*base, path});
    }
    for (std::size_t i = 1; i < found.size(); ++i) {
        if (found[i].base - found[i - 1].base != file_bytes) {
            log::warn("store", "between {} and {} files are missing", found[i - 1].path,
                      found[i].path);
        }
    }
    return found;
}

}  // namespace kx::store
