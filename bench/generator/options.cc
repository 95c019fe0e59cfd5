// SPDX-License-Identifier: Apache-2.0

#include "generator/options.h"

#include <charconv>
#include <functional>
#include <map>
#include <stdexcept>
#include <string_view>

namespace kx::bench {
namespace {

template <typename T>
T number(std::string_view name, std::string_view text) {
    T value{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || value < T{}) {
        throw std::invalid_argument(std::string(name) + " wants a number, not " +
                                    std::string(text));
    }
    return value;
}

void check(bool holds, const char* sentence) {
    if (!holds) throw std::invalid_argument(sentence);
}

}  // namespace

const char* const kUsage =
    "usage: generator send|pull --address HOST:PORT [options]\n"
    "  both   --topic T --queues Q --connections C --seconds S --warmup S --watch PID\n"
    "  send   --size BYTES --broker-name NAME, and one of\n"
    "         --inflight N [--messages N]   closed loop: the next send follows an answer\n"
    "         --rate R                      open loop: R sends a second, whatever is answered\n"
    "  pull   reads all queues of the topic from offset 0, again and again\n";

Options parse_options(int argc, char** argv) {
    Options options;
    using Setter = std::function<void(std::string_view, std::string_view)>;
    const auto text = [](std::string& to) -> Setter {
        return [&to](auto, auto value) { to = value; };
    };
    const auto numeric = [](auto& to) -> Setter {
        return [&to](auto name, auto value) {
            to = number<std::remove_reference_t<decltype(to)>>(name, value);
        };
    };
    const std::map<std::string_view, Setter> setters{
        {"--address", text(options.address)},
        {"--topic", text(options.topic)},
        {"--broker-name", text(options.broker_name)},
        {"--queues", numeric(options.queues)},
        {"--connections", numeric(options.connections)},
        {"--inflight", numeric(options.inflight)},
        {"--rate", numeric(options.rate)},
        {"--size", numeric(options.size)},
        {"--seconds", numeric(options.seconds)},
        {"--warmup", numeric(options.warmup)},
        {"--messages", numeric(options.messages)},
        {"--watch", numeric(options.watch)},
    };
    check(argc >= 2, "a mode is missing");
    options.mode = argv[1];
    check(options.mode == "send" || options.mode == "pull", "the mode is send or pull");
    for (int i = 2; i < argc; i += 2) {
        const auto setter = setters.find(argv[i]);
        if (setter == setters.end() || i + 1 == argc) {
            throw std::invalid_argument(std::string("unknown, or without a value: ") + argv[i]);
        }
        setter->second(argv[i], argv[i + 1]);
    }
    check(options.connections >= 1, "at least one connection");
    // A broker creates a topic with no more queues than its template has: 8 by default.
    check(options.queues >= 1 && options.queues <= 8, "1 to 8 queues");
    check(options.inflight >= 1, "at least one request in flight");
    check(options.size >= 1, "a message body has at least one byte");
    check(options.rate == 0 || options.messages == 0, "--messages is for the closed loop");
    return options;
}

}  // namespace kx::bench
