// SPDX-License-Identifier: Apache-2.0
//
// Servers that let in only who proves who he is (TLS on both sides, signed requests), name servers
// told by a web server, and traces as RocketMQ's own tool reads them. What shows that every other
// request is signed well is the driver's: it runs cases of other groups against the same servers.
#include <algorithm>
#include <atomic>

#include "suite/push_world.h"

namespace suite {
namespace {

using kerolox::Credentials;
using kerolox::TlsOptions;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::int32_t kNoPermission = 16;

/// First line of a case whose server must have been started secured, if it can be.
#define KX_SECURED_BY(feature) \
    KX_NEEDS(feature);         \
    ASSERT_TRUE(setting().secured()) << "the driver starts this server without security"

class Secure : public PushWorld {
protected:
    static std::string file(const std::string& name) { return setting().certificates + "/" + name; }
    static TlsOptions stranger_tls() {
        TlsOptions tls = own_tls();
        tls.certificate = file("stranger.pem");
        tls.private_key = file("stranger.key");
        tls.private_key_password.clear();
        return tls;
    }
    /// Nobody gets in with these options, and is told so long before a timeout.
    static std::string refusal(const ClientOptions& options) {
        const Stopwatch watch;
        const Result<Client> made = Client::create(options);
        EXPECT_FALSE(made);
        EXPECT_LT(watch.elapsed(), 8s);
        if (made) return {};
        EXPECT_THAT(made.error().kind(), AnyOf(ErrorKind::connect, ErrorKind::send_request))
            << made.error().describe();
        return made.error().describe();
    }
    static Client client_with(const ClientOptions& options) {
        auto made = Client::create(options);
        if (!made) throw std::runtime_error(made.error().describe());
        return *made;
    }
    static Client client_as(const Credentials& who) {
        return client_with(options().credentials(who));
    }
    Producer producer_of(const Client& with) const {
        auto made = with.producer(producer_options());
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    /// What a send is told that the broker refuses.
    Error refused_send(const Credentials& who, const std::string& to) const {
        const Client client = client_as(who);
        Producer sender = producer_of(client);
        const Stopwatch watch;
        auto receipt = sender.send(Message(to, "forbidden")).get();
        EXPECT_FALSE(receipt);
        EXPECT_LT(watch.elapsed(), 25s);
        return receipt ? Error(ErrorKind::internal, "it was sent") : receipt.error();
    }
    /// The broker's refusal; a producer's says besides how often it tried.
    static void expect_no_permission(const Error& error, const std::string& reason) {
        EXPECT_EQ(error.code(), kNoPermission) << error.describe();
        const Error& of_broker = error.cause() != nullptr ? *error.cause() : error;
        EXPECT_EQ(of_broker.kind(), ErrorKind::broker) << error.describe();
        EXPECT_EQ(of_broker.code(), kNoPermission) << error.describe();
        EXPECT_EQ(of_broker.peer(), setting().broker) << error.describe();
        EXPECT_THAT(std::string(of_broker.text()), HasSubstr(reason));
    }
    void expect_refused(const Credentials& who, const std::string& reason) const {
        expect_no_permission(refused_send(who, setting().run), reason);
    }
    std::string lookup_group() const { return name("ns"); }
    /// Options that know a web server instead of name servers.
    ClientOptions looking_up() const {
        return options().name_servers("").name_server_lookup(setting().lookup, lookup_group());
    }
    void tell_name_servers(const std::string& addresses) const {
        ASSERT_EQ(control("lookup " + lookup_group() + " " + addresses), "ok");
    }
};

TEST_F(Secure, SendsConsumesAndPullsByMutualTls) {
    KX_SECURED_BY(tls);
    const std::string to = topic("t");
    Inbox inbox;
    PushConsumer consumer = consume(push_options(to).on_messages(into(inbox)));
    Texts texts = numbered("m", 200);
    // Of many TLS records.
    texts.push_back("large" + std::string(3 << 20, 'x'));
    Producer sender = producer();
    send_all(sender, to, texts);
    EXPECT_TRUE(inbox.gets_exactly(texts));
    EXPECT_EQ(read_set(to, texts.size()), as_set(texts));
}

TEST_F(Secure, HostNamesAreComparedOnDemand) {
    KX_SECURED_BY(tls);
    TlsOptions tls = own_tls();
    tls.verify_host_name = true;
    Producer sender = producer_of(client_with(options().tls(tls)));
    EXPECT_OK(sender.send(Message(topic("t"), "x")).get());
    // The same server by a name that its certificate does not tell.
    const std::string port = setting().name_servers.substr(setting().name_servers.rfind(':'));
    EXPECT_THAT(refusal(options().name_servers("localhost" + port).tls(tls)),
                HasSubstr("hostname mismatch"));
    EXPECT_OK(Client::create(options().name_servers("localhost" + port)));
}

TEST_F(Secure, WithoutACertificateNobodyIsLetIn) {
    KX_SECURED_BY(tls);
    EXPECT_THAT(refusal(options().tls({.trust_certificates = file("root.pem")})),
                HasSubstr("certificate"));
}

TEST_F(Secure, ACertificateOfAnotherAuthorityIsRefused) {
    KX_SECURED_BY(tls);
    EXPECT_THAT(refusal(options().tls(stranger_tls())), HasSubstr("certificate"));
}

TEST_F(Secure, AServerOfAnotherAuthorityIsNotTrusted) {
    KX_SECURED_BY(tls);
    TlsOptions tls = own_tls();
    tls.trust_certificates = file("stranger-root.pem");
    EXPECT_THAT(refusal(options().tls(tls)), HasSubstr("certificate is not trusted"));
    tls.verify_server = false;
    EXPECT_OK(Client::create(options().tls(tls)));
}

TEST_F(Secure, WithoutTlsNobodyIsLetIn) {
    KX_SECURED_BY(tls);
    ClientOptions plain;
    plain.name_servers(setting().name_servers);
    EXPECT_NE(refusal(plain), "");
}

TEST_F(Secure, WrongSecretsUnknownNamesAndNoneAreRefused) {
    KX_SECURED_BY(access_control);
    expect_refused({setting().user.name, "not the secret"}, "check signature failed");
    expect_refused({"nobody", "secret"}, "User:nobody is not found");
    expect_refused({}, "username cannot be null");
}

TEST_F(Secure, WrongSecretsReadNothing) {
    KX_SECURED_BY(access_control);
    const std::string from = topic("t", 1);
    send_all(from, {"secret"});
    const Client client = client_as({setting().user.name, "not the secret"});
    auto reader = client.pull_consumer(kerolox::PullOptions(name("g")));
    ASSERT_OK(reader);
    const auto pulled = reader->pull({.queue = {from, "broker-a", 0}, .offset = 0}).get();
    ASSERT_FALSE(pulled);
    expect_no_permission(pulled.error(), "check signature failed");
}

TEST_F(Secure, WhoMayReadMayNotWrite) {
    KX_SECURED_BY(access_control);
    const std::string from = topic("t");
    send_all(from, numbered("m", 20));
    const Credentials reader = credentials_of(setting().reader);
    Inbox inbox;
    PushConsumer consumer = consume(client_as(reader), push_options(from).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly(numbered("m", 20)));
    expect_no_permission(refused_send(reader, from), "no permission");
}

TEST_F(Secure, CredentialsMayChangeWhileAClientRuns) {
    KX_SECURED_BY(access_control);
    const std::string to = topic("t", 1);
    std::atomic<bool> renewed{false};
    const Client client = client_with(options().credentials([&]() -> Credentials {
        if (renewed) return credentials_of(setting().user);
        return {setting().user.name, "of last year"};
    }));
    Producer sender = producer_of(client);
    EXPECT_FALSE(sender.send(Message(to, "early")).get());
    renewed = true;
    EXPECT_OK(sender.send(Message(to, "late")).get());
    EXPECT_EQ(read_texts(to, 1), Texts{"late"});
}

TEST_F(Secure, WhatElseGoesWithARequestIsSignedToo) {
    KX_SECURED_BY(access_control);
    const std::string to = topic("t", 1);
    const Client client = client_with(options()
                                          .name_space_v2("space")
                                          .set("rocketmq.zone", "zone1")
                                          .set("enableStreamRequestType", "true"));
    Producer sender = producer_of(client);
    EXPECT_OK(sender.send(Message(to, "x")).get());
}

TEST_F(Secure, BinaryHeadersAreSignedAsWell) {
    KX_SECURED_BY(access_control);
    const std::string to = topic("t", 1);
    const Client client = client_with(options().set("rocketmq.serialize.type", "ROCKETMQ"));
    Producer sender = producer_of(client);
    EXPECT_OK(sender.send(Message(to, "grün")).get());
    Inbox inbox;
    PushConsumer consumer = consume(client, push_options(to).on_messages(into(inbox)));
    EXPECT_TRUE(inbox.gets_exactly({"grün"}));
}

TEST_F(Secure, NameServersAreToldByAWebServer) {
    tell_name_servers(setting().name_servers);
    const std::string to = topic("t", 1);
    const Client client = client_with(looking_up());
    Producer sender = producer_of(client);
    EXPECT_OK(sender.send(Message(to, "x")).get());
    EXPECT_EQ(client.admin().name_servers(), Texts{setting().name_servers});
}

TEST_F(Secure, NameServersThatMoveAreFoundAgain) {
    tell_name_servers("127.0.0.1:1");
    const std::string to = topic("t", 1);
    const Client client =
        client_with(looking_up().require_name_server(false).connect_timeout(500ms));
    ASSERT_TRUE(eventually([&] { return client.admin().name_servers() == Texts{"127.0.0.1:1"}; }));
    Producer sender = producer_of(client);
    EXPECT_FALSE(sender.send(Message(to, "early"), SendOptions{.timeout = 1s}).get());
    tell_name_servers(setting().name_servers);
    EXPECT_TRUE(eventually([&] { return sender.send(Message(to, "late")).get().has_value(); }));
    EXPECT_EQ(client.admin().name_servers(), Texts{setting().name_servers});
}

TEST_F(Secure, TracesAreReadByRocketMqsTool) {
    KX_NEEDS(query_by_key);
    const std::string to = topic("t", 1);
    std::string id;
    {
        Client traced = client_with(options().trace(true));
        Producer sender = producer_of(traced);
        const auto receipt = sender.send(Message(to, "traced").key("k7").tag("A")).get();
        ASSERT_OK(receipt);
        id = receipt->message_id();
        Inbox inbox;
        PushConsumer consumer = consume(traced, push_options(to).on_messages(into(inbox)));
        ASSERT_TRUE(inbox.gets_exactly({"traced"}));
        EXPECT_OK(consumer.close().get());
        EXPECT_OK(traced.close().get());  // which sends what is left to tell
    }
    std::string told;
    const auto line = [&](const std::string& kind, const std::string& group) {
        const std::string begin = kind + " " + group + " 127.0.0.1 ";
        const std::size_t at = told.find(begin);
        return at == std::string::npos ? "" : told.substr(at, told.find(" |", at) - at);
    };
    EXPECT_TRUE(eventually([&] {
        told = control("mqadmin queryMsgTraceById -i " + id);
        return line("Pub", name("producers")).ends_with("success") &&
               line("Sub", name("g")).ends_with("success");
    })) << told;
}

}  // namespace
}  // namespace suite
