// SPDX-License-Identifier: Apache-2.0
#include "client/core/name_servers.h"

#include <algorithm>
#include <random>

#include "net/rpc_client.h"

namespace kx::client {

bool NameServerList::update(std::string_view list) {
    std::vector<std::string> fresh = net::split_addresses(list);
    std::ranges::sort(fresh);
    fresh.erase(std::ranges::unique(fresh).begin(), fresh.end());
    std::vector<std::string> known = addresses_;
    std::ranges::sort(known);
    if (fresh.empty() || fresh == known) return false;
    std::ranges::shuffle(fresh, std::minstd_rand(std::random_device{}()));
    addresses_ = std::move(fresh);
    current_ = 0;
    return true;
}

std::string name_server_text(std::string_view configured) {
    if (!configured.starts_with("http://") && !configured.starts_with("https://"))
        return std::string(configured);
    return std::string(configured.substr(configured.rfind('/') + 1));
}

std::string namespace_of_endpoint(std::string_view configured) {
    if (!configured.starts_with("http://") && !configured.starts_with("https://")) return {};
    const std::string_view host = configured.substr(configured.rfind('/') + 1);
    if (!host.starts_with("MQ_INST_")) return {};
    const std::size_t dot = host.find('.');
    const std::string_view name = host.substr(0, dot);
    // MQ_INST_<a>_<b>: two parts that are not empty.
    const std::size_t middle = name.rfind('_');
    if (dot == std::string_view::npos || middle <= 8 || middle + 1 == name.size()) return {};
    return std::string(name);
}

}  // namespace kx::client
