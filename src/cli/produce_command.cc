// SPDX-License-Identifier: Apache-2.0
#include "cli/produce_command.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <sstream>

#include "base/sync.h"
#include "cli/text_format.h"
#include "client/thin_producer.h"
#include "model/properties.h"
#include "model/validators.h"

namespace kx::cli {
namespace {

constexpr std::string_view kProduceName = "produce";
constexpr std::int64_t kMessagesInFlightMax = 1024;
constexpr std::int64_t kBytesInFlightMax = 32 << 20;
constexpr std::size_t kMessageBytesMax = 16 << 20;
constexpr std::size_t kCompressFrom = 4096;  // as the Java producer does
constexpr int kComplaintsMax = 5;

/// The properties that every message gets, or what is wrong with them.
Result<std::string> properties_of(const ProduceOptions& options) {
    namespace property = model::property;
    std::string text;
    const auto add = [&text](std::string_view name, std::string_view value) -> Status {
        constexpr std::string_view kSeparators{"\x01\x02", 2};
        if (name.find_first_of(kSeparators) != std::string_view::npos ||
            value.find_first_of(kSeparators) != std::string_view::npos)
            return fail(Errc::kInvalidArgument, "property {} holds a byte 1 or 2", name);
        model::set_property(text, name, value);
        return {};
    };
    for (const std::string& entry : options.properties) {
        const std::size_t equals = entry.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == entry.size())
            return fail(Errc::kInvalidArgument, "'{}' is not NAME=VALUE", entry);
        const std::string name = entry.substr(0, equals);
        if (name == property::kTags || name == property::kKeys)
            return fail(Errc::kInvalidArgument, "{} has its own option: --tag, --key", name);
        if (name == property::kUniqKey || name == property::kWait)
            return fail(Errc::kInvalidArgument, "{} is set by the producer itself", name);
        KX_CHECK(add(name, entry.substr(equals + 1)));
    }
    if (!options.tag.empty()) KX_CHECK(add(property::kTags, options.tag));
    std::string keys;
    for (const std::string& key : options.keys) keys += (keys.empty() ? "" : " ") + key;
    if (!keys.empty()) KX_CHECK(add(property::kKeys, keys));
    if (text.size() > 30'000)
        return fail(Errc::kInvalidArgument, "properties of {} bytes are too large", text.size());
    return text;
}

/// The main thread reads, the io thread sends; between them is a window, so that a fast input does
/// not fill the memory.
class Produce {
public:
    Produce(const ProduceOptions& options, std::string properties)
        : options_(options),
          properties_(std::move(properties)),
          context_(pool_, context_options(options)),
          signals_(context_.thread().context(), SIGINT, SIGTERM),
          wake_(::eventfd(0, EFD_CLOEXEC)) {}
    ~Produce() { ::close(wake_); }

    int run() {
        const std::int64_t begin = system_clock().steady_ns();
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            signals_.clear();  // a second signal ends the process
            interrupt();
        });
        pool_.start();
        const Status opened = open();
        if (opened) {
            if (options_.files.empty())
                read_lines();
            else
                read_files();
            wait_until_idle();
        } else {
            complain(kProduceName, opened.error());
        }
        // From here on a signal has its usual effect.
        context_.post_and_wait([this] {
            signals_.cancel();
            if (producer_) producer_->stop();
        });
        context_.stop();
        pool_.stop();
        if (!opened) return exit_code_of(opened.error().code);
        return summary(static_cast<double>(system_clock().steady_ns() - begin) / 1e9);
    }

private:
    static client::ClientContext::Options context_options(const ProduceOptions& options) {
        client::ClientContext::Options made;
        made.name_servers = options.name_servers;
        return made;
    }

    Status open() {
        client::ProducerOptions producer;
        producer.topic = options_.topic;
        producer.timeout_ms = options_.timeout_ms;
        producer.patient = true;
        producer.compress_from_bytes = kCompressFrom;
        KX_TRY(producer_, client::ThinProducer::open(context_, std::move(producer)));
        return {};
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
            context_.post([this, part = std::move(part)]() mutable {
                for (std::string& body : part) send(std::move(body));
            });
        }
        bodies.clear();
        return true;
    }

    bool is_full() const KX_REQUIRES(mutex_) {
        return in_flight_ >= kMessagesInFlightMax || bytes_in_flight_ >= kBytesInFlightMax;
    }

    void send(std::string body) {
        const auto size = static_cast<std::int64_t>(body.size());
        producer_->send(
            {Slice::own(std::move(body)), properties_},
            [this, size](const client::SendOutcome& outcome) { settle(outcome, size); });
    }

    void settle(const client::SendOutcome& outcome, std::int64_t size) {
        MutexLock lock(mutex_);
        --in_flight_;
        bytes_in_flight_ -= size;
        if (outcome.ok()) {
            ++sent_;
            bytes_ += size;
        } else {
            const Error& error = *outcome.error;
            if (failed_++ == 0) first_error_ = error.code;
            if (failed_ <= kComplaintsMax) complain(kProduceName, error);
            // What comes after it would fail in the same way.
            enough_ = enough_ || exit_code_of(error.code) != kFailed;
        }
        changed_.notify_all();
    }

    void wait_until_idle() {
        MutexLock lock(mutex_);
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
        return sent_ > 0 ? kDoneInPart : exit_code_of(first_error_);
    }

    const ProduceOptions& options_;
    const std::string properties_;
    net::IoPool pool_{1, system_clock()};
    client::ClientContext context_;
    boost::asio::signal_set signals_;
    const int wake_;  ///< an eventfd: wakes the reading thread
    std::unique_ptr<client::ThinProducer> producer_;
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
    Errc first_error_ KX_GUARDED_BY(mutex_) = Errc::kInternal;
};

}  // namespace

int run(const ProduceOptions& options) {
    const Status legal = model::validate_topic(options.topic);
    const auto properties = properties_of(options);
    if (!legal || !properties) {
        complain(kProduceName, !legal ? legal.error().text : properties.error().text);
        return kWrongUsage;
    }
    return Produce(options, *properties).run();
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
