// SPDX-License-Identifier: Apache-2.0
#include "cli/consume_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "base/clock.h"
#include "base/sync.h"
#include "cli/signals.h"
#include "cli/text_format.h"
#include "cli/topic_reader.h"
#include "kerolox/client.hpp"
#include "model/validators.h"

namespace kx::cli {
namespace {

constexpr std::string_view kConsumeName = "consume";
/// The same trouble is told no more often.
constexpr std::int64_t kTroubleEveryMs = 5'000;
constexpr std::size_t kTroublesMax = 1'000;

/// What a run needs, made out of the options.
struct Plan {
    ReadOptions consumer;
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
        plan.consumer.start = StartAt::kMax;
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
    plan.consumer.start = StartAt::kTime;
    plan.consumer.start_time_ms = *time;
    return plan;
}

class Consume : public ReadListener {
public:
    Consume(const ConsumeOptions& options, const Plan& plan) : options_(options), plan_(plan) {}

    int run() {
        block_signals();
        const StopOnSignal watch([this] {
            MutexLock lock(mutex_);
            interrupted_ = true;
            changed_.notify_all();
        });
        auto client = kerolox::Client::create(
            kerolox::ClientOptions().name_servers(options_.name_servers).callbacks_on_io(true));
        if (!client) return verdict(client.error());
        auto reader = TopicReader::open(*client, plan_.consumer, *this);
        if (!reader) return verdict(reader.error());
        bool interrupted = false;
        {
            MutexLock lock(mutex_);
            while (!finished_ && !interrupted_) changed_.wait(mutex_);
            interrupted = interrupted_;
        }
        if (interrupted) (*reader)->stop();
        reader->reset();
        MutexLock lock(mutex_);
        return verdict(status_);
    }

    bool on_message(const kerolox::MessageView& message) override {
        if (plan_.json)
            append_message_json(out_, message);
        else
            plan_.format.append(out_, message);
        ++written_;
        return options_.count == 0 || written_ < options_.count;
    }

    void on_pulled(const PullDone&) override {
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

    void on_trouble(const kerolox::Error& error) override {
        const bool is_damage = error.kind() == kerolox::ErrorKind::protocol;
        skipped_ += is_damage ? 1 : 0;
        const std::int64_t now = system_clock().steady_ms();
        const std::string text = error.describe();
        const auto [told, is_new] = told_ms_.try_emplace(text, now);
        if (!is_new && now - told->second < kTroubleEveryMs) return;
        if (told_ms_.size() > kTroublesMax)
            told_ms_.clear();
        else
            told->second = now;
        complain(kConsumeName, text + (is_damage ? "; it is left out" : "; trying again"));
    }

    void on_finished(const kerolox::Status& status) override {
        MutexLock lock(mutex_);
        finished_ = true;
        status_ = status;
        changed_.notify_all();
    }

private:
    int verdict(const kerolox::Status& status) {
        if (!status) complain(kConsumeName, status.error());
        if (written_ > 0 && (!status || skipped_ > 0)) return kDoneInPart;
        if (!status) return exit_code_of(status.error());
        return skipped_ > 0 ? kFailed : kDone;
    }

    const ConsumeOptions& options_;
    const Plan& plan_;

    // Of one listener call at a time, and of the main thread when the reader is gone.
    std::string out_;
    std::int64_t written_ = 0;
    std::int64_t skipped_ = 0;
    std::map<std::string, std::int64_t> told_ms_;  ///< which trouble was told when

    Mutex mutex_;
    CondVar changed_;
    bool finished_ KX_GUARDED_BY(mutex_) = false;
    bool interrupted_ KX_GUARDED_BY(mutex_) = false;
    kerolox::Status status_ KX_GUARDED_BY(mutex_);
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
