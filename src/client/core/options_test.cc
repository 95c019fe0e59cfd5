// SPDX-License-Identifier: Apache-2.0
//
// What client options accept, refuse and tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "client/core/access.h"
#include "client/core/client_settings.h"
#include "kerolox/client.hpp"
#include "support/temp_file.h"

namespace kx::client {
namespace {

using kerolox::ClientOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> texts_of(const ClientOptions& options) {
    std::vector<std::string> texts;
    for (const auto& problem : options.validate()) texts.push_back(problem.text);
    return texts;
}

const ClientConfig& config_of(const ClientOptions& options) {
    return Access::settings(options)->config;
}

TEST(ClientOptions, AreFineAsTheyAre) { EXPECT_THAT(texts_of(ClientOptions()), IsEmpty()); }

TEST(ClientOptions, TellAllProblemsAtOnce) {
    ClientOptions options;
    options.set("pollNameServerIntervall", "5")
        .set("no such thing at all", "x")
        .set("heartbeatBrokerInterval", "soon")
        .set("rocketmq.serialize.type", "XML")
        .connect_timeout(std::chrono::milliseconds(-5))
        .name_space("a")
        .name_space_v2("b")
        .set("tls.client.certPath", "/c.pem");
    EXPECT_THAT(
        texts_of(options),
        ElementsAre("unknown key pollNameServerIntervall, did you mean pollNameServerInterval?",
                    "unknown key no such thing at all", HasSubstr("\"soon\""),
                    HasSubstr("connectTimeoutMillis Out of range [1, "),
                    "rocketmq.serialize.type is JSON or ROCKETMQ",
                    "namespace and namespaceV2 exclude each other", HasSubstr("go together")));
    const auto client = kerolox::Client::create(options);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().kind(), kerolox::ErrorKind::usage);
    EXPECT_THAT(std::string(client.error().text()), HasSubstr("exclude each other"));
    EXPECT_THAT(std::string(client.error().text()), HasSubstr("did you mean"));
}

TEST(ClientOptions, TakeKeysByRocketMqsNames) {
    ClientOptions options;
    options.set("namesrvAddr", "a:1").set("tls.enable", "true").set("unitName", "u");
    EXPECT_EQ(config_of(options).namesrv_addr, "a:1");
    EXPECT_TRUE(config_of(options).use_tls);
    EXPECT_EQ(config_of(options).unit_name, "u");
    EXPECT_THAT(texts_of(options), IsEmpty());
}

TEST(ClientOptions, NeverShowSecrets) {
    kerolox::TlsOptions tls;
    tls.private_key_password = "very-secret";
    ClientOptions options;
    options.tls(tls).credentials({"ak", "sk-secret", ""});
    EXPECT_THAT(options.describe(), HasSubstr("tls.client.keyPassword=***\n"));
    EXPECT_THAT(options.describe(), Not(HasSubstr("secret")));
    EXPECT_THAT(options.describe(), HasSubstr("connectTimeoutMillis=3000\n"));
}

TEST(ClientOptions, CopiesGoTheirOwnWays) {
    ClientOptions one;
    one.name_servers("a:1");
    ClientOptions two = one;
    two.name_servers("b:2");
    EXPECT_EQ(config_of(one).namesrv_addr, "a:1");
    one = two;
    EXPECT_EQ(config_of(one).namesrv_addr, "b:2");
    const ClientOptions& same = one;
    one = same;
    EXPECT_EQ(config_of(one).namesrv_addr, "b:2");
}

TEST(ClientOptions, ComeFromAFile) {
    const kx::test::TempFile file(
        "# ours\nnamesrvAddr = a:1;b:2\nuseTLS=true\nclientIP=10.0.0.9\nwrongKey=1\n");
    const auto options = ClientOptions::from_properties(file.path());
    ASSERT_TRUE(options);
    EXPECT_EQ(config_of(*options).namesrv_addr, "a:1;b:2");
    EXPECT_TRUE(config_of(*options).use_tls);
    EXPECT_EQ(config_of(*options).client_ip, "10.0.0.9");
    EXPECT_THAT(texts_of(*options), ElementsAre(HasSubstr("unknown key wrongKey")));
    EXPECT_FALSE(ClientOptions::from_properties("/no/such/file"));
    const kx::test::TempFile huge(std::string(2 << 20, '#'));
    EXPECT_FALSE(ClientOptions::from_properties(huge.path()));
}

TEST(ClientOptions, ComeFromTheEnvironment) {
    ::setenv("NAMESRV_ADDR", "env:1", 1);
    ::setenv("ROCKETMQ_ZONE", "z1", 1);
    ::setenv("COM_ROCKETMQ_HEARTBEAT_V2", "true", 1);
    const ClientOptions options = ClientOptions::from_environment();
    EXPECT_EQ(config_of(options).namesrv_addr, "env:1");
    EXPECT_EQ(config_of(options).zone_name, "z1");
    EXPECT_TRUE(config_of(options).use_heartbeat_v2);
    const kx::test::TempFile file("namesrvAddr=file:1\n");
    EXPECT_EQ(config_of(*ClientOptions::from_properties(file.path())).namesrv_addr, "file:1");
    for (const char* name : {"NAMESRV_ADDR", "ROCKETMQ_ZONE", "COM_ROCKETMQ_HEARTBEAT_V2"})
        ::unsetenv(name);
}

}  // namespace
}  // namespace kx::client
