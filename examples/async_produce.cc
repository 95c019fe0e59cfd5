// SPDX-License-Identifier: Apache-2.0
//
// Many sends at once, with callbacks and with futures.
#include <atomic>
#include <vector>

#include "example.h"
#include "kerolox/future.hpp"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    // When 1000 messages are under way a further send waits, within its timeout.
    Producer producer = example::must(client.producer(
        ProducerOptions("example_producer").in_flight(1000, 16 << 20, BackPressure::wait)));

    constexpr int kMessages = 5000;
    example::Tally answered(kMessages);
    std::atomic<int> failed{0};
    for (int i = 0; i < kMessages; ++i) {
        producer.send(Message("ExampleTopic", "number " + std::to_string(i)))
            .then([&](Result<SendReceipt> result) {
                if (!result) ++failed;
                answered.add();
            });
    }
    answered.wait();
    std::printf("%d sent, %d failed\n", kMessages - failed, failed.load());

    std::vector<std::future<Result<SendReceipt>>> futures;
    for (int i = 0; i < 10; ++i)
        futures.push_back(producer.send(Message("ExampleTopic", "later")).to_future());
    for (auto& future : futures) example::must(future.get());
    return failed == 0 ? 0 : 1;
}
