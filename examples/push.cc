// SPDX-License-Identifier: Apache-2.0
//
// Messages come to a listener on many threads; the members of a group share them.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 10; ++i) {
        Message message("ExamplePush", "number " + std::to_string(i));
        message.tag(i % 2 == 0 ? "even" : "odd");
        example::must(producer.send(std::move(message)).get());
    }

    example::Tally came(5);
    PushConsumer consumer = example::must(
        client.push_consumer(PushOptions("example_push")
                                 .start_from(StartFrom::first)
                                 .subscribe("ExamplePush", Filter::tags("even || other"))
                                 .threads(4)
                                 .on_messages([&](const MessageBatch& batch) {
                                     // A view keeps the whole answer it came in (256 KiB): detach()
                                     // what you keep long.
                                     for (const MessageView& message : batch)
                                         example::print(message.id(), message.text());
                                     came.add(batch.size());
                                     // Or later(): it comes again after a delay; after 16 times,
                                     // dead letters.
                                     return ConsumeResult::success();
                                 })));
    came.wait();
    // Waits for listeners, stores offsets, gives its queues to the others of the group.
    example::must(consumer.close().get());
}
