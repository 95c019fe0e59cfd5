// SPDX-License-Identifier: Apache-2.0
//
// The whole name server over real sockets. Bodies marked "recorded" are RocketMQ 5.4.0's own
// (its names and figures, byte for byte).
#include "namesrv/namesrv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/crc32.h"
#include "base/sync.h"
#include "net/io_thread.h"
#include "net/router.h"
#include "net/rpc_client.h"
#include "net/server.h"
#include "support/sim_file_system.h"
#include "wire/bodies/cluster_info.h"
#include "wire/bodies/registration.h"
#include "wire/request_table.h"
#include "wire/requests/kv_config.h"
#include "wire/requests/namesrv.h"
#include "wire/requests/registration.h"

namespace kx::namesrv {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using wire::ResponseCode;

constexpr std::int64_t kCallMs = 5'000;
constexpr std::string_view kBroker = "127.0.0.1:10911";
constexpr std::string_view kConfigPath = "/etc/namesrv.properties";

NamesrvConfig test_config() {
    NamesrvConfig config;
    config.listen_port = 0;
    config.server.bind_address = "127.0.0.1";
    config.kv_config_path = "/data/kvConfig.json";
    config.config_store_path = kConfigPath;
    return config;
}

/// A name server on a port of its own.
struct World {
    explicit World(const std::function<void(NamesrvConfig&)>& change = {}) {
        NamesrvConfig config = test_config();
        if (change) change(config);
        pool.start();
        auto started = NameServer::start({std::move(config), &clock, &disk}, pool);
        EXPECT_TRUE(started) << started.error().text;
        server = std::move(*started);
        address = fmt::format("127.0.0.1:{}", server->port());
    }
    ~World() {
        server->stop();
        pool.stop();
    }

    ManualClock clock;
    testing::SimFileSystem disk;
    net::IoPool pool{2, clock};
    std::unique_ptr<NameServer> server;
    std::string address;
};

/// Somebody with one connection to the name server.
struct Peer {
    explicit Peer(World& of) : world(of), router(of.clock), client(of.pool, router) {}

    net::Answer ask(net::Call call) {
        auto answer = client.call_and_wait(world.address, std::move(call), kCallMs);
        EXPECT_TRUE(answer) << answer.error().text;
        return answer.value_or(net::Answer{});
    }
    net::Answer ask(std::int32_t code, std::string body = {}) {
        return ask(net::Call(code, std::move(body)));
    }
    /// Asks as a client of another release.
    std::string ask_as(std::int32_t version, std::int32_t code, std::vector<ExtField> fields) {
        std::promise<std::string> body;
        client.with_connection(world.address, [&](Result<net::ConnectionPtr> connection) {
            ASSERT_TRUE(connection) << connection.error().text;
            wire::HeaderParts parts;
            parts.code = code;
            parts.version = version;
            parts.extra = fields;
            (*connection)->call(parts, {}, kCallMs, [&](Result<const wire::Command*> answer) {
                ASSERT_TRUE(answer) << answer.error().text;
                body.set_value(std::string((*answer)->body));
            });
        });
        return body.get_future().get();
    }
    net::Answer route(std::string_view topic) {
        return ask(net::Call(105, wire::GetRoute{topic, {}}));
    }

    World& world;
    net::Router router;
    net::RpcClient client;
};

struct BrokerCard {
    std::string name = "broker-a";
    std::string address{kBroker};
    std::string cluster = "DefaultCluster";
    std::int64_t id = 0;
    std::optional<bool> acting{};
    std::vector<std::string> topics{"AT_vdvih", "Other"};
    std::int64_t version = 1;
};

net::Call registration(const BrokerCard& card) {
    wire::RegisterBrokerBody body;
    body.topic_table.data_version.counter = card.version;
    for (const std::string& topic : card.topics) {
        wire::TopicConfig config;
        config.topic_name = topic;
        config.read_queue_nums = config.write_queue_nums = 2;
        body.topic_table.topic_config_table[topic] = config;
    }
    const std::string text = to_json(body);
    wire::RegisterBroker header;
    header.broker_name = card.name;
    header.broker_addr = card.address;
    header.cluster_name = card.cluster;
    header.ha_server_addr = "127.0.0.1:10912";
    header.broker_id = card.id;
    header.enable_acting_master = card.acting;
    header.body_crc32 = crc31(text);
    return net::Call(103, header, text);
}

std::string field_of(const net::Answer& answer, std::string_view key) {
    for (const auto& [name, value] : answer.fields)
        if (name == key) return value;
    return "(absent)";
}

/// Each look is a round trip, so this waits without spinning.
bool eventually(const std::function<bool()>& look) {
    const std::int64_t deadline = system_clock().steady_ms() + 10'000;
    while (system_clock().steady_ms() < deadline)
        if (look()) return true;
    return false;
}

TEST(NameServer, AnswersRoutesAsRecordedFromTheOriginal) {
    World world;
    Peer broker(world);
    Peer client(world);
    ASSERT_TRUE(broker.ask(registration({})).ok());

    const net::Answer route = client.route("AT_vdvih");
    EXPECT_TRUE(route.ok());
    EXPECT_EQ(route.remark, "");
    constexpr std::string_view kRecorded =
        R"({"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:10911"},"brokerName":"broker-a",)"
        R"("cluster":"DefaultCluster","enableActingMaster":false}],"filterServerTable":{},)"
        R"("queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":2,)"
        R"("topicSysFlag":0,"writeQueueNums":2}]})";
    EXPECT_EQ(route.body, kRecorded);

    // Older clients get bare integer keys unless they ask for standard JSON.
    EXPECT_THAT(client.ask_as(400, 105, {{"topic", "AT_vdvih"}}),
                StartsWith(R"({"brokerDatas":[{"brokerAddrs":{0:"127.0.0.1:10911"})"));
    EXPECT_EQ(client.ask_as(401, 105, {{"topic", "AT_vdvih"}}), kRecorded);
    EXPECT_EQ(client.ask_as(395, 105, {{"topic", "AT_vdvih"}, {"acceptStandardJsonOnly", "true"}}),
              kRecorded);
}

TEST(NameServer, RefusesUnknownTopicsWithRocketMqsWords) {
    World world;
    Peer client(world);
    const net::Answer unknown = client.route("Nowhere");
    EXPECT_EQ(unknown.code, ResponseCode::kTopicNotExist);
    EXPECT_THAT(unknown.remark,
                StartsWith("No topic route info in name server for the topic: Nowhere\nSee "));
    const net::Answer nameless = client.ask(105);
    EXPECT_EQ(nameless.code, ResponseCode::kTopicNotExist);
    EXPECT_THAT(nameless.remark, HasSubstr("for the topic: null"));
}

TEST(NameServer, AnswersClusterInfoWithBareKeysForEverybody) {
    World world;
    Peer peer(world);
    ASSERT_TRUE(peer.ask(registration({})).ok());
    EXPECT_EQ(peer.ask(106).body,  // recorded
              R"({"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"127.0.0.1:10911"},)"
              R"("brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}},)"
              R"("clusterAddrTable":{"DefaultCluster":["broker-a"]}})");
}

TEST(NameServer, KeepsAClientInItsZone) {
    World world;
    Peer peer(world);
    net::Call east = registration({.name = "east", .address = "10.0.0.1:1"});
    east.fields.emplace_back("__ZONE_NAME", "East");
    ASSERT_TRUE(peer.ask(east).ok());
    ASSERT_TRUE(peer.ask(registration({.name = "west", .address = "10.0.0.2:1"})).ok());
    const std::string body = peer.ask_as(
        493, 105, {{"topic", "Other"}, {"__ZONE_NAME", "east"}, {"__ZONE_MODE", "TRUE"}});
    EXPECT_THAT(body, HasSubstr(R"("brokerAddrs":{0:"10.0.0.1:1"})")) << "bare keys, as RocketMQ";
    EXPECT_THAT(body, HasSubstr(R"("zoneName":"East")"));
    EXPECT_THAT(body, ::testing::Not(HasSubstr("west")));
    EXPECT_THAT(peer.ask_as(493, 105, {{"topic", "Other"}, {"__ZONE_NAME", "east"}}),
                HasSubstr("west"));
}

TEST(NameServer, RefusesARegistrationWhoseBodyWasDamaged) {
    World world;
    Peer broker(world);
    net::Call damaged = registration({});
    damaged.body.back() = ' ';
    const net::Answer refused = broker.ask(damaged);
    EXPECT_EQ(refused.code, ResponseCode::kSystemError);
    EXPECT_THAT(refused.remark, StartsWith("crc32 not match"));

    for (auto& [key, value] : damaged.fields)
        if (key == "bodyCrc32") value = "0";
    const net::Answer undecodable = broker.ask(damaged);
    EXPECT_EQ(undecodable.code, ResponseCode::kSystemError);
    EXPECT_THAT(undecodable.remark, HasSubstr("Failed to decode RegisterBrokerBody"));
}

TEST(NameServer, RefusesAnIncrementalRegistrationThatComesFirst) {
    World world;
    Peer broker(world);
    const net::Answer refused = broker.ask(registration({.topics = {"T"}}));
    EXPECT_EQ(refused.code, ResponseCode::kSystemError);
    EXPECT_THAT(refused.remark, StartsWith("register broker failed"));
}

TEST(NameServer, TellsASlaveItsMasterAndEveryBrokerTheOrderedTopics) {
    World world;
    Peer broker(world);
    Peer admin(world);
    net::Answer answer = broker.ask(registration({}));
    EXPECT_EQ(answer.body, "");
    EXPECT_TRUE(answer.fields.empty());
    ASSERT_TRUE(
        admin.ask(net::Call(100, wire::PutKvConfig{"ORDER_TOPIC_CONFIG", "T", "broker-a:1"})).ok());
    answer = broker.ask(registration({.address = "127.0.0.1:10921", .id = 1}));
    EXPECT_EQ(field_of(answer, "masterAddr"), kBroker);
    EXPECT_EQ(field_of(answer, "haServerAddr"), "127.0.0.1:10912");
    EXPECT_EQ(answer.body, R"({"table":{"T":"broker-a:1"}})");
}

TEST(NameServer, ForgetsABrokerThatUnregisters) {
    World world;
    Peer broker(world);
    ASSERT_TRUE(broker.ask(registration({})).ok());
    const wire::BrokerIdentity identity{"broker-a", kBroker, "DefaultCluster", 0};
    EXPECT_TRUE(broker.ask(net::Call(104, identity)).ok());
    EXPECT_EQ(broker.route("AT_vdvih").code, ResponseCode::kTopicNotExist);
    EXPECT_EQ(broker.ask(106).body, R"({"brokerAddrTable":{},"clusterAddrTable":{}})");
}

TEST(NameServer, WithdrawsRoutesAtOnceWhenTheConnectionCloses) {
    World world;
    Peer client(world);
    auto broker = std::make_unique<Peer>(world);
    ASSERT_TRUE(broker->ask(registration({})).ok());
    ASSERT_TRUE(client.route("AT_vdvih").ok());
    broker->client.stop();
    EXPECT_TRUE(
        eventually([&] { return client.route("AT_vdvih").code == ResponseCode::kTopicNotExist; }));
}

TEST(NameServer, KeepsRoutesOfABrokerThatCameBackOnANewConnection) {
    World world;
    Peer client(world);
    Peer before(world);
    Peer after(world);
    Peer other(world);
    ASSERT_TRUE(before.ask(registration({})).ok());
    ASSERT_TRUE(after.ask(registration({})).ok());
    ASSERT_TRUE(
        before.ask(registration({.name = "b", .address = "10.0.0.9:1", .topics = {}})).ok());
    before.client.stop();
    // Once the other broker of that connection is gone, its end has been noticed.
    ASSERT_TRUE(
        eventually([&] { return other.ask(106).body.find("10.0.0.9") == std::string::npos; }));
    EXPECT_TRUE(client.route("AT_vdvih").ok());
}

TEST(NameServer, WithdrawsSilentBrokersAndClosesTheirConnection) {
    World world;
    Peer client(world);
    Peer broker(world);
    net::Call call = registration({});
    call.fields.emplace_back("heartbeatTimeoutMillis", "10000");
    ASSERT_TRUE(broker.ask(call).ok());
    world.clock.advance_ms(9'000);
    ASSERT_TRUE(
        client.ask(net::Call(904, wire::BrokerHeartbeat{"DefaultCluster", kBroker, "broker-a"}))
            .ok());
    world.clock.advance_ms(9'000);
    EXPECT_TRUE(client.route("AT_vdvih").ok());
    world.clock.advance_ms(6'000);
    EXPECT_TRUE(
        eventually([&] { return client.route("AT_vdvih").code == ResponseCode::kTopicNotExist; }));
}

TEST(NameServer, ComparesDataVersions) {
    World world;
    Peer broker(world);
    const wire::BrokerIdentity identity{"broker-a", kBroker, "DefaultCluster", 0};
    constexpr std::string_view kVersion = R"({"counter":1,"stateVersion":0,"timestamp":0})";
    net::Answer answer = broker.ask(net::Call(322, identity, std::string(kVersion)));
    EXPECT_EQ(field_of(answer, "changed"), "true");
    EXPECT_EQ(answer.body, "");
    ASSERT_TRUE(broker.ask(registration({})).ok());
    answer = broker.ask(net::Call(322, identity, std::string(kVersion)));
    EXPECT_EQ(field_of(answer, "changed"), "false");
    EXPECT_EQ(answer.body, kVersion);
}

TEST(NameServer, AnswersTheMembersOfAGroup) {
    World world;
    Peer broker(world);
    ASSERT_TRUE(broker.ask(registration({})).ok());
    const net::Answer known =
        broker.ask(net::Call(901, wire::GetBrokerMemberGroup{"Whatever", "broker-a"}));
    EXPECT_EQ(known.body, R"({"brokerMemberGroup":{"brokerAddrs":{0:"127.0.0.1:10911"},)"
                          R"("brokerName":"broker-a","cluster":"Whatever"}})");
    EXPECT_EQ(known.remark, "not set any response code");
    EXPECT_EQ(broker.ask(net::Call(901, wire::GetBrokerMemberGroup{"c", "x"})).body,
              R"({"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"x","cluster":"c"}})");
}

TEST(NameServer, ServesTheTopicAdministration) {
    World world;
    Peer admin(world);
    ASSERT_TRUE(admin.ask(registration({})).ok());
    EXPECT_EQ(admin.ask(206).body, R"({"topicList":["AT_vdvih","Other"]})");
    EXPECT_EQ(
        field_of(admin.ask(net::Call(205, wire::BrokerNameOnly{"broker-a"})), "wipeTopicCount"),
        "2");
    EXPECT_THAT(admin.route("Other").body, HasSubstr(R"("perm":4)"));
    EXPECT_EQ(
        field_of(admin.ask(net::Call(327, wire::BrokerNameOnly{"broker-a"})), "addTopicCount"),
        "2");
    EXPECT_THAT(admin.route("Other").body, HasSubstr(R"("perm":6)"));
    EXPECT_EQ(admin.ask(net::Call(224, wire::GetTopicsByCluster{"DefaultCluster"})).body,
              R"({"topicList":["AT_vdvih","Other"]})");
    EXPECT_EQ(admin.ask(304).body,
              R"({"brokerAddr":"127.0.0.1:10911","topicList":["DefaultCluster","broker-a"]})");
    for (const std::int32_t unit : {311, 312, 313})
        EXPECT_EQ(admin.ask(unit).body, R"({"topicList":[]})");

    EXPECT_TRUE(admin.ask(net::Call(216, wire::TopicInNamesrv{"Other", {}})).ok());
    EXPECT_EQ(admin.route("Other").code, ResponseCode::kTopicNotExist);
    wire::TopicRoute route;
    route.queue_datas.push_back({"broker-a", 6, 4, 0, 4});
    EXPECT_TRUE(admin.ask(net::Call(217, wire::TopicInNamesrv{"Other", {}}, to_json(route))).ok());
    EXPECT_THAT(admin.route("Other").body, HasSubstr(R"("writeQueueNums":4)"));
}

TEST(NameServer, DisablesListsThatTheConfigurationForbids) {
    World world([](NamesrvConfig& config) {
        config.enable_all_topic_list = false;
        config.enable_topic_list = false;
    });
    Peer admin(world);
    for (const std::int32_t code : {206, 224, 311, 312, 313}) {
        const net::Answer refused = admin.ask(code);
        EXPECT_EQ(refused.code, ResponseCode::kSystemError) << code;
        EXPECT_THAT(refused.remark, StartsWith("disable")) << code;
    }
}

TEST(NameServer, KeepsKeysAndValues) {
    World world([](NamesrvConfig& config) { config.order_message_enable = true; });
    Peer admin(world);
    using Key = wire::KvConfigKey;
    EXPECT_TRUE(admin.ask(net::Call(100, wire::PutKvConfig{"ns", "k", "v"})).ok());
    EXPECT_EQ(field_of(admin.ask(net::Call(101, Key{"ns", "k"})), "value"), "v");
    EXPECT_EQ(admin.ask(net::Call(219, Key{"ns", {}})).body, R"({"table":{"k":"v"}})");
    EXPECT_TRUE(admin.ask(net::Call(102, Key{"ns", "k"})).ok());
    EXPECT_TRUE(admin.ask(net::Call(102, Key{"ns", "k"})).ok()) << "deleting twice is fine";
    EXPECT_EQ(admin.ask(net::Call(219, Key{"ns", {}})).body, R"({"table":{}})");
    const net::Answer missing = admin.ask(net::Call(101, Key{"ns", "k"}));
    EXPECT_EQ(missing.code, ResponseCode::kQueryNotFound);
    EXPECT_EQ(missing.remark, "No config item, Namespace: ns Key: k");
    EXPECT_EQ(admin.ask(net::Call(219, Key{"none", {}})).remark, "No config item, Namespace: none");
    const net::Answer keyless = admin.ask(100);
    EXPECT_EQ(keyless.code, ResponseCode::kSystemError);
    EXPECT_EQ(keyless.remark, "namespace or key is null");
    EXPECT_EQ(world.disk.read_file("/data/kvConfig.json").value_or(""),
              R"({"configTable":{"ns":{}}})");

    ASSERT_TRUE(
        admin.ask(net::Call(100, wire::PutKvConfig{"ORDER_TOPIC_CONFIG", "Other", "broker-a:1"}))
            .ok());
    ASSERT_TRUE(admin.ask(registration({})).ok());
    EXPECT_THAT(admin.route("Other").body, HasSubstr(R"("orderTopicConf":"broker-a:1")"));
}

TEST(NameServer, SaysThatTheDiskFailedInsteadOfAcknowledging) {
    World world;
    Peer admin(world);
    world.disk.fail_writes(true);
    const net::Answer refused = admin.ask(net::Call(100, wire::PutKvConfig{"ns", "k", "v"}));
    EXPECT_FALSE(refused.ok());
    EXPECT_THAT(refused.remark, HasSubstr("/data"));
}

TEST(NameServer, ChangesItsConfigurationWhileItRuns) {
    World world;
    Peer admin(world);
    EXPECT_TRUE(admin.ask(318, "enableTopicList=false\nscanNotActiveBrokerInterval=700\n").ok());
    EXPECT_THAT(admin.ask(319).body, HasSubstr("\nenableTopicList=false\n"));
    EXPECT_EQ(admin.ask(311).code, ResponseCode::kSystemError);
    EXPECT_THAT(world.disk.read_file(std::string(kConfigPath)).value_or(""),
                HasSubstr("\nscanNotActiveBrokerInterval=700\n"));

    const net::Answer forbidden = admin.ask(318, "enableTopicList=true\nkvConfigPath=/tmp/x\n");
    EXPECT_EQ(forbidden.code, ResponseCode::kNoPermission);
    EXPECT_EQ(forbidden.remark, "Can not update config in black list.");
    EXPECT_EQ(admin.ask(311).code, ResponseCode::kSystemError) << "nothing of it was taken";
    const net::Answer garbled = admin.ask(318, "key=\\u12");
    EXPECT_EQ(garbled.code, ResponseCode::kSystemError);
    EXPECT_THAT(garbled.remark, StartsWith("string2Properties error"));
    EXPECT_TRUE(admin.ask(318, "").ok());
}

TEST(NameServer, WaitsForBrokersBeforeItAnswersRoutes) {
    World world([](NamesrvConfig& config) { config.need_wait_for_service = true; });
    Peer client(world);
    ASSERT_TRUE(client.ask(registration({})).ok());
    const net::Answer early = client.route("Other");
    EXPECT_EQ(early.code, ResponseCode::kSystemError);
    EXPECT_THAT(early.remark, StartsWith("name server not ready"));
    EXPECT_EQ(world.server->not_ready().size(), 1U);
    world.clock.advance_ms(45'000);
    EXPECT_TRUE(client.route("Other").ok());
    EXPECT_TRUE(world.server->not_ready().empty());
}

TEST(NameServer, NamesWhatItDoesNotServe) {
    World world;
    Peer client(world);
    const net::Answer refused = client.ask(1005);
    EXPECT_EQ(refused.code, ResponseCode::kRequestCodeNotSupported);
    EXPECT_THAT(refused.remark, StartsWith(" request type 1005 not supported"));
}

TEST(NameServer, EveryCodeIsServedOrExplained) {
    World world;
    Peer client(world);
    int served = 0;
    for (const wire::RequestRow& row : wire::request_table()) {
        const net::Answer answer = client.ask(row.code);
        if (answer.code != ResponseCode::kRequestCodeNotSupported) {
            ++served;
            continue;
        }
        EXPECT_EQ(answer.remark, fmt::format(" request type {} not supported; {} is {}", row.code,
                                             row.name, wire::explain(row)));
    }
    EXPECT_GT(served, 15);
}

/// The listening side of a broker, which hears 905.
struct ListeningBroker {
    explicit ListeningBroker(World& world) : router(world.clock) {
        router.serve(905, router.add_processor({.name = "admin"}), [this](net::Request& request) {
            const auto header = request.header<wire::NotifyMinBrokerId>();
            ASSERT_TRUE(header);
            EXPECT_TRUE(request.command().is_oneway());
            MutexLock lock(mutex);
            heard.push_back(fmt::format("min={} at {} offline={} ha={}",
                                        header->min_broker_id.value_or(-1), header->min_broker_addr,
                                        header->offline_broker_addr, header->ha_broker_addr));
            request.no_answer();
        });
        net::ServerOptions local;
        local.bind_address = "127.0.0.1";
        server = std::move(*net::Server::listen(local, world.pool, router));
        server->start();
        address = fmt::format("127.0.0.1:{}", server->port());
    }
    ~ListeningBroker() { server->stop(); }
    std::vector<std::string> all() {
        MutexLock lock(mutex);
        return heard;
    }

    net::Router router;
    std::unique_ptr<net::Server> server;
    std::string address;
    Mutex mutex;
    std::vector<std::string> heard KX_GUARDED_BY(mutex);
};

TEST(NameServer, TellsBrokersThatTheSmallestIdOfTheirGroupChanged) {
    auto world = std::make_unique<World>(
        [](NamesrvConfig& config) { config.notify_min_broker_id_changed = true; });
    auto slave = std::make_unique<ListeningBroker>(*world);
    {
        Peer client(*world);
        Peer master_link(*world);
        Peer slave_link(*world);
        ASSERT_TRUE(
            slave_link.ask(registration({.address = slave->address, .id = 1, .acting = true}))
                .ok());
        ASSERT_TRUE(master_link.ask(registration({.acting = true})).ok());
        ASSERT_TRUE(eventually([&] { return client.ask(106).ok() && !slave->all().empty(); }));
        EXPECT_EQ(slave->all()[0], "min=0 at 127.0.0.1:10911 offline= ha=127.0.0.1:10912");

        master_link.client.stop();
        ASSERT_TRUE(eventually([&] { return client.ask(106).ok() && slave->all().size() > 1; }));
        EXPECT_EQ(slave->all()[1],
                  fmt::format("min=1 at {} offline={} ha=", slave->address, kBroker));
        EXPECT_THAT(client.route("Other").body, HasSubstr(R"("perm":4)"));
    }
    world->server->stop();
    slave->server->stop();
    world->pool.stop();  // its connections go before the router of the listening broker does
}

TEST(NameServer, RefusesAPortInUseWithAHint) {
    World world;
    NamesrvConfig config = test_config();
    config.listen_port = world.server->port();
    const auto second =
        NameServer::start({std::move(config), &world.clock, &world.disk}, world.pool);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().text, HasSubstr("the port is in use"));
}

TEST(NameServer, StopsWithConnectionsOpenAndRestartsOnTheSamePort) {
    World world;
    Peer client(world);
    ASSERT_TRUE(client.ask(registration({})).ok());
    NamesrvConfig config = test_config();
    config.listen_port = world.server->port();
    world.server->stop();
    world.server->stop();
    const auto lost = client.client.call_and_wait(world.address, net::Call(106), kCallMs);
    EXPECT_FALSE(lost);

    auto again = NameServer::start({std::move(config), &world.clock, &world.disk}, world.pool);
    ASSERT_TRUE(again) << again.error().text;
    world.server = std::move(*again);
    EXPECT_TRUE(eventually([&] {
        world.clock.advance_ms(1'000);  // past the client's pause after a failure
        const auto answer = client.client.call_and_wait(world.address, net::Call(106), kCallMs);
        return answer && answer->body == R"({"brokerAddrTable":{},"clusterAddrTable":{}})";
    }));
}

TEST(NameServer, CountsWhatItHolds) {
    World world;
    Peer broker(world);
    ASSERT_TRUE(broker.ask(registration({})).ok());
    MetricRows rows;
    world.server->append_metrics(rows);
    std::map<std::string_view, double> values;
    for (const MetricRow& row : rows) values[row.name] = row.value;
    EXPECT_EQ(values["kerolox_namesrv_topics"], 2);
    EXPECT_EQ(values["kerolox_namesrv_live_brokers"], 1);
}

}  // namespace
}  // namespace kx::namesrv
