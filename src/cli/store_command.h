// SPDX-License-Identifier: Apache-2.0
//
// `kerolox store dump` and `kerolox store check`: a store read record by record, nothing changed.
// 0: all is well; 1: something is not; 3: no such directory.
#pragma once

#include <string>

namespace kx::cli {

struct StoreOptions {
    std::string directory;
    bool json = false;
    bool bodies = false;  ///< dump: with the bodies, as text
    std::string topic;    ///< dump: only this one
};

int store_dump(const StoreOptions& options);
int store_check(const StoreOptions& options);

}  // namespace kx::cli
