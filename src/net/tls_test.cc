// SPDX-License-Identifier: Apache-2.0
//
// Encrypted connections: who is trusted, what is told when not, and that bytes arrive as they left.
#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/rpc_client.h"
#include "support/net_world.h"
#include "support/test_certificates.h"

namespace kx::net {
namespace {

using kx::test::TestCertificate;
using kx::testing::eventually;
using kx::testing::kEcho;
using kx::testing::NetWorld;
using kx::testing::RawClient;
using ::testing::HasSubstr;
constexpr std::int64_t kTlsLong = 20'000;

std::shared_ptr<const TlsContext> context_of(const TlsSettings& settings) {
    auto made = TlsContext::create(settings);
    EXPECT_TRUE(made) << made.error().text;
    return made ? *made : nullptr;
}

/// An authority, what it signed, and both sides' settings.
struct Trust {
    TestCertificate authority{"authority"};
    TestCertificate server{"server", &authority, "IP:127.0.0.1"};
    TestCertificate client{"client", &authority, ""};

    TlsSettings server_side(bool asks_clients = false) const {
        TlsSettings settings;
        settings.is_server = true;
        settings.certificate = server.certificate();
        settings.private_key = server.key();
        settings.trust_certificates = authority.certificate();
        settings.verify_peer = asks_clients;
        return settings;
    }
    TlsSettings client_side() const {
        TlsSettings settings;
        settings.trust_certificates = authority.certificate();
        return settings;
    }
};

ConnectionLimits encrypted(const TlsSettings& settings) {
    ConnectionLimits limits;
    limits.tls = context_of(settings);
    return limits;
}

struct TlsCaller {
    explicit TlsCaller(const TlsSettings& settings) : client(pool, router, options(settings)) {
        pool.start();
    }
    ~TlsCaller() {
        client.stop();
        pool.stop();
    }
    static RpcClientOptions options(const TlsSettings& settings) {
        RpcClientOptions made;
        made.limits = encrypted(settings);
        made.connect_timeout_ms = 3000;
        return made;
    }
    std::string ask(const NetWorld& world, std::string body, std::string host = "127.0.0.1") {
        const auto answer = client.call_and_wait(fmt::format("{}:{}", host, world.port()),
                                                 Call(kEcho, std::move(body)), kTlsLong);
        return answer ? answer->body : "error: " + answer.error().text;
    }
    IoPool pool{1, system_clock()};
    Router router{system_clock()};
    RpcClient client;
};

std::string asked_over_tls(const TlsSettings& server, const TlsSettings& client,
                           const std::string& host = "127.0.0.1") {
    NetWorld world(encrypted(server));
    world.serve_echo();
    world.start();
    TlsCaller caller(client);
    return caller.ask(world, "hello", host);
}

TEST(Tls, CarriesCallsBothWays) {
    const Trust trust;
    NetWorld world(encrypted(trust.server_side()));
    world.serve_echo();
    world.start();
    TlsCaller caller(trust.client_side());
    EXPECT_EQ(caller.ask(world, "hello"), "hello");
    EXPECT_EQ(caller.ask(world, ""), "");
    EXPECT_EQ(world.sum(&IoProbe::connections), 1);
}

TEST(Tls, CarriesLargeAndManyBodies) {
    const Trust trust;
    NetWorld world(encrypted(trust.server_side()));
    world.serve_echo();
    world.start();
    std::atomic<int> right{0};
    TlsCaller caller(trust.client_side());
    std::string large(5 << 20, 'x');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
    EXPECT_TRUE(caller.ask(world, large) == large);
#if __has_feature(thread_sanitizer)
    constexpr int kCalls = 50;  // encryption is a hundred times slower under it
#else
    constexpr int kCalls = 500;
#endif
    for (int i = 0; i < kCalls; ++i) {
        const std::string body(static_cast<std::size_t>(i) * 97 % 70'000, static_cast<char>(i));
        caller.client.call(
            fmt::format("127.0.0.1:{}", world.port()), Call(kEcho, body), kTlsLong,
            [&, body](Result<Answer> answer) { right += answer && answer->body == body ? 1 : 0; });
    }
    EXPECT_TRUE(eventually([&] { return right == kCalls; })) << right;
}

TEST(Tls, RefusesAServerNobodyVouchesFor) {
    const Trust trust;
    const Trust other;
    EXPECT_THAT(asked_over_tls(trust.server_side(), other.client_side()),
                HasSubstr("certificate is not trusted"));
    TlsSettings careless = other.client_side();
    careless.verify_peer = false;
    EXPECT_EQ(asked_over_tls(trust.server_side(), careless), "hello");
}

TEST(Tls, ChecksTheHostNameWhereItIsWanted) {
    Trust trust;
    const TestCertificate elsewhere("elsewhere", &trust.authority, "DNS:elsewhere.example");
    TlsSettings server = trust.server_side();
    TlsSettings client = trust.client_side();
    client.verify_host_name = true;
    EXPECT_EQ(asked_over_tls(server, client), "hello");
    EXPECT_THAT(asked_over_tls(server, client, "localhost"), HasSubstr("ostname mismatch"));
    server.certificate = elsewhere.certificate();
    server.private_key = elsewhere.key();
    EXPECT_THAT(asked_over_tls(server, client), HasSubstr("IP address mismatch"));
    client.verify_host_name = false;
    EXPECT_EQ(asked_over_tls(server, client), "hello");
}

TEST(Tls, ShowsItsOwnCertificateWhereTheServerAsks) {
    const Trust trust;
    TlsSettings client = trust.client_side();
    EXPECT_THAT(asked_over_tls(trust.server_side(true), client), HasSubstr("error: "));
    client.certificate = trust.client.certificate();
    client.private_key = trust.client.key();
    EXPECT_EQ(asked_over_tls(trust.server_side(true), client), "hello");
}

TEST(Tls, OpensKeysWithTheirPassword) {
    Trust trust;
    const TestCertificate locked("locked", &trust.authority, "", "s3cret");
    TlsSettings client = trust.client_side();
    client.certificate = locked.certificate();
    client.private_key = locked.key();
    client.private_key_password = "s3cret";
    EXPECT_EQ(asked_over_tls(trust.server_side(true), client), "hello");
    client.private_key_password = "wrong";
    const auto refused = TlsContext::create(client);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text, HasSubstr("private key"));
    EXPECT_THAT(refused.error().text, ::testing::Not(HasSubstr("wrong")));
}

TEST(Tls, TellsWhatIsWrongWithFiles) {
    const Trust trust;
    TlsSettings settings = trust.client_side();
    settings.trust_certificates = "/no/such/file.pem";
    EXPECT_THAT(TlsContext::create(settings).error().text, HasSubstr("/no/such/file.pem"));
    settings = trust.client_side();
    settings.certificate = trust.client.certificate();
    EXPECT_THAT(TlsContext::create(settings).error().text, HasSubstr("go together"));
    settings.private_key = trust.server.key();
    EXPECT_FALSE(TlsContext::create(settings));
}

TEST(Tls, FailsToConnectToAServerThatDoesNotSpeakIt) {
    const Trust trust;
    NetWorld plain;
    plain.serve_echo();
    plain.start();
    TlsCaller caller(trust.client_side());
    EXPECT_THAT(caller.ask(plain, "hello"), HasSubstr("cannot connect to"));
}

TEST(Tls, ClosesAPeerThatDoesNotSpeakIt) {
    const Trust trust;
    NetWorld world(encrypted(trust.server_side()));
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    ASSERT_TRUE(client.send(kx::testing::json_frame(kEcho, 1)));
    EXPECT_TRUE(client.sees_close());
}

TEST(Tls, BoundsAHandshakeThatDoesNotEnd) {
    const Trust trust;
    // Accepts and says nothing.
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    RpcClientOptions options = TlsCaller::options(trust.client_side());
    options.connect_timeout_ms = 200;
    IoPool pool(1, system_clock());
    Router router(system_clock());
    RpcClient client(pool, router, options);
    pool.start();
    const auto answer = client.call_and_wait(
        fmt::format("127.0.0.1:{}", silent.local_endpoint().port()), Call(kEcho), kTlsLong);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::kTimeout) << answer.error().text;
    client.stop();
    pool.stop();
}

}  // namespace
}  // namespace kx::net
