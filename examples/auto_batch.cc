// SPDX-License-Identifier: Apache-2.0
//
// The producer puts small messages of one topic together by itself.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(
        ProducerOptions("example_producer")
            .auto_batch(
                {.bytes = 64 * 1024, .count = 200, .delay = std::chrono::milliseconds(5)})));

    constexpr int kMessages = 1000;
    example::Tally stored(kMessages);
    for (int i = 0; i < kMessages; ++i) {
        producer.send(Message("ExampleTopic", "small")).then([&](Result<SendReceipt> result) {
            if (result) stored.add();
        });
    }
    stored.wait();
    std::printf("%d stored\n", kMessages);
}
