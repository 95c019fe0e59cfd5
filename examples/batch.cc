// SPDX-License-Identifier: Apache-2.0
//
// Many messages in one request: stored together or not at all.
#include <vector>

#include "example.h"

using namespace kerolox;

namespace {

std::vector<Message> make(int count, std::size_t size) {
    std::vector<Message> messages;
    for (int i = 0; i < count; ++i)
        messages.emplace_back("ExampleTopic", Bytes(std::string(size, 'b')));
    return messages;
}

}  // namespace

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));

    std::vector<SendReceipt> one = example::must(producer.send_batch(make(100, 200)).get());
    std::printf("%zu messages in one request\n", one.size());
    // More than one request may hold is split; receipts come in the messages' order.
    std::vector<SendReceipt> many = example::must(producer.send_batches(make(100, 100'000)).get());
    std::printf("%zu messages in several requests\n", many.size());
    return one.size() == 100 && many.size() == 100 ? 0 : 1;
}
