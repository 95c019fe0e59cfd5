// SPDX-License-Identifier: Apache-2.0
//
// Calls by way of the core, and its end: what goes wrong between client and server, and from where
// a client may be closed.
#include "client/core/client_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "client/core/core_world.h"
#include "kerolox/producer.hpp"
#include "net/tls.h"
#include "support/test_certificates.h"

namespace kx::client {
namespace {

using boost::asio::ip::tcp;
using kerolox::Client;
using kerolox::ErrorKind;
using testing::eventually;
using ::testing::HasSubstr;
using testing::KeptLog;
using testing::options_for;
using testing::OwnCore;
using testing::ScriptedServer;

constexpr std::int32_t kAsk = 7;
constexpr std::int32_t kSilence = 8;

struct AskedServer : ScriptedServer {
    explicit AskedServer(net::ConnectionLimits limits = {}) : ScriptedServer(std::move(limits)) {
        on(319, [](net::Request& request) { request.ok_body(""); });
        on(kAsk, [this](net::Request& request) {
            if (sent_away > 0) {
                --sent_away;
                return request.refuse(wire::ResponseCode::kGoAway, "draining");
            }
            request.ok_body(std::string(request.body()) + "!");
        });
        on(kSilence, [](net::Request& request) { request.no_answer(); });
        start();
    }
    ~AskedServer() override { shut_down(); }
    std::atomic<int> sent_away{0};
};

/// Takes connections and says nothing.
struct SilentPort {
    boost::asio::io_context context;
    tcp::acceptor acceptor{context, {boost::asio::ip::make_address("127.0.0.1"), 0}};
    std::string address() const {
        return fmt::format("127.0.0.1:{}", acceptor.local_endpoint().port());
    }
};

std::string nobodys_address() {
    const SilentPort port;
    return port.address();
}

TEST(ClientCore, CallsAndTellsWhatServersRefuse) {
    const AskedServer server;
    OwnCore core(options_for(server.address()));
    const auto answer = core.call(server.address(), kAsk, 3000, "hello");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "hello!");
    const auto refused = core.call(server.address(), 9999);
    ASSERT_TRUE(refused);
    EXPECT_FALSE(refused->ok());
}

TEST(ClientCore, AsksAgainWhereItWasSentAway) {
    AskedServer server;
    OwnCore core(options_for(server.address()));
    server.sent_away = 1;
    const auto answer = core.call(server.address(), kAsk, 3000, "x");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->body, "x!");
    server.sent_away = 2;
    const auto twice = core.call(server.address(), kAsk);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind(), ErrorKind::send_request);
    EXPECT_THAT(std::string(twice.error().text()),
                HasSubstr("Receive GO_AWAY twice in request from channelId="));
    EXPECT_TRUE(core.call(server.address(), kAsk));
}

TEST(ClientCore, GivesGoAwayToTheCallerWhereThatIsWanted) {
    AskedServer server;
    OwnCore core(options_for(server.address()).set("enableReconnectForGoAway", "false"));
    server.sent_away = 1;
    const auto answer = core.call(server.address(), kAsk);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code, wire::ResponseCode::kGoAway);
}

TEST(ClientCore, GoesOnToTheNextNameServer) {
    auto first = std::make_unique<FakeNameServer>();
    FakeNameServer second;
    second.add_route("T", "a", "127.0.0.1:1", 1);
    first->add_route("T", "a", "127.0.0.1:1", 1);
    OwnCore core(options_for(first->address() + ";" + second.address()));
    const auto ask = [&] {
        return core
            ->run<RoutePtr>([](ClientCore& own) -> Awaitable<RouteTable::Outcome> {
                co_return co_await own.routes().refresh("T", RouteUse::kRead);
            }(*core))
            .get();
    };
    ASSERT_TRUE(ask());
    first->shut_down();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask());
    second.shut_down();
    const auto nobody = ask();
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().kind(), ErrorKind::connect);
}

TEST(ClientCore, GivesASilentNameServerItsShareOfTheTimeOnly) {
    const SilentPort silent;
    FakeNameServer good;
    good.add_route("T", "a", "127.0.0.1:1", 1);
    for (const std::string& list :
         {silent.address() + ";" + good.address(), good.address() + ";" + silent.address()}) {
        OwnCore core(options_for(list).api_timeout(std::chrono::milliseconds(1000)));
        const auto route =
            core->run<RoutePtr>([](ClientCore& own) -> Awaitable<RouteTable::Outcome> {
                    co_return co_await own.routes().refresh("T", RouteUse::kRead);
                }(*core))
                .get();
        EXPECT_TRUE(route) << route.error().describe();
    }
}

TEST(ClientCore, TellsOfAWrongNameServerAtOnce) {
    const auto refused = Client::create(options_for(nobodys_address()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::connect);
    const auto none = Client::create(options_for(""));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), kNoNameServer);
    EXPECT_EQ(none.error().text(), "No name server address, please set it.");
    EXPECT_TRUE(Client::create(options_for(nobodys_address()).require_name_server(false)));
}

TEST(ClientCore, FailsCallsToAddressesThatCannotBe) {
    const AskedServer server;
    OwnCore core(options_for(server.address()));
    for (const std::string& bad :
         {std::string("nonsense"), std::string("127.0.0.1"), std::string("127.0.0.1:"),
          std::string("127.0.0.1:99999"), std::string(":"), std::string(""),
          std::string("no-such-host.invalid:1"), nobodys_address()}) {
        const auto answer = core.call(bad, kAsk, 5000);
        ASSERT_FALSE(answer) << bad;
        EXPECT_EQ(answer.error().kind(), ErrorKind::connect) << bad;
        EXPECT_EQ(answer.error().text(), "connect to " + bad + " failed");
    }
}

TEST(ClientCore, LetsNoCallOutliveItsDeadline) {
    const AskedServer server;
    const SilentPort silent;
    OwnCore core(options_for(server.address()));
    const std::int64_t start = system_clock().steady_ms();
    const auto unanswered = core.call(server.address(), kSilence, 100);
    ASSERT_FALSE(unanswered);
    EXPECT_EQ(unanswered.error().kind(), ErrorKind::timeout);
    EXPECT_EQ(unanswered.error().text(),
              "wait response on the channel " + server.address() + " timeout, 100(ms)");
    EXPECT_FALSE(core.call(silent.address(), kAsk, 100));
    // A host that swallows the very first packet.
    EXPECT_FALSE(core.call("192.0.2.1:9876", kAsk, 100));
    EXPECT_LT(system_clock().steady_ms() - start, 3'000);
}

TEST(ClientCore, FailsWhatIsUnderWayWhenTheConnectionBreaks) {
    auto server = std::make_unique<AskedServer>();
    OwnCore core(options_for(server->address()));
    std::promise<ClientCore::Reply> reply;
    core->post([&] {
        core->call(server->address(), net::Call(kSilence), 30'000,
                   [&](ClientCore::Reply got) { reply.set_value(std::move(got)); });
    });
    ASSERT_TRUE(eventually([&] { return server->asked(kSilence) == 1; }));
    server->shut_down();
    const auto got = reply.get_future().get();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind(), ErrorKind::send_request);
}

TEST(ClientCore, WritesHeadersInItsOwnEncoding) {
    ScriptedServer server;
    std::atomic<int> encoding{-1};
    const auto note = [&](net::Request& request) {
        encoding = request.frame()[4];
        request.ok_body("");
    };
    server.on(kAsk, note);
    server.on(200'050, note);
    server.start();
    for (const int wanted : {0, 1}) {
        OwnCore core(options_for(server.address())
                         .set("rocketmq.serialize.type", wanted == 1 ? "ROCKETMQ" : "JSON"));
        EXPECT_TRUE(core.call(server.address(), kAsk));
        EXPECT_EQ(encoding, wanted);
        // A code of the pop family does not fit the binary header.
        EXPECT_TRUE(core.call(server.address(), 200'050));
        EXPECT_EQ(encoding, 0);
    }
}

TEST(ClientCore, BoundsTheCallsUnderWay) {
    const AskedServer server;
    OwnCore core(options_for(server.address()).set("clientAsyncSemaphoreValue", "3"));
    std::atomic<int> refused{0};
    std::atomic<int> timed_out{0};
    core.on_home([&] {
        for (int i = 0; i < 5; ++i) {
            core->call(server.address(), net::Call(kSilence), 200, [&](ClientCore::Reply reply) {
                ASSERT_FALSE(reply);
                ++(reply.error().kind() == ErrorKind::too_much_request ? refused : timed_out);
            });
        }
    });
    EXPECT_TRUE(eventually([&] { return refused == 2 && timed_out == 3; }));
    EXPECT_TRUE(core.call(server.address(), kAsk));
}

TEST(ClientCore, DropsWhatInterceptorsAndSinksThrow) {
    struct Thrower : kerolox::Interceptor {
        void before_request(kerolox::RemotingContext& context) override {
            context.fields.emplace_back("mine", "1");
            throw std::runtime_error("before");
        }
        void after_response(const kerolox::RemotingAnswer&) override { throw 7; }
    };
    struct BadMetrics : kerolox::MetricsSink {
        void record(const kerolox::Metric&) override { throw std::runtime_error("metrics"); }
    };
    const AskedServer server;
    KeptLog log;
    OwnCore core(options_for(server.address())
                     .log([sink = log.sink()](const kerolox::LogRecord& record) {
                         sink(record);
                         throw std::runtime_error("sink");
                     })
                     .metrics(std::make_shared<BadMetrics>())
                     .interceptor(std::make_shared<Thrower>()));
    EXPECT_TRUE(core.call(server.address(), kAsk));
    EXPECT_EQ(server.seen(kAsk).at(0).fields.at("mine"), "1");
    EXPECT_TRUE(log.has("an interceptor threw: before"));
    EXPECT_TRUE(log.has("no std::exception"));
    core->count("kerolox_test", 1);
    EXPECT_TRUE(log.has("the metrics sink threw"));
}

TEST(ClientCore, TakesNameServersFromTheApplication) {
    const AskedServer server;
    std::atomic<int> asked{0};
    auto options = options_for("").name_server_fetcher([&] {
        ++asked;
        return server.address();
    });
    EXPECT_TRUE(Client::create(options));
    EXPECT_EQ(asked, 1);
    KeptLog log;
    EXPECT_FALSE(Client::create(
        options_for("")
            .log(log.sink())
            .api_timeout(std::chrono::milliseconds(100))
            .name_server_fetcher([]() -> std::string { throw std::runtime_error("no"); })));
    EXPECT_TRUE(log.has("the name server fetcher threw"));
}

TEST(ClientCore, DoesNotWaitForAFetcherThatBlocks) {
    std::promise<void> release;
    auto released = release.get_future().share();
    const std::int64_t start = system_clock().steady_ms();
    {
        auto client = Client::create(
            options_for("").require_name_server(false).name_server_fetcher([released] {
                released.wait();
                return std::string();
            }));
        ASSERT_TRUE(client);
        EXPECT_TRUE(client->close().get());
        EXPECT_LT(system_clock().steady_ms() - start, 3'000);
        release.set_value();
    }
}

// --- the end ---

TEST(ClientEnd, MayComeTwiceAndFromManyThreads) {
    const AskedServer server;
    auto client = Client::create(options_for(server.address()));
    ASSERT_TRUE(client);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(client->close().get()); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(client->close().get());
    const auto late = client->producer(kerolox::ProducerOptions("G"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::closed);
}

TEST(ClientEnd, FailsWhatWasUnderWay) {
    const AskedServer server;
    const auto options = options_for(server.address());
    auto core = ClientCore::create(*Access::settings(options)).value();
    auto waiting =
        core->run<int>([](ClientCore& own, std::string to) -> Awaitable<kerolox::Result<int>> {
            const auto reply = co_await own.call(std::move(to), net::Call(kSilence), 60'000);
            if (!reply) co_return reply.error();
            co_return 1;
        }(*core, server.address()));
    auto sleeping = core->run<int>([](ClientCore& own) -> Awaitable<kerolox::Result<int>> {
        co_return co_await own.sleep(60'000) ? 1 : 0;
    }(*core));
    ASSERT_TRUE(eventually([&] { return server.asked(kSilence) == 1; }));
    EXPECT_TRUE(core->close(std::chrono::milliseconds(0)).get());
    const auto failed = std::move(waiting).get();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(), ErrorKind::send_request);
    EXPECT_EQ(std::move(sleeping).get().value(), 0);
    // Use after close: an error, never a hang.
    auto late = core->run<int>([]() -> Awaitable<kerolox::Result<int>> { co_return 1; }());
    EXPECT_EQ(std::move(late).get().error().kind(), ErrorKind::closed);
}

TEST(ClientEnd, ComesWithTheLastHandle) {
    const AskedServer server;
    std::weak_ptr<ClientCore> watched;
    {
        auto client = Client::create(options_for(server.address()));
        ASSERT_TRUE(client);
        auto producer = client->producer(kerolox::ProducerOptions("G"));
        ASSERT_TRUE(producer);
        watched = Access::core_as<ClientLease>(*client).core;
        client = kerolox::Error(ErrorKind::closed, "the handle goes first");
        EXPECT_FALSE(watched.expired());
    }
    EXPECT_TRUE(eventually([&] { return watched.expired(); }));
}

TEST(ClientEnd, IsCompleteWhenCreateFails) {
    // Threads that end a moment later would still run when main() has returned.
    constexpr int kClients = 50;
    for (int i = 0; i < kClients; ++i) {
        std::weak_ptr<int> life;
        {
            const auto held = std::make_shared<int>();
            life = held;
            kerolox::ClientOptions options = options_for("127.0.0.1:1");
            options.log([held](const kerolox::LogRecord&) {});
            EXPECT_FALSE(kerolox::Client::create(options));
        }
        ASSERT_TRUE(life.expired()) << i;
    }
}

TEST(ClientEnd, MayComeFromACallbackOfItsOwn) {
    const AskedServer server;
    for (const bool on_io : {false, true}) {
        auto client = std::make_shared<std::optional<Client>>(
            Client::create(options_for(server.address()).callbacks_on_io(on_io)).value());
        auto producer = std::make_shared<std::optional<kerolox::Producer>>(
            (*client)->producer(kerolox::ProducerOptions("G")).value());
        std::promise<void> done;
        (*producer)->send(kerolox::Message("NoSuchTopic", "x")).then([&, client, producer](auto) {
            producer->reset();
            client->reset();
            done.set_value();
        });
        done.get_future().wait();
    }
}

TEST(ClientEnd, CatchesWhatTasksThrow) {
    const AskedServer server;
    KeptLog log;
    OwnCore core(options_for(server.address()).log(log.sink()));
    core->post([&] {
        core->spawn([]() -> Awaitable<void> {
            throw std::runtime_error("task");
            co_return;
        }());
        core->spawn([]() -> Awaitable<void> {
            throw 3;
            co_return;
        }());
    });
    EXPECT_TRUE(eventually([&] { return log.count("a task of the client failed") == 2; }));
    auto both = core->run<int>([](ClientCore& own) -> Awaitable<kerolox::Result<int>> {
        std::vector<Awaitable<void>> tasks;
        tasks.push_back([]() -> Awaitable<void> {
            throw std::runtime_error("side");
            co_return;
        }());
        tasks.push_back(
            [](ClientCore& inner) -> Awaitable<void> { (void)co_await inner.sleep(1); }(own));
        co_await own.all_of(std::move(tasks));
        co_return 2;
    }(*core));
    EXPECT_EQ(std::move(both).get().value(), 2);
}

// --- TLS ---

TEST(ClientTls, TalksToNameServersAndSaysWhenItTrustsAnybody) {
    const kx::test::TestCertificate authority("authority");
    const kx::test::TestCertificate own("server", &authority, "IP:127.0.0.1");
    net::TlsSettings settings;
    settings.is_server = true;
    settings.certificate = own.certificate();
    settings.private_key = own.key();
    settings.verify_peer = false;
    net::ConnectionLimits limits;
    limits.tls = net::TlsContext::create(settings).value();
    const AskedServer server(limits);
    kerolox::TlsOptions tls;
    tls.trust_certificates = authority.certificate();
    tls.verify_host_name = true;
    KeptLog quiet;
    EXPECT_TRUE(Client::create(options_for(server.address()).tls(tls).log(quiet.sink())));
    EXPECT_FALSE(quiet.has("without verification"));
    tls.trust_certificates.clear();
    const auto refused = Client::create(options_for(server.address()).tls(tls));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().describe(), HasSubstr("certificate is not trusted"));
    tls.verify_server = false;
    KeptLog log;
    EXPECT_TRUE(Client::create(options_for(server.address()).tls(tls).log(log.sink())));
    EXPECT_TRUE(log.has("warn client TLS without verification"));
    EXPECT_FALSE(Client::create(options_for(server.address())));
    tls.trust_certificates = "/no/such.pem";
    tls.verify_server = true;
    EXPECT_EQ(Client::create(options_for(server.address()).tls(tls)).error().kind(),
              ErrorKind::usage);
}

}  // namespace
}  // namespace kx::client
