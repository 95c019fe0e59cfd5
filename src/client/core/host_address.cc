// SPDX-License-Identifier: Apache-2.0
#include "client/core/host_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>
#include <string_view>

namespace kx::client {
namespace {

bool is_private(std::uint32_t ip) {
    return (ip >> 24) == 10 || (ip >> 20) == 0xAC1 || (ip >> 16) == 0xC0A8 || (ip >> 24) == 127 ||
           (ip >> 16) == 0xA9FE;
}

bool is_virtual(std::string_view name) {
    for (const std::string_view prefix : {"docker", "veth", "br-", "virbr", "vmnet"})
        if (name.starts_with(prefix)) return true;
    return false;
}

}  // namespace

std::string own_address_text() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return "127.0.0.1";
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> guard(list, ::freeifaddrs);
    std::string private_v4;
    std::string any_v6;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        constexpr unsigned kUnwanted = IFF_LOOPBACK | IFF_POINTOPOINT;
        if (entry->ifa_addr == nullptr || (entry->ifa_flags & kUnwanted) != 0 ||
            (entry->ifa_flags & IFF_UP) == 0 || is_virtual(entry->ifa_name)) {
            continue;
        }
        char text[INET6_ADDRSTRLEN] = "";
        if (entry->ifa_addr->sa_family == AF_INET) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
            ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
            if (!is_private(ntohl(v4->sin_addr.s_addr))) return text;
            private_v4 = text;
        } else if (entry->ifa_addr->sa_family == AF_INET6 && any_v6.empty()) {
            const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr);
            if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) continue;
            ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
            any_v6 = std::string("[") + text + "]";
        }
    }
    if (!private_v4.empty()) return private_v4;
    return any_v6.empty() ? "127.0.0.1" : any_v6;
}

model::HostPort own_host() {
    model::HostPort host;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return host;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> guard(list, ::freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
        if ((entry->ifa_flags & IFF_LOOPBACK) != 0 || (entry->ifa_flags & IFF_UP) == 0) continue;
        sockaddr_in address{};
        std::memcpy(&address, entry->ifa_addr, sizeof address);
        std::memcpy(host.address.data(), &address.sin_addr, 4);
        return host;
    }
    return host;
}

}  // namespace kx::client
