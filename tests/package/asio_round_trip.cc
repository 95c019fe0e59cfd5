// SPDX-License-Identifier: Apache-2.0
//
// asio_round_trip NAMESRV: the same with the application's own Boost.Asio.
#include <kerolox/asio.hpp>
#include <kerolox/kerolox.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <optional>

int main(int, char** argv) {
    using namespace kerolox;
    Result<Client> client = Client::create(ClientOptions().name_servers(argv[1]));
    if (!client) return 1;
    Result<Producer> producer = client->producer(ProducerOptions("package_test"));
    if (!producer) return 1;

    boost::asio::io_context loop;
    std::optional<Result<SendReceipt>> outcome;
    complete(producer->send(Message("PackageTest", "asio")),
             boost::asio::bind_executor(loop, [&outcome](Result<SendReceipt> result) {
                 outcome.emplace(std::move(result));
             }));
    loop.run();
    if (!outcome || !*outcome) {
        std::fprintf(stderr, "%s\n", outcome ? outcome->error().describe().c_str() : "nothing");
        return 1;
    }
    return 0;
}
