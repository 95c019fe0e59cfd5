// SPDX-License-Identifier: Apache-2.0
//
// Sends in a coroutine. Any coroutine may await an Async; Task is one for programs without their
// own.
#include <vector>

#include "example.h"

using namespace kerolox;

namespace {

Task<int> send_many(Producer& producer, int count) {
    // All are under way before the first is awaited.
    std::vector<Async<SendReceipt>> sends;
    for (int i = 0; i < count; ++i)
        sends.push_back(producer.send(Message("ExampleTopic", "from a coroutine")));
    int stored = 0;
    for (Async<SendReceipt>& send : sends) {
        Result<SendReceipt> receipt = co_await std::move(send);
        if (receipt && receipt->stored()) ++stored;
    }
    co_return stored;
}

}  // namespace

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    const int stored = send_many(producer, 100).run();
    std::printf("%d stored\n", stored);
    return stored == 100 ? 0 : 1;
}
