// SPDX-License-Identifier: Apache-2.0
//
// The library's log lines in your spdlog.
#include <spdlog/spdlog.h>

#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    auto sink = log_to(spdlog::default_logger(), spdlog::level::debug, spdlog::level::info,
                       spdlog::level::warn, spdlog::level::err);
    Client client =
        example::must(Client::create(ClientOptions()
                                         .name_servers(example::name_servers(argc, argv))
                                         .log(std::move(sink), LogLevel::info)));
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    example::must(producer.send(Message("ExampleTopic", "logged")).get());
}
