// SPDX-License-Identifier: Apache-2.0
//
// limits echo PORT FILE | append FILE BYTES SECONDS | fdatasync FILE BYTES SECONDS

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "limits/limits.h"

int main(int argc, char** argv) {
    using namespace kx::bench;
    const std::string mode = argc > 1 ? argv[1] : "";
    try {
        if (mode == "echo" && argc == 4) {
            run_echo(static_cast<uint16_t>(std::stoi(argv[2])), argv[3]);
        } else if (mode == "append" && argc == 5) {
            run_append(argv[2], std::stoul(argv[3]), std::stod(argv[4]));
        } else if (mode == "fdatasync" && argc == 5) {
            run_fdatasync(argv[2], std::stoul(argv[3]), std::stod(argv[4]));
        } else {
            std::fprintf(stderr,
                         "usage: limits echo PORT FILE\n"
                         "       limits append|fdatasync FILE BYTES SECONDS\n");
            return 2;
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "limits: %s\n", error.what());
        return 1;
    }
    return 0;
}
