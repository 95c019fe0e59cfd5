// SPDX-License-Identifier: Apache-2.0
//
// A message that consumers see only if the work that belongs to it was done.
#include "example.h"

using namespace kerolox;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    // Asked when the broker heard nothing: look up what became of the work.
    auto checker = [](const MessageView& half) {
        example::print("the broker asks about", half.id());
        return Decision::commit;
    };
    TransactionProducer producer = example::must(
        client.transaction_producer(TransactionOptions("example_transactions", checker)));

    // The work runs between the half message and its end.
    TransactionReceipt receipt =
        example::must(producer
                          .send(Message("ExampleTransactions", "paid"),
                                [](const SendReceipt&) { return Decision::commit; })
                          .get());
    example::print("committed:", receipt.receipt.message_id());

    // Or by hand: what is not decided when the object goes is asked for later.
    Transaction transaction =
        example::must(producer.begin(Message("ExampleTransactions", "cancelled")).get());
    example::must(transaction.rollback());
    example::must(producer.close().get());
}
