// SPDX-License-Identifier: Apache-2.0
//
// Messages that are delivered later, and one that is taken back.
#include "example.h"

using namespace kerolox;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));

    // Level 1 of the broker's table: one second. Every RocketMQ knows levels.
    example::must(producer.send(Message("ExampleDelay", "by level").delay_level(1)).get());
    // Any time: RocketMQ 5 and newer.
    example::must(producer.send(Message("ExampleDelay", "by time").deliver_after(2s)).get());
    SendReceipt far =
        example::must(producer.send(Message("ExampleDelay", "never seen").deliver_after(1h)).get());
    example::print(
        "recalled:",
        example::must(producer.recall("ExampleDelay", std::string(far.recall_handle())).get()));

    example::Tally came(2);
    PushConsumer consumer =
        example::must(client.push_consumer(PushOptions("example_delay")
                                               .start_from(StartFrom::first)
                                               .subscribe("ExampleDelay")
                                               .on_messages([&](const MessageBatch& batch) {
                                                   for (const MessageView& message : batch)
                                                       example::print("came:", message.text());
                                                   came.add(batch.size());
                                                   return ConsumeResult::success();
                                               })));
    came.wait();
}
