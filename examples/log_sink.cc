// SPDX-License-Identifier: Apache-2.0
//
// The library's log lines go where you want them; by default warnings go to standard error.
#include <atomic>

#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    std::atomic<int> lines{0};
    const auto sink = [&](const LogRecord& record) {
        ++lines;
        example::print(to_string(record.level), record.text);
    };
    Client client =
        example::must(Client::create(ClientOptions()
                                         .name_servers(example::name_servers(argc, argv))
                                         .log(sink, LogLevel::debug)));
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    example::must(producer.send(Message("ExampleTopic", "logged")).get());
    client.log_level(LogLevel::warn);  // may change any time
    example::must(client.close().get());
    return 0;
}
