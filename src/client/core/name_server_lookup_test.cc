// SPDX-License-Identifier: Apache-2.0
//
// The HTTP question for name servers, against a web server of a few lines.
#include "client/core/name_server_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/read_until.hpp>
#include <thread>

#include "client/core/core_world.h"

namespace kx::client {
namespace {

using boost::asio::ip::tcp;
using testing::eventually;
using ::testing::HasSubstr;
using testing::KeptLog;
using testing::OwnCore;
using ::testing::StartsWith;

/// Answers each connection with the same bytes, or with silence.
class WebServer {
public:
    explicit WebServer(std::string answer) : answer_(std::move(answer)) {
        thread_ = std::thread([this] { run(); });
    }
    ~WebServer() {
        stopping_ = true;
        boost::system::error_code ignored;
        tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }
    std::string host() const {
        return fmt::format("127.0.0.1:{}", acceptor_.local_endpoint().port());
    }
    void answer(std::string answer) {
        MutexLock lock(mutex_);
        answer_ = std::move(answer);
    }
    int questions() const {
        MutexLock lock(mutex_);
        return questions_;
    }
    std::string question() const {
        MutexLock lock(mutex_);
        return question_;
    }

private:
    void run() {
        std::vector<tcp::socket> silent;
        while (true) {
            tcp::socket peer = acceptor_.accept();
            if (stopping_) return;
            std::string text;
            boost::system::error_code ignored;
            boost::asio::read_until(peer, boost::asio::dynamic_buffer(text), "\r\n\r\n", ignored);
            std::string answer;
            {
                MutexLock lock(mutex_);
                question_ = text;
                ++questions_;
                answer = answer_;
            }
            if (answer.empty())
                silent.push_back(std::move(peer));
            else
                boost::asio::write(peer, boost::asio::buffer(answer), ignored);
        }
    }

    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
    std::atomic<bool> stopping_{false};
    mutable Mutex mutex_;
    std::string answer_ KX_GUARDED_BY(mutex_);
    std::string question_ KX_GUARDED_BY(mutex_);
    int questions_ KX_GUARDED_BY(mutex_) = 0;
    std::thread thread_;
};

std::string ok_answer(const std::string& body) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

kerolox::ClientOptions asking(const WebServer& web, const KeptLog& kept) {
    KeptLog log = kept;
    kerolox::ClientOptions options;
    options.name_server_lookup(web.host()).require_name_server(false).log(log.sink());
    return options;
}

std::string looked_up(const std::string& answer, KeptLog log = {}) {
    const WebServer web(answer);
    OwnCore core(asking(web, log));
    if (!eventually([&] {
            return log.has("no name servers from") ||
                   core.on_home([&] { return !core->name_servers().empty(); });
        }))
        return "nothing happened";
    return core.on_home(
        [&] { return core->name_servers().empty() ? "" : core->name_servers().current(); });
}

TEST(NameServerLookup, TakesTheFirstLineOfAGoodAnswer) {
    EXPECT_EQ(looked_up(ok_answer(" 10.0.0.1:9876 \r\nrest\n")), "10.0.0.1:9876");
    EXPECT_EQ(looked_up("HTTP/1.0 200 OK\r\n\r\n10.0.0.1:9876"), "10.0.0.1:9876");
    EXPECT_EQ(looked_up("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "5\r\n10.0.\r\n8\r\n0.1:9876\r\n0\r\n\r\n"),
              "10.0.0.1:9876");
}

TEST(NameServerLookup, RefusesWhatIsNoList) {
    EXPECT_EQ(looked_up("HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\na:9876"), "");
    EXPECT_EQ(looked_up(ok_answer("<html>welcome:80</html>")), "");
    EXPECT_EQ(looked_up(ok_answer("")), "");
    EXPECT_EQ(looked_up(ok_answer("host-without-port")), "");
    EXPECT_EQ(looked_up("complete nonsense\r\n\r\n"), "");
    EXPECT_EQ(looked_up(ok_answer(std::string(1 << 20, 'x'))), "");
    EXPECT_EQ(looked_up("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x')), "");
}

TEST(NameServerLookup, AsksAsRocketMqDoes) {
    const WebServer web(ok_answer("10.0.0.1:9876"));
    KeptLog log;
    auto options = asking(web, log);
    options.set("unitName", "u1").name_server_lookup(web.host(), "mine");
    OwnCore core(options);
    ASSERT_TRUE(eventually([&] { return !web.question().empty(); }));
    EXPECT_THAT(web.question(), StartsWith("GET /rocketmq/mine-u1?nofix=1 HTTP/1.1\r\n"));
    EXPECT_THAT(web.question(), HasSubstr("Metaq-Client-RequestTS: "));
    EXPECT_THAT(web.question(), HasSubstr("Client-Version: "));
}

TEST(NameServerLookup, GivesUpOnASilentServer) {
    const WebServer silent("");
    KeptLog log;
    const std::int64_t start = system_clock().steady_ms();
    OwnCore core(asking(silent, log));
    EXPECT_TRUE(eventually([&] { return log.has("it takes too long"); }));
    EXPECT_LT(system_clock().steady_ms() - start, 5'000);
}

TEST(NameServerLookup, DoesNotHoldUpTheClientsEnd) {
    const WebServer silent("");
    KeptLog log;
    const std::int64_t start = system_clock().steady_ms();
    {
        const OwnCore core(asking(silent, log));
    }
    EXPECT_LT(system_clock().steady_ms() - start, 2'000);
}

kerolox::ClientOptions asking_soon(const WebServer& web, const KeptLog& kept = {}) {
    kerolox::ClientOptions options = asking(web, kept);
    Access::settings(options)->lookup_again_ms = 20;
    return options;
}

std::string first_name_server(OwnCore& core) {
    return core.on_home([&] {
        const auto& known = core->name_servers().addresses();
        return known.empty() ? std::string() : known.front();
    });
}

TEST(NameServerLookup, AsksAgainSoonWhileItKnowsNone) {
    WebServer web("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    OwnCore core(asking_soon(web));
    ASSERT_TRUE(eventually([&] { return web.questions() > 1; }));
    web.answer(ok_answer("10.0.0.1:9876"));
    EXPECT_TRUE(eventually([&] { return first_name_server(core) == "10.0.0.1:9876"; }));
}

TEST(NameServerLookup, AsksAgainSoonWhenNoNameServerAnswers) {
    WebServer web(ok_answer("127.0.0.1:1"));
    OwnCore core(asking_soon(web));
    ASSERT_TRUE(eventually([&] { return first_name_server(core) == "127.0.0.1:1"; }));
    FakeNameServer moved;
    web.answer(ok_answer(moved.address()));
    constexpr std::int32_t kAnyCode = 319;
    const auto ask = [](ClientCore& client) -> Awaitable<void> {
        (void)co_await client.ask_name_server(net::Call(kAnyCode));
    };
    core->spawn(ask(*core));
    EXPECT_TRUE(eventually([&] { return first_name_server(core) == moved.address(); }));
    // There is no hurry any more.
    int questions = 0;
    EXPECT_TRUE(eventually([&] {
        const int before = std::exchange(questions, web.questions());
        ::poll(nullptr, 0, 100);
        return web.questions() == before;
    }));
}

TEST(NameServerLookup, KnowsPortsAndPaths) {
    ClientConfig config;
    config.namesrv_domain = "jmenv.tbsite.net";
    EXPECT_EQ(lookup_address(config).host, "jmenv.tbsite.net");
    EXPECT_EQ(lookup_address(config).port, "8080");
    EXPECT_EQ(lookup_address(config).path, "/rocketmq/nsaddr");
    config.namesrv_domain = "[::1]:81";
    EXPECT_EQ(lookup_address(config).host, "::1");
    EXPECT_EQ(lookup_address(config).port, "81");
    config.namesrv_domain = "::1";
    EXPECT_EQ(lookup_address(config).host, "::1");
    EXPECT_EQ(lookup_address(config).port, "8080");
}

}  // namespace
}  // namespace kx::client
