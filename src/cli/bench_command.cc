// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <random>

#include "base/clock.h"
#include "base/sync.h"
#include "cli/bench_command_load.h"
#include "cli/signals.h"
#include "cli/text_format.h"
#include "kerolox/client.hpp"
#include "model/validators.h"

namespace kx::cli {
namespace {

constexpr std::string_view kBenchName = "bench";
constexpr std::int64_t kStartWaitMs = 10'000;
constexpr std::int64_t kDrainWaitMs = 3'000;
constexpr std::int64_t kLookEveryMs = 20;
constexpr std::int64_t kBytesInFlightMax = std::int64_t{1} << 30;

/// One client with the producer or reader made from it.
struct Lane {
    explicit Lane(kerolox::Client made) : client(std::move(made)) {}

    kerolox::Client client;
    std::optional<kerolox::Producer> producer;
    std::unique_ptr<SendLoad> sending;
    std::unique_ptr<ReadLoad> reading;
    std::unique_ptr<TopicReader> reader;
};

class Bench {
public:
    explicit Bench(const BenchOptions& options)
        : options_(options), stamp_(is_latency() ? std::random_device{}() | 1U : 0) {}

    int run() {
        block_signals();
        const StopOnSignal watch([this] {
            MutexLock lock(mutex_);
            interrupted_ = true;
            changed_.notify_all();
        });
        const kerolox::Status status = prepare();
        if (status) measure();
        stop();
        if (!status) {
            complain(kBenchName, status.error());
            return exit_code_of(status.error());
        }
        return tell_report();
    }

private:
    bool is_latency() const { return options_.mode == BenchMode::kLatency; }
    bool sends() const { return options_.mode != BenchMode::kConsume; }

    kerolox::Result<Lane*> add_lane() {
        if (!runtime_) {
            // The server needs its cores; a thread each would only take them away.
            const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
            const auto wanted = static_cast<std::size_t>(options_.connections);
            auto made = kerolox::Runtime::create(kerolox::RuntimeOptions().io_threads(
                std::clamp<std::size_t>(cores / 2, 1, wanted)));
            if (!made) return made.error();
            runtime_ = std::move(made).value();
        }
        auto client = kerolox::Client::create(kerolox::ClientOptions()
                                                  .name_servers(options_.name_servers)
                                                  .runtime(*runtime_)
                                                  .callbacks_on_io(true));
        if (!client) return client.error();
        return lanes_.emplace_back(std::make_unique<Lane>(std::move(client).value())).get();
    }

    kerolox::Status prepare() {
        if (sends()) {
            if (kerolox::Status made = make_topic(); !made) return made;
        }
        if (options_.mode == BenchMode::kConsume || is_latency()) {
            if (kerolox::Status added = add_readers(); !added) return added;
        }
        return sends() ? add_senders() : kerolox::Status();
    }

    kerolox::ProducerOptions producer_options() const {
        kerolox::ProducerOptions made("kerolox");
        made.retries(0);  // a refusal is a finding
        made.compression(kerolox::Compression::none);
        made.in_flight(static_cast<std::size_t>(options_.inflight) + 16, std::size_t{2} << 30);
        if (options_.queues > 0) made.new_topic_queues(static_cast<int>(options_.queues));
        return made;
    }

    /// Sends one message, which creates the topic where that is allowed and tells at once when
    /// nothing works; then waits until name servers know the topic.
    kerolox::Status make_topic() {
        const auto lane = add_lane();
        if (!lane) return lane.error();
        auto producer = (*lane)->client.producer(producer_options().retries(2));
        if (!producer) return producer.error();
        const auto sent =
            producer->send(kerolox::Message(options_.topic, kerolox::Bytes("kerolox bench"))).get();
        if (!sent) return sent.error();
        kerolox::Status known;
        wait_until(kStartWaitMs, [&] {
            const auto queues = producer->queues(options_.topic).get();
            known = queues ? kerolox::Status() : kerolox::Status(queues.error());
            return queues.has_value();
        });
        return known;
    }

    kerolox::Status add_readers() {
        const auto count = static_cast<std::size_t>(is_latency() ? 1 : options_.connections);
        Lane* first = nullptr;
        for (std::size_t i = 0; i < count; ++i) {
            const auto lane = add_lane();
            if (!lane) return lane.error();
            if (first == nullptr) first = *lane;
            ReadOptions read;
            read.topic = options_.topic;
            read.start = is_latency() ? StartAt::kMax : StartAt::kMin;
            read.rewind_at_end = !is_latency();
            read.share_index = i;
            read.share_count = count;
            (*lane)->reading = std::make_unique<ReadLoad>(window_, stamp_, [this] {
                MutexLock lock(mutex_);
                changed_.notify_all();
            });
            auto reader = TopicReader::open((*lane)->client, std::move(read), *(*lane)->reading);
            if (!reader) return reader.error();
            (*lane)->reader = std::move(reader).value();
        }
        if (!is_latency()) return {};
        wait_until(kStartWaitMs,
                   [&] { return first->reading->has_started() || first->reading->has_finished(); });
        if (first->reading->has_started()) return {};
        return kerolox::Error(
            kerolox::ErrorKind::timeout,
            fmt::format("topic {} could not be read in {} ms", options_.topic, kStartWaitMs));
    }

    kerolox::Status add_senders() {
        for (std::int64_t i = 0; i < options_.connections; ++i) {
            const auto lane = add_lane();
            if (!lane) return lane.error();
            auto producer = (*lane)->client.producer(producer_options());
            if (!producer) return producer.error();
            (*lane)->producer = std::move(producer).value();
            senders_.push_back(*lane);
        }
        return {};
    }

    void measure() {
        const std::int64_t now = system_clock().steady_ns();
        window_.begin_ns = now + static_cast<std::int64_t>(options_.warmup_seconds * 1e9);
        window_.end_ns = window_.begin_ns + static_cast<std::int64_t>(options_.seconds * 1e9);
        begin_senders(now);
        wait_until_ns(window_.begin_ns);
        report_.cpu_seconds = -process_cpu_seconds();
        wait_until_ns(window_.end_ns);
        report_.cpu_seconds += process_cpu_seconds();
        const std::int64_t end_ns = std::min(window_.end_ns.load(), system_clock().steady_ns());
        window_.end_ns = end_ns;
        report_.seconds =
            static_cast<double>(std::max<std::int64_t>(end_ns - window_.begin_ns, 0)) / 1e9;
        if (sends()) drain();
    }

    void begin_senders(std::int64_t now_ns) {
        const auto count = static_cast<std::int64_t>(senders_.size());
        for (std::int64_t i = 0; i < count; ++i) {
            Lane& lane = *senders_[static_cast<std::size_t>(i)];
            LoadOptions load;
            load.topic = options_.topic;
            load.queues = options_.queues;
            load.size = options_.size;
            load.inflight_max = options_.inflight / count + (i < options_.inflight % count ? 1 : 0);
            load.rate = options_.rate / static_cast<double>(count);
            load.stamp = stamp_;
            // Their timetables interlock.
            load.first_due_ns = now_ns;
            if (options_.rate > 0) {
                load.first_due_ns +=
                    static_cast<std::int64_t>(1e9 * static_cast<double>(i) / options_.rate);
            }
            lane.sending = std::make_unique<SendLoad>(*lane.producer, std::move(load), window_);
            lane.sending->begin();
        }
    }

    /// What is under way may come in; what comes later does not count.
    void drain() {
        is_draining_ = true;
        wait_until(kDrainWaitMs, [this] {
            std::int64_t in_flight = 0;
            std::int64_t sent = 0;
            std::int64_t read = 0;
            for (const auto& lane : lanes_) {
                if (lane->sending) {
                    in_flight += lane->sending->in_flight();
                    sent += lane->sending->answered();
                }
                if (lane->reading) read += lane->reading->delivered();
            }
            return in_flight == 0 && (!is_latency() || read >= sent);
        });
    }

    bool reader_ended() const {
        return std::ranges::any_of(lanes_, [](const auto& lane) {
            return lane->reading && lane->reading->has_finished();
        });
    }

    void wait_until_ns(std::int64_t until_ns) {
        MutexLock lock(mutex_);
        while (!interrupted_ && !reader_ended()) {
            const std::int64_t left = until_ns - system_clock().steady_ns();
            if (left <= 0) return;
            changed_.wait_for(mutex_, std::chrono::nanoseconds(left));
        }
    }

    template <class Condition>
    bool wait_until(std::int64_t timeout_ms, Condition condition) {
        const std::int64_t until = system_clock().steady_ms() + timeout_ms;
        while (!condition()) {
            MutexLock lock(mutex_);
            const bool stopped = interrupted_ && !is_draining_;
            if (stopped || system_clock().steady_ms() >= until) return false;
            changed_.wait_for(mutex_, std::chrono::milliseconds(kLookEveryMs));
        }
        return true;
    }

    /// Afterwards nothing runs any more, and the books can be read.
    void stop() {
        for (const auto& lane : lanes_)
            if (lane->sending) lane->sending->stop();
        for (const auto& lane : lanes_) {
            lane->reader.reset();
            (void)lane->client.close(std::chrono::milliseconds(100)).get();
        }
    }

    int tell_report() {
        kerolox::Status read;
        for (const auto& lane : lanes_) {
            if (lane->sending) report_.add(lane->sending->report());
            if (!lane->reading) continue;
            const BenchReport& reading = lane->reading->report();
            if (is_latency())
                report_.delivery.add(reading.delivery);
            else
                report_.add(reading);
            if (!lane->reading->status()) read = lane->reading->status();
        }
        if (!read) {
            complain(kBenchName, read.error());
            if (report_.messages == 0) return exit_code_of(read.error());
        }
        const bool nothing_there = options_.mode == BenchMode::kConsume && read &&
                                   report_.messages == 0 && reader_ended() && !interrupted();
        if (nothing_there) {
            complain(kBenchName, fmt::format("topic {} holds no messages; `kerolox bench produce` "
                                             "fills it",
                                             options_.topic));
            return kNotFound;
        }
        const std::string text = options_.output == "json"
                                     ? report_json(options_, report_)
                                     : report_text(options_, report_, may_colour(STDOUT_FILENO));
        std::fwrite(text.data(), 1, text.size(), stdout);
        if (report_.messages == 0 && !interrupted()) return kFailed;
        return report_.failed() > 0 || !read ? kDoneInPart : kDone;
    }

    bool interrupted() {
        MutexLock lock(mutex_);
        return interrupted_;
    }

    const BenchOptions& options_;
    const std::uint64_t stamp_;
    std::optional<kerolox::Runtime> runtime_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<Lane*> senders_;
    BenchWindow window_;
    BenchReport report_;
    bool is_draining_ = false;  ///< the load is over: an interruption changes nothing any more

    Mutex mutex_;
    CondVar changed_;
    bool interrupted_ KX_GUARDED_BY(mutex_) = false;
};

Status check(const BenchOptions& options) {
    KX_CHECK(model::validate_topic(options.topic));
    if (options.inflight < options.connections)
        return fail(Errc::kInvalidArgument, "{} messages in flight do not go round {} connections",
                    options.inflight, options.connections);
    if (options.size * options.inflight > kBytesInFlightMax)
        return fail(Errc::kInvalidArgument, "{} bodies of {} bytes in flight are more than 1 GiB",
                    options.inflight, options.size);
    if (options.mode == BenchMode::kLatency && options.size < static_cast<int>(kStampBytes))
        return fail(Errc::kInvalidArgument, "latency needs a --size of {} or more", kStampBytes);
    return {};
}

void add_common(CLI::App& command, BenchOptions& options) {
    command.add_option("TOPIC", options.topic, "the topic")->capture_default_str();
    command.add_option("-n,--namesrvAddr", options.name_servers, "name servers: HOST:PORT;...")
        ->envname("NAMESRV_ADDR")
        ->capture_default_str();
    command.add_option("--seconds", options.seconds, "how long to measure")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    command.add_option("--warmup", options.warmup_seconds, "seconds before that, not measured")
        ->check(CLI::Range(0.0, 3'600.0))
        ->capture_default_str();
    command.add_option("--connections", options.connections, "connections to each broker")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    command.add_option("-o,--output", options.output, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

void add_sending(CLI::App& command, BenchOptions& options) {
    command.add_option("--size", options.size, "bytes of a message's body")
        ->check(CLI::Range(1, 4 << 20))
        ->capture_default_str();
    command.add_option("--inflight", options.inflight, "messages without an answer, at most")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command.add_option("--rate", options.rate, "messages a second; 0: as many as go")
        ->check(CLI::Range(0.0, 1e8))
        ->capture_default_str();
    command.add_option("--queues", options.queues, "use so many of its queues; 0: all")
        ->check(CLI::Range(0, 65'536))
        ->capture_default_str();
}

void add_mode(CLI::App& bench, BenchMode mode, const std::string& name, const std::string& text,
              int& exit_code) {
    auto options = std::make_shared<BenchOptions>();
    options->mode = mode;
    if (mode == BenchMode::kLatency) options->rate = 1000;
    CLI::App* command = bench.add_subcommand(name, text);
    add_common(*command, *options);
    if (mode != BenchMode::kConsume) add_sending(*command, *options);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace

int run(const BenchOptions& options) {
    if (const Status sound = check(options); !sound) {
        complain(kBenchName, sound.error().text);
        return kWrongUsage;
    }
    return Bench(options).run();
}

void add_bench_command(CLI::App& app, int& exit_code) {
    CLI::App* bench = app.add_subcommand("bench", "puts a load on any RocketMQ-compatible server");
    bench->require_subcommand(1);
    bench->footer(
        "With --rate, message i is due at start + i / rate, and its time counts from then, "
        "whenever\n"
        "it really left: a server that stalls does not make the load wait politely with it.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such topic, 4 denied, 5 unreachable,\n"
        "6 some messages were refused or not answered.");
    add_mode(*bench, BenchMode::kProduce, "produce",
             "sends as fast as the messages in flight allow, or at a rate", exit_code);
    add_mode(*bench, BenchMode::kConsume, "consume",
             "reads the topic from its start, again and again", exit_code);
    add_mode(*bench, BenchMode::kLatency, "latency",
             "sends at a rate and reads it back: time to the answer, and to the consumer",
             exit_code);
}

}  // namespace kx::cli
