// SPDX-License-Identifier: Apache-2.0
//
// Messages one by one, each acknowledged for itself; no queues are shared out.
#include "example.h"

using namespace kerolox;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 10; ++i)
        example::must(producer.send(Message("ExamplePop", std::to_string(i))).get());

    PopConsumer consumer =
        example::must(client.pop_consumer(PopOptions("example_pop").start_from(StartFrom::first)));
    std::size_t done = 0;
    for (int round = 0; round < 30 && done < 10; ++round) {
        std::vector<PoppedMessage> popped = example::must(
            consumer.receive({.topic = "ExamplePop", .invisible = 30s, .wait = 1s}).get());
        for (const PoppedMessage& one : popped) {
            // Takes longer than expected? The new handle counts from here on.
            ReceiptHandle handle = example::must(consumer.change_invisible(one.handle, 60s).get());
            example::must(consumer.ack(handle).get());
            ++done;
        }
    }
    std::printf("%zu acknowledged\n", done);
    return done >= 10 ? 0 : 1;
}
