// SPDX-License-Identifier: Apache-2.0
#include "client/core/name_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kx::client {
namespace {

TEST(NameServerList, TellsWhetherTheSetChanged) {
    NameServerList list;
    EXPECT_TRUE(list.empty());
    EXPECT_TRUE(list.update("a:1; b:2 ;;a:1"));
    EXPECT_THAT(list.addresses(), ::testing::UnorderedElementsAre("a:1", "b:2"));
    EXPECT_FALSE(list.update("b:2;a:1"));
    EXPECT_FALSE(list.update(""));
    EXPECT_EQ(list.size(), 2U);
    EXPECT_TRUE(list.update("c:3"));
    EXPECT_EQ(list.current(), "c:3");
}

TEST(NameServerList, LeavesAnAddressOnceHoweverManyComplain) {
    NameServerList list;
    list.update("a:1;b:2;c:3");
    const std::string first = list.current();
    list.leave(first);
    const std::string second = list.current();
    EXPECT_NE(first, second);
    list.leave(first);
    EXPECT_EQ(list.current(), second);
    list.leave(second);
    list.leave(list.current());
    EXPECT_EQ(list.current(), first);
}

TEST(NameServerText, IsAListOrAnEndPoint) {
    EXPECT_EQ(name_server_text("a:9876;b:9876"), "a:9876;b:9876");
    EXPECT_EQ(name_server_text("http://MQ_INST_a_b.region.example:80"),
              "MQ_INST_a_b.region.example:80");
    EXPECT_EQ(name_server_text("https://x/y/host:80"), "host:80");
}

TEST(NameServerText, MayNameANamespace) {
    EXPECT_EQ(namespace_of_endpoint("http://MQ_INST_a_b.region.example:80"), "MQ_INST_a_b");
    EXPECT_EQ(namespace_of_endpoint("https://MQ_INST_1_BC2.mq:8080"), "MQ_INST_1_BC2");
    for (const char* none :
         {"a:9876", "MQ_INST_a_b.region:80", "http://region.example:80", "http://MQ_INST_a.x:80",
          "http://MQ_INST_a_.x:80", "http://MQ_INST__b.x:80", "http://MQ_INST_a_b:80", ""}) {
        EXPECT_EQ(namespace_of_endpoint(none), "") << none;
    }
}

}  // namespace
}  // namespace kx::client
