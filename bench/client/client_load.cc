// SPDX-License-Identifier: Apache-2.0
//
// The loads of bench/client/run.py with libkerolox. Same arguments and same output as
// ClientLoad.java; built against the public headers alone.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "kerolox/kerolox.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using kerolox::Message;
using kerolox::Result;
using kerolox::SendReceipt;

std::map<std::string, std::string> g_options;

std::int64_t number(const std::string& name, std::int64_t otherwise) {
    const auto found = g_options.find(name);
    return found == g_options.end() ? otherwise : std::atoll(found->second.c_str());
}

std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

double cpu_seconds() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

long rss_kib() {
    std::FILE* file = std::fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
        if (std::strncmp(line, "VmRSS:", 6) == 0) kib = std::atol(line + 6);
    if (file != nullptr) std::fclose(file);
    return kib;
}

void sleep_until(std::int64_t ns) {
    std::this_thread::sleep_until(Clock::time_point(std::chrono::nanoseconds(ns)));
}

template <class T>
T take(Result<T> result) {
    if (result) return std::move(result).value();
    std::fprintf(stderr, "client_load: %s\n", result.error().describe().c_str());
    std::exit(1);
}

/// Warms up, then measures: every mode counts what happened in the measured stretch.
class Meter {
public:
    Meter() : samples_(4'000'000) {
        watch_ = std::thread([this] {
            sleep_until(begin_);
            cpu_ = -cpu_seconds();
            sleep_until(end_);
            cpu_ += cpu_seconds();
        });
    }
    bool over() const { return now_ns() >= end_; }
    void done(std::int64_t started_ns) {
        const std::int64_t now = now_ns();
        if (now < begin_ || now >= end_) return;
        count_.fetch_add(1, std::memory_order_relaxed);
        if (started_ns == 0) return;
        const std::size_t at = sampled_.fetch_add(1, std::memory_order_relaxed);
        if (at < samples_.size()) samples_[at] = now - started_ns;
    }
    void fail() { failed_.fetch_add(1, std::memory_order_relaxed); }
    void report() {
        sleep_until(end_ + 200'000'000);
        watch_.join();
        samples_.resize(std::min(sampled_.load(), samples_.size()));
        std::ranges::sort(samples_);
        std::printf(
            "{\"count\": %lld, \"failed\": %lld, \"seconds\": %.3f, \"cpu_seconds\": %.4f, "
            "\"rss_kib\": %ld, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f}\n",
            static_cast<long long>(count_), static_cast<long long>(failed_),
            static_cast<double>(end_ - begin_) / 1e9, cpu_, rss_kib(), at(0.5), at(0.99),
            at(0.999));
    }

private:
    double at(double share) const {
        if (samples_.empty()) return 0;
        const auto index = static_cast<std::size_t>(static_cast<double>(samples_.size()) * share);
        return static_cast<double>(samples_[std::min(index, samples_.size() - 1)]) / 1e3;
    }
    const std::int64_t begin_ = now_ns() + number("warmup", 3) * 1'000'000'000;
    const std::int64_t end_ = begin_ + number("seconds", 5) * 1'000'000'000;
    std::atomic<std::int64_t> count_{0};
    std::atomic<std::int64_t> failed_{0};
    std::atomic<std::size_t> sampled_{0};
    std::vector<std::int64_t> samples_;
    std::thread watch_;
    double cpu_ = 0;
};

kerolox::Client client() {
    return take(
        kerolox::Client::create(kerolox::ClientOptions().name_servers(g_options["namesrv"])));
}

kerolox::Bytes body() {
    return kerolox::Bytes(std::string(static_cast<std::size_t>(number("size", 128)), 'x'));
}

void run_sync() {
    const auto made = client();
    auto producer = take(made.producer(kerolox::ProducerOptions("client-bench")));
    const std::string topic = g_options["topic"];
    const kerolox::Bytes bytes = body();
    Meter meter;
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < number("threads", 1); ++i) {
        threads.emplace_back([&] {
            while (!meter.over()) {
                const std::int64_t started = now_ns();
                producer.send(Message(topic, bytes)).get() ? meter.done(started) : meter.fail();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    meter.report();
}

void run_async() {
    const auto made = client();
    auto producer = take(made.producer(kerolox::ProducerOptions("client-bench")));
    const std::string topic = g_options["topic"];
    const kerolox::Bytes bytes = body();
    std::counting_semaphore<> window(number("inflight", 256));
    Meter meter;
    while (!meter.over()) {
        window.acquire();
        const std::int64_t started = now_ns();
        producer.send(Message(topic, bytes)).then([&, started](const Result<SendReceipt>& result) {
            window.release();
            result ? meter.done(started) : meter.fail();
        });
    }
    (void)producer.close().get();
    meter.report();
}

void run_oneway() {
    const auto made = client();
    auto producer = take(made.producer(kerolox::ProducerOptions("client-bench")));
    const std::string topic = g_options["topic"];
    const kerolox::Bytes bytes = body();
    Meter meter;
    while (!meter.over())
        producer.send_oneway(Message(topic, bytes)) ? meter.done(0) : meter.fail();
    (void)producer.close().get();
    meter.report();
}

/// Reads what is there from the start: --count messages, the first --skip not measured.
void run_consume() {
    const std::int64_t skip = number("skip", 0);
    const std::int64_t wanted = number("count", 0);
    std::atomic<std::int64_t> seen{0};
    std::int64_t begin_ns = 0;
    double begin_cpu = 0;
    std::int64_t end_ns = 0;
    double end_cpu = 0;
    std::binary_semaphore finished(0);
    const auto made = client();
    auto consumer =
        take(made.push_consumer(kerolox::PushOptions("client-bench-" + std::to_string(now_ns()))
                                    .subscribe(g_options["topic"])
                                    .start_from(kerolox::StartFrom::first)
                                    .batch_size(static_cast<std::size_t>(number("batch", 1)))
                                    .on_messages([&](const kerolox::MessageBatch& batch) {
                                        const auto size = static_cast<std::int64_t>(batch.size());
                                        const std::int64_t before = seen.fetch_add(size);
                                        if (before <= skip && before + size > skip) {
                                            begin_ns = now_ns();
                                            begin_cpu = cpu_seconds();
                                        }
                                        if (before < wanted && before + size >= wanted) {
                                            end_ns = now_ns();
                                            end_cpu = cpu_seconds();
                                            finished.release();
                                        }
                                        return kerolox::ConsumeResult::success();
                                    })));
    finished.acquire();
    std::printf(
        "{\"count\": %lld, \"failed\": 0, \"seconds\": %.4f, \"cpu_seconds\": %.4f, "
        "\"rss_kib\": %ld}\n",
        static_cast<long long>(wanted - skip), static_cast<double>(end_ns - begin_ns) / 1e9,
        end_cpu - begin_cpu, rss_kib());
    (void)consumer.close().get();
}

void run_latency() {
    const auto made = client();
    auto producer = take(made.producer(kerolox::ProducerOptions("client-bench")));
    const std::string topic = g_options["topic"];
    Meter meter;
    const std::int64_t stamp = now_ns();
    auto consumer =
        take(made.push_consumer(kerolox::PushOptions("client-bench-" + std::to_string(stamp))
                                    .subscribe(topic)
                                    .on_messages([&](const kerolox::MessageBatch& batch) {
                                        for (const kerolox::MessageView& one : batch) {
                                            std::int64_t head[2] = {0, 0};
                                            if (one.text().size() < sizeof head) continue;
                                            std::memcpy(head, one.text().data(), sizeof head);
                                            if (head[0] == stamp) meter.done(head[1]);
                                        }
                                        return kerolox::ConsumeResult::success();
                                    })));
    const auto rate = static_cast<double>(number("rate", 1000));
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(16, number("size", 128)));
    const std::int64_t first = now_ns();
    for (std::int64_t i = 0; !meter.over(); ++i) {
        const std::int64_t due =
            first + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate);
        sleep_until(due);
        std::string text(size, 'x');
        const std::int64_t head[2] = {stamp, due};
        std::memcpy(text.data(), head, sizeof head);
        producer.send(Message(topic, kerolox::Bytes(std::move(text))))
            .then([&](const Result<SendReceipt>& result) {
                if (!result) meter.fail();
            });
    }
    (void)producer.close().get();
    (void)consumer.close().get();
    meter.report();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    for (int i = 2; i + 1 < argc; i += 2) g_options[argv[i] + 2] = argv[i + 1];
    const std::map<std::string, void (*)()> modes{{"sync", run_sync},
                                                  {"async", run_async},
                                                  {"oneway", run_oneway},
                                                  {"consume", run_consume},
                                                  {"latency", run_latency}};
    const auto found = modes.find(mode);
    if (found == modes.end()) {
        std::fputs("client_load sync|async|oneway|consume|latency --namesrv A --topic T\n", stderr);
        return 2;
    }
    found->second();
    return 0;
}
