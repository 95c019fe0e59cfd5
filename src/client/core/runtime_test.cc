// SPDX-License-Identifier: Apache-2.0
//
// Threads behind clients: shared by several, ended from any of them, absent in a fork's child.
#include "client/core/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/core/core_world.h"
#include "kerolox/producer.hpp"

namespace kx::client {
namespace {

using kerolox::Client;
using kerolox::ErrorKind;
using testing::eventually;
using testing::KeptLog;
using testing::options_for;
using testing::ScriptedServer;

struct QuietServer : ScriptedServer {
    QuietServer() {
        on(319, [](net::Request& request) { request.ok_body(""); });
        start();
    }
};

TEST(Runtime, RefusesNumbersThatCannotBe) {
    EXPECT_FALSE(kerolox::Runtime::create(kerolox::RuntimeOptions().io_threads(0)));
    EXPECT_FALSE(kerolox::Runtime::create(kerolox::RuntimeOptions().io_threads(5000)));
    EXPECT_FALSE(kerolox::Runtime::create(kerolox::RuntimeOptions().callback_threads(5000)));
    EXPECT_TRUE(kerolox::Runtime::create());
}

TEST(Runtime, CarriesSeveralClients) {
    const QuietServer server;
    auto runtime = kerolox::Runtime::create(kerolox::RuntimeOptions().io_threads(2));
    ASSERT_TRUE(runtime);
    auto options = options_for(server.address());
    options.runtime(*runtime);
    auto first = Client::create(options);
    auto second = Client::create(options);
    auto third = Client::create(options);
    ASSERT_TRUE(first && second && third);
    EXPECT_NE(first->id(), second->id());
    EXPECT_TRUE(first->close().get());
    EXPECT_FALSE(first->producer(kerolox::ProducerOptions("G")));
    EXPECT_TRUE(second->producer(kerolox::ProducerOptions("G")));
}

TEST(Runtime, OutlivesItsHandleWhileAClientRuns) {
    const QuietServer server;
    kerolox::Result<Client> client = [&] {
        auto runtime = kerolox::Runtime::create();
        return Client::create(options_for(server.address()).runtime(*runtime));
    }();
    ASSERT_TRUE(client);
    EXPECT_TRUE(client->producer(kerolox::ProducerOptions("G")));
}

TEST(Runtime, EndsFromItsOwnCallbackThread) {
    const QuietServer server;
    auto made = Client::create(options_for(server.address()));
    ASSERT_TRUE(made);
    auto last = std::make_shared<std::optional<Client>>(std::move(*made));
    std::promise<void> gone;
    auto closing = (*last)->close();
    std::move(closing).then([last, &gone](kerolox::Status) {
        last->reset();
        gone.set_value();
    });
    gone.get_future().wait();
}

TEST(Runtime, EndsFromItsOwnIoThread) {
    const QuietServer server;
    auto made = Client::create(options_for(server.address()).callbacks_on_io(true));
    ASSERT_TRUE(made);
    auto last = std::make_shared<std::optional<Client>>(std::move(*made));
    std::promise<kerolox::ErrorKind> waited;
    (*last)->close().then([last, &waited](kerolox::Status) {
        waited.set_value((*last)->close().get() ? ErrorKind::internal : ErrorKind::usage);
        last->reset();
    });
    const auto kind = waited.get_future().get();
    EXPECT_TRUE(kind == ErrorKind::usage || kind == ErrorKind::internal);
}

TEST(Runtime, EndsAlthoughACallbackNeverReturns) {
    const QuietServer server;
    KeptLog log;
    auto gate = std::make_shared<std::promise<void>>();
    auto ended = std::make_shared<std::atomic<bool>>(false);
    const std::int64_t began = system_clock().steady_ms();
    {
        auto runtime = Access::make<kerolox::Runtime>();
        Access::core(runtime) = RuntimeCore::create(kerolox::RuntimeOptions().callback_threads(1),
                                                    nullptr, std::chrono::milliseconds(100))
                                    .value();
        auto client =
            Client::create(options_for(server.address()).runtime(runtime).log(log.sink()));
        ASSERT_TRUE(client);
        auto producer = client->producer(kerolox::ProducerOptions("G"));
        ASSERT_TRUE(producer);
        std::promise<void> inside;
        producer->send(kerolox::Message("NoSuchTopic", "x"))
            .then([&inside, gate, ended](const auto&) {
                inside.set_value();
                gate->get_future().wait();
                *ended = true;
            });
        inside.get_future().wait();
        // There is no thread for this one.
        producer->send(kerolox::Message("NoSuchTopic", "y")).then([](const auto&) { FAIL(); });
        EXPECT_TRUE(client->close().get());
    }
    EXPECT_LT(system_clock().steady_ms() - began, 8'000);
    EXPECT_TRUE(
        log.has("1 callbacks do not return: their threads are left to themselves, and 1 "
                "callbacks that waited are dropped"));
    gate->set_value();
    EXPECT_TRUE(eventually([&] { return ended->load(); }));
}

TEST(Runtime, GivesLinesOfItsOwnThreadsToTheClient) {
    const QuietServer server;
    KeptLog log;
    auto client =
        Client::create(options_for(server.address()).log(log.sink(), kerolox::LogLevel::debug));
    ASSERT_TRUE(client);
    EXPECT_TRUE(client->close().get());
    EXPECT_TRUE(eventually([&] { return log.has("debug net connection closed"); }));
}

// ThreadSanitizer cannot follow a process with threads through a fork.
#if !defined(__SANITIZE_THREAD__) && !__has_feature(thread_sanitizer)
/// Runs `child` in a fork; what it returns is its exit code. A child that hangs is ended.
int exit_code_of(const std::function<int()>& child) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::alarm(20);
        ::_exit(child());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(Runtime, IsAbsentInTheChildOfAFork) {
    const QuietServer server;
    auto client = std::make_unique<Client>(Client::create(options_for(server.address())).value());
    auto producer = std::make_unique<kerolox::Producer>(
        client->producer(kerolox::ProducerOptions("G")).value());
    const int code = exit_code_of([&] {
        auto refused = producer->send(kerolox::Message("T", "x")).get();
        if (refused || refused.error().kind() != ErrorKind::closed) return 1;
        if (refused.error().text().find("fork") == std::string_view::npos) return 2;
        if (client->producer(kerolox::ProducerOptions("H"))) return 3;
        if (!client->close().get() || !producer->close().get()) return 4;
        producer.reset();
        client.reset();
        return 0;
    });
    EXPECT_EQ(code, 0);
    // The parent's connections are as they were.
    EXPECT_TRUE(client->producer(kerolox::ProducerOptions("H")));
}

TEST(Runtime, IsMadeAnewInTheChildOfAFork) {
    const QuietServer server;
    auto parents = Client::create(options_for(server.address()));
    ASSERT_TRUE(parents);
    const int code = exit_code_of([&] {
        auto own = Client::create(options_for(server.address()));
        if (!own) return 1;
        if (!own->producer(kerolox::ProducerOptions("G"))) return 2;
        return own->close().get() ? 0 : 3;
    });
    EXPECT_EQ(code, 0);
}
#endif

}  // namespace
}  // namespace kx::client
