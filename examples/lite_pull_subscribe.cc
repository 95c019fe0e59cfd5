// SPDX-License-Identifier: Apache-2.0
//
// Messages when you ask for them; the group shares the queues.
#include "example.h"

using namespace kerolox;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 10; ++i)
        example::must(producer.send(Message("ExampleLitePull", std::to_string(i))).get());

    LitePullConsumer consumer =
        example::must(client.lite_pull_consumer(LitePullOptions("example_lite_pull")
                                                    .start_from(StartFrom::first)
                                                    .auto_commit(0ms)
                                                    .subscribe("ExampleLitePull")));
    std::size_t seen = 0;
    for (int round = 0; round < 30 && seen < 10; ++round) {
        MessageBatch batch = example::must(consumer.poll(1s).get());  // empty: none came in time
        for (const MessageView& message : batch) example::print(message.id(), message.text());
        seen += batch.size();
        example::must(consumer.commit().get());
    }
    example::must(consumer.close().get());
    return seen >= 10 ? 0 : 1;
}
