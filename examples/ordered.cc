// SPDX-License-Identifier: Apache-2.0
//
// Messages of one key go to one queue, in the order they are sent; or you choose the queue.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));

    for (int step = 0; step < 5; ++step) {
        // Await each send before the next one of the same key: a failed one leaves no gap.
        SendReceipt receipt = example::must(
            producer.send_ordered("customer-7", Message("ExampleOrders", "step")).get());
        example::print("customer-7:", receipt.queue().describe());
    }

    auto last_queue = [](std::span<const Queue> queues, const Message&) {
        return queues.size() - 1;
    };
    SendReceipt receipt = example::must(
        producer.send_selected(last_queue, Message("ExampleOrders", "to the last queue")).get());
    example::print("selected:", receipt.queue().describe());

    Queue queue = receipt.queue();
    example::must(producer.send_to(std::move(queue), Message("ExampleOrders", "there too")).get());
}
