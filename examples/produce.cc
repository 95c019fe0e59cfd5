// SPDX-License-Identifier: Apache-2.0
//
// Sends messages one after the other and looks at what the broker says.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));

    for (int i = 0; i < 3; ++i) {
        Message message("ExampleTopic", "hello " + std::to_string(i));
        message.tag("greeting").key("order-" + std::to_string(i)).property("region", "eu");
        Result<SendReceipt> receipt = producer.send(std::move(message)).get();
        if (!receipt) {
            // kind() and code() are for programs, describe() is for people.
            std::fprintf(stderr, "not sent: %s\n", receipt.error().describe().c_str());
            return 1;
        }
        // Anything but `ok` means: stored, but not yet flushed or replicated as asked for.
        if (!receipt->stored()) example::print("stored less safely:", to_string(receipt->status()));
        example::print(receipt->message_id(), receipt->queue().describe());
    }

    // One-way: handed to the connection, nobody answers.
    example::must(producer.send_oneway(Message("ExampleTopic", "a metric nobody will miss")));
    example::must(producer.close().get());
}
