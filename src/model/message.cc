// SPDX-License-Identifier: Apache-2.0
#include "model/message.h"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace kx::model {

std::string to_string(const HostPort& host) {
    char text[INET6_ADDRSTRLEN] = "?";
    inet_ntop(host.is_v6 ? AF_INET6 : AF_INET, host.address.data(), text, sizeof text);
    return host.is_v6 ? fmt::format("[{}]:{}", text, host.port)
                      : fmt::format("{}:{}", text, host.port);
}

}  // namespace kx::model
