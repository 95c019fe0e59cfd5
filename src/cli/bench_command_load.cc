// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_command_load.h"

#include "base/bytes.h"

namespace kx::cli {
namespace {

std::string pattern(std::int64_t size) {
    std::string text(static_cast<std::size_t>(size), '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
}

/// The code a server answered; -1: none did.
std::int32_t answer_code(const kerolox::Error& error) {
    constexpr std::int32_t kFirstClientCode = 10'000;
    return error.code() < kFirstClientCode ? error.code() : -1;
}

}  // namespace

SendLoad::SendLoad(kerolox::Producer& producer, LoadOptions options, const BenchWindow& window)
    : producer_(producer),
      options_(std::move(options)),
      window_(window),
      body_(pattern(options_.size)) {}

SendLoad::~SendLoad() { stop(); }

void SendLoad::begin() {
    if (options_.rate > 0) {
        timetable_ = std::thread([this] { keep_timetable(); });
    } else {
        // The first answer starts the pump, on the thread where all others come.
        send_one(system_clock().steady_ns());
    }
}

bool SendLoad::may_send(std::int64_t now_ns) const {
    return !closed_ && now_ns < window_.end_ns.load(std::memory_order_relaxed);
}

void SendLoad::pump() {
    const std::int64_t now = system_clock().steady_ns();
    if (!may_send(now)) return;
    while (in_flight_.load(std::memory_order_relaxed) < options_.inflight_max) send_one(now);
}

void SendLoad::keep_timetable() {
    for (std::int64_t i = 0;; ++i) {
        const std::int64_t due =
            options_.first_due_ns +
            static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / options_.rate);
        {
            MutexLock lock(mutex_);
            while (!closed_) {
                const std::int64_t left = due - system_clock().steady_ns();
                const bool full = in_flight_.load() >= options_.inflight_max;
                if (left <= 0 && !full) break;
                constexpr std::int64_t kLookNs = 1'000'000;
                changed_.wait_for(mutex_, std::chrono::nanoseconds(full ? kLookNs : left));
            }
        }
        if (!may_send(system_clock().steady_ns())) return;
        send_one(due);
    }
}

void SendLoad::send_one(std::int64_t due_ns) {
    in_flight_.fetch_add(1, std::memory_order_relaxed);
    if (window_.holds(due_ns)) due_in_window_.fetch_add(1, std::memory_order_relaxed);
    kerolox::Message message(options_.topic, body_for(due_ns));
    auto sent = options_.queues == 0
                    ? producer_.send(std::move(message))
                    : producer_.send_selected(
                          [n = next_queue_++, most = options_.queues](auto queues, auto&&) {
                              return n % std::min(queues.size(), static_cast<std::size_t>(most));
                          },
                          std::move(message));
    std::move(sent).then([this, due_ns](const kerolox::Result<kerolox::SendReceipt>& result) {
        settle(due_ns, result);
    });
}

kerolox::Bytes SendLoad::body_for(std::int64_t due_ns) const {
    if (options_.stamp == 0) return body_;
    std::string text(body_.text());
    store_be(text.data(), options_.stamp);
    store_be(text.data() + 8, due_ns);
    return kerolox::Bytes(std::move(text));
}

void SendLoad::settle(std::int64_t due_ns, const kerolox::Result<kerolox::SendReceipt>& result) {
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
    if (closed_) return;
    const std::int64_t now = system_clock().steady_ns();
    const bool counts = window_.holds(due_ns);
    if (counts) due_in_window_.fetch_sub(1, std::memory_order_relaxed);
    if (result) {
        if (counts) {
            report_.latency.record(now - due_ns);
            answered_.fetch_add(1, std::memory_order_relaxed);
        }
        if (window_.holds(now)) {
            ++report_.messages;
            report_.bytes += options_.size;
        }
    } else {
        if (counts) ++report_.errors[answer_code(result.error())];
        if (report_.first_error.empty()) report_.first_error = result.error().describe();
    }
    if (options_.rate == 0) pump();
}

void SendLoad::stop() {
    if (!closed_.exchange(true)) report_.unanswered += due_in_window_.load();
    {
        MutexLock lock(mutex_);
        changed_.notify_all();
    }
    if (timetable_.joinable()) timetable_.join();
}

void ReadLoad::on_started() {
    started_ = true;
    changed_();
}

bool ReadLoad::on_message(const kerolox::MessageView& message) {
    if (stamp_ == 0) return true;
    const std::string_view body = message.text();
    if (body.size() < kStampBytes || load_be<std::uint64_t>(body.data()) != stamp_) return true;
    const auto due_ns = load_be<std::int64_t>(body.data() + 8);
    if (!window_.holds(due_ns)) return true;
    report_.delivery.record(system_clock().steady_ns() - due_ns);
    ++delivered_;
    return true;
}

void ReadLoad::on_pulled(const PullDone& done) {
    if (!window_.holds(system_clock().steady_ns())) return;
    ++report_.pulls;
    report_.messages += done.messages;
    report_.bytes += done.body_bytes;
    report_.latency.record(done.took_ns);
}

void ReadLoad::on_trouble(const kerolox::Error& error) {
    if (window_.holds(system_clock().steady_ns())) ++report_.errors[-1];
    if (report_.first_error.empty()) report_.first_error = error.describe();
}

void ReadLoad::on_finished(const kerolox::Status& status) {
    status_ = status;
    finished_ = true;
    changed_();
}

}  // namespace kx::cli
