// SPDX-License-Identifier: Apache-2.0
//
// endpoints.json: where a running server listens, for scripts and tests that let the system choose
// the ports. Written when the server is ready, removed when it stops.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/json_members.h"

namespace kx::cli {

struct Endpoints {
    std::optional<std::string> broker;
    std::optional<std::string> fast;
    std::optional<std::string> http;
    std::optional<std::string> namesrv;
    std::int64_t pid = 0;

    static constexpr auto members() {
        return std::array{
            member<&Endpoints::broker>("broker"), member<&Endpoints::fast>("fast"),
            member<&Endpoints::http>("http"),     member<&Endpoints::namesrv>("namesrv"),
            member<&Endpoints::pid>("pid"),
        };
    }
};

/// Makes `directory` if it is not there.
Status write_endpoints(FileSystem& files, const std::string& directory, const Endpoints& endpoints);
void remove_endpoints(FileSystem& files, const std::string& directory);

}  // namespace kx::cli
