// SPDX-License-Identifier: Apache-2.0
//
// round_trip NAMESRV: uses a little of everything through the installed library and fails loudly.
#include <kerolox/kerolox.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>

using namespace kerolox;

namespace {

// A class of the application behind an interface of the library: vtables must fit.
class OwnMetrics : public MetricsSink {
public:
    void record(const Metric&) override {}
};

int fail(const char* what, const Error& error) {
    std::fprintf(stderr, "%s: %s\n", what, error.describe().c_str());
    return 1;
}

Task<Result<SendReceipt>> send_twice(Producer& producer) {
    Result<SendReceipt> first = co_await producer.send(Message("PackageTest", "one"));
    if (!first) co_return first;
    Result<SendReceipt> second = co_await producer.send(Message("PackageTest", "two"));
    co_return second;
}

}  // namespace

int main(int, char** argv) {
    const auto metrics = std::make_shared<OwnMetrics>();
    Result<Client> client = Client::create(ClientOptions().name_servers(argv[1]).metrics(metrics));
    if (!client) return fail("client", client.error());
    Result<Producer> producer = client->producer(ProducerOptions("package_test"));
    if (!producer) return fail("producer", producer.error());

    Result<SendReceipt> receipt =
        producer->send(Message("PackageTest", std::string(10'000, 'x')).tag("A").key("k")).get();
    if (!receipt) return fail("send", receipt.error());
    Result<SendReceipt> last = send_twice(*producer).run();
    if (!last) return fail("co_await send", last.error());
    std::printf("%.*s\n", static_cast<int>(last->message_id().size()), last->message_id().data());

    // What a callback throws ends in the log: unwinding passes through the library and back.
    producer->send(Message("PackageTest", "three")).then([](const Result<SendReceipt>&) {
        throw std::runtime_error("thrown by a callback");
    });
    Result<Client> nobody = Client::create(ClientOptions().name_servers("127.0.0.1:1"));
    if (nobody || nobody.error().kind() != ErrorKind::connect) return 2;
    if (Status closed = client->close().get(); !closed) return fail("close", closed.error());
    return 0;
}
