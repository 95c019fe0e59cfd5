// SPDX-License-Identifier: Apache-2.0
#include "client/client_context.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <boost/asio/post.hpp>
#include <cstring>
#include <future>
#include <memory>

#include "base/assert.h"

namespace kx::client {
namespace {

constexpr std::int64_t kDownMs = 1000;

net::RpcClientOptions rpc_options() {
    net::RpcClientOptions options;
    // What is in flight is bounded by messages, which may be large.
    options.limits.output_max_bytes = std::size_t{1} << 30;
    return options;
}

}  // namespace

ClientContext::ClientContext(net::IoPool& pool, const Options& options)
    : pool_(pool),
      router_(pool.at(0).clock()),
      rpc_(pool, router_, rpc_options()),
      routes_(rpc_, options.name_servers, options.new_topic_queues) {
    KX_ASSERT(pool.size() == 1, "a client of {} threads", pool.size());
}

void ClientContext::post(std::function<void()> work) {
    boost::asio::post(thread().context(), std::move(work));
}

void ClientContext::post_and_wait(std::function<void()> work) {
    std::promise<void> done;
    post([&work, &done] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

void BrokerLink::connect(std::function<void(Status)> done) {
    // One more post: a stopped RpcClient calls back at once.
    context_.post([this, done = std::move(done)]() mutable {
        context_.rpc().with_connection(
            address_, [this, done = std::move(done)](const Result<net::ConnectionPtr>& connection) {
                if (connection) connection_ = *connection;
                down_until_ms_ = connection ? 0 : context_.clock().steady_ms() + kDownMs;
                done(connection ? Status{} : Status(tl::unexpected(connection.error())));
            });
    });
}

model::HostPort own_host() {
    model::HostPort host;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return host;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> guard(list, ::freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
        if ((entry->ifa_flags & IFF_LOOPBACK) != 0 || (entry->ifa_flags & IFF_UP) == 0) continue;
        sockaddr_in address{};
        std::memcpy(&address, entry->ifa_addr, sizeof address);
        std::memcpy(host.address.data(), &address.sin_addr, 4);
        return host;
    }
    return host;
}

}  // namespace kx::client
