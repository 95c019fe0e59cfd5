// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are messages or an error; whatever a message shows lies in memory that lives.
#include <cstddef>
#include <cstdint>

#include "client/core/received.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    kx::client::DecodeOptions options;
    options.queue = {"T", "a", 0};
    options.name_space = "ns";
    const auto messages = kx::client::decode_messages(bytes, options);
    if (!messages) return 0;
    std::size_t sum = 0;
    const auto look = [&sum](std::string_view text) {
        for (const char c : text) sum += static_cast<unsigned char>(c);
    };
    for (const kerolox::MessageView& one : *messages) {
        const kerolox::MessageView own = one.detach();
        for (const kerolox::MessageView& message : {one, own}) {
            look(message.topic());
            look(message.text());
            look(message.id());
            look(message.tag().value_or(""));
            look(message.transaction_id());
            look(message.born_host());
            for (const auto& [name, value] : message.properties()) look(name), look(value);
        }
    }
    return sum == static_cast<std::size_t>(-1) ? 1 : 0;
}
