// SPDX-License-Identifier: Apache-2.0
//
// Who sent what when, written to RocketMQ's trace topic; its dashboards show it.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::must(Client::create(
        ClientOptions().name_servers(example::name_servers(argc, argv)).trace(true)));
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    SendReceipt receipt =
        example::must(producer.send(Message("ExampleTopic", "traced").key("order-1")).get());
    example::print("traced:", receipt.message_id());
    // Closing sends the traces that wait.
    example::must(client.close().get());
}
