// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command_load.h"

#include "base/bytes.h"

namespace kx::cli {
namespace {

/// After a failure without an answer: a dead server must not be asked in a tight loop.
constexpr std::int64_t kFailurePauseNs = 10'000'000;

std::string pattern(std::int64_t size) {
    std::string text(static_cast<std::size_t>(size), '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
}

}  // namespace

SendLoad::SendLoad(client::ClientContext& context, client::ThinProducer& producer,
                   LoadOptions options, const BenchWindow& window)
    : context_(context),
      producer_(producer),
      options_(options),
      window_(window),
      body_(Slice::own(pattern(options.size))),
      timer_(context.thread().context()) {}

void SendLoad::pump() {
    if (closed_) return;
    const std::int64_t now = context_.clock().steady_ns();
    if (now >= window_.end_ns.load(std::memory_order_relaxed)) return;
    if (options_.rate > 0) {
        while (in_flight_ < options_.inflight_max && send_due(now)) {
        }
        return;
    }
    while (in_flight_ < options_.inflight_max) send_one(now);
}

/// False when the next one is not due yet; then the timer is set for it.
bool SendLoad::send_due(std::int64_t now_ns) {
    const std::int64_t due_ns =
        options_.first_due_ns +
        static_cast<std::int64_t>(static_cast<double>(sent_) * 1e9 / options_.rate);
    if (due_ns > now_ns) return pump_at(due_ns), false;
    send_one(due_ns);
    return true;
}

void SendLoad::send_one(std::int64_t due_ns) {
    ++sent_;
    ++in_flight_;
    due_in_window_ += window_.holds(due_ns) ? 1 : 0;
    producer_.send({body_for(due_ns), {}},
                   [this, due_ns](const client::SendOutcome& outcome) { settle(due_ns, outcome); });
}

Slice SendLoad::body_for(std::int64_t due_ns) const {
    if (options_.stamp == 0) return body_;
    std::string text(body_.bytes);
    store_be(text.data(), options_.stamp);
    store_be(text.data() + 8, due_ns);
    return Slice::own(std::move(text));
}

void SendLoad::settle(std::int64_t due_ns, const client::SendOutcome& outcome) {
    --in_flight_;
    if (closed_) return;
    const std::int64_t now = context_.clock().steady_ns();
    const bool counts = window_.holds(due_ns);
    due_in_window_ -= counts ? 1 : 0;
    if (outcome.ok()) {
        if (counts) report_.latency.record(now - due_ns);
        if (window_.holds(now)) {
            ++report_.messages;
            report_.bytes += options_.size;
        }
        return pump();
    }
    if (counts) ++report_.errors[outcome.code()];
    if (report_.first_error.empty()) report_.first_error = outcome.error->text;
    if (outcome.code() < 0) return pump_at(now + kFailurePauseNs);
    pump();
}

void SendLoad::pump_at(std::int64_t at_ns) {
    if (timer_runs_) return;
    timer_runs_ = true;
    timer_.expires_after(std::chrono::nanoseconds(at_ns - context_.clock().steady_ns()));
    timer_.async_wait([this](const boost::system::error_code& error) {
        timer_runs_ = false;
        if (!error) pump();
    });
}

void SendLoad::close_books() {
    closed_ = true;
    report_.unanswered += due_in_window_;
    timer_.cancel();
}

void SendLoad::stop() {
    close_books();
    producer_.stop();
}

void ReadLoad::on_started() {
    started_ = true;
    changed_();
}

bool ReadLoad::on_message(const client::Delivery& delivery) {
    if (stamp_ == 0) return true;
    const std::string_view body = delivery.record.body;
    if (body.size() < kStampBytes || load_be<std::uint64_t>(body.data()) != stamp_) return true;
    const auto due_ns = load_be<std::int64_t>(body.data() + 8);
    if (window_.holds(due_ns)) report_.delivery.record(clock_.steady_ns() - due_ns);
    return true;
}

void ReadLoad::on_pulled(const client::PullDone& done) {
    if (!window_.holds(clock_.steady_ns())) return;
    ++report_.pulls;
    report_.messages += done.messages;
    report_.bytes += done.body_bytes;
    report_.latency.record(done.took_ns);
}

void ReadLoad::on_trouble(const Error& error) {
    if (window_.holds(clock_.steady_ns())) ++report_.errors[-1];
    if (report_.first_error.empty()) report_.first_error = error.text;
}

void ReadLoad::on_finished(const Status& status) {
    status_ = status;
    finished_ = true;
    changed_();
}

}  // namespace kx::cli
