// SPDX-License-Identifier: Apache-2.0
#include "cli/dev_config.h"

namespace kx::cli {
namespace {

constexpr ConfigRow kDevRows[] = {
    key<&DevKeys::namesrv_port>("namesrvPort", KeyTier::kA,
                                "port of the name server within `kerolox dev`; 0: the system "
                                "chooses",
                                kPort, kImportant),
};

}  // namespace

std::span<const ConfigRow> DevKeys::keys() { return kDevRows; }

}  // namespace kx::cli
