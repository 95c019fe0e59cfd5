// SPDX-License-Identifier: Apache-2.0
//
// Each queue's messages come one after the other, to one member of the group at a time.
#include <map>

#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 12; ++i) {
        const std::string customer = "customer-" + std::to_string(i % 3);
        example::must(
            producer.send_ordered(customer, Message("ExamplePushOrdered", std::to_string(i)))
                .get());
    }

    example::Tally came(12);
    std::mutex mutex;
    std::map<std::int32_t, std::int64_t> last;
    bool in_order = true;
    PushConsumer consumer = example::must(client.push_consumer(
        PushOptions("example_push_ordered")
            .start_from(StartFrom::first)
            .subscribe("ExamplePushOrdered")
            .on_messages_in_order([&](const MessageBatch& batch) {
                const std::lock_guard guard(mutex);
                for (const MessageView& message : batch) {
                    auto [entry, is_first] = last.try_emplace(message.queue().id, -1);
                    in_order &= message.queue_offset() > entry->second;
                    entry->second = message.queue_offset();
                }
                came.add(batch.size());
                // Or suspend(): the same messages again after a second, nothing overtakes them.
                return OrderlyResult::success();
            })));
    came.wait();
    example::must(consumer.close().get());
    return in_order ? 0 : 1;
}
