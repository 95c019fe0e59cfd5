// SPDX-License-Identifier: Apache-2.0
#include "client/core/name_server_lookup.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "client/core/client_core.h"

namespace kx::client {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

constexpr std::int64_t kLookupMs = 3'000;
constexpr std::size_t kAnswerBytesMax = 64 << 10;

/// One question. It lives on while the system's resolver keeps it; nobody waits for that.
class WebQuestion : public std::enable_shared_from_this<WebQuestion> {
public:
    WebQuestion(boost::asio::io_context& context, const LookupAddress& where)
        : host_(where.host), resolver_(context), stream_(context) {
        request_.method(http::verb::get);
        request_.version(11);
        request_.target(where.path);
        request_.set(http::field::host, where.host);
        request_.set(http::field::connection, "close");
        request_.set("Client-Version", "kerolox");
        parser_.body_limit(kAnswerBytesMax);
        parser_.header_limit(kAnswerBytesMax);
    }

    void ask(const std::string& port, std::int64_t wall_ms) {
        request_.set("Metaq-Client-RequestTS", std::to_string(wall_ms));
        resolver_.async_resolve(host_, port, [self = shared_from_this()](auto error, auto found) {
            if (self->has_failed(error)) return;
            self->stream_.async_connect(
                found, [self](auto failed, const tcp::endpoint&) { self->on_connected(failed); });
        });
    }
    void give_up() {
        outcome_ = Outcome{{}, "it takes too long"};
        resolver_.cancel();
        stream_.cancel();
    }

    struct Outcome {
        std::string text;
        std::string problem;
    };
    const std::optional<Outcome>& outcome() const { return outcome_; }

private:
    bool has_failed(const beast::error_code& error) {
        if (outcome_) return true;
        if (error) outcome_ = Outcome{{}, error.message()};
        return outcome_.has_value();
    }
    void on_connected(const beast::error_code& error) {
        if (has_failed(error)) return;
        http::async_write(stream_, request_,
                          [self = shared_from_this()](auto failed, std::size_t) {
                              if (!self->has_failed(failed)) self->read();
                          });
    }
    void read() {
        http::async_read(stream_, buffer_, parser_,
                         [self = shared_from_this()](auto failed, std::size_t) {
                             if (!self->has_failed(failed)) self->take();
                         });
    }
    void take() {
        const auto& answer = parser_.get();
        if (answer.result() != http::status::ok)
            outcome_ = Outcome{{}, fmt::format("HTTP status {}", answer.result_int())};
        else
            outcome_ = Outcome{answer.body(), {}};
    }

    const std::string host_;
    tcp::resolver resolver_;
    beast::tcp_stream stream_;
    http::request<http::empty_body> request_;
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
    std::optional<Outcome> outcome_;
};

std::string first_line(std::string_view text) {
    text = text.substr(0, text.find('\n'));
    constexpr std::string_view kBlank = " \t\r";
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
}

/// "a:9876;b:9876": a page of something else must not become a list of servers.
bool is_address_list(std::string_view list) {
    const auto addresses = net::split_addresses(list);
    return !addresses.empty() && std::ranges::all_of(addresses, [](const std::string& one) {
        const std::size_t colon = one.rfind(':');
        return colon != std::string::npos && colon > 0 && colon + 1 < one.size() &&
               one.find_first_not_of("0123456789", colon + 1) == std::string::npos &&
               one.find_first_of(" <>\"'/\t") == std::string::npos;
    });
}

}  // namespace

LookupAddress lookup_address(const ClientConfig& config) {
    LookupAddress where{config.namesrv_domain, "8080", "/rocketmq/"};
    // "[::1]:80" and "host:80" name a port, "::1" does not.
    const std::size_t colon = where.host.rfind(':');
    const bool has_port = colon != std::string::npos &&
                          (where.host.find(':') == colon || where.host[colon - 1] == ']');
    if (has_port) {
        where.port = where.host.substr(colon + 1);
        where.host.resize(colon);
    }
    if (where.host.size() > 2 && where.host.front() == '[' && where.host.back() == ']')
        where.host = where.host.substr(1, where.host.size() - 2);
    where.path += config.namesrv_domain_subgroup;
    if (!config.unit_name.empty()) where.path += fmt::format("-{}?nofix=1", config.unit_name);
    return where;
}

Awaitable<std::string> look_up_name_servers(ClientCore& core) {
    const LookupAddress where = lookup_address(core.config());
    const auto question = std::make_shared<WebQuestion>(core.home().context(), where);
    question->ask(where.port, core.clock().wall_ms());
    const std::int64_t deadline = core.clock().steady_ms() + kLookupMs;
    constexpr std::int64_t kLookMs = 5;
    while (!question->outcome()) {
        if (core.clock().steady_ms() < deadline && co_await core.sleep(kLookMs)) continue;
        question->give_up();
    }
    std::string list = first_line(question->outcome()->text);
    if (question->outcome()->problem.empty() && is_address_list(list)) co_return list;
    core.log(kerolox::LogLevel::warn, "client", "no name servers from http://{}:{}{}: {}",
             where.host, where.port, where.path,
             question->outcome()->problem.empty() ? "the answer is no list of addresses"
                                                  : question->outcome()->problem);
    co_return std::string();
}

}  // namespace kx::client
