// SPDX-License-Identifier: Apache-2.0
//
// In a program of Boost.Asio: the application's own event loop and completion tokens.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "example.h"
#include "kerolox/asio.hpp"

using namespace kerolox;

namespace {

boost::asio::awaitable<void> send(Producer& producer, int& stored) {
    for (int i = 0; i < 10; ++i) {
        Async<SendReceipt> sending = producer.send(Message("ExampleTopic", "from Asio"));
        Result<SendReceipt> receipt =
            co_await complete(std::move(sending), boost::asio::use_awaitable);
        if (receipt) ++stored;
    }
}

}  // namespace

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    boost::asio::io_context loop;
    int stored = 0;
    boost::asio::co_spawn(loop, send(producer, stored), boost::asio::detached);
    loop.run();
    std::printf("%d stored\n", stored);
    return stored == 10 ? 0 : 1;
}
