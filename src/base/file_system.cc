// SPDX-License-Identifier: Apache-2.0
//
// What is the same for every file system.
#include "base/file_system.h"

namespace kx {

std::string join_path(std::string_view directory, std::string_view name) {
    std::string path(directory);
    if (!path.empty() && path.back() != '/') path += '/';
    path += name;
    return path;
}

std::string parent_path(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

Status persist_with_backup(FileSystem& files, const std::string& path, std::string_view text) {
    if (files.exists(path)) {
        KX_CHECK(files.rename(path, path + ".bak"));
        KX_CHECK(files.sync_directory(parent_path(path)));
    }
    return files.write_file(path, text);
}

Result<std::optional<std::string>> load_with_backup(
    FileSystem& files, const std::string& path,
    const std::function<bool(std::string_view)>& accepted) {
    const auto good = [&accepted](const Result<std::string>& text) {
        return text && !text->empty() && (!accepted || accepted(*text));
    };
    Result<std::string> text = files.read_file(path);
    if (good(text)) return std::optional(std::move(*text));
    if (text) {
        KX_CHECK(files.remove(path));
    } else if (text.error().code != Errc::kNotFound) {
        return tl::unexpected(std::move(text).error());
    }
    const std::string backup = path + ".bak";
    Result<std::string> before = files.read_file(backup);
    if (good(before)) return std::optional(std::move(*before));
    if (!before && before.error().code != Errc::kNotFound) {
        return tl::unexpected(std::move(before).error());
    }
    if (before && !before->empty()) {
        return fail(Errc::kCorrupt, "neither {} nor {} can be read", path, backup);
    }
    return std::optional<std::string>();
}

}  // namespace kx
