// SPDX-License-Identifier: Apache-2.0
//
// Namespaces, unit, stream and zone marks: names as they travel, and what goes with each request.
#include "client/core/request_decoration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"

namespace kx::client {
namespace {

using testing::options_for;
using testing::OwnCore;
using testing::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Namespace, IsPutBeforeNamesOnce) {
    EXPECT_EQ(with_namespace("ns", "T"), "ns%T");
    EXPECT_EQ(with_namespace("ns", "ns%T"), "ns%T");
    EXPECT_EQ(with_namespace("ns", "%RETRY%G"), "%RETRY%ns%G");
    EXPECT_EQ(with_namespace("ns", "%DLQ%G"), "%DLQ%ns%G");
    EXPECT_EQ(with_namespace("ns", "%RETRY%ns%G"), "%RETRY%ns%G");
    EXPECT_EQ(with_namespace("", "T"), "T");
    EXPECT_EQ(with_namespace("ns", ""), "");
    for (const char* system : {"rmq_sys_x", "TBW102", "RMQ_SYS_TRANS_HALF_TOPIC", "CID_RMQ_SYS_g"})
        EXPECT_EQ(with_namespace("ns", system), system);
}

TEST(Namespace, IsTakenOffAgain) {
    EXPECT_EQ(without_namespace("ns", "ns%T"), "T");
    EXPECT_EQ(without_namespace("ns", "other%T"), "other%T");
    EXPECT_EQ(without_namespace("ns", "T"), "T");
    EXPECT_EQ(without_namespace("", "ns%T"), "ns%T");
    EXPECT_EQ(without_namespace("ns", "ns%"), "");
}

kerolox::ExtFields decorated(const kerolox::ClientOptions& options) {
    ScriptedServer server;
    OwnCore core(kerolox::ClientOptions(options).require_name_server(false));
    kerolox::ExtFields fields;
    if (core->decorates()) core->decorate("a:1", 7, fields, "");
    return fields;
}

TEST(RequestDecoration, LeavesRequestsAloneByDefault) {
    EXPECT_THAT(decorated(options_for("a:1")), ElementsAre());
    EXPECT_THAT(decorated(options_for("a:1").name_space("ns").unit("u")), ElementsAre());
}

TEST(RequestDecoration, GoesInRocketMqsOrder) {
    struct Own : kerolox::Interceptor {
        void before_request(kerolox::RemotingContext& context) override {
            seen = context.fields;
            context.fields.emplace_back("own", "1");
        }
        kerolox::ExtFields seen;
    };
    const auto own = std::make_shared<Own>();
    const auto fields = decorated(options_for("a:1")
                                      .name_space_v2("n2")
                                      .set("enableStreamRequestType", "true")
                                      .set("rocketmq.zone", "z1")
                                      .set("rocketmq.zone.mode", "true")
                                      .credentials({"ak", "sk", ""})
                                      .interceptor(own));
    EXPECT_THAT(own->seen, ElementsAre(Pair("nsd", "true"), Pair("ns", "n2"), Pair("ReqT", "0")));
    const std::string signature = fields.at(5).second;
    EXPECT_THAT(fields, ElementsAre(Pair("nsd", "true"), Pair("ns", "n2"), Pair("ReqT", "0"),
                                    Pair("own", "1"), Pair("AccessKey", "ak"),
                                    Pair("Signature", signature), Pair("__ZONE_NAME", "z1"),
                                    Pair("__ZONE_MODE", "true")));
}

TEST(ClientId, NamesHostInstanceUnitAndStream) {
    const auto id_of = [](const kerolox::ClientOptions& options) {
        const OwnCore core(kerolox::ClientOptions(options).require_name_server(false));
        return core->id();
    };
    const auto base = options_for("a:1").client_ip("10.0.0.9");
    EXPECT_EQ(id_of(kerolox::ClientOptions(base).instance_name("i")), "10.0.0.9@i");
    EXPECT_EQ(id_of(kerolox::ClientOptions(base).instance_name("i").unit("u")), "10.0.0.9@i@u");
    EXPECT_EQ(id_of(kerolox::ClientOptions(base).instance_name("i").unit("u").set(
                  "enableStreamRequestType", "true")),
              "10.0.0.9@i@u@STREAM");
    EXPECT_NE(id_of(base), id_of(base));
}

TEST(EndPoint, NamesItsNamespace) {
    const OwnCore core(
        options_for("http://MQ_INST_a_b.region.example:80").require_name_server(false));
    EXPECT_EQ(core->wire_name("T"), "MQ_INST_a_b%T");
    EXPECT_EQ(core->user_name("MQ_INST_a_b%T"), "T");
}

}  // namespace
}  // namespace kx::client
