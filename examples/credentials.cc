// SPDX-License-Identifier: Apache-2.0
//
// Brokers with access control: every request is signed. A provider may change the keys any time.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    const auto current_keys = [] {
        return Credentials{.access_key = "example", .secret_key = "12345678"};
    };
    Client client = example::must(Client::create(
        ClientOptions().name_servers(example::name_servers(argc, argv)).credentials(current_keys)));
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    example::must(producer.send(Message("ExampleTopic", "signed")).get());
    std::puts("sent");
}
