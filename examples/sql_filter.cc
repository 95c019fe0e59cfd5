// SPDX-License-Identifier: Apache-2.0
//
// The broker picks messages by their properties (enablePropertyFilter=true in its configuration).
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int price = 0; price < 20; ++price) {
        Message message("ExampleSql", "price " + std::to_string(price));
        message.property("price", std::to_string(price)).property("region", "eu");
        example::must(producer.send(std::move(message)).get());
    }

    example::Tally came(9);
    PushConsumer consumer = example::must(client.push_consumer(
        PushOptions("example_sql")
            .start_from(StartFrom::first)
            .subscribe("ExampleSql", Filter::sql("price > 10 AND region = 'eu'"))
            .on_messages([&](const MessageBatch& batch) {
                for (const MessageView& message : batch) example::print("came:", message.text());
                came.add(batch.size());
                return ConsumeResult::success();
            })));
    came.wait();
}
