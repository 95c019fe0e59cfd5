// SPDX-License-Identifier: Apache-2.0
#include "cli/consume_command.h"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <map>

#include "base/sync.h"
#include "cli/text_format.h"
#include "client/thin_consumer.h"
#include "model/validators.h"

namespace kx::cli {
namespace {

constexpr std::string_view kConsumeName = "consume";
/// The same trouble is told no more often.
constexpr std::int64_t kTroubleEveryMs = 5'000;
constexpr std::size_t kTroublesMax = 1'000;

/// What a run needs, made out of the options.
struct Plan {
    client::ConsumerOptions consumer;
    TextFormat format;
    bool json = false;
};

Result<Plan> plan_of(const ConsumeOptions& options) {
    Plan plan;
    KX_CHECK(model::validate_topic(options.topic));
    if (!options.group.empty()) KX_CHECK(model::validate_group(options.group));
    KX_TRY(plan.format, TextFormat::parse(options.format));
    if (options.output != "text" && options.output != "json")
        return fail(Errc::kInvalidArgument, "-o {} is neither text nor json", options.output);
    plan.json = options.output == "json";
    plan.consumer.topic = options.topic;
    plan.consumer.group = options.group;
    plan.consumer.tags = options.tags.empty() ? "*" : options.tags;
    plan.consumer.stop_at_end = options.exit_at_end;
    if (options.from == ":start") return plan;
    if (options.from == ":end") {
        plan.consumer.start = client::StartAt::kMax;
        return plan;
    }
    const bool is_time = options.from.starts_with('@');
    const auto time =
        is_time ? parse_time(std::string_view(options.from).substr(1), system_clock().wall_ms())
                : std::nullopt;
    if (!time) {
        return fail(Errc::kInvalidArgument,
                    "--from {} is none of :start, :end, @-10m, @2026-08-01T12:00, @1700000000000",
                    options.from);
    }
    plan.consumer.start = client::StartAt::kTime;
    plan.consumer.start_time_ms = *time;
    return plan;
}

class Consume : public client::ConsumerListener {
public:
    Consume(const ConsumeOptions& options, const Plan& plan)
        : options_(options),
          plan_(plan),
          context_(pool_, context_options(options)),
          signals_(context_.thread().context(), SIGINT, SIGTERM) {}

    int run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            signals_.clear();  // a second signal ends the process
            interrupted_ = true;
            if (consumer_) consumer_->stop();
        });
        pool_.start();
        auto opened = client::ThinConsumer::open(context_, plan_.consumer, *this);
        Status status;
        if (opened) {
            context_.post_and_wait([&] {
                consumer_ = std::move(*opened);
                if (interrupted_) consumer_->stop();
            });
            status = wait_for_end();
        } else {
            status = tl::unexpected(opened.error());
        }
        context_.post_and_wait([this] { signals_.cancel(); });
        context_.stop();
        pool_.stop();
        return verdict(status);
    }

    bool on_message(const client::Delivery& delivery) override {
        const MessageText message{delivery.record, delivery.broker};
        if (plan_.json)
            append_message_json(out_, message);
        else
            plan_.format.append(out_, message);
        ++written_;
        return options_.count == 0 || written_ < options_.count;
    }

    void on_pulled(const client::PullDone&) override {
        if (out_.empty()) return;
        const bool ok = std::fwrite(out_.data(), 1, out_.size(), stdout) == out_.size() &&
                        std::fflush(stdout) == 0;
        out_.clear();
        if (ok) return;
        // What could not be written is not delivered: end before it is committed.
        complain(kConsumeName,
                 fmt::format("standard output cannot be written: {}", std::strerror(errno)));
        std::_Exit(kFailed);
    }

    void on_trouble(const Error& error) override {
        const bool is_damage = error.code == Errc::kCorrupt || error.code == Errc::kMalformed;
        skipped_ += is_damage ? 1 : 0;
        const std::int64_t now = context_.clock().steady_ms();
        const auto [told, is_new] = told_ms_.try_emplace(error.text, now);
        if (!is_new && now - told->second < kTroubleEveryMs) return;
        if (told_ms_.size() > kTroublesMax)
            told_ms_.clear();
        else
            told->second = now;
        complain(kConsumeName, error.text + (is_damage ? "; it is left out" : "; trying again"));
    }

    void on_finished(const Status& status) override {
        MutexLock lock(mutex_);
        finished_ = true;
        status_ = status;
        changed_.notify_all();
    }

private:
    static client::ClientContext::Options context_options(const ConsumeOptions& options) {
        client::ClientContext::Options made;
        made.name_servers = options.name_servers;
        return made;
    }

    Status wait_for_end() {
        MutexLock lock(mutex_);
        while (!finished_) changed_.wait(mutex_);
        return status_;
    }

    int verdict(const Status& status) {
        if (!status) complain(kConsumeName, status.error());
        if (written_ > 0 && (!status || skipped_ > 0)) return kDoneInPart;
        if (!status) return exit_code_of(status.error().code);
        return skipped_ > 0 ? kFailed : kDone;
    }

    const ConsumeOptions& options_;
    const Plan& plan_;
    net::IoPool pool_{1, system_clock()};
    client::ClientContext context_;
    boost::asio::signal_set signals_;
    std::unique_ptr<client::ThinConsumer> consumer_;

    // Of the io thread, and of the main thread when that one stands still.
    std::string out_;
    std::int64_t written_ = 0;
    std::int64_t skipped_ = 0;
    bool interrupted_ = false;
    std::map<std::string, std::int64_t> told_ms_;  ///< which trouble was told when

    Mutex mutex_;
    CondVar changed_;
    bool finished_ KX_GUARDED_BY(mutex_) = false;
    Status status_ KX_GUARDED_BY(mutex_);
};

}  // namespace

int run(const ConsumeOptions& options) {
    const auto plan = plan_of(options);
    if (!plan) {
        complain(kConsumeName, plan.error().text);
        return kWrongUsage;
    }
    return Consume(options, *plan).run();
}

void add_consume_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ConsumeOptions>();
    CLI::App* command =
        app.add_subcommand("consume", "writes a topic's messages to standard output");
    command->footer(
        "Without a group nothing is committed. With one, it begins at the group's committed "
        "offsets\n"
        "(--from counts only for queues that have none) and commits what was written. It is a\n"
        "simple consumer: it takes all queues of the topic by itself and shares them with no "
        "other\n"
        "member of the group; do not run it beside a live consumer of the same group.\n\n"
        "FORMAT: %t topic, %q queue, %o offset, %k keys, %T tags, %i message id, %s body,\n"
        "%S store time, %b broker, %% percent, \\n \\t \\r \\0 \\\\.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such topic, 4 denied, 5 unreachable,\n"
        "6 stopped by an error, or left out damaged messages, after some were written.\n\n"
        "  kerolox consume Orders -e -f '%o %k %s\\n'        all there is, then the end\n"
        "  kerolox consume Orders --from @-10m -t 'new || paid' -o json");
    command->add_option("TOPIC", options->topic, "the topic")->required();
    command->add_option("-n,--namesrvAddr", options->name_servers, "name servers: HOST:PORT;...")
        ->envname("NAMESRV_ADDR")
        ->capture_default_str();
    command->add_option("-g,--group", options->group, "go on where this group is, and commit");
    command
        ->add_option("--from", options->from, ":start, :end, or @TIME (@-10m, @2026-08-01T12:00)")
        ->capture_default_str();
    command->add_option("-c,--count", options->count, "end after so many messages")
        ->check(CLI::PositiveNumber);
    command->add_flag("-e,--exit", options->exit_at_end, "end at the topic's present end");
    command->add_option("-t,--tags", options->tags, "a tag expression: 'a || b'")
        ->capture_default_str();
    command->add_option("-f,--format", options->format, "how to write a message")
        ->capture_default_str();
    command->add_option("-o,--output", options->output, "text, or json: an object a line")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace kx::cli
