// SPDX-License-Identifier: Apache-2.0
//
// One pull at a time, offsets by hand: for tools that walk through a topic.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 10; ++i)
        example::must(producer.send(Message("ExamplePull", std::to_string(i))).get());

    PullConsumer consumer = example::must(client.pull_consumer(PullOptions("example_pull")));
    std::size_t seen = 0;
    for (const Queue& queue : example::must(consumer.queues("ExamplePull").get())) {
        std::int64_t offset = example::must(consumer.min_offset(queue).get());
        const std::int64_t end = example::must(consumer.max_offset(queue).get());
        while (offset < end) {
            PullResult pulled =
                example::must(consumer.pull({.queue = queue, .offset = offset}).get());
            seen += pulled.messages.size();
            offset = pulled.next_offset;
        }
        example::must(consumer.commit(queue, offset).get());
    }
    std::printf("%zu messages\n", seen);
    return seen >= 10 ? 0 : 1;
}
