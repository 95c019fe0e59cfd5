// SPDX-License-Identifier: Apache-2.0
//
// A small file, or a directory, for one test, gone when the test is.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace kx::test {

class TempFile {
public:
    explicit TempFile(const std::string& text) {
        static int count = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("kx_test_" + std::to_string(getpid()) + "_" + std::to_string(count++));
        std::ofstream(path_, std::ios::binary) << text;
    }
    ~TempFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// The same for a directory, with all it holds.
class TempDirectory {
public:
    TempDirectory() {
        std::string name = std::filesystem::temp_directory_path() / "kx_test_XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~TempDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace kx::test
