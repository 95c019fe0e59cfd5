// SPDX-License-Identifier: Apache-2.0

#include "generator/pull_load.h"

#include <cstring>
#include <stdexcept>

namespace kx::bench {
namespace {

constexpr int64_t kFound = 0;
constexpr int64_t kSystemBusy = 2;
constexpr int64_t kNothingNew = 19;
constexpr int64_t kNothingMatched = 20;
constexpr int64_t kOffsetIllegal = 21;
constexpr int64_t kIdleWaitNs = kNsPerSecond / 20;
constexpr int64_t kSilenceNs = 15 * kNsPerSecond;
constexpr uint32_t kMessageMagic = 0xDAA320A7u;

/// Messages in a pull's body: each begins with its size and the magic number.
uint64_t count_messages(std::string_view body) {
    uint64_t count = 0;
    for (size_t at = 0; at < body.size(); ++count) {
        if (body.size() - at < 8 || load_be32(body.data() + at + 4) != kMessageMagic) {
            throw std::runtime_error("a pulled body that is not a row of messages");
        }
        at += load_be32(body.data() + at);
    }
    return count;
}

}  // namespace

PullLoad::PullLoad(const Options& options) : options_(options) {
    for (int i = 0; i < options_.connections; ++i) {
        const int socket = connect_to(options_.address);
        connections_.push_back(std::make_unique<Connection>(poller_, socket));
    }
    for (int queue = 0; queue < options_.queues; ++queue) {
        const auto turn = static_cast<size_t>(queue % options_.connections);
        Reader reader;
        reader.connection = connections_[turn].get();
        reader.before_offset = header_before_offset(queue);
        reader.after_offset = R"(","expressionType":"TAG","subVersion":"0",)"
                              R"("consumerGroup":"bench_consumer"},"flag":0,"language":"JAVA",)"
                              R"("opaque":)" +
                              std::to_string(kOpaqueBase + queue) +
                              R"(,"serializeTypeCurrentRPC":"JSON","version":493})";
        readers_.push_back(std::move(reader));
    }
}

std::string PullLoad::header_before_offset(int queue) const {
    return R"({"code":11,"extFields":{"queueId":")" + std::to_string(queue) +
           R"(","maxMsgBytes":"262144","maxMsgNums":"32","sysFlag":"4",)"
           R"("suspendTimeoutMillis":"0","commitOffset":"0","subscription":"*","bname":")" +
           options_.broker_name + R"(","topic":")" + options_.topic + R"(","queueOffset":")";
}

void PullLoad::run() {
    int64_t last_answer_ns = now_ns();
    const int64_t begin = last_answer_ns + static_cast<int64_t>(options_.warmup * 1e9);
    Window window(begin, begin + static_cast<int64_t>(options_.seconds * 1e9), options_.watch);
    for (Reader& reader : readers_) ask(reader, last_answer_ns);
    for (const auto& connection : connections_) connection->flush();
    while (!window.is_over()) {
        for (const Poller::Ready& ready : poller_.wait(kIdleWaitNs)) {
            if (ready.readable) {
                if (!ready.owner->fill()) throw std::runtime_error("the server hung up");
                last_answer_ns = now_ns();
                window.tick(last_answer_ns);
                ready.owner->drain([&](const Frame& response) {
                    const int64_t reader = opaque_.required(response.header) - kOpaqueBase;
                    take(readers_.at(static_cast<size_t>(reader)), response, last_answer_ns,
                         window);
                });
            }
            ready.owner->flush();
        }
        const int64_t now = now_ns();
        window.tick(now);
        if (now - last_answer_ns > kSilenceNs) throw std::runtime_error("no answer for 15 s");
    }
    print_report("pull", report_, window);
}

void PullLoad::ask(Reader& reader, int64_t now) {
    const std::string frame =
        make_frame(reader.before_offset + std::to_string(reader.offset) + reader.after_offset, "");
    std::memcpy(reader.connection->append(frame.size()), frame.data(), frame.size());
    reader.asked_ns = now;
}

void PullLoad::take(Reader& reader, const Frame& response, int64_t now, const Window& window) {
    const int64_t code = code_.required(response.header);
    if (code == kFound) {
        const uint64_t messages = count_messages(response.body);
        reader.pass_messages += messages;
        reader.offset = next_offset_.required(response.header);
        if (window.is_open()) {
            report_.count += messages;
            ++report_.pulls;
            report_.latency.record(now - reader.asked_ns);
        }
    } else if (code == kNothingNew || code == kOffsetIllegal) {
        begin_anew(reader);
    } else if (code == kNothingMatched) {
        reader.offset = next_offset_.required(response.header);
    } else if (code == kSystemBusy) {
        ++report_.errors[code];
    } else {
        throw std::runtime_error("a pull was refused: " + std::string(response.header));
    }
    ask(reader, now);
}

void PullLoad::begin_anew(Reader& reader) {
    if (reader.pass_messages == 0) {
        throw std::runtime_error("nothing to pull from topic " + options_.topic);
    }
    reader.pass_messages = 0;
    reader.offset = 0;
}

}  // namespace kx::bench
