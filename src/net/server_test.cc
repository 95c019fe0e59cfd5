// SPDX-License-Identifier: Apache-2.0
//
// Listening, accepting, stopping; and the threads below.
#include "net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/net_world.h"

namespace kx::net {
namespace {

using kx::testing::Deadline;
using kx::testing::eventually;
using kx::testing::json_frame;
using kx::testing::kEcho;
using kx::testing::NetWorld;
using kx::testing::RawClient;
using ::testing::HasSubstr;

TEST(Server, TellsWhenThePortIsInUseAndWhatToDo) {
    NetWorld world;
    world.start();
    ServerOptions options = world.options;
    options.port = world.port();
    const auto second = Server::listen(options, world.pool, world.router);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kUnavailable);
    EXPECT_THAT(second.error().text,
                HasSubstr(fmt::format("cannot listen on 127.0.0.1:{}: the port is in use (another "
                                      "server? see 'ss -ltnp', or set another port)",
                                      world.port())));
}

TEST(Server, TellsWhenTheAddressIsNone) {
    NetWorld world;
    ServerOptions options;
    options.bind_address = "not an address";
    EXPECT_THAT(Server::listen(options, world.pool, world.router).error().text,
                HasSubstr("not an IP address"));
    options.bind_address = "203.0.113.7";
    EXPECT_FALSE(Server::listen(options, world.pool, world.router)) << "not one of ours";
}

TEST(Server, AcceptsOnlyOnceStarted) {
    NetWorld world;
    world.serve_echo();
    auto listening = Server::listen(world.options, world.pool, world.router);
    ASSERT_TRUE(listening);
    world.pool.start();
    RawClient early((*listening)->port());
    ASSERT_TRUE(early.connected()) << "it waits in the backlog";
    ASSERT_TRUE(early.send(json_frame(kEcho, 1)));
    EXPECT_FALSE(early.read(50));
    (*listening)->start();
    EXPECT_TRUE(early.read());
}

TEST(Server, KeepsOpenConnectionsWhenItStops) {
    NetWorld world;
    world.serve_echo();
    world.start();
    const std::uint16_t port = world.port();
    RawClient open(port);
    ASSERT_TRUE(open.ask(json_frame(kEcho, 1)));
    world.server->stop();
    world.server->stop();
    EXPECT_TRUE(open.ask(json_frame(kEcho, 2)));
    EXPECT_FALSE(RawClient(port).connected());
    world.pool.stop();
    EXPECT_TRUE(open.sees_close());
}

TEST(Server, ListensAgainOnThePortItLeft) {
    std::uint16_t port = 0;
    for (int round = 0; round < 3; ++round) {
        NetWorld world;
        world.serve_echo();
        world.options.port = port;
        world.start();
        port = world.port();
        RawClient client(port);
        ASSERT_TRUE(client.ask(json_frame(kEcho, 1)));
        world.stop();  // with the connection open: it leaves TIME_WAIT behind
    }
}

TEST(Server, EndsAtOnceWhenItsThreadsNeverRan) {
    const Deadline deadline(1500);
    {
        NetWorld world;
        auto listening = Server::listen(world.options, world.pool, world.router);
        ASSERT_TRUE(listening);
        (*listening)->start();
    }
    EXPECT_FALSE(deadline.passed());
}

TEST(Server, StopsWhileClientsComeAndGoAndTalk) {
    for (int round = 0; round < 10; ++round) {
        auto met = std::make_unique<std::atomic<int>>(0);
        NetWorld world;
        world.serve_echo();
        world.on_connect = [count = met.get()](Connection&) { ++*count; };
        world.router.serve(2, world.worker_lane, [](Request& request) { request.ok(); });
        world.start();
        std::atomic<bool> done{false};
        std::vector<std::thread> crowd;
        for (int t = 0; t < 2; ++t) {
            crowd.emplace_back([&, port = world.port()] {
                while (!done) {
                    RawClient client(port);
                    if (!client.connected()) continue;
                    client.send(json_frame(kEcho, 1) + json_frame(2, 2));
                    client.read(5);
                }
            });
        }
        EXPECT_TRUE(eventually([&] { return *met > 5; }));
        world.server->stop();
        met.reset();  // on_connect runs no more: ASan would tell
        world.stop();
        done = true;
        for (std::thread& one : crowd) one.join();
    }
}

TEST(Server, ListensOnIpv6) {
    NetWorld world;
    world.serve_echo();
    std::string peer;
    Mutex mutex;
    world.on_connect = [&](Connection& connection) {
        MutexLock lock(mutex);
        peer = connection.peer();
        EXPECT_TRUE(connection.peer_host().is_v6 || peer.starts_with("127.0.0.1"));
    };
    world.options.bind_address = "::";
    auto listening = Server::listen(world.options, world.pool, world.router);
    if (!listening) GTEST_SKIP() << "no IPv6 here: " << listening.error().text;
    (*listening)->on_connect(world.on_connect);
    world.pool.start();
    (*listening)->start();
    RawClient client((*listening)->port());  // over IPv4, mapped
    ASSERT_TRUE(client.ask(json_frame(kEcho, 1)));
    {
        MutexLock lock(mutex);
        EXPECT_EQ(peer, client.name());
    }
    (*listening)->stop();
}

TEST(IoPool, RunsOneThreadACoreUnlessTold) {
    IoPool pool(0, system_clock());
    EXPECT_EQ(pool.size(), std::max(1U, std::thread::hardware_concurrency()));
    IoPool three(3, system_clock());
    EXPECT_EQ(three.size(), 3U);
    three.start();
    three.stop();
    three.stop();
}

TEST(IoThread, KnowsItselfAndTicks) {
    IoPool pool(2, system_clock());
    std::atomic<int> ticks{0};
    std::atomic<int> strangers{0};
    for (std::size_t i = 0; i < pool.size(); ++i) {
        pool.at(i).on_tick(&pool, [&, i] {
            ++ticks;
            if (!pool.at(i).is_current() || pool.at(1 - i).is_current()) ++strangers;
        });
    }
    pool.start();
    std::atomic<int> late{0};
    pool.at(1).on_tick(&late, [&] { ++late; });
    EXPECT_TRUE(eventually([&] { return late >= 2; }));
    pool.at(1).remove_hooks(&late);
    const int before = late;
    EXPECT_FALSE(pool.at(0).is_current());
    EXPECT_TRUE(eventually([&] { return ticks >= 6; }));
    pool.stop();
    EXPECT_EQ(strangers, 0);
    EXPECT_EQ(late, before) << "a removed hook runs no more";
    std::thread([&] { EXPECT_FALSE(pool.at(0).is_current() || pool.at(1).is_current()); }).join();
}

TEST(Workers, FinishWhatIsQueuedAndTakeNoMore) {
    std::atomic<int> done{0};
    Workers workers(3);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(workers.post([&] { ++done; }));
    workers.stop();
    EXPECT_EQ(done, 1000);
    EXPECT_FALSE(workers.post([&] { ++done; }));
    workers.stop();
    EXPECT_EQ(done, 1000);
}

}  // namespace
}  // namespace kx::net
