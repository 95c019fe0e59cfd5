// SPDX-License-Identifier: Apache-2.0
//
// Calls by address: connecting, failing, coming back, bounds, name servers, and the end.
#include "net/rpc_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>

#include "support/net_world.h"

namespace kx::net {
namespace {

using kx::testing::Deadline;
using kx::testing::eventually;
using kx::testing::json_frame;
using kx::testing::kEcho;
using kx::testing::NetWorld;
using ::testing::HasSubstr;
constexpr std::int64_t kLong = 30'000;

/// The calling side: its own threads, and a router for what the peers ask.
struct Caller {
    explicit Caller(RpcClientOptions options = {}) : client(pool, router, options) { pool.start(); }
    ~Caller() {
        client.stop();
        pool.stop();
    }
    IoPool pool{1, system_clock()};
    Router router{system_clock()};
    RpcClient client;
};

template <class Value>
RpcClientOptions with(Value RpcClientOptions::* member, std::type_identity_t<Value> value) {
    RpcClientOptions options;
    options.*member = value;
    return options;
}

std::string address_of(const NetWorld& world) { return fmt::format("127.0.0.1:{}", world.port()); }

/// A port that nobody listens on.
std::uint16_t free_port() {
    NetWorld world;
    world.start();
    return world.port();
}

std::string text_of(const Result<Answer>& answer) {
    return answer ? answer->body
                  : fmt::format("{}: {}", name_of(answer.error().code), answer.error().text);
}

struct Ask {
    std::string_view topic;
    std::optional<std::int32_t> number;
    static constexpr auto fields() {
        return std::array{field<&Ask::topic>("topic", "t", kRequired),
                          field<&Ask::number>("number")};
    }
};

TEST(RpcClient, CallsAndGetsAnAnswerThatOwnsAllItCarries) {
    NetWorld world;
    world.serve(kEcho, [](Request& request) {
        const auto ask = request.header<Ask>();
        ASSERT_TRUE(ask);
        const std::array<Slice, 1> body{Slice::own(std::string(request.body()) + "!")};
        Reply reply;
        reply.body = body;
        reply.remark = "noted";
        request.send(reply.with(*ask));
    });
    world.start();
    Caller caller;
    const auto answer = caller.client.call_and_wait(
        address_of(world), Call(kEcho, Ask{"a\"b\x01", 7}, "hello"), kLong);
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_TRUE(answer->ok());
    EXPECT_EQ(answer->body, "hello!");
    EXPECT_EQ(answer->remark, "noted");
    EXPECT_EQ(answer->version, 493);
    const auto header = answer->header<Ask>();
    ASSERT_TRUE(header);
    EXPECT_EQ(header->topic, "a\"b\x01");
    EXPECT_EQ(header->number, 7);
}

TEST(RpcClient, UsesOneConnectionForAllCallsToAnAddress) {
    NetWorld world;
    world.serve_echo();
    world.start();
    Caller caller;
    std::atomic<int> answered{0};
    for (int i = 0; i < 200; ++i) {
        caller.client.call(address_of(world), Call(kEcho, std::to_string(i)), kLong,
                           [&, i](Result<Answer> answer) {
                               EXPECT_EQ(text_of(answer), std::to_string(i));
                               ++answered;
                           });
    }
    EXPECT_TRUE(eventually([&] { return answered == 200; }));
    EXPECT_EQ(world.sum(&IoProbe::connections), 1);
}

TEST(RpcClient, PassesOnWhatTheServerRefuses) {
    NetWorld world;
    world.start();
    Caller caller;
    const auto answer = caller.client.call_and_wait(address_of(world), Call(99'999), kLong);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code, wire::ResponseCode::kRequestCodeNotSupported);
    EXPECT_EQ(answer->remark, " request type 99999 not supported");
}

TEST(RpcClient, TellsWhenNobodyListens) {
    const std::uint16_t port = free_port();
    Caller caller;
    const auto answer =
        caller.client.call_and_wait(fmt::format("127.0.0.1:{}", port), Call(kEcho), kLong);
    EXPECT_EQ(text_of(answer), fmt::format("unavailable: cannot connect to 127.0.0.1:{}: "
                                           "Connection refused",
                                           port));
    for (const std::string bad : {"", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:notaport"})
        EXPECT_FALSE(caller.client.call_and_wait(bad, Call(kEcho), kLong)) << bad;
}

TEST(RpcClient, TellsWhenNoAnswerComesInTime) {
    NetWorld world;
    world.serve(kEcho, [](Request& request) { request.no_answer(); });
    world.serve(2, [](Request& request) { request.ok_body("still works"); });
    world.start();
    Caller caller;
    ASSERT_TRUE(caller.client.call_and_wait(address_of(world), Call(2), kLong));
    const auto answer = caller.client.call_and_wait(address_of(world), Call(kEcho), 60);
    EXPECT_THAT(text_of(answer), HasSubstr("timeout: no answer from 127.0.0.1:"));
    EXPECT_EQ(text_of(caller.client.call_and_wait(address_of(world), Call(2), kLong)),
              "still works");
}

TEST(RpcClient, CountsTheTimeOfConnectingToo) {
    // A full backlog: the kernel drops what more comes, and connecting hangs.
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(socket, 0), 0);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    std::vector<int> fillers;
    for (int i = 0; i < 3; ++i) {
        fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
    const std::string full = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
    Caller caller(with(&RpcClientOptions::connect_timeout_ms, 60'000));
    const Deadline deadline(20'000);
    const auto answer = caller.client.call_and_wait(full, Call(kEcho), 150);
    EXPECT_THAT(text_of(answer), HasSubstr("timeout: no connection to " + full + " in time"));
    EXPECT_FALSE(deadline.passed());

    Caller hasty(with(&RpcClientOptions::connect_timeout_ms, 100));
    EXPECT_THAT(text_of(hasty.client.call_and_wait(full, Call(kEcho), kLong)),
                HasSubstr("timeout: connecting to " + full + " took too long"));
    fillers.push_back(socket);
    for (const int one : fillers) ::close(one);
}

TEST(RpcClient, ConnectsAgainWhenTheServerIsBack) {
    const std::uint16_t port = free_port();
    const std::string address = fmt::format("127.0.0.1:{}", port);
    Caller caller(with(&RpcClientOptions::reconnect_gap_ms, 20));
    for (int round = 0; round < 3; ++round) {
        {
            NetWorld world;
            world.serve_echo();
            world.options.port = port;
            world.start();
            // Eager callers must not keep the pause after a failure from ever ending.
            EXPECT_TRUE(eventually([&] {
                return caller.client.call_and_wait(address, Call(kEcho, "x"), kLong).has_value();
            }));
        }
        EXPECT_TRUE(eventually([&] {
            return !caller.client.call_and_wait(address, Call(kEcho, "x"), kLong).has_value();
        }));
    }
}

TEST(RpcClient, FailsCallsWhoseConnectionBreaks) {
    NetWorld world;
    std::vector<Responder> held;
    Mutex mutex;
    world.serve(kEcho, [&](Request& request) {
        MutexLock lock(mutex);
        held.push_back(request.defer());
    });
    world.start();
    Caller caller;
    std::atomic<int> failed{0};
    for (int i = 0; i < 10; ++i) {
        caller.client.call(address_of(world), Call(kEcho), kLong, [&](Result<Answer> answer) {
            if (!answer && answer.error().code == Errc::kUnavailable) ++failed;
        });
    }
    ASSERT_TRUE(eventually([&] { return world.router.in_flight() == 10; }));
    world.stop();
    EXPECT_TRUE(eventually([&] { return failed == 10; }));
    MutexLock lock(mutex);
    for (Responder& one : held) one.drop();
}

TEST(RpcClient, BoundsTheCallsUnderWay) {
    NetWorld world;
    world.serve(kEcho, [](Request& request) { request.no_answer(); });
    world.serve(2, [](Request& request) { request.ok(); });
    world.start();
    Caller caller(with(&RpcClientOptions::in_flight_max, 2));
    std::atomic<int> ended{0};
    for (int i = 0; i < 2; ++i)
        caller.client.call(address_of(world), Call(kEcho), 300, [&](Result<Answer>) { ++ended; });
    EXPECT_EQ(text_of(caller.client.call_and_wait(address_of(world), Call(2), kLong)),
              "busy: 2 calls are under way, which is the bound");
    EXPECT_TRUE(eventually([&] { return ended == 2; }));
    EXPECT_TRUE(caller.client.call_and_wait(address_of(world), Call(2), kLong));
}

TEST(RpcClient, ReadsAnswersWhileItsRequestsPileUp) {
    NetWorld world;
    world.serve_echo();
    world.start();
    std::atomic<int> right{0};
    Caller caller;
    constexpr int kCalls = 200;
    const std::string body(256 << 10, 'x');  // more of each than the sockets and both sides hold
    for (int i = 0; i < kCalls; ++i) {
        caller.client.call(address_of(world), Call(kEcho, body), kLong, [&](Result<Answer> answer) {
            right += answer && answer->body == body ? 1 : 0;
        });
    }
    EXPECT_TRUE(eventually([&] { return right == kCalls; })) << right;
}

TEST(RpcClient, SendsOneWayRequests) {
    NetWorld world;
    std::atomic<int> seen{0};
    world.serve(kEcho, [&](Request& request) {
        if (request.command().is_oneway() && request.body() == "note") ++seen;
        request.ok();
    });
    world.start();
    Caller caller;
    caller.client.call_oneway(address_of(world), Call(kEcho, "note"));
    EXPECT_TRUE(eventually([&] { return seen == 1; }));
    caller.client.call_oneway("127.0.0.1:1", Call(kEcho));  // fails, and only the log hears of it
}

TEST(RpcClient, ServesWhatThePeerAsksOverTheSameConnection) {
    NetWorld world;
    std::atomic<int> answered{0};
    world.serve(kEcho, [&](Request& request) {
        wire::HeaderParts parts;
        parts.code = 40;
        const std::array<Slice, 1> body{Slice::own("are you there?")};
        request.connection().call(parts, body, kLong, [&](Result<const wire::Command*> answer) {
            if (answer && (*answer)->body == "are you there? yes") ++answered;
        });
        request.ok();
    });
    world.start();
    Caller caller;
    const auto lane = caller.router.add_processor({.name = "client"});
    caller.router.serve(
        40, lane, [](Request& request) { request.ok_body(std::string(request.body()) + " yes"); });
    EXPECT_TRUE(caller.client.call_and_wait(address_of(world), Call(kEcho), kLong));
    EXPECT_TRUE(eventually([&] { return answered == 1; }));
}

TEST(RpcClient, FailsEverythingPendingWhenItStops) {
    NetWorld world;
    world.serve(kEcho, [](Request& request) { request.no_answer(); });
    world.start();
    Caller caller;
    std::atomic<int> ended{0};
    for (int i = 0; i < 20; ++i) {
        caller.client.call(address_of(world), Call(kEcho), kLong, [&](Result<Answer> answer) {
            if (!answer && answer.error().code == Errc::kUnavailable) ++ended;
        });
    }
    caller.client.stop();
    EXPECT_TRUE(eventually([&] { return ended == 20; }));
    EXPECT_EQ(text_of(caller.client.call_and_wait(address_of(world), Call(kEcho), kLong)),
              "unavailable: the client is stopped");
    caller.client.stop();
}

TEST(RpcClient, MayEndWithCallsFromManyThreadsUnderWay) {
    NetWorld world;
    world.serve_echo();
    world.start();
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    {
        Caller caller;
        std::vector<std::thread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 200; ++i) {
                    ++begun;
                    caller.client.call(address_of(world), Call(kEcho, "x"), kLong,
                                       [&](Result<Answer>) { ++ended; });
                    if (i == 100) caller.client.stop();
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        EXPECT_TRUE(eventually([&] { return ended == begun; }));
    }
    EXPECT_EQ(ended, 600);
}

Result<Answer> ask(Caller& caller, NameServers& servers, Call call) {
    auto future =
        boost::asio::co_spawn(caller.pool.at(0).context(),
                              servers.async_call(std::move(call), 5000), boost::asio::use_future);
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready)
        return fail(Errc::kInternal, "the coroutine never ended");
    return future.get();
}

TEST(NameServers, GoOnToTheNextWhenOneDoesNotAnswer) {
    auto first = std::make_unique<NetWorld>();
    NetWorld second;
    first->serve(kEcho, [](Request& request) { request.ok_body("first"); });
    second.serve(kEcho, [](Request& request) { request.ok_body("second"); });
    first->start();
    second.start();
    Caller caller(with(&RpcClientOptions::reconnect_gap_ms, 0));
    NameServers servers(caller.client, fmt::format(" {} ;127.0.0.1:{};; {};", address_of(*first),
                                                   free_port(), address_of(second)));
    ASSERT_EQ(servers.addresses().size(), 3U);
    EXPECT_EQ(text_of(ask(caller, servers, Call(kEcho))), "first");
    EXPECT_EQ(text_of(ask(caller, servers, Call(kEcho))), "first") << "as long as it answers";
    first.reset();
    EXPECT_EQ(text_of(ask(caller, servers, Call(kEcho))), "second");
    EXPECT_EQ(text_of(ask(caller, servers, Call(kEcho))), "second");
    second.stop();
    EXPECT_FALSE(ask(caller, servers, Call(kEcho)));
}

TEST(NameServers, TellWhenThereAreNone) {
    Caller caller;
    NameServers none(caller.client, " ; ");
    EXPECT_EQ(text_of(ask(caller, none, Call(kEcho))),
              "invalid argument: no name server is configured");
}

}  // namespace
}  // namespace kx::net
