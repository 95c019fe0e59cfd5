// SPDX-License-Identifier: Apache-2.0
#include "cli/produce_command.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/sync.h"
#include "cli/signals.h"
#include "cli/text_format.h"
#include "kerolox/producer.hpp"

namespace kx::cli {
namespace {

constexpr std::string_view kProduceName = "produce";
constexpr std::int64_t kMessagesInFlightMax = 1024;
constexpr std::int64_t kBytesInFlightMax = 32 << 20;
constexpr std::size_t kMessageBytesMax = 16 << 20;
constexpr int kComplaintsMax = 5;
constexpr std::int64_t kPauseMs = 50;  // before a message is sent again

/// A message with everything that all messages of a run have, but for the body; or what is wrong.
Result<kerolox::Message> model_of(const ProduceOptions& options) {
    kerolox::Message made(options.topic, kerolox::Bytes("-"));
    for (const std::string& entry : options.properties) {
        const std::size_t equals = entry.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == entry.size())
            return fail(Errc::kInvalidArgument, "'{}' is not NAME=VALUE", entry);
        const std::string name = entry.substr(0, equals);
        if (name == "TAGS" || name == "KEYS")
            return fail(Errc::kInvalidArgument, "{} has its own option: --tag, --key", name);
        made.property(name, entry.substr(equals + 1));
    }
    if (!options.tag.empty()) made.tag(options.tag);
    for (const std::string& key : options.keys) made.key(key);
    if (const kerolox::Status sound = made.check(); !sound)
        return fail(Errc::kInvalidArgument, "{}", sound.error().text());
    return made;
}

/// The main thread reads and sends. What a broker refuses for now is sent again for as long as the
/// user said, by a thread of its own.
class Produce {
public:
    Produce(const ProduceOptions& options, kerolox::Message model)
        : options_(options), model_(std::move(model)), wake_(::eventfd(0, EFD_CLOEXEC)) {}
    ~Produce() { ::close(wake_); }

    int run() {
        const std::int64_t begin = system_clock().steady_ns();
        block_signals();
        const StopOnSignal watch([this] { interrupt(); });
        auto client = kerolox::Client::create(
            kerolox::ClientOptions().name_servers(options_.name_servers).callbacks_on_io(true));
        if (!client) return refuse(client.error());
        auto producer = client->producer(producer_options());
        if (!producer) return refuse(producer.error());
        producer_ = &*producer;
        std::thread again([this] { send_again(); });
        if (options_.files.empty())
            read_lines();
        else
            read_files();
        wait_until_idle();
        again.join();
        (void)producer->close().get();
        return summary(static_cast<double>(system_clock().steady_ns() - begin) / 1e9);
    }

private:
    struct Late {
        kerolox::Bytes body;
        std::int64_t deadline_ms;
    };

    kerolox::ProducerOptions producer_options() const {
        kerolox::ProducerOptions made("kerolox");
        made.send_timeout(std::chrono::milliseconds(options_.timeout_ms))
            .max_message_size(kMessageBytesMax)
            .in_flight(kMessagesInFlightMax * 2, 4 * kBytesInFlightMax);
        return made;
    }

    static int refuse(const kerolox::Error& error) {
        complain(kProduceName, error);
        return exit_code_of(error);
    }

    void interrupt() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
        MutexLock lock(mutex_);
        enough_ = true;
        changed_.notify_all();
    }

    void read_lines() {
        std::string rest;
        std::vector<std::string> lines;
        while (true) {
            std::array<pollfd, 2> wait{{{options_.input, POLLIN, 0}, {wake_, POLLIN, 0}}};
            if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) break;
            if (wait[1].revents != 0) break;
            if (wait[0].revents == 0) continue;
            std::array<char, 65'536> chunk;
            const ssize_t size = ::read(options_.input, chunk.data(), chunk.size());
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) break;
            rest.append(chunk.data(), static_cast<std::size_t>(size));
            std::size_t begin = 0;
            for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos;
                 begin = end + 1)
                lines.push_back(rest.substr(begin, end - begin));
            rest.erase(0, begin);
            if (!hand_over(lines)) return;
            if (rest.size() > kMessageBytesMax) {
                complain(kProduceName,
                         fmt::format("line {} is longer than {} bytes, which no broker "
                                     "takes; send it with --file after a look at it",
                                     read_ + 1, kMessageBytesMax));
                MutexLock lock(mutex_);
                ++failed_;
                return;
            }
        }
        if (!rest.empty()) lines.push_back(std::move(rest));
        hand_over(lines);
    }

    void read_files() {
        for (const std::string& path : options_.files) {
            std::ifstream file(path, std::ios::binary);
            std::ostringstream body;
            if (file) body << file.rdbuf();
            if (!file || body.view().empty()) {
                const bool missing = !file && ::access(path.c_str(), R_OK) != 0;
                complain(kProduceName,
                         fmt::format("{}: {}", path,
                                     missing ? std::strerror(errno) : "nothing to send"));
                MutexLock lock(mutex_);
                ++failed_;
                continue;
            }
            std::vector<std::string> one{std::move(body).str()};
            if (!hand_over(one)) return;
        }
    }

    /// Empties `bodies` into the window, waiting for room. False: read no more.
    bool hand_over(std::vector<std::string>& bodies) {
        read_ += bodies.size();
        std::size_t taken = 0;
        while (taken < bodies.size()) {
            std::vector<std::string> part;
            {
                MutexLock lock(mutex_);
                while (!enough_ && is_full()) changed_.wait(mutex_);
                if (enough_) return false;
                while (taken < bodies.size() && !is_full()) {
                    std::string& body = bodies[taken++];
                    if (body.empty()) {
                        ++empty_;
                        continue;
                    }
                    ++in_flight_;
                    bytes_in_flight_ += static_cast<std::int64_t>(body.size());
                    part.push_back(std::move(body));
                }
            }
            const std::int64_t deadline = system_clock().steady_ms() + options_.timeout_ms;
            for (std::string& body : part) send(kerolox::Bytes(std::move(body)), deadline);
        }
        bodies.clear();
        return true;
    }

    bool is_full() const KX_REQUIRES(mutex_) {
        return in_flight_ >= kMessagesInFlightMax || bytes_in_flight_ >= kBytesInFlightMax;
    }

    void send(const kerolox::Bytes& body, std::int64_t deadline_ms) {
        kerolox::Message message = model_.clone().body(body);
        const std::int64_t left =
            std::max<std::int64_t>(deadline_ms - system_clock().steady_ms(), 1);
        producer_->send(std::move(message), {std::chrono::milliseconds(left), {}})
            .then([this, body, deadline_ms](const kerolox::Result<kerolox::SendReceipt>& result) {
                settle(result, body, deadline_ms);
            });
    }

    void settle(const kerolox::Result<kerolox::SendReceipt>& result, const kerolox::Bytes& body,
                std::int64_t deadline_ms) {
        const auto size = static_cast<std::int64_t>(body.size());
        MutexLock lock(mutex_);
        if (!result && result.error().retriable() && !enough_ &&
            system_clock().steady_ms() + kPauseMs < deadline_ms) {
            late_.push_back({body, deadline_ms});
            return;
        }
        --in_flight_;
        bytes_in_flight_ -= size;
        if (result) {
            ++sent_;
            bytes_ += size;
        } else {
            const kerolox::Error& error = result.error();
            if (failed_++ == 0) first_exit_code_ = exit_code_of(error);
            if (failed_ <= kComplaintsMax) complain(kProduceName, error);
            // What comes after it would fail in the same way.
            enough_ = enough_ || exit_code_of(error) != kFailed;
        }
        changed_.notify_all();
    }

    /// Patience means a pause, or all tries would be over before anything could change.
    void send_again() {
        while (true) {
            std::vector<Late> due;
            {
                MutexLock lock(mutex_);
                if (read_all_ && in_flight_ == 0) return;
                changed_.wait_for(mutex_, std::chrono::milliseconds(kPauseMs));
                due.swap(late_);
            }
            for (const Late& one : due) send(one.body, one.deadline_ms);
        }
    }

    void wait_until_idle() {
        MutexLock lock(mutex_);
        read_all_ = true;
        while (in_flight_ > 0) changed_.wait(mutex_);
    }

    int summary(double seconds) {
        MutexLock lock(mutex_);
        std::string text = fmt::format("{} messages, {} bytes, to {} in {:.2f} s", sent_, bytes_,
                                       options_.topic, seconds);
        if (empty_ > 0)
            text += fmt::format("; {} empty line{} left out", empty_, empty_ == 1 ? "" : "s");
        if (failed_ > 0) text += fmt::format("; {} failed", failed_);
        tell(kProduceName, text);
        if (failed_ == 0) return kDone;
        return sent_ > 0 ? kDoneInPart : first_exit_code_;
    }

    const ProduceOptions& options_;
    const kerolox::Message model_;
    const int wake_;  ///< an eventfd: wakes the reading thread
    kerolox::Producer* producer_ = nullptr;
    std::size_t read_ = 0;

    Mutex mutex_;
    CondVar changed_;
    bool enough_ KX_GUARDED_BY(mutex_) = false;
    std::int64_t in_flight_ KX_GUARDED_BY(mutex_) = 0;
    std::int64_t bytes_in_flight_ KX_GUARDED_BY(mutex_) = 0;
    std::int64_t sent_ KX_GUARDED_BY(mutex_) = 0;
    std::int64_t bytes_ KX_GUARDED_BY(mutex_) = 0;
    std::int64_t failed_ KX_GUARDED_BY(mutex_) = 0;
    std::int64_t empty_ KX_GUARDED_BY(mutex_) = 0;
    int first_exit_code_ KX_GUARDED_BY(mutex_) = kFailed;
    std::vector<Late> late_ KX_GUARDED_BY(mutex_);  ///< to be sent again
    bool read_all_ KX_GUARDED_BY(mutex_) = false;
};

}  // namespace

int run(const ProduceOptions& options) {
    auto model = model_of(options);
    if (!model) {
        complain(kProduceName, model.error().text);
        return kWrongUsage;
    }
    return Produce(options, std::move(*model)).run();
}

void add_produce_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ProduceOptions>();
    CLI::App* command = app.add_subcommand(
        "produce", "sends each line of standard input (or each --file) as a message");
    command->footer(
        "Empty lines are left out: RocketMQ takes no empty messages. A topic that does not exist\n"
        "is created where the broker has autoCreateTopicEnable=true. Bodies from 4 KiB on travel\n"
        "as zlib. A message may be stored twice when a broker goes away before it answers.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such topic, 4 denied, 5 unreachable,\n"
        "6 some messages failed.\n\n"
        "  seq 1000 | kerolox produce Orders --tag new -p region=eu");
    command->add_option("TOPIC", options->topic, "the topic")->required();
    command->add_option("-n,--namesrvAddr", options->name_servers, "name servers: HOST:PORT;...")
        ->envname("NAMESRV_ADDR")
        ->capture_default_str();
    command->add_option("--tag", options->tag, "the messages' tag");
    command->add_option("--key", options->keys, "a key to find them by (repeatable)")
        ->expected(1)
        ->take_all();
    command->add_option("-p,--property", options->properties, "NAME=VALUE (repeatable)")
        ->expected(1)
        ->take_all();
    command->add_option("--file", options->files, "a file that is one message (repeatable)")
        ->expected(1)
        ->take_all();
    command->add_option("--timeout", options->timeout_ms, "ms to go on trying for a message")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace kx::cli
