// SPDX-License-Identifier: Apache-2.0
//
// Connections over real sockets: frames in, answers out, and every reason to close.
#include "net/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "support/net_world.h"

namespace kx::net {
namespace {

using kx::testing::eventually;
using kx::testing::Frame;
using kx::testing::json_frame;
using kx::testing::kEcho;
using kx::testing::NetWorld;
using kx::testing::RawClient;

std::string raw(std::int32_t length, std::uint32_t word, std::string_view rest = "") {
    std::string bytes;
    put_be(bytes, length);
    put_be(bytes, word);
    return bytes.append(rest);
}

TEST(Connection, AnswersARequest) {
    NetWorld world;
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    const auto answer = client.ask(json_frame(kEcho, 77, R"("language":"JAVA")", "hello"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code(), 0);
    EXPECT_EQ(answer->opaque(), 77);
    EXPECT_EQ(answer->header.at("flag"), 1);
    EXPECT_EQ(answer->header.at("version"), 493);
    EXPECT_EQ(answer->body, "hello");
}

TEST(Connection, AnswersAThousandRequestsOfOneWriteInOrder) {
    NetWorld world;
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    std::string all;
    for (int i = 0; i < 1000; ++i) all += json_frame(kEcho, i, "", std::to_string(i * i));
    ASSERT_TRUE(client.send(all));
    for (int i = 0; i < 1000; ++i) {
        const auto answer = client.read();
        ASSERT_TRUE(answer) << i;
        ASSERT_EQ(answer->opaque(), i);
        ASSERT_EQ(answer->body, std::to_string(i * i));
    }
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::frames_out) == 1000; }));
    EXPECT_EQ(world.sum(&IoProbe::frames_in), 1000);
}

TEST(Connection, TakesFramesByteByByte) {
    NetWorld world;
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    const std::string two = json_frame(kEcho, 1, "", "a") + json_frame(kEcho, 2, "", "b");
    for (const char byte : two) ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
    for (const int opaque : {1, 2}) {
        const auto answer = client.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->opaque(), opaque);
    }
}

TEST(Connection, TakesFramesUpToTheBoundOfTheProtocol) {
    NetWorld world;
    world.serve(kEcho,
                [](Request& request) { request.ok_body(std::to_string(request.body().size())); });
    world.start();
    RawClient client(world.port());
    const std::size_t head = json_frame(kEcho, 1).size();
    const std::string body(static_cast<std::size_t>(wire::kFrameBytesMax) - head, 'x');
    for (int round = 0; round < 2; ++round) {
        const auto answer = client.ask(json_frame(kEcho, 1, "", body));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body, std::to_string(body.size()));
    }
}

TEST(Connection, AnswersABinaryRequestInItsOwnEncoding) {
    NetWorld world;
    world.serve_echo();
    world.start();
    wire::HeaderParts parts;
    parts.encoding = wire::Encoding::kBinary;
    parts.code = kEcho;
    parts.opaque = 5;
    Buffer request;
    ASSERT_TRUE(wire::append_frame_head(request, parts, 0));
    RawClient client(world.port());
    const auto json = client.ask(request.view());
    ASSERT_TRUE(json);
    EXPECT_FALSE(json->binary);
    EXPECT_EQ(json->opaque(), 5);
    set_answer_encoding(wire::Encoding::kBinary);
    const auto binary = client.ask(request.view());
    set_answer_encoding(wire::Encoding::kJson);
    ASSERT_TRUE(binary);
    EXPECT_TRUE(binary->binary);
}

TEST(Connection, ClosesAPeerThatSendsGarbage) {
    NetWorld world;
    world.serve_echo();
    world.start();
    RawClient other(world.port());
    ASSERT_TRUE(other.ask(json_frame(kEcho, 1)));
    const std::vector<std::string> all{
        raw(0, 0),
        raw(-1, 0),
        raw(3, 0),
        raw(INT32_MIN, 0),
        raw(wire::kFrameBytesMax - 3, 10),
        raw(10, 7, "0123456"),
        raw(10, 0x02000002, "{}0000"),
        raw(4, 0),
        raw(9, 5, "{\"co:"),
        raw(6, 2, "[{"),
        raw(6, 0x01000002, "xx"),
        json_frame(kEcho, 1, R"("flag":4294967296)"),
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    std::int64_t closed = 0;
    for (const std::string& garbage : all) {
        RawClient client(world.port());
        client.send(json_frame(kEcho, 1, "", "before") + garbage);
        const auto before = client.read();
        ASSERT_TRUE(before) << "what came before the garbage is answered";
        if (garbage.ends_with("[{")) {
            EXPECT_TRUE(client.ask(json_frame(kEcho, 3))) << "an array is ignored";
            continue;
        }
        EXPECT_TRUE(client.sees_close())
            << nlohmann::json(garbage.substr(4))
                   .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
        ++closed;
        EXPECT_TRUE(other.ask(json_frame(kEcho, 2))) << "the others go on";
    }
    EXPECT_EQ(world.sum(&IoProbe::closed_malformed), closed);
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::connections) == 1; }));
}

TEST(Connection, LogsOneLineForAPeerThatSendsGarbage) {
    NetWorld world;
    world.serve_echo();
    world.start();
    const auto path = std::filesystem::temp_directory_path() /
                      fmt::format("kx-connection-test-{}.log", ::getpid());
    log::also_to_file(path);
    const auto lines_about = [&](const std::string& name) {
        std::ifstream in(path);
        int count = 0;
        for (std::string line; std::getline(in, line);)
            count += line.find(name + " closed") != std::string::npos ? 1 : 0;
        return count;
    };
    // The log's own rate limit may hold a line back: then the next peer tries.
    const bool logged = eventually([&] {
        RawClient client(world.port());
        const std::string name = client.name();
        client.send(raw(-1, 0));
        EXPECT_TRUE(client.sees_close());
        if (lines_about(name) == 0) return false;
        EXPECT_EQ(lines_about(name), 1);
        return true;
    });
    EXPECT_TRUE(logged);
    std::filesystem::remove(path);
}

TEST(Connection, IgnoresAJsonArrayAsHeader) {
    NetWorld world;
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    const auto answer = client.ask(raw(6, 2, "[]") + json_frame(kEcho, 9));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->opaque(), 9) << "no answer came before this one";
}

TEST(Connection, PausesReadingWhileThePeerDoesNot) {
    constexpr int kRequests = 300;
    ConnectionLimits limits;
    limits.output_high_bytes = 512 << 10;
    limits.output_low_bytes = 128 << 10;
    std::atomic<int> handled{0};
    NetWorld world(limits);
    world.serve(kEcho, [&](Request& request) {
        ++handled;
        request.ok_body(std::string(256 << 10, 'x'));
    });
    world.start();
    RawClient client(world.port(), 16 << 10);
    std::string all;
    for (int i = 0; i < kRequests; ++i) all += json_frame(kEcho, i);
    ASSERT_TRUE(client.send(all));
    // All requests are there in one read, and yet only a few may be answered into memory.
    ASSERT_TRUE(eventually([&] { return handled > 0; }));
    EXPECT_FALSE(eventually([&] { return handled > 60; }, 500)) << handled;
    for (int i = 0; i < kRequests; ++i) {
        const auto answer = client.read();
        ASSERT_TRUE(answer) << i;
        ASSERT_EQ(answer->opaque(), i);
        ASSERT_EQ(answer->body.size(), 256U << 10);
    }
    EXPECT_EQ(handled, kRequests);
}

TEST(Connection, IsClosedWhenTooMuchWaitsForASlowReader) {
    ConnectionLimits limits;
    limits.output_high_bytes = 1 << 30;
    limits.output_max_bytes = 4 << 20;
    NetWorld world(limits);
    world.serve_echo();
    world.serve(2, [](Request& request) { request.ok_body(std::string(15 << 20, 'x')); });
    world.start();
    RawClient slow(world.port(), 16 << 10);
    RawClient other(world.port());
    ASSERT_TRUE(slow.send(json_frame(2, 1)));
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::closed_slow) == 1; }));
    EXPECT_TRUE(slow.sees_close());
    EXPECT_TRUE(other.ask(json_frame(kEcho, 2)));
}

TEST(Connection, IsClosedWhenItsOutputDoesNotMove) {
    ConnectionLimits limits;
    limits.stalled_ms = 200;
    NetWorld world(limits);
    world.serve(2, [](Request& request) { request.ok_body(std::string(15 << 20, 'x')); });
    world.start();
    RawClient slow(world.port(), 16 << 10);
    ASSERT_TRUE(slow.send(json_frame(2, 1)));
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::closed_slow) == 1; }));
}

TEST(Connection, ServesASlowReaderThatMovesForLongerThanTheStallLimit) {
    ConnectionLimits limits;
    limits.stalled_ms = 1500;
    NetWorld world(limits);
    world.serve(2, [](Request& request) { request.ok_body(std::string(12 << 20, 'x')); });
    world.start();
    RawClient slow(world.port(), 16 << 10);
    for (int i = 0; i < 3; ++i) {
        const auto answer = slow.ask(json_frame(2, i));
        ASSERT_TRUE(answer) << i;
        EXPECT_EQ(answer->body.size(), 12U << 20);
    }
    EXPECT_EQ(world.sum(&IoProbe::closed_slow), 0);
}

TEST(Connection, IsClosedWhenIdleAndOnlyThen) {
    ConnectionLimits limits;
    limits.idle_ms = 400;
    NetWorld world(limits);
    world.serve_echo();
    world.start();
    RawClient busy(world.port());
    RawClient idle(world.port());
    ASSERT_TRUE(idle.ask(json_frame(kEcho, 1)));
    const bool closed = eventually([&] {
        EXPECT_TRUE(busy.ask(json_frame(kEcho, 2)));
        return world.sum(&IoProbe::closed_idle) == 1;
    });
    EXPECT_TRUE(closed);
    EXPECT_TRUE(idle.sees_close());
    EXPECT_TRUE(busy.ask(json_frame(kEcho, 3)));
}

TEST(Connection, TakesMemoryForInputOnlyWithinTheBudget) {
    ConnectionLimits limits;
    limits.input_budget = std::make_shared<InputBudget>(512 << 10);
    NetWorld world(limits);
    world.serve_echo();
    world.start();
    RawClient greedy(world.port());
    RawClient modest(world.port());
    for (int round = 0; round < 2; ++round) {  // and the connection goes on
        const auto refused = greedy.ask(json_frame(kEcho, 7, "", std::string(8 << 20, 'x')));
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->code(), 2);
        EXPECT_EQ(refused->opaque(), 7);
        EXPECT_THAT(refused->remark(), ::testing::HasSubstr("input buffers"));
        EXPECT_TRUE(greedy.ask(json_frame(kEcho, 8)));
    }
    EXPECT_TRUE(greedy.send(json_frame(kEcho, 9, R"("flag":2)", std::string(8 << 20, 'x')) +
                            json_frame(kEcho, 10)));
    const auto next = greedy.read();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->opaque(), 10) << "nobody waits for an answer to the one-way request";
    greedy.close();
    // A header that does not fit is answered by nothing: nobody knows whose it is.
    RawClient strange(world.port());
    strange.send_some(raw(8 << 20, 8 << 20, std::string(8 << 20, 'x')));
    EXPECT_TRUE(strange.sees_close());
    EXPECT_TRUE(modest.ask(json_frame(kEcho, 2)));
    for (int i = 0; i < 4; ++i) {  // it was given back, each time
        RawClient fits(world.port());
        const auto answer = fits.ask(json_frame(kEcho, 3, "", std::string(300 << 10, 'y')));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body.size(), 300U << 10);
        EXPECT_TRUE(fits.ask(json_frame(kEcho, 4)));
    }
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::connections) == 1; }));
    EXPECT_TRUE(limits.input_budget->take(512 << 10)) << "all of it is back";
}

TEST(Connection, AnAnnouncedLengthTakesNoMemory) {
    ConnectionLimits limits;
    limits.input_budget = std::make_shared<InputBudget>(1);
    NetWorld world(limits);
    world.serve_echo();
    world.start();
    std::vector<RawClient> clients;
    for (int i = 0; i < 50; ++i) {
        clients.emplace_back(world.port());
        ASSERT_TRUE(clients.back().send(raw(wire::kFrameBytesMax - 4, 100)));
    }
    RawClient other(world.port());
    EXPECT_TRUE(other.ask(json_frame(kEcho, 1)));
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::connections) == 51; }));
}

TEST(Connection, OfManyIsServedLikeTheFirst) {
    constexpr int kClients = 300;
    NetWorld world;
    world.serve_echo();
    world.start();
    std::vector<RawClient> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.emplace_back(world.port());
        ASSERT_TRUE(clients.back().connected());
    }
    for (RawClient& client : clients) ASSERT_TRUE(client.send(json_frame(kEcho, 1, "", "x")));
    for (RawClient& client : clients) ASSERT_TRUE(client.read());
    EXPECT_EQ(world.sum(&IoProbe::connections), kClients);
    for (std::size_t i = 0; i < world.pool.size(); ++i)
        EXPECT_GT(world.pool.at(i).probe().connections, kClients / 4) << "they are spread";
    clients.clear();
    EXPECT_TRUE(eventually([&] { return world.sum(&IoProbe::connections) == 0; }));
}

/// The server's side of a connection, in the hands of the test; outlives the world it watches.
class ServerSide {
public:
    void watch(NetWorld& world) {
        world.on_connect = [this](Connection& connection) {
            connection.on_close([this](Connection&) { ++closed; });
            MutexLock lock(mutex_);
            connection_ = connection.shared_from_this();
        };
    }
    ConnectionPtr get() {
        ConnectionPtr found;
        EXPECT_TRUE(eventually([&] {
            MutexLock lock(mutex_);
            found = connection_;
            return found != nullptr;
        }));
        return found;
    }
    std::atomic<int> closed{0};

private:
    Mutex mutex_;
    ConnectionPtr connection_ KX_GUARDED_BY(mutex_);
};

/// Outcomes of calls: the code of an answer, or the negative code of an error.
struct Outcomes {
    Mutex mutex;
    std::vector<std::string> texts KX_GUARDED_BY(mutex);
    AnswerCallback callback(const std::string& name) {
        return [this, name](Result<const wire::Command*> answer) {
            MutexLock lock(mutex);
            texts.push_back(name + " " +
                            (answer ? std::string((*answer)->body)
                                    : std::string(name_of(answer.error().code))));
        };
    }
    std::vector<std::string> get() {
        MutexLock lock(mutex);
        return texts;
    }
};

void call(const ConnectionPtr& connection, int code, std::int64_t timeout_ms,
          AnswerCallback callback) {
    connection->post([=](Connection& self) {
        wire::HeaderParts parts;
        parts.code = code;
        self.call(parts, {}, timeout_ms, callback);
    });
}

TEST(Connection, CarriesRequestsOfTheServerToTheClient) {
    ServerSide side;
    Outcomes outcomes;
    NetWorld world;
    side.watch(world);
    world.start();
    RawClient client(world.port());
    const auto connection = side.get();
    EXPECT_EQ(connection->peer(), client.name());
    call(connection, 40, 60'000, outcomes.callback("first"));
    call(connection, 220, 60'000, outcomes.callback("second"));
    const auto first = client.read();
    const auto second = client.read();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->code(), 40);
    EXPECT_EQ(second->code(), 220);
    EXPECT_NE(first->opaque(), second->opaque());
    // In any order, and an answer to nothing in between.
    client.send(json_frame(0, second->opaque(), R"("flag":1)", "two"));
    client.send(json_frame(0, 4711, R"("flag":1)", "nobody asked"));
    client.send(json_frame(0, first->opaque(), R"("flag":1)", "one"));
    client.send(json_frame(0, first->opaque(), R"("flag":1)", "twice"));
    ASSERT_TRUE(eventually([&] { return outcomes.get().size() == 2; }));
    EXPECT_THAT(outcomes.get(), ::testing::ElementsAre("second two", "first one"));
}

TEST(Connection, GathersTheAnswersOfOneTurn) {
    std::vector<Responder> waiting;  // the io thread's
    std::atomic<int> asked{0};
    std::atomic<std::size_t> before{0}, after{1};
    ServerSide side;
    NetWorld world;
    side.watch(world);
    world.serve(kEcho, [&](Request& request) {
        waiting.push_back(request.defer());
        ++asked;
    });
    world.start();
    RawClient client(world.port());
    ASSERT_TRUE(client.send(json_frame(kEcho, 1) + json_frame(kEcho, 2)));
    ASSERT_TRUE(eventually([&] { return asked == 2; }));
    side.get()->post([&](Connection& self) {
        self.thread().run_turn([&] {
            for (Responder& one : waiting) one.send({});
            before = self.pending_output();
        });
        after = self.pending_output();
        waiting.clear();
    });
    for (const int opaque : {1, 2}) {
        const auto answer = client.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->opaque(), opaque);
    }
    EXPECT_TRUE(eventually([&] { return after == 0; }));
    EXPECT_GT(before, 0U);
}

TEST(Connection, TellsCallersOfTimeAndOfTheEnd) {
    ServerSide side;
    Outcomes outcomes;
    NetWorld world;
    side.watch(world);
    world.start();
    RawClient client(world.port());
    const auto connection = side.get();
    call(connection, 40, 1, outcomes.callback("hasty"));
    ASSERT_TRUE(eventually([&] { return outcomes.get().size() == 1; }));
    call(connection, 40, 60'000, outcomes.callback("patient"));
    ASSERT_TRUE(client.read() && client.read());
    client.close();
    ASSERT_TRUE(eventually([&] { return outcomes.get().size() == 2; }));
    EXPECT_THAT(outcomes.get(), ::testing::ElementsAre("hasty timeout", "patient unavailable"));
    EXPECT_TRUE(eventually([&] { return side.closed == 1; }));
    EXPECT_FALSE(connection->is_open());
}

TEST(Connection, SendsOneWayRequestsUntilTheyPileUp) {
    ConnectionLimits limits;
    limits.output_max_bytes = 1 << 20;
    std::atomic<int> sent{0};
    std::atomic<bool> busy{false};
    ServerSide side;
    NetWorld world(limits);
    side.watch(world);
    world.start();
    RawClient client(world.port(), 16 << 10);
    side.get()->post([&](Connection& self) {
        wire::HeaderParts parts;
        parts.code = 40;
        const std::array<Slice, 1> body{Slice::own(std::string(100 << 10, 'x'))};
        for (int i = 0; i < 10'000 && !busy; ++i) {
            const auto status = self.call_oneway(parts, body);
            if (status)
                ++sent;
            else
                busy = status.error().code == Errc::kBusy;
        }
    });
    ASSERT_TRUE(eventually([&] { return busy.load(); }));
    const auto first = client.read();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->header.at("flag"), 2);
    EXPECT_LT(sent, 200);
}

}  // namespace
}  // namespace kx::net
