// SPDX-License-Identifier: Apache-2.0
//
// Namespaces, unit, stream and zone marks: names as they travel, and what goes with each request.
#include "client/core/request_decoration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/core/core_world.h"
#include "client/core/signature.h"
#include "kerolox/producer.hpp"

namespace kx::client {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using testing::options_for;
using testing::OwnCore;
using ::testing::Pair;
using testing::ScriptedServer;

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

TEST(RequestDecoration, SignsAllThatIsThere) {
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
    EXPECT_THAT(fields, ElementsAre(Pair("nsd", "true"), Pair("ns", "n2"), Pair("ReqT", "0"),
                                    Pair("own", "1"), Pair("__ZONE_NAME", "z1"),
                                    Pair("__ZONE_MODE", "true"), Pair("AccessKey", "ak"),
                                    Pair("Signature", _)));
    kerolox::ExtFields all_but_the_last(fields.begin(), fields.end() - 1);
    EXPECT_EQ(fields.back().second, signature_of("sk", all_but_the_last, ""));
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

// --- what a send carries ---

/// A broker that takes every send and remembers its header.
struct TakingBroker : ScriptedServer {
    TakingBroker() {
        on(310, [](net::Request& request) {
            const std::array<ExtField, 3> fields{
                {{"msgId", "7F"}, {"queueId", "0"}, {"queueOffset", "0"}}};
            net::Reply reply;
            reply.extra = fields;
            request.send(reply);
        });
        start();
    }
    ~TakingBroker() override { shut_down(); }
};

std::map<std::string, std::string> sent_header(const kerolox::ClientOptions& given,
                                               const std::string& wire_topic) {
    FakeNameServer servers;
    const TakingBroker broker;
    servers.add_route(wire_topic, "a", broker.address(), 1);
    auto options = given;
    auto client = kerolox::Client::create(options.name_servers(servers.address()));
    EXPECT_TRUE(client) << client.error().describe();
    auto producer = client->producer(kerolox::ProducerOptions("PG"));
    EXPECT_TRUE(producer) << producer.error().describe();
    const auto receipt = producer->send(kerolox::Message("T", "x")).get();
    EXPECT_TRUE(receipt) << receipt.error().describe();
    if (receipt) EXPECT_EQ(receipt->queue().topic, "T");
    return broker.seen(310).at(0).fields;
}

TEST(SendHeader, WrapsNamesInTheOlderNamespace) {
    const auto header = sent_header(options_for("").name_space("ns"), "ns%T");
    EXPECT_EQ(header.at("a"), "ns%PG");
    EXPECT_EQ(header.at("b"), "ns%T");
    EXPECT_NE(header.at("i").find("INSTANCE_ID\x01ns"), std::string::npos);
    EXPECT_EQ(header.count("ns"), 0U);
}

TEST(SendHeader, LeavesNamesAloneInTheNewerNamespace) {
    const auto header = sent_header(options_for("").name_space_v2("ns"), "T");
    EXPECT_EQ(header.at("a"), "PG");
    EXPECT_EQ(header.at("b"), "T");
    EXPECT_EQ(header.at("ns"), "ns");
    EXPECT_EQ(header.at("nsd"), "true");
}

TEST(SendHeader, SaysThatAMessageBelongsToAUnit) {
    EXPECT_EQ(sent_header(options_for("").unit("u"), "T").at("k"), "true");
    EXPECT_EQ(sent_header(options_for(""), "T").at("k"), "false");
}

TEST(SendHeader, CarriesTheZoneAndTheSignature) {
    const auto header = sent_header(options_for("")
                                        .set("rocketmq.zone", "z1")
                                        .set("rocketmq.zone.mode", "true")
                                        .credentials({"ak", "sk", ""}),
                                    "T");
    EXPECT_EQ(header.at("__ZONE_NAME"), "z1");
    kerolox::ExtFields signed_fields(header.begin(), header.end());
    std::erase_if(signed_fields, [](const auto& one) { return one.first == "Signature"; });
    EXPECT_EQ(header.at("Signature"), signature_of("sk", signed_fields, "x"));
}

TEST(VipChannel, LiesTwoPortsBelow) {
    FakeNameServer servers;
    const TakingBroker broker;
    const std::size_t colon = broker.address().rfind(':');
    const int port = std::stoi(broker.address().substr(colon + 1));
    servers.add_route("T", "a", fmt::format("127.0.0.1:{}", port + 2), 1);
    auto client = kerolox::Client::create(options_for(servers.address()).vip_channel(true));
    ASSERT_TRUE(client);
    auto producer = client->producer(kerolox::ProducerOptions("PG"));
    ASSERT_TRUE(producer);
    const auto receipt = producer->send(kerolox::Message("T", "x")).get();
    EXPECT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(broker.asked(310), 1);
}

}  // namespace
}  // namespace kx::client
