// SPDX-License-Identifier: Apache-2.0
//
// Beginnings and ends: wrong addresses, double close, use after close, forks, many in one process.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "suite/world.h"

namespace suite {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Life : public World {
protected:
    static Result<Client> client_at(const std::string& address) {
        return Client::create(
            ClientOptions().name_servers(address).connect_timeout(1s).api_timeout(2s));
    }
};

TEST_F(Life, UnreachableNameServerIsToldAtOnce) {
    const Stopwatch watch;
    const auto made = client_at("127.0.0.1:1");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind(), ErrorKind::connect) << made.error().describe();
    EXPECT_LT(watch.elapsed(), 10s);
}

TEST_F(Life, NameThatDoesNotResolveIsToldAtOnce) {
    const Stopwatch watch;
    const auto made = client_at("no-such-host.invalid:9876");
    ASSERT_FALSE(made);
    EXPECT_LT(watch.elapsed(), 15s);
}

TEST_F(Life, MalformedAddressIsAUsageError) {
    for (const char* address : {"nonsense", "127.0.0.1:99999", "127.0.0.1:port"}) {
        const auto made = client_at(address);
        ASSERT_FALSE(made) << address;
    }
}

TEST_F(Life, ASecondNameServerServesWhenTheFirstIsWrong) {
    ClientOptions two = options();
    two.name_servers("127.0.0.1:1;" + setting().name_servers).connect_timeout(1s);
    const auto made = Client::create(two);
    ASSERT_OK(made);
    const auto sender = made->producer(producer_options());
    ASSERT_OK(sender);
}

TEST_F(Life, NameServersByAFetcher) {
    ClientOptions fetched;
    fetched.name_server_fetcher([] { return setting().name_servers; }).client_ip("127.0.0.1");
    const auto made = Client::create(fetched);
    ASSERT_OK(made);
    auto sender = made->producer(producer_options());
    ASSERT_OK(sender);
    EXPECT_OK(sender->send(Message(topic("t"), "x")).get());
}

TEST_F(Life, WithoutNeedOfANameServerAClientStartsAnyway) {
    const auto made = Client::create(ClientOptions()
                                         .name_servers("127.0.0.1:1")
                                         .require_name_server(false)
                                         .connect_timeout(500ms)
                                         .api_timeout(1s));
    ASSERT_OK(made);
    auto sender = made->producer(ProducerOptions(name("p")).send_timeout(3s));
    ASSERT_OK(sender);
    const Stopwatch watch;
    const auto receipt = sender->send(Message(name("t"), "x")).get();
    ASSERT_FALSE(receipt);
    EXPECT_LT(watch.elapsed(), 6s);
}

TEST_F(Life, BadGroupsAreRefused) {
    for (const char* group : {"", "a group", "DEFAULT_PRODUCER"}) {
        EXPECT_FALSE(client().producer(ProducerOptions(group))) << group;
    }
    EXPECT_FALSE(client().producer(ProducerOptions(std::string(256, 'g'))));
}

TEST_F(Life, OneProducerOfAGroupAtATime) {
    const ProducerOptions options = producer_options();
    {
        Producer first = producer(options);
        const auto second = client().producer(options);
        ASSERT_FALSE(second);
        EXPECT_THAT(second.error().describe(), HasSubstr("has been created before"));
        EXPECT_OK(first.close().get());
    }
    EXPECT_OK(client().producer(options));
}

TEST_F(Life, WrongOptionsAreToldTogether) {
    ClientOptions wrong = options();
    wrong.set("noSuchKey", "1").set("pollNameServerInterval", "soon");
    EXPECT_THAT(wrong.validate(), Not(IsEmpty()));
    ProducerOptions bad("g");
    bad.send_timeout(-5s).max_message_size(0);
    EXPECT_THAT(bad.validate(), Not(IsEmpty()));
    EXPECT_FALSE(client().producer(bad));
}

TEST_F(Life, CloseIsIdempotentAndUseAfterItIsRefused) {
    const std::string to = topic("t");
    Producer sender = producer();
    ASSERT_OK(sender.send(Message(to, "before")).get());
    EXPECT_OK(sender.close().get());
    EXPECT_OK(sender.close().get());
    const auto after = sender.send(Message(to, "after")).get();
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().kind(), ErrorKind::closed);
    EXPECT_FALSE(sender.send_oneway(Message(to, "after")));
    EXPECT_OK(client().close().get());
    EXPECT_OK(client().close().get());
    EXPECT_FALSE(client().producer(producer_options()));
    EXPECT_EQ(World::name("t"), to);
}

TEST_F(Life, CloseWaitsForWhatIsUnderWay) {
    const std::string to = topic("t");
    std::atomic<int> good{0};
    std::atomic<int> ended{0};
    {
        Producer sender = producer();
        for (const std::string& text : numbered("m", 1000)) {
            sender.send(Message(to, text)).then([&](const Result<SendReceipt>& receipt) {
                if (receipt) ++good;
                ++ended;
            });
        }
        EXPECT_OK(sender.close().get());
        EXPECT_EQ(sender.in_flight(), 0U);
    }
    EXPECT_TRUE(eventually([&] { return ended == 1000; }, 5s));
    EXPECT_EQ(good, 1000);
    EXPECT_EQ(read_set(to, 1000), as_set(numbered("m", 1000)));
}

TEST_F(Life, DestructionFromACallbackIsAllowed) {
    const std::string to = topic("t");
    auto sender = std::make_shared<std::optional<Producer>>(producer());
    std::promise<bool> done;
    (*sender)->send(Message(to, "x")).then([&, sender](const Result<SendReceipt>& receipt) {
        sender->reset();
        done.set_value(receipt.has_value());
    });
    auto future = done.get_future();
    ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
    EXPECT_TRUE(future.get());
}

TEST_F(Life, CloseFromACallbackIsAllowed) {
    const std::string to = topic("t");
    Producer sender = producer();
    std::promise<void> done;
    sender.send(Message(to, "x")).then([&](const Result<SendReceipt>&) {
        sender.close().then([&](const Status&) { done.set_value(); });
    });
    EXPECT_EQ(done.get_future().wait_for(20s), std::future_status::ready);
}

TEST_F(Life, AForkedChildGetsErrorsInsteadOfHanging) {
    const std::string to = topic("t");
    Producer sender = producer();
    ASSERT_OK(sender.send(Message(to, "parent")).get());
    const pid_t child = ::fork();
    if (child == 0) {
        const auto receipt = sender.send(Message(to, "child")).get();
        ::_exit(receipt ? 1 : 0);
    }
    int status = 0;
    const bool ended = eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; }, 15s);
    if (!ended) {
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
    }
    EXPECT_TRUE(ended) << "the child's send hung";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_OK(sender.send(Message(to, "parent again")).get());
}

TEST_F(Life, AThousandProducersInOneProcess) {
    const std::string to = topic("t");
    std::vector<Producer> many;
    for (int i = 0; i < 1000; ++i) {
        many.push_back(producer(ProducerOptions(name("p" + std::to_string(i))).send_timeout(15s)));
    }
    std::vector<kerolox::Async<SendReceipt>> sends;
    for (Producer& sender : many) sends.push_back(sender.send(Message(to, "x")));
    for (auto& send : sends) EXPECT_OK(std::move(send).get());
}

TEST_F(Life, ManyClientsShareARuntime) {
    const auto runtime =
        kerolox::Runtime::create(kerolox::RuntimeOptions().io_threads(2).callback_threads(2));
    ASSERT_OK(runtime);
    const std::string to = topic("t");
    std::vector<Client> clients;
    std::vector<Producer> producers;
    std::set<std::string> ids;
    for (int i = 0; i < 20; ++i) {
        auto made = Client::create(options().runtime(*runtime));
        ASSERT_OK(made);
        ids.emplace(made->id());
        clients.push_back(*made);
        auto sender = made->producer(producer_options());
        ASSERT_OK(sender);
        producers.push_back(std::move(*sender));
    }
    EXPECT_THAT(ids, SizeIs(20));
    for (Producer& sender : producers) EXPECT_OK(sender.send(Message(to, "x")).get());
}

TEST_F(Life, TheClientIdIsBuiltAsJavaDoes) {
    EXPECT_THAT(
        std::string(client().id()),
        ::testing::MatchesRegex("127\\.0\\.0\\.1@" + std::to_string(::getpid()) + "#[0-9]+"));
    ClientOptions named = options();
    named.instance_name("mine").unit("u1");
    const auto made = Client::create(named);
    ASSERT_OK(made);
    EXPECT_EQ(made->id(), "127.0.0.1@mine@u1");
}

TEST_F(Life, OptionsComeFromAPropertiesFile) {
    const std::string path = "/tmp/" + name("properties");
    {
        std::FILE* file = std::fopen(path.c_str(), "w");
        std::fprintf(file, "namesrvAddr=%s\nclientIP=127.0.0.9\n", setting().name_servers.c_str());
        std::fclose(file);
    }
    const auto read_options = ClientOptions::from_properties(path);
    ::unlink(path.c_str());
    ASSERT_OK(read_options);
    EXPECT_THAT(read_options->describe(), HasSubstr("127.0.0.9"));
    const auto made = Client::create(*read_options);
    ASSERT_OK(made);
    EXPECT_THAT(std::string(made->id()), HasSubstr("127.0.0.9@"));
}

}  // namespace
}  // namespace suite
