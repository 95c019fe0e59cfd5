// SPDX-License-Identifier: Apache-2.0
#include "console/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <unordered_set>

#include "base/log.h"
#include "console/metrics_text.h"

namespace kx::console {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

using Stream = beast::basic_stream<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;
template <class T>
using HttpTask = asio::awaitable<T, asio::io_context::executor_type>;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{});

constexpr std::uint32_t kHeaderBytesMax = 8 << 10;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

using HttpRequest = http::request<http::empty_body>;
using HttpResponse = http::response<http::string_body>;

HttpResponse response_to(const HttpRequest& request, HttpReply reply) {
    HttpResponse response(static_cast<http::status>(reply.status), request.version());
    response.set(http::field::server, "kerolox");
    response.set(http::field::content_type, reply.content_type);
    response.set(http::field::cache_control, "no-store");
    response.keep_alive(request.keep_alive());
    if (reply.status == 405) response.set(http::field::allow, "GET, HEAD");
    response.content_length(reply.body.size());
    if (request.method() != http::verb::head) response.body() = std::move(reply.body);
    return response;
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// Owned by the server and by every task: a task may end after the server is gone.
struct HttpServer::Shared {
    Shared(asio::io_context& io, HttpOptions wanted, Routes served)
        : options(std::move(wanted)), routes(std::move(served)), acceptor(io), pause(io) {}

    Status bind();
    HttpReply answer(const HttpRequest& request) const;
    void close();

    static HttpTask<void> accept_loop(std::shared_ptr<Shared> self);
    static HttpTask<void> serve(std::shared_ptr<Shared> self, Socket socket);
    static HttpTask<void> converse(std::shared_ptr<Shared> self, std::shared_ptr<Stream> stream);

    const HttpOptions options;
    const Routes routes;
    Acceptor acceptor;
    Timer pause;
    std::unordered_set<Stream*> streams;
    std::uint16_t port = 0;
    bool stopped = false;
};

Status HttpServer::Shared::bind() {
    const auto failed = [this](const boost::system::error_code& error) {
        return fail(Errc::kUnavailable, "HTTP port {}:{}: {} (the key httpPort names another one)",
                    options.bind_address, options.port, error.message());
    };
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options.bind_address, error);
    if (error) return failed(error);
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(static_cast<int>(options.connections_max), error);
    if (error) return failed(error);
    port = acceptor.local_endpoint(error).port();
    if (error) return failed(error);
    return {};
}

HttpReply HttpServer::Shared::answer(const HttpRequest& request) const {
    if (request.method() != http::verb::get && request.method() != http::verb::head)
        return {.status = 405, .body = "only GET and HEAD are served here\n"};
    std::string_view path = view(request.target());
    std::string_view query;
    if (const std::size_t mark = path.find('?'); mark != std::string_view::npos) {
        query = path.substr(mark + 1);
        path = path.substr(0, mark);
    }
    const auto route = routes.find(path);
    if (route == routes.end()) return {.status = 404, .body = "nothing here\n"};
    return route->second(query);
}

void HttpServer::Shared::close() {
    stopped = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    for (Stream* stream : streams) stream->close();
}

HttpTask<void> HttpServer::Shared::accept_loop(std::shared_ptr<Shared> self) {
    while (!self->stopped) {
        auto [error, socket] = co_await self->acceptor.async_accept(kResult);
        if (self->stopped) break;
        if (error) {
            // Out of descriptors, most likely: asking again at once would only burn the processor.
            KX_LOG_LIMITED(warn, "console", "the HTTP port cannot accept: {}", error.message());
            self->pause.expires_after(kAcceptPause);
            co_await self->pause.async_wait(kResult);
            continue;
        }
        if (self->streams.size() >= self->options.connections_max) {
            KX_LOG_LIMITED(warn, "console", "more than {} HTTP connections, one was closed",
                           self->options.connections_max);
            continue;
        }
        asio::co_spawn(self->acceptor.get_executor(), serve(self, std::move(socket)),
                       asio::detached);
    }
}

HttpTask<void> HttpServer::Shared::serve(std::shared_ptr<Shared> self, Socket socket) {
    const auto stream = std::make_shared<Stream>(std::move(socket));
    self->streams.insert(stream.get());
    co_await converse(self, stream);
    self->streams.erase(stream.get());
}

HttpTask<void> HttpServer::Shared::converse(std::shared_ptr<Shared> self,
                                            std::shared_ptr<Stream> stream) {
    const auto timeout = std::chrono::milliseconds(self->options.timeout_ms);
    beast::flat_buffer buffer(std::size_t{2} * kHeaderBytesMax);
    while (!self->stopped) {
        http::request_parser<http::empty_body> parser;
        parser.header_limit(kHeaderBytesMax);
        parser.body_limit(boost::none);  // no body is ever read: its length does not matter
        stream->expires_after(timeout);
        const auto [read_error, read] =
            co_await http::async_read_header(*stream, buffer, parser, kResult);
        if (read_error) break;  // closed, too slow, too large, no HTTP: nothing to say

        HttpResponse response = response_to(parser.get(), self->answer(parser.get()));
        if (!parser.is_done()) response.keep_alive(false);  // a body is never read
        stream->expires_after(timeout);
        const auto [write_error, written] = co_await http::async_write(*stream, response, kResult);
        if (write_error || !response.keep_alive()) break;
    }
    boost::system::error_code ignored;
    stream->socket().shutdown(tcp::socket::shutdown_send, ignored);
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& io, HttpOptions options,
                                                       Routes routes) {
    auto shared = std::make_shared<Shared>(io, std::move(options), std::move(routes));
    KX_CHECK(shared->bind());
    asio::co_spawn(io, Shared::accept_loop(shared), asio::detached);
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(shared)));
}

HttpServer::HttpServer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
HttpServer::~HttpServer() { stop(); }
std::uint16_t HttpServer::port() const { return shared_->port; }

void HttpServer::stop() {
    if (!shared_->stopped) shared_->close();
}

HttpServer::Routes health_routes(HealthSource source) {
    HttpServer::Routes routes;
    routes["/healthz"] = [](std::string_view) { return HttpReply{.body = "ok\n"}; };
    routes["/readyz"] = [ask = std::move(source.why_not_ready)](std::string_view) {
        const std::vector<std::string> reasons = ask();
        if (reasons.empty()) return HttpReply{.body = "ready\n"};
        HttpReply reply{.status = 503};
        for (const std::string& reason : reasons) reply.body += reason + "\n";
        return reply;
    };
    routes["/metrics"] = [ask = std::move(source.metrics)](std::string_view) {
        return HttpReply{.content_type = std::string(kMetricsContentType),
                         .body = metrics_text(ask())};
    };
    return routes;
}

}  // namespace kx::console
