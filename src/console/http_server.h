// SPDX-License-Identifier: Apache-2.0
//
// The small HTTP port of a server: health, metrics, and later the console. GET and HEAD only.
//
// Everything here runs on the io_context's thread (one thread runs it), handlers included: they
// must not block. At most 64 connections, 8 KiB of header, no body, 5 s for each read and write.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/probe.h"
#include "base/result.h"

namespace kx::console {

struct HttpReply {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
};

/// Called with what follows the '?' of the target, or an empty text.
using HttpHandler = std::function<HttpReply(std::string_view query)>;

struct HttpOptions {
    std::string bind_address = "0.0.0.0";
    std::uint16_t port = 0;  ///< 0: the system chooses
    std::size_t connections_max = 64;
    std::int64_t timeout_ms = 5'000;
};

class HttpServer {
public:
    using Routes = std::map<std::string, HttpHandler, std::less<>>;

    /// Binds and accepts. Fails with the address when the port is taken.
    static Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& io,
                                                      HttpOptions options, Routes routes);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;
    /// Closes the port and every connection; idempotent. The tasks end as the context runs on. Call
    /// it on the context's thread, or when nobody runs it.
    void stop();

private:
    struct Shared;
    explicit HttpServer(std::shared_ptr<Shared> shared);

    std::shared_ptr<Shared> shared_;
};

/// What the standard routes ask. Called on the context's thread.
struct HealthSource {
    /// Why no traffic should come here now; empty: it may.
    std::function<std::vector<std::string>()> why_not_ready;
    std::function<MetricRows()> metrics;
};

/// /healthz (the process answers), /readyz (503 and the reasons, one a line), /metrics.
HttpServer::Routes health_routes(HealthSource source);

}  // namespace kx::console
