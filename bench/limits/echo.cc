// SPDX-License-Identifier: Apache-2.0

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <system_error>

#include "common/connection.h"
#include "common/wire.h"
#include "limits/limits.h"
#include "limits/mapped_file.h"

namespace kx::bench {
namespace {

constexpr size_t kFileBytes = 256u << 20;

// The answer that a broker gives to a send, with all its fields.
const char kResponse[] =
    R"({"code":0,"extFields":{"queueId":"1","transactionId":"7F00000100002A9F0000000031747391",)"
    R"("msgId":"7F00000100002A9F0000000031747391","TRACE_ON":"true",)"
    R"("MSG_REGION":"DefaultRegion","queueOffset":"1000000"},"flag":1,"language":"JAVA",)"
    R"("opaque":1000000000,"serializeTypeCurrentRPC":"JSON","version":493})";

int listen_on(uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t size = sizeof(address);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::system_error(errno, std::generic_category(), "listen");
    }
    std::printf("%u\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

class Echo {
public:
    explicit Echo(const std::string& path)
        : log_(path, kFileBytes), response_(make_frame(kResponse, "")) {
        opaque_at_ = response_.find("\"opaque\":") + 9;
    }

    void answer(const Frame& request, Connection& to) {
        log_.append(request.whole.data(), request.whole.size());
        const std::optional<size_t> opaque = opaque_.find(request.header);
        if (!opaque || *opaque + kOpaqueDigits > request.header.size()) {
            throw std::runtime_error("a request whose opaque has not ten digits");
        }
        char* out = to.append(response_.size());
        std::memcpy(out, response_.data(), response_.size());
        std::memcpy(out + opaque_at_, request.header.data() + *opaque, kOpaqueDigits);
    }

private:
    MappedFile log_;
    std::string response_;
    size_t opaque_at_ = 0;
    FieldFinder opaque_{"opaque"};
};

}  // namespace

void run_echo(uint16_t port, const std::string& path) {
    Echo echo(path);
    Poller poller;
    const int listener = listen_on(port);
    poller.add(listener, nullptr);
    std::map<Connection*, std::unique_ptr<Connection>> connections;
    for (;;) {
        for (const Poller::Ready& ready : poller.wait(-1)) {
            if (ready.owner == nullptr) {
                const int socket = accept(listener, nullptr, nullptr);
                if (socket < 0) continue;
                auto connection = std::make_unique<Connection>(poller, socket);
                Connection* key = connection.get();
                connections.emplace(key, std::move(connection));
                continue;
            }
            if (ready.readable && !ready.owner->fill()) {
                connections.erase(ready.owner);
                continue;
            }
            ready.owner->drain([&](const Frame& request) { echo.answer(request, *ready.owner); });
            ready.owner->flush();
        }
    }
}

}  // namespace kx::bench
