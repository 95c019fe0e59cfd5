// SPDX-License-Identifier: Apache-2.0
//
// A small file for one test, gone when the test is.
#pragma once

#include <unistd.h>

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

}  // namespace kx::test
