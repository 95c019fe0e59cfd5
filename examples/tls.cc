// SPDX-License-Identifier: Apache-2.0
//
// tls NAMESRV AUTHORITY.pem [CERTIFICATE.pem KEY.pem]: TLS to name servers and brokers, with a
// certificate of our own where servers ask for one.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    TlsOptions tls;
    if (argc > 2) tls.trust_certificates = argv[2];
    if (argc > 4) tls.certificate = argv[3], tls.private_key = argv[4];
    Client client = example::must(Client::create(
        ClientOptions().name_servers(example::name_servers(argc, argv)).tls(std::move(tls))));
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    example::must(producer.send(Message("ExampleTopic", "in secret")).get());
    std::puts("sent");
}
