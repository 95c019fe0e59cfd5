// SPDX-License-Identifier: Apache-2.0
//
// The soak: senders and consumers of every kind work while random faults come and go, and at the
// end every acknowledged message is accounted for. Started by tests/client/run.py --parts soak.
//
//   kerolox_client_soak SECONDS [SEED]
//
// Ends with 0 and "PASS ..." or with 1 and a line for each thing that is wrong.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "kerolox/kerolox.hpp"
#include "soak/ledger.h"
#include "suite/await.h"
#include "suite/raw_request.h"
#include "suite/setting.h"

namespace soak {
namespace {

using namespace std::chrono_literals;
using kerolox::Client;
using kerolox::Message;
using kerolox::MessageBatch;
using kerolox::MessageView;
using kerolox::Producer;
using kerolox::Result;
using kerolox::SendReceipt;
using suite::Stopwatch;

constexpr auto kSendTimeout = 5s;
constexpr auto kSlack = 2s;
constexpr std::size_t kSenders = 4;
constexpr int kQueues = 4;
/// A sender's pace: the soak looks for what goes wrong, not for how much goes.
constexpr auto kPause = 4ms;

std::vector<std::string>& problems() {
    static auto& kept = *new std::vector<std::string>;
    return kept;
}

void must(bool holds, const std::string& what) {
    if (!holds) problems().push_back(what);
}

template <class T>
T taken(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "FAIL %s\n", result.error().describe().c_str());
        std::exit(1);
    }
    return std::move(*result);
}

std::size_t resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
    }
    return 0;
}

/// What one group got; all three groups must get everything.
struct Group {
    const char* name;
    Ledger ledger{kSenders};
};

Client new_client() {
    kerolox::ClientOptions options;
    options.name_servers(suite::setting().name_servers)
        .client_ip("127.0.0.1")
        .route_refresh(2s)
        .log([](const kerolox::LogRecord&) {}, kerolox::LogLevel::off);
    return taken(Client::create(options));
}

class Soak {
public:
    Soak(int seconds, unsigned seed) : seconds_(seconds), dice_(seed) {
        topic_ = "kxs_soak_" + suite::setting().run;
        suite::make_topic(topic_, kQueues);
    }

    int run() {
        Client sending = new_client();
        const Client receiving = new_client();
        spread(sending);
        // The topic's second half may not be known yet to who looks once at the start.
        auto concurrent = std::make_optional(concurrent_group(receiving));
        auto ordered = std::make_optional(ordered_group(receiving));
        std::atomic<bool> over{false};
        std::thread poller([&] { poll(receiving, over); });
        std::atomic<bool> quiet{false};
        std::vector<std::thread> senders;
        for (std::size_t line = 0; line < kSenders; ++line) {
            senders.emplace_back([&, line] { send(sending, line, quiet); });
        }
        make_trouble(quiet);
        for (std::thread& sender : senders) sender.join();
        heal();
        settle();
        over = true;
        poller.join();
        must(concurrent->close().get().has_value(), "a push consumer did not close in time");
        must(ordered->close().get().has_value(), "an ordered consumer did not close in time");
        return report();
    }

private:
    /// The topic on every broker there is.
    void spread(const Client& client) {
        const auto view = taken(client.admin().cluster().get());
        for (const auto& broker : view.brokers) {
            const kerolox::TopicConfig config{
                .name = topic_, .read_queues = kQueues, .write_queues = kQueues};
            taken(client.admin()
                      .create_topic(config, kerolox::Target::broker(broker.addresses.at(0)))
                      .get());
        }
    }

    kerolox::PushOptions options(const char* group) {
        kerolox::PushOptions options(topic_ + "_" + group);
        options.subscribe(topic_).start_from(kerolox::StartFrom::first).threads(4);
        return options;
    }
    kerolox::PushConsumer concurrent_group(const Client& client) {
        return taken(client.push_consumer(
            options(concurrent_.name).batch_size(8).on_messages([this](const MessageBatch& batch) {
                for (const MessageView& message : batch) {
                    concurrent_.ledger.arrived(message.text());
                }
                return kerolox::ConsumeResult::success();
            })));
    }
    kerolox::PushConsumer ordered_group(const Client& client) {
        return taken(client.push_consumer(
            options(ordered_.name).on_messages_in_order([this](const MessageBatch& batch) {
                const std::lock_guard guard(order_lock_);
                for (const MessageView& message : batch) {
                    ordered_.ledger.arrived(message.text());
                    std::int64_t& next = next_[message.queue()];
                    if (message.queue_offset() > next) ++gaps_;
                    next = std::max(next, message.queue_offset() + 1);
                }
                return kerolox::OrderlyResult::success();
            })));
    }
    void poll(const Client& client, const std::atomic<bool>& over) {
        kerolox::LitePullOptions options(topic_ + "_" + polled_.name);
        options.subscribe(topic_).start_from(kerolox::StartFrom::first);
        auto consumer = taken(client.lite_pull_consumer(options));
        while (!over) {
            const auto batch = consumer.poll(500ms).get();
            if (!batch) continue;
            for (const MessageView& message : *batch) polled_.ledger.arrived(message.text());
        }
    }

    void send(const Client& client, std::size_t line, const std::atomic<bool>& quiet) {
        kerolox::ProducerOptions options(topic_ + "_p" + std::to_string(line));
        options.send_timeout(kSendTimeout);
        Producer producer = taken(client.producer(options));
        while (!quiet) {
            const std::string body = next(line);
            const Stopwatch watch;
            const auto ended = [this, body, watch](const Result<SendReceipt>& receipt) {
                if (watch.elapsed() > kSendTimeout + kSlack) ++late_;
                for (Group* group : groups()) {
                    receipt ? group->ledger.acknowledged(body) : group->ledger.failed();
                }
            };
            // Half of the lines one after the other, half of them as fast as the pace allows.
            if (line % 2 == 0) {
                ended(producer.send(Message(topic_, body)).get());
            } else {
                producer.send(Message(topic_, body)).then(ended);
            }
            std::this_thread::sleep_for(kPause);
        }
        must(producer.close().get().has_value(), "a producer did not close in time");
        must(producer.in_flight() == 0, "sends are under way after close");
    }
    std::string next(std::size_t line) {
        std::string body;
        for (Group* group : groups()) body = group->ledger.next(line);
        return body;
    }
    std::vector<Group*> groups() { return {&concurrent_, &ordered_, &polled_}; }

    /// One trouble after the other, with quiet times between them.
    void make_trouble(std::atomic<bool>& quiet) {
        const Stopwatch watch;
        const auto end = std::chrono::seconds(seconds_);
        const auto warm = end / 5;
        std::size_t warm_kib = 0;
        while (watch.elapsed() < end) {
            trouble();
            if (warm_kib == 0 && watch.elapsed() > warm) warm_kib = resident_kib();
        }
        quiet = true;
        // What the ledgers themselves keep grows by a few bytes a message.
        const std::size_t ledgers_kib = concurrent_.ledger.sum().sent * 3 * 4 / 1024;
        const std::size_t now_kib = resident_kib();
        must(now_kib < warm_kib + warm_kib / 2 + ledgers_kib + 64 * 1024,
             "memory grew from " + std::to_string(warm_kib) + " to " + std::to_string(now_kib) +
                 " KiB");
        std::printf("     memory %zu KiB warm, %zu KiB at the end\n", warm_kib, now_kib);
    }
    void trouble() {
        struct Kind {
            const char* command;
            int longest_ms;
        };
        static constexpr Kind kKinds[] = {
            {"cut", 0},          {"cut-one", 0},       {"cut-one", 0},   {"stall", 4000},
            {"half-open", 4000}, {"black-hole", 3000}, {"refuse", 3000}, {"delay 200", 2000}};
        static constexpr const char* kPlaces[] = {"broker-a", "broker-b", "namesrv", "all"};
        const Kind& kind = kKinds[roll(std::size(kKinds))];
        const std::string place = kPlaces[roll(std::size(kPlaces))];
        tell("proxy " + place + " " + kind.command);
        ++troubles_;
        if (kind.longest_ms > 0) {
            wait(static_cast<int>(roll(static_cast<std::size_t>(kind.longest_ms))));
        }
        heal();
        wait(static_cast<int>(roll(2500)));
        if (roll(25) == 0) tell(roll(2) == 0 ? "restart broker-b" : "restart broker-a");
    }
    static void heal() {
        tell("proxy all delay 0");
        tell("proxy all pass");
    }
    static void tell(const std::string& command) {
        const std::string answer = suite::control(command);
        must(answer == "ok", command + ": " + answer);
    }
    static void wait(int milliseconds) {
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    }
    std::size_t roll(std::size_t sides) {
        return std::uniform_int_distribution<std::size_t>(0, sides - 1)(dice_);
    }

    void settle() {
        suite::eventually(
            [&] {
                for (Group* group : groups()) {
                    if (group->ledger.sum().missing > 0) return false;
                }
                return true;
            },
            120s);
    }

    int report() {
        for (Group* group : groups()) {
            const Ledger::Sum sum = group->ledger.sum();
            std::printf(
                "     %s: %lu sent, %lu acknowledged, %lu failed, %lu arrived, "
                "%lu repeats\n",
                group->name, sum.sent, sum.acknowledged, sum.failed, sum.arrived, sum.repeats);
            const std::string who = group->name;
            must(sum.missing == 0, who + ": " + std::to_string(sum.missing) +
                                       " acknowledged messages did not arrive, the first is " +
                                       sum.first_missing);
            must(sum.foreign == 0, who + " got messages nobody sent");
            must(sum.acknowledged > 0, "nothing was acknowledged");
            must(sum.sent == sum.acknowledged + sum.failed,
                 std::to_string(sum.sent - sum.acknowledged - sum.failed) + " sends never ended");
        }
        must(late_ == 0, std::to_string(late_) + " sends ended late");
        must(gaps_ == 0, std::to_string(gaps_) + " gaps in ordered consumption");
        for (const std::string& problem : problems()) std::printf("FAIL %s\n", problem.c_str());
        if (problems().empty()) std::printf("PASS soak of %d s, %d faults\n", seconds_, troubles_);
        return problems().empty() ? 0 : 1;
    }

    const int seconds_;
    std::mt19937 dice_;
    std::string topic_;
    Group concurrent_{"concurrent"};
    Group ordered_{"ordered"};
    Group polled_{"polled"};
    std::mutex order_lock_;
    std::map<kerolox::Queue, std::int64_t> next_;
    int gaps_ = 0;
    int troubles_ = 0;
    std::atomic<int> late_{0};
};

}  // namespace
}  // namespace soak

int main(int argc, char** argv) {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
    const unsigned seed =
        argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : std::random_device{}();
    std::printf("     seed %u\n", seed);
    std::fflush(stdout);
    return soak::Soak(seconds, seed).run();
}
