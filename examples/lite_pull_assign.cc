// SPDX-License-Identifier: Apache-2.0
//
// Reads queues of one's own choice from a place of one's own choice; nobody shares them.
#include "example.h"

using namespace kerolox;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 10; ++i)
        example::must(producer.send(Message("ExampleAssign", std::to_string(i))).get());

    LitePullConsumer consumer =
        example::must(client.lite_pull_consumer(LitePullOptions("example_assign")));
    std::vector<Queue> queues = example::must(consumer.queues("ExampleAssign").get());
    example::must(consumer.assign(queues));
    for (const Queue& queue : queues) example::must(consumer.seek_to_begin(queue).get());

    std::size_t seen = 0;
    for (int round = 0; round < 30 && seen < 10; ++round)
        seen += example::must(consumer.poll(1s).get()).size();
    std::printf("%zu messages from %zu queues\n", seen, queues.size());

    consumer.pause(queues);  // nothing more comes from them until resume()
    consumer.resume(queues);
    return seen >= 10 ? 0 : 1;
}
