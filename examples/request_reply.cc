// SPDX-License-Identifier: Apache-2.0
//
// A question by message, and its answer.
#include "example.h"

using namespace kerolox;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    Client client = example::connect(argc, argv);
    Producer asks = example::must(client.producer(ProducerOptions("example_asks")));
    Producer replies = example::must(client.producer(ProducerOptions("example_replies")));
    // The topic comes into being with its first message, the responder finds it at once.
    example::must(asks.send(Message("ExampleRequests", "no question")).get());

    PushConsumer responder = example::must(
        client.push_consumer(PushOptions("example_responder")
                                 .start_from(StartFrom::first)
                                 .subscribe("ExampleRequests", Filter::tags("question"))
                                 .on_messages([&](const MessageBatch& batch) {
                                     for (const MessageView& message : batch) {
                                         Bytes answer(std::string(message.text()) + "? 42");
                                         if (!replies.reply(message, std::move(answer)).get())
                                             return ConsumeResult::later();
                                     }
                                     return ConsumeResult::success();
                                 })));

    Message question("ExampleRequests", "six times nine");
    question.tag("question");
    MessageView answer = example::must(asks.request(std::move(question), {.timeout = 20s}).get());
    example::print("answer:", answer.text());
}
