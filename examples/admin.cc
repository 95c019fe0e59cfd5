// SPDX-License-Identifier: Apache-2.0
//
// Operating a cluster: topics, groups, offsets.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Admin admin = client.admin();

    ClusterView cluster = example::must(admin.cluster().get());
    for (const auto& [name, brokers] : cluster.clusters) {
        std::printf("cluster %s: %zu brokers\n", name.c_str(), brokers.size());
        TopicConfig topic{.name = "ExampleAdmin", .read_queues = 4, .write_queues = 4};
        // What goes to many brokers comes back for each: one that failed is seen.
        for (const auto& outcome :
             example::must(admin.create_topic(topic, Target::cluster(name)).get())) {
            std::printf("%s: %s\n", outcome.address.c_str(),
                        outcome.result ? "created" : outcome.result.error().describe().c_str());
            if (!outcome.result) return 1;
        }
    }
    for (const TopicRoute::Queues& queues :
         example::must(admin.route("ExampleAdmin").get()).queues) {
        std::printf("%s: %d queues\n", queues.broker.c_str(), queues.write_queues);
        const Queue first{"ExampleAdmin", queues.broker, 0};
        std::printf("%s ends at %lld\n", first.describe().c_str(),
                    static_cast<long long>(example::must(admin.max_offset(first).get())));
    }
}
