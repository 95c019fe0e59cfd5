// SPDX-License-Identifier: Apache-2.0
//
// From the frame to the handler and back: lanes, bounds, refusals, hooks, deferred answers.
#include "net/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "base/sync.h"
#include "support/net_world.h"

namespace kx::net {
namespace {

using kx::testing::eventually;
using kx::testing::Frame;
using kx::testing::json_frame;
using kx::testing::kEcho;
using kx::testing::NetWorld;
using kx::testing::RawClient;
using ::testing::ElementsAre;
using ::testing::StartsWith;
using wire::ResponseCode;

std::pair<int, std::string> outcome(const std::optional<Frame>& frame) {
    return frame ? std::pair(frame->code(), frame->remark()) : std::pair(-1, std::string("closed"));
}

/// Deferred answers in the hands of the test.
class Held {
public:
    void add(Responder responder) {
        MutexLock lock(mutex_);
        held_.push_back(std::move(responder));
    }
    std::size_t count() {
        MutexLock lock(mutex_);
        return held_.size();
    }
    Responder take() {
        EXPECT_TRUE(eventually([&] { return count() > 0; }));
        MutexLock lock(mutex_);
        Responder first = std::move(held_.front());
        held_.erase(held_.begin());
        return first;
    }

private:
    Mutex mutex_;
    std::vector<Responder> held_ KX_GUARDED_BY(mutex_);
};

TEST(Router, TellsUnknownCodesApart) {
    NetWorld world;
    world.start();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(99'999, 1))),
              std::pair(3, std::string(" request type 99999 not supported")));
    EXPECT_THAT(outcome(client.ask(json_frame(105, 2))).second,
                StartsWith(" request type 105 not supported; GET_ROUTEINFO_BY_TOPIC is a name "));
    EXPECT_EQ(client.ask(json_frame(0, 3))->code(), 3);
}

TEST(Router, NeverAnswersOneWayRequestsNotEvenWithErrors) {
    Held held;
    NetWorld world;
    world.serve_echo();
    world.serve(2, [](Request& request) { request.refuse(ResponseCode::kNoPermission, "no"); });
    world.serve(3, [](Request&) { throw std::runtime_error("broken"); });
    world.serve(4, [](Request&) {});
    world.serve(5, [&](Request& request) { held.add(request.defer()); });
    world.serve(6, [](Request& request) { static_cast<void>(request.defer()); });
    world.router.serve(7, world.worker_lane, [](Request& request) { request.ok(); });
    world.start();
    RawClient client(world.port());
    std::string all;
    for (const int code : {kEcho, 2, 3, 4, 5, 6, 7, 99'999})
        all += json_frame(code, 1, R"("flag":2)");
    ASSERT_TRUE(client.send(all));
    held.take().refuse(ResponseCode::kSystemError, "late");
    ASSERT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
    const auto answer = client.ask(json_frame(kEcho, 2));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->opaque(), 2);
    EXPECT_FALSE(client.has_input());
}

TEST(Router, TurnsExceptionsIntoAnswers) {
    NetWorld world;
    world.serve_echo();
    world.serve(2, [](Request&) { throw std::runtime_error("the shelf fell over"); });
    world.serve(3, [](Request&) { throw 42; });
    world.serve(4, [](Request& request) {
        const Responder later = request.defer();
        throw std::runtime_error("after defer");
    });
    world.serve(5, [](Request& request) {
        request.ok_body("answered");
        throw std::runtime_error("after the answer");
    });
    world.router.serve(6, world.worker_lane, [](Request&) { throw std::runtime_error("worker"); });
    world.start();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1))),
              std::pair(1, std::string("the shelf fell over")));
    EXPECT_EQ(outcome(client.ask(json_frame(3, 1))).first, 1);
    EXPECT_EQ(outcome(client.ask(json_frame(4, 1))).first, 1);
    EXPECT_EQ(client.ask(json_frame(5, 1))->body, "answered");
    EXPECT_EQ(outcome(client.ask(json_frame(6, 1))), std::pair(1, std::string("worker")));
    EXPECT_EQ(outcome(client.ask(json_frame(kEcho, 1))).first, 0);
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
}

TEST(Router, AnswersForAHandlerThatDoesNot) {
    NetWorld world;
    world.serve(2, [](Request&) {});
    world.serve(3, [](Request& request) { static_cast<void>(request.defer()); });
    world.serve(4, [](Request& request) {
        request.ok_body("first");
        request.ok_body("second");
    });
    world.serve(5, [](Request& request) { request.no_answer(); });
    world.start();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1))),
              std::pair(1, std::string("the handler gave no answer")));
    EXPECT_EQ(outcome(client.ask(json_frame(3, 2))),
              std::pair(1, std::string("the server dropped the request without an answer")));
    EXPECT_EQ(client.ask(json_frame(4, 3))->body, "first");
    EXPECT_EQ(client.ask(json_frame(5, 4) + json_frame(2, 5))->opaque(), 5)
        << "neither a second answer nor one that was declined";
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
}

TEST(Router, SendsAnswersThatWereDeferredFromAnyThread) {
    Held held;
    NetWorld world;
    world.serve(2, [&](Request& request) { held.add(request.defer()); });
    world.start();
    RawClient client(world.port());
    ASSERT_TRUE(client.send(json_frame(2, 1) + json_frame(2, 2) + json_frame(2, 3)));
    ASSERT_TRUE(eventually([&] { return held.count() == 3; }));
    EXPECT_EQ(world.router.in_flight(), 3);
    Responder first = held.take();
    Responder second = held.take();
    Responder third = held.take();
    EXPECT_EQ(second.opaque(), 2);
    EXPECT_EQ(second.code(), 2);
    EXPECT_FALSE(second.is_oneway());
    const std::array<Slice, 2> body{Slice::own("two "), Slice::own("pieces")};
    Reply reply;
    reply.body = body;
    second.send(reply);
    EXPECT_FALSE(second) << "it is spent";
    auto answer = client.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->opaque(), 2);
    EXPECT_EQ(answer->body, "two pieces");
    first = std::move(third);  // the first dies unanswered, and says so
    answer = client.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::pair(answer->opaque(), answer->code()), std::pair(1, 1));
    first.refuse(ResponseCode::kPullNotFound, "nothing");
    EXPECT_EQ(outcome(client.read()), std::pair(19, std::string("nothing")));
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
}

TEST(Router, LetsAnswersComeAfterTheirConnectionIsGone) {
    Held held;
    NetWorld world;
    world.serve(2, [&](Request& request) { held.add(request.defer()); });
    world.start();
    {
        RawClient client(world.port());
        ASSERT_TRUE(client.send(json_frame(2, 1) + json_frame(2, 2)));
        ASSERT_TRUE(eventually([&] { return held.count() == 2; }));
    }
    ASSERT_TRUE(eventually([&] { return world.sum(&IoProbe::connections) == 0; }));
    held.take().send({});
    static_cast<void>(held.take());
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
}

TEST(Router, RunsTheWorkerLaneOnAWorker) {
    NetWorld world;
    world.router.serve(2, world.worker_lane, [](Request& request) {
        char name[16] = {};
        pthread_getname_np(pthread_self(), name, sizeof name);
        const auto topic = request.command().fields.find("topic").value_or("");
        request.ok_body(fmt::format("{} {} {}", name, topic, request.body()));
    });
    world.start();
    RawClient client(world.port());
    std::string all;
    for (int i = 0; i < 100; ++i)
        all += json_frame(2, i, R"("extFields":{"topic":"a\u0041"})", std::to_string(i));
    ASSERT_TRUE(client.send(all));
    for (int i = 0; i < 100; ++i) {
        const auto answer = client.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body, fmt::format("worker-0 aA {}", answer->opaque()));
    }
}

TEST(Router, RefusesWorkWhenTheWorkersStop) {
    NetWorld world;
    world.router.serve(2, world.worker_lane, [](Request& request) { request.ok(); });
    world.start();
    world.workers.stop();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1))),
              std::pair(14, std::string("the server stops")));
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
}

TEST(Router, RefusesWhatIsOverTheBoundOfAProcessor) {
    Held held;
    NetWorld world;
    const auto narrow = world.router.add_processor({.name = "narrow", .queue_limit = 1});
    world.router.serve(2, narrow, [&](Request& request) { held.add(request.defer()); });
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    const auto refused = client.ask(json_frame(2, 1) + json_frame(2, 2));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->opaque(), 2);
    EXPECT_EQ(refused->code(), 2);
    EXPECT_THAT(refused->remark(), StartsWith("[OVERLOAD]system busy, start flow control for a "));
    EXPECT_EQ(outcome(client.ask(json_frame(kEcho, 3))).first, 0) << "others have their own bound";
    held.take().send({});
    EXPECT_EQ(client.read()->opaque(), 1);
    ASSERT_TRUE(client.send(json_frame(2, 4)));
    held.take().send({});
    EXPECT_EQ(outcome(client.read()).first, 0) << "there is room again";
    EXPECT_EQ(narrow->refused, 1);
    EXPECT_EQ(narrow->handled, 2);
}

TEST(Router, RefusesWhatWaitedTooLongForAWorker) {
    ManualClock clock;
    NetWorld world({}, 2, clock);
    std::latch entered(1);
    std::latch leave(1);
    const auto hasty =
        world.router.add_processor({.name = "hasty", .lane = Lane::kWorker, .wait_limit_ms = 200});
    world.router.serve(2, world.worker_lane, [&](Request& request) {
        entered.count_down();
        leave.wait();
        request.ok();
    });
    world.router.serve(3, hasty, [](Request& request) { request.ok(); });
    world.start();
    RawClient client(world.port());
    ASSERT_TRUE(client.send(json_frame(2, 1) + json_frame(3, 2)));
    entered.wait();
    ASSERT_TRUE(eventually([&] { return world.router.in_flight() == 2; }));
    ASSERT_TRUE(eventually([&] { return world.sum(&IoProbe::frames_in) == 2; }));
    clock.advance_ms(250);
    leave.count_down();
    EXPECT_EQ(client.read()->opaque(), 1);
    const auto refused = client.read();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code(), 2);
    EXPECT_THAT(refused->remark(),
                StartsWith("[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, "
                           "period in queue: 250ms, size of queue: "));
    EXPECT_EQ(outcome(client.ask(json_frame(3, 3))).first, 0);
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
}

TEST(Router, SendsAwayThoseWhoUnderstandItWhenItShutsDown) {
    NetWorld world;
    world.serve_echo();
    world.start();
    world.router.begin_shutdown();
    RawClient client(world.port());
    const auto with_version = [&](int version) {
        const std::string header = fmt::format(R"({{"code":1,"version":{}}})", version);
        std::string frame;
        put_be(frame, static_cast<std::int32_t>(4 + header.size()));
        put_be(frame, static_cast<std::int32_t>(header.size()));
        return outcome(client.ask(frame + header));
    };
    EXPECT_EQ(with_version(475).first, 0);
    EXPECT_EQ(with_version(0).first, 0);
    EXPECT_EQ(with_version(476), std::pair(1500, std::string("please go away")));
    EXPECT_EQ(with_version(493).first, 1500);
    EXPECT_EQ(outcome(client.ask(json_frame(99'999, 1))).first, 3) << "unknown comes first";
}

TEST(Router, AsksTheGateBeforeTheBound) {
    std::atomic<bool> shut{true};
    NetWorld world;
    world.serve(
        2, [](Request& request) { request.ok(); },
        [&]() -> std::optional<std::pair<ResponseCode, std::string>> {
            if (!shut) return std::nullopt;
            return std::pair(ResponseCode::kSystemBusy, std::string("[REJECTREQUEST]busy"));
        });
    world.start();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1))),
              std::pair(2, std::string("[REJECTREQUEST]busy")));
    EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
    shut = false;
    EXPECT_EQ(outcome(client.ask(json_frame(2, 2))).first, 0);
}

/// Writes down what it sees; refuses or throws on request.
class Diary final : public Hook {
public:
    explicit Diary(std::string name) : name_(std::move(name)) {}
    std::optional<std::pair<ResponseCode, std::string>> before(Request& request) override {
        note("before");
        const auto wish = request.command().fields.find(name_).value_or("");
        if (wish == "refuse") return std::pair(ResponseCode::kNoPermission, name_ + " refuses");
        if (wish == "throw") throw std::runtime_error(name_ + " throws");
        return std::nullopt;
    }
    void after(Request& request) override {
        note(fmt::format("after {}", static_cast<int>(request.answer_code())));
        if (request.command().fields.find(name_) == "throw after")
            throw std::runtime_error("too late");
    }
    static std::vector<std::string> take() {
        MutexLock lock(mutex_);
        return std::exchange(lines_, {});
    }

private:
    void note(const std::string& what) {
        MutexLock lock(mutex_);
        lines_.push_back(name_ + " " + what);
    }
    static inline Mutex mutex_;
    static inline std::vector<std::string> lines_ KX_GUARDED_BY(mutex_);
    std::string name_;
};

TEST(Router, LetsHooksSeeRefuseAndFail) {
    NetWorld world;
    Diary::take();
    world.router.add_hook(std::make_shared<Diary>("a"));
    world.router.add_hook(std::make_shared<Diary>("b"));
    world.serve_echo();
    world.serve(2, [](Request&) { throw std::runtime_error("handler"); });
    world.router.serve(3, world.worker_lane, [](Request& request) { request.ok(); });
    world.start();
    RawClient client(world.port());
    const auto ask = [&](int code, std::string_view fields) {
        const auto answer =
            outcome(client.ask(json_frame(code, 1, fmt::format(R"("extFields":{{{}}})", fields))));
        EXPECT_TRUE(eventually([&] { return world.router.in_flight() == 0; }));
        return answer;
    };
    EXPECT_EQ(ask(kEcho, "").first, 0);
    EXPECT_THAT(Diary::take(), ElementsAre("a before", "b before", "a after 0", "b after 0"));
    EXPECT_EQ(ask(kEcho, R"("a":"refuse")"), std::pair(16, std::string("a refuses")));
    EXPECT_THAT(Diary::take(), ElementsAre("a before", "a after 16", "b after 16"));
    EXPECT_EQ(ask(kEcho, R"("b":"throw")"), std::pair(1, std::string("b throws")));
    EXPECT_THAT(Diary::take(), ElementsAre("a before", "b before", "a after 1", "b after 1"));
    EXPECT_EQ(ask(2, ""), std::pair(1, std::string("handler")));
    EXPECT_THAT(Diary::take(), ElementsAre("a before", "b before", "a after 1", "b after 1"));
    EXPECT_EQ(ask(3, R"("a":"throw after")").first, 0);
    EXPECT_THAT(Diary::take(), ElementsAre("a before", "b before", "a after 0"));
    EXPECT_EQ(ask(3, R"("a":"throw")"), std::pair(1, std::string("a throws"))) << "on a worker";
}

TEST(Router, RefusesAnAnswerThatDoesNotFitTheProtocol) {
    Held held;
    NetWorld world;
    world.serve(2, [](Request& request) { request.ok_body(std::string(17 << 20, 'x')); });
    world.serve(3, [&](Request& request) { held.add(request.defer()); });
    world.serve_echo();
    world.start();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1))).first, 1);
    ASSERT_TRUE(client.send(json_frame(3, 2)));
    const std::array<Slice, 1> body{Slice::own(std::string(17 << 20, 'y'))};
    Reply reply;
    reply.body = body;
    held.take().send(reply);
    EXPECT_EQ(outcome(client.read()).first, 1);
    EXPECT_EQ(client.ask(json_frame(kEcho, 3, "", "fine"))->body, "fine");
}

struct Numbers {
    std::int32_t wanted = 0;
    static constexpr auto fields() {
        return std::array{field<&Numbers::wanted>("wanted", "", kRequired)};
    }
};

TEST(Router, HandlersRefuseHeadersThatDoNotParse) {
    NetWorld world;
    world.serve(2, [](Request& request) {
        const auto header = request.header<Numbers>();
        if (!header) return request.refuse(header.error());
        request.ok(*header);
    });
    world.start();
    RawClient client(world.port());
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1))),
              std::pair(1, std::string("the header field wanted is missing")));
    EXPECT_EQ(outcome(client.ask(json_frame(2, 1, R"("extFields":{"wanted":"x"})"))).first, 1);
    const auto answer = client.ask(json_frame(2, 1, R"("extFields":{"wanted":5})"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header.at("extFields").at("wanted"), "5");
}

}  // namespace
}  // namespace kx::net
