// SPDX-License-Identifier: Apache-2.0
#include "client/core/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"

namespace kx::client {
namespace {

using testing::KeptLog;
using testing::options_for;
using testing::OwnCore;
using testing::ScriptedServer;
using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

TEST(Signature, IsTheOneRocketMqComputes) {
    EXPECT_EQ(signature_of("sk", {{"topic", "T1"}, {"AccessKey", "ak"}}, ""),
              "9VPuTHRkgwQkbcY5/m5xrQF1GFI=");
}

TEST(Signature, GoesByTheKeysOrderAndEndsWithTheBody) {
    const std::string sorted = signature_of("k", {{"a", "1"}, {"b", "2"}}, "body");
    EXPECT_EQ(signature_of("k", {{"b", "2"}, {"a", "1"}}, "body"), sorted);
    EXPECT_EQ(signature_of("k", {{"a", "12"}}, "body"), sorted);
    EXPECT_EQ(signature_of("k", {{"a", "12bo"}}, "dy"), sorted);
    EXPECT_NE(signature_of("k", {{"a", "1"}, {"b", "2"}}, "bodi"), sorted);
    EXPECT_NE(signature_of("", {{"a", "1"}, {"b", "2"}}, "body"), sorted);
}

TEST(Signature, ReplacesThatOfAnEarlierTry) {
    kerolox::ExtFields fields{{"topic", "T1"}};
    sign_request({"old", "sk0", "token"}, fields, "");
    EXPECT_THAT(fields, Contains(Pair("SecurityToken", "token")));
    kerolox::ExtFields again{{"topic", "T1"}};
    sign_request({"ak", "sk"}, again, "");
    sign_request({"ak", "sk"}, again, "");
    EXPECT_EQ(again.size(), 3U);
    EXPECT_THAT(again, Contains(Pair("Signature", "9VPuTHRkgwQkbcY5/m5xrQF1GFI=")));
    kerolox::ExtFields nobody{{"topic", "T1"}};
    sign_request({}, nobody, "");
    EXPECT_EQ(nobody.size(), 1U);
}

TEST(Signature, TravelsWithEveryRequestAndCredentialsMayChange) {
    ScriptedServer server;
    server.on(319, [](net::Request& request) { request.ok_body(""); });
    server.on(7, [](net::Request& request) { request.ok_body(""); });
    server.start();
    KeptLog log;
    std::atomic<int> asked{0};
    auto options = options_for(server.address());
    options.log(log.sink()).credentials([&]() -> kerolox::Credentials {
        const int time = asked++;
        if (time == 1) throw std::runtime_error("no vault");
        return {fmt::format("ak{}", time), "sk", "tok"};
    });
    OwnCore core(options);
    ASSERT_TRUE(core.call(server.address(), 7));
    ASSERT_TRUE(core.call(server.address(), 7, 3000, "body"));
    EXPECT_THAT(server.seen(319).at(0).fields, Contains(Pair("AccessKey", "ak0")));
    EXPECT_THAT(server.seen(7).at(0).fields, Not(Contains(Key("Signature"))));
    const auto last = server.seen(7).at(1).fields;
    EXPECT_EQ(last.at("AccessKey"), "ak2");
    EXPECT_EQ(last.at("SecurityToken"), "tok");
    EXPECT_EQ(last.at("Signature"),
              signature_of("sk", {{"AccessKey", "ak2"}, {"SecurityToken", "tok"}}, "body"));
    EXPECT_TRUE(log.has("the credentials provider threw: no vault"));
}

}  // namespace
}  // namespace kx::client
