// SPDX-License-Identifier: Apache-2.0
#include "cli/endpoints.h"

#include "base/log.h"

namespace kx::cli {
namespace {
std::string path_in(const std::string& directory) { return directory + "/endpoints.json"; }
}  // namespace

Status write_endpoints(FileSystem& files, const std::string& directory,
                       const Endpoints& endpoints) {
    KX_CHECK(files.make_directories(directory));
    return files.write_file(path_in(directory), to_json(endpoints) + "\n");
}

void remove_endpoints(FileSystem& files, const std::string& directory) {
    if (const auto removed = files.remove(path_in(directory)); !removed)
        log::warn("cli", "cannot remove {}: {}", path_in(directory), removed.error().text);
}

}  // namespace kx::cli
