// SPDX-License-Identifier: Apache-2.0
//
// The HTTP port over real sockets: a plain client speaks bytes, one thread runs the server.
#include "console/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

namespace kx::console {
namespace {

using boost::asio::ip::tcp;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
protected:
    void start(HttpOptions options = {}) {
        options.bind_address = "127.0.0.1";
        HttpServer::Routes routes = health_routes(
            {.why_not_ready = [this] { return reasons_; },
             .metrics =
                 [] {
                     return MetricRows{
                         {.name = "kerolox_up", .help = "1 while it runs", .value = 1}};
                 }});
        routes["/echo"] = [](std::string_view query) {
            return HttpReply{.body = std::string(query)};
        };
        auto server = HttpServer::listen(io_, std::move(options), std::move(routes));
        ASSERT_TRUE(server) << server.error().text;
        server_ = std::move(*server);
        thread_ = std::thread([this] { io_.run(); });
    }

    void TearDown() override {
        if (!thread_.joinable()) return;
        boost::asio::post(io_, [this] { server_->stop(); });
        thread_.join();  // run() returns only when no task of the server is left
    }

    tcp::socket connect() {
        tcp::socket socket(client_);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
        return socket;
    }

    /// Sends `bytes` and reads until the server closes.
    std::string exchange(const std::string& bytes) {
        tcp::socket socket = connect();
        boost::asio::write(socket, boost::asio::buffer(bytes));
        return read_all(socket);
    }
    static std::string read_all(tcp::socket& socket) {
        std::string answer;
        boost::system::error_code ended;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ended);
        return answer;
    }
    std::string get(const std::string& target) {
        return exchange("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }

    std::vector<std::string> reasons_;
    boost::asio::io_context io_{1};
    boost::asio::io_context client_{1};
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

TEST_F(HttpServerTest, AnswersHealth) {
    start();
    const std::string answer = get("/healthz");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nok\n"));
}

TEST_F(HttpServerTest, SaysWhyItIsNotReady) {
    reasons_ = {"the store recovers", "no name server answered"};
    start();
    const std::string answer = get("/readyz");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_THAT(answer, EndsWith("the store recovers\nno name server answered\n"));
}

TEST_F(HttpServerTest, ServesMetricsAsText) {
    start();
    const std::string answer = get("/metrics");
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
    EXPECT_THAT(answer, HasSubstr("# HELP kerolox_up 1 while it runs\n# TYPE kerolox_up gauge\n"
                                  "kerolox_up 1\n"));
}

TEST_F(HttpServerTest, PassesTheQueryOn) {
    start();
    EXPECT_THAT(get("/echo?a=1&b"), EndsWith("\r\n\r\na=1&b"));
    EXPECT_THAT(get("/nothing"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, SendsNoBodyToHead) {
    start();
    const std::string answer =
        exchange("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesOtherMethodsAndNeverReadsABody) {
    start();
    const std::string answer =
        exchange("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(HttpServerTest, KeepsAConnectionForTheNextRequest) {
    start();
    const std::string answer = exchange(
        "GET /echo?1 HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /echo?2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("\r\n\r\n1HTTP/1.1 200 OK"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n2"));
}

TEST_F(HttpServerTest, ClosesOnGarbageAndOnLongHeaders) {
    start();
    EXPECT_THAT(exchange("\x01\x02\x03 nonsense\r\n\r\n"), IsEmpty());
    EXPECT_THAT(exchange("GET / HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
                Not(HasSubstr("200")));
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ClosesASilentConnection) {
    start({.timeout_ms = 50});
    tcp::socket silent = connect();
    EXPECT_THAT(read_all(silent), IsEmpty());
}

TEST_F(HttpServerTest, ClosesConnectionsBeyondTheBound) {
    start({.connections_max = 2, .timeout_ms = 600'000});
    std::vector<tcp::socket> open;
    for (int i = 0; i < 2; ++i) {
        open.push_back(connect());
        // The answer shows that the server has taken the connection in.
        boost::asio::write(open.back(),
                           boost::asio::buffer(std::string("GET /echo?x HTTP/1.1\r\n\r\n")));
        std::string answer;
        boost::asio::read_until(open.back(), boost::asio::dynamic_buffer(answer), "\r\n\r\nx");
    }
    tcp::socket third = connect();
    EXPECT_THAT(read_all(third), IsEmpty());
    open.clear();
}

TEST_F(HttpServerTest, StopsWithConnectionsOpen) {
    start({.timeout_ms = 600'000});
    tcp::socket idle = connect();
    boost::asio::write(idle, boost::asio::buffer(std::string("GET /echo?x HTTP/1.1\r\n\r\n")));
    std::string answer;
    boost::asio::read_until(idle, boost::asio::dynamic_buffer(answer), "\r\n\r\nx");
    TearDown();
    EXPECT_THAT(read_all(idle), IsEmpty());
}

TEST_F(HttpServerTest, NamesAPortThatIsTaken) {
    start();
    const auto second =
        HttpServer::listen(client_, {.bind_address = "127.0.0.1", .port = server_->port()}, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kUnavailable);
    EXPECT_THAT(second.error().text, HasSubstr(std::to_string(server_->port())));
    EXPECT_THAT(second.error().text, HasSubstr("httpPort"));
}

TEST_F(HttpServerTest, NamesAnAddressThatIsNone) {
    const auto server = HttpServer::listen(io_, {.bind_address = "nowhere"}, {});
    ASSERT_FALSE(server);
    EXPECT_THAT(server.error().text, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace kx::console
