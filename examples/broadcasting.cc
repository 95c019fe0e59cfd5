// SPDX-License-Identifier: Apache-2.0
//
// Every member of the group gets every message. Offsets lie on this machine, under the client's
// id: give it a name that stays, and a directory that goes when the broker's data goes.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    const auto member = [&](const std::string& name) {
        return example::must(Client::create(ClientOptions()
                                                .name_servers(example::name_servers(argc, argv))
                                                .instance_name(name)
                                                .local_offset_dir("example-offsets")));
    };
    Client one = member("example-one");
    Client two = member("example-two");
    Producer producer = example::must(one.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 5; ++i)
        example::must(producer.send(Message("ExampleBroadcasting", "to all")).get());

    example::Tally came(10);
    const auto listen = [&](const Client& client) {
        return example::must(client.push_consumer(PushOptions("example_broadcasting")
                                                      .model(GroupModel::broadcasting)
                                                      .start_from(StartFrom::first)
                                                      .subscribe("ExampleBroadcasting")
                                                      .on_messages([&](const MessageBatch& batch) {
                                                          came.add(batch.size());
                                                          return ConsumeResult::success();
                                                      })));
    };
    PushConsumer first = listen(one);
    PushConsumer second = listen(two);
    // So that the next run of this example finds something: both have all of this one's.
    came.wait();
    std::puts("both got all of them");
}
