// SPDX-License-Identifier: Apache-2.0
#include "client/core/host_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace kx::client {
namespace {

TEST(HostAddress, IsAnAddressThatPeersCanRead) {
    std::string text = own_address_text();
    in_addr v4{};
    in6_addr v6{};
    if (text.front() == '[') {
        ASSERT_EQ(text.back(), ']');
        text = text.substr(1, text.size() - 2);
        EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &v6), 1) << text;
    } else {
        EXPECT_EQ(::inet_pton(AF_INET, text.c_str(), &v4), 1) << text;
    }
    EXPECT_EQ(own_address_text(), own_address_text());
}

}  // namespace
}  // namespace kx::client
