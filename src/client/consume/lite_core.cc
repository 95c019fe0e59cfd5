// SPDX-License-Identifier: Apache-2.0
//
// Beginning, ending, polling and committing; how queues are pulled is in lite_pulling.cc.
#include "client/consume/lite_core.h"

#include <algorithm>
#include <limits>

#include "client/consume/subscription.h"
#include "client/core/heartbeat.h"
#include "net/request.h"

namespace kx::client {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kHalfHourMs = 30 * 60 * 1000;

LiteQueues::Limits limits_of(const LitePullConfig& config) {
    LiteQueues::Limits limits;
    limits.all_messages = config.pull_threshold_for_all;
    limits.batch = config.pull_batch_size;
    limits.queue_messages = config.pull_threshold_for_queue;
    limits.queue_bytes = std::int64_t{config.pull_threshold_size_for_queue} << 20;
    limits.span = config.consume_max_span;
    return limits;
}

std::int64_t start_time_of(const LiteCore::Settings& settings, std::int64_t now_ms) {
    if (settings.start_ms) return *settings.start_ms;
    const std::string& text = settings.config.consume_timestamp;
    return text.empty() ? now_ms - kHalfHourMs
                        : parse_consume_time(text).value_or(now_ms - kHalfHourMs);
}

}  // namespace

kerolox::Result<std::shared_ptr<LiteCore>> LiteCore::create(std::shared_ptr<ClientLease> lease,
                                                            const Settings& settings) {
    std::shared_ptr<LiteCore> core(new LiteCore(std::move(lease), settings));
    for (const auto& [topic, filter] : settings.subscriptions) {
        if (kerolox::Status added = core->add_subscription(topic, filter); !added)
            return added.error();
    }
    auto begun = core->client_.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

LiteCore::LiteCore(std::shared_ptr<ClientLease> lease, const Settings& settings)
    : lease_(std::move(lease)),
      kept_client_(lease_->core),
      client_(*kept_client_),
      settings_(settings),
      group_(client_.wire_name(settings.config.consumer_group)),
      started_ms_(client_.clock().wall_ms()),
      start_time_ms_(start_time_of(settings, started_ms_)),
      offsets_(make_offsets(client_, group_, settings.config.message_model, settings.offset_store)),
      queues_(limits_of(settings.config)),
      timer_is_for_ms_(kNever),
      rebalancer_(client_, *this,
                  {group_,
                   settings.config.message_model == ModelChoice::kClustering
                       ? kerolox::GroupModel::clustering
                       : kerolox::GroupModel::broadcasting,
                   settings.strategy ? settings.strategy : kerolox::strategy::average()}),
      poll_timer_(client_.home().context()) {}

Awaitable<kerolox::Result<int>> LiteCore::begin() {
    const auto self = shared_from_this();
    if (kerolox::Status loaded = offsets_->load(); !loaded) co_return loaded.error();
    if (kerolox::Status added = client_.add_consumer(self); !added) co_return added.error();
    std::map<std::string, wire::SubscriptionData> subscriptions;
    {
        MutexLock lock(mutex_);
        subscriptions = subscriptions_;
    }
    for (const auto& [topic, subscription] : subscriptions) {
        const auto route = co_await client_.routes().get(topic, RouteUse::kRead);
        if (!route) {
            client_.log(kerolox::LogLevel::warn, "consumer", "no route of {} yet: {}",
                        client_.user_name(topic), route.error().describe());
        }
        const kerolox::Status usable = co_await check_filter(client_, group_, subscription);
        if (!usable) {
            co_await shut(0);
            co_return usable.error();
        }
    }
    co_await client_.heartbeat().to_all();
    if (!subscriptions.empty()) {
        co_await rebalancer_.once();
        share_queues();
    }
    if (settings_.on_topic_change) {
        std::map<std::string, std::vector<kerolox::Queue>> known;
        co_await look_at_topics(known, false);
        client_.spawn(watch_topics(std::move(known)));
    }
    co_return 0;
}

kerolox::Status LiteCore::usable() const {
    if (closing_.load(std::memory_order_acquire)) return closed_error("consumer");
    return client_.usable();
}

template <class T>
kerolox::Async<T> LiteCore::start(Awaitable<kerolox::Result<T>> work) {
    if (kerolox::Status status = usable(); !status) return client_.ready<T>(status.error());
    return client_.run<T>(std::move(work));
}

kerolox::Async<void> LiteCore::close(std::chrono::milliseconds grace) {
    closing_.store(true, std::memory_order_release);
    if (!client_.usable()) return client_.ready<void>({});
    auto end = [](std::shared_ptr<LiteCore> self,
                  std::int64_t grace_ms) -> Awaitable<kerolox::Result<void>> {
        co_await self->shut(grace_ms);
        co_return kerolox::Result<void>();
    };
    return client_.run<void>(end(shared_from_this(), std::max<std::int64_t>(grace.count(), 0)));
}

Awaitable<void> LiteCore::shut(std::int64_t grace_ms) {
    const auto self = shared_from_this();
    closing_.store(true, std::memory_order_release);
    if (std::exchange(shut_, true)) co_return;
    const std::int64_t deadline = client_.clock().steady_ms() + grace_ms;
    rebalancer_.stop();
    waits_.end();
    end_polls();
    if (settings_.config.auto_commit) commit_in_memory();
    co_await persist_now(queues_.all(), deadline);
    queues_.assign(std::set<kerolox::Queue>());
    co_await client_.remove_consumer(group_);
}

// --- subscribing and assigning ---

kerolox::Status LiteCore::enter(Mode mode) {
    if (mode_ != Mode::kNone && mode_ != mode)
        return usage_error("Subscribe and assign are mutually exclusive.");
    mode_ = mode;
    return {};
}

kerolox::Status LiteCore::add_subscription(const std::string& topic,
                                           const kerolox::Filter& filter) {
    if (topic.empty()) return client_error("subscribe exception: Topic can not be null or empty.");
    const std::string name = client_.wire_name(topic);
    auto made = make_subscription(name, filter, next_subscription_version(client_.clock()));
    if (!made) return made.error();
    MutexLock lock(mutex_);
    if (kerolox::Status entered = enter(Mode::kSubscribe); !entered) return entered;
    subscriptions_[name] = std::move(made).value();
    return {};
}

kerolox::Status LiteCore::subscribe(const std::string& topic, const kerolox::Filter& filter) {
    if (kerolox::Status status = usable(); !status) return status;
    if (kerolox::Status added = add_subscription(topic, filter); !added) return added;
    client_.spawn(announce(client_.wire_name(topic)));
    return {};
}

Awaitable<void> LiteCore::announce(std::string topic) {
    const auto self = shared_from_this();
    (void)co_await client_.routes().get(topic, RouteUse::kRead);
    client_.heartbeat().forget_fingerprints();
    // One that is under way says what was true when it began.
    constexpr std::int64_t kHeartbeatPauseMs = 50;
    constexpr int kTries = 20;
    for (int i = 0; i < kTries && !shut_; ++i) {
        const bool told = co_await client_.heartbeat().to_all();
        if (told) break;
        const bool more = co_await rest(kHeartbeatPauseMs);
        if (!more) co_return;
    }
    if (shut_) co_return;
    share_queues();
    rebalancer_.wake();
}

void LiteCore::share_queues() {
    if (!std::exchange(sharing_, true)) client_.spawn(rebalancer_.keep(shared_from_this()));
}

kerolox::Status LiteCore::unsubscribe(std::string_view topic) {
    if (kerolox::Status status = usable(); !status) return status;
    const std::string name = client_.wire_name(topic);
    {
        MutexLock lock(mutex_);
        subscriptions_.erase(name);
        if (mode_ == Mode::kAssign) return {};
    }
    client_.spawn(give_back(queues_.assign(name, {})));
    return {};
}

kerolox::Status LiteCore::assign(const std::vector<kerolox::Queue>& queues,
                                 const kerolox::Filter& filter) {
    if (kerolox::Status status = usable(); !status) return status;
    if (queues.empty()) return usage_error("Message queues can not be null or empty.");
    std::set<kerolox::Queue> wanted;
    for (const kerolox::Queue& queue : queues) {
        if (queue.topic.empty() || queue.broker.empty() || queue.id < 0)
            return usage_error(fmt::format("{} is no queue", queue.describe()));
        const kerolox::Queue own = wire_queue(client_, queue);
        if (const auto made = make_subscription(own.topic, filter, 0); !made) return made.error();
        wanted.insert(own);
    }
    {
        MutexLock lock(mutex_);
        if (kerolox::Status entered = enter(Mode::kAssign); !entered) return entered;
        assigned_filter_ = filter;
    }
    LiteQueues::Changes changes = queues_.assign(wanted);
    const std::vector<LiteQueues::Turn> begun = std::exchange(changes.begun, {});
    if (!changes.gone.empty()) client_.spawn(give_back(std::move(changes)));
    begin_turns(begun);
    return {};
}

std::vector<kerolox::Queue> LiteCore::assignment() const {
    std::vector<kerolox::Queue> queues;
    for (const kerolox::Queue& queue : queues_.all()) queues.push_back(user_queue(client_, queue));
    return queues;
}

void LiteCore::pause(const std::vector<kerolox::Queue>& queues, bool paused) {
    for (const kerolox::Queue& queue : queues) queues_.pause(wire_queue(client_, queue), paused);
}

bool LiteCore::subscription_for(const std::string& topic,
                                wire::SubscriptionData& subscription) const {
    MutexLock lock(mutex_);
    if (mode_ == Mode::kAssign) {
        auto made = make_subscription(topic, assigned_filter_, started_ms_);
        if (!made) return false;
        subscription = std::move(made).value();
    } else {
        const auto found = subscriptions_.find(topic);
        if (found == subscriptions_.end()) return false;
        subscription = found->second;
    }
    // Tags travel with every pull: the broker needs no newer version of them.
    if (subscription.is_tag_type()) subscription.sub_version = 0;
    return true;
}

// --- polling ---

kerolox::Async<kerolox::MessageBatch> LiteCore::poll(std::chrono::milliseconds time) {
    using kerolox::MessageBatch;
    if (kerolox::Status status = usable(); !status)
        return client_.ready<MessageBatch>(status.error());
    if (time.count() < 0)
        return client_.ready<MessageBatch>(usage_error("Timeout must not be negative"));
    commit_when_due();
    if (auto batch = queues_.take(client_.clock().steady_ms())) {
        tell_interceptors(client_, group_, batch->messages);
        return client_.ready<MessageBatch>(std::move(batch->messages));
    }
    if (time.count() == 0) return client_.ready<MessageBatch>(MessageBatch());
    auto* operation = client_.new_operation<PollOperation>();
    operation->retain();
    kerolox::Async<MessageBatch> handle(operation);
    constexpr std::int64_t kLongestMs = std::int64_t{365} * 86'400'000;
    const std::int64_t deadline =
        client_.clock().steady_ms() + std::min<std::int64_t>(time.count(), kLongestMs);
    bool arm = false;
    {
        MutexLock lock(mutex_);
        waiting_.push_back({operation, deadline});
        arm = deadline < timer_is_for_ms_;
        if (arm) timer_is_for_ms_ = deadline;
    }
    if (arm) client_.post([self = shared_from_this()] { self->arm_timer(); });
    // Something may have come while nobody stood in the list; or the end.
    serve_waiting();
    if (closing_.load(std::memory_order_acquire)) end_polls();
    return handle;
}

LiteCore::PollOperation* LiteCore::next_waiting() {
    MutexLock lock(mutex_);
    if (waiting_.empty()) return nullptr;
    PollOperation* operation = waiting_.front().operation;
    waiting_.pop_front();
    return operation;
}

void LiteCore::serve_waiting() {
    {
        MutexLock lock(mutex_);
        if (waiting_.empty()) return;
    }
    while (auto batch = queues_.take(client_.clock().steady_ms())) {
        PollOperation* operation = next_waiting();
        if (operation != nullptr) {
            tell_interceptors(client_, group_, batch->messages);
            const bool handed_over = operation->complete(batch->messages);
            operation->release();
            if (handed_over) continue;
        }
        // Who waited has given up meanwhile: the messages are for the next one.
        queues_.put_back(std::move(*batch));
        if (operation == nullptr) return;
    }
}

void LiteCore::arm_timer() {
    std::int64_t first = kNever;
    {
        MutexLock lock(mutex_);
        for (const Waiting& one : waiting_) first = std::min(first, one.deadline_ms);
        timer_is_for_ms_ = first;
    }
    if (first == kNever || shut_) return;
    const std::int64_t left = std::max<std::int64_t>(first - client_.clock().steady_ms(), 0);
    poll_timer_.expires_after(std::chrono::milliseconds(left));
    poll_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->expire_polls();
    });
}

void LiteCore::expire_polls() {
    const std::int64_t now = client_.clock().steady_ms();
    std::vector<PollOperation*> expired;
    {
        MutexLock lock(mutex_);
        waiting_.remove_if([&](const Waiting& one) {
            const bool over = one.deadline_ms <= now;
            if (over) expired.push_back(one.operation);
            return over;
        });
    }
    for (PollOperation* operation : expired) {
        operation->complete(kerolox::MessageBatch());
        operation->release();
    }
    arm_timer();
}

void LiteCore::end_polls() {
    while (PollOperation* operation = next_waiting()) {
        operation->complete(closed_error("consumer"));
        operation->release();
    }
    client_.post([self = shared_from_this()] {
        if (self->shut_) self->poll_timer_.cancel();
    });
}

// --- offsets ---

void LiteCore::commit_when_due() {
    if (!settings_.config.auto_commit) return;
    const std::int64_t now = client_.clock().steady_ms();
    {
        MutexLock lock(mutex_);
        if (now < next_commit_ms_) return;
        next_commit_ms_ = now + settings_.config.auto_commit_interval_millis;
    }
    commit_in_memory();
}

void LiteCore::commit_in_memory() {
    for (const auto& [queue, offset] : queues_.consumed()) offsets_->update(queue, offset, false);
}

kerolox::Async<void> LiteCore::commit() { return start(write_consumed()); }

LiteCore::Outcome LiteCore::write_consumed() {
    const auto self = shared_from_this();
    kerolox::Status worst;
    for (const auto& [queue, offset] : queues_.consumed()) {
        offsets_->update(queue, offset, false);
        const kerolox::Status written = co_await write_if_new(queue, offset);
        if (!written) worst = written;
    }
    co_return worst;
}

kerolox::Async<void> LiteCore::commit(std::vector<kerolox::QueueOffset> offsets, bool persist_now) {
    for (kerolox::QueueOffset& one : offsets) one.queue = wire_queue(client_, std::move(one.queue));
    return start(write_offsets(std::move(offsets), persist_now));
}

LiteCore::Outcome LiteCore::write_offsets(std::vector<kerolox::QueueOffset> offsets,
                                          bool persist_now) {
    const auto self = shared_from_this();
    kerolox::Status worst;
    for (const kerolox::QueueOffset& one : offsets) {
        if (one.offset < 0) {
            worst = client_error(fmt::format("consumerOffset is {} in messageQueue [{}].",
                                             one.offset, one.queue.describe()));
            continue;
        }
        if (!queues_.has(one.queue)) {
            worst = check_assigned(one.queue);
            continue;
        }
        offsets_->update(one.queue, one.offset, false);
        if (!persist_now) continue;
        const kerolox::Status written = co_await write_if_new(one.queue, one.offset);
        if (!written) worst = written;
    }
    co_return worst;
}

Awaitable<kerolox::Status> LiteCore::write_if_new(kerolox::Queue queue, std::int64_t offset) {
    const auto known = stored_.find(queue);
    if (known != stored_.end() && known->second == offset) co_return kerolox::Status();
    const kerolox::Status written = co_await offsets_->write(queue, offset);
    if (written) stored_[queue] = offset;
    co_return written;
}

void LiteCore::persist_offsets() {
    std::set<kerolox::Queue> queues = queues_.all();
    if (!queues.empty() && !shut_) client_.spawn(persist_now(std::move(queues), kNever));
}

Awaitable<void> LiteCore::persist_now(std::set<kerolox::Queue> queues, std::int64_t deadline_ms) {
    const auto self = shared_from_this();
    for (const kerolox::Queue& queue : queues) {
        const std::int64_t offset = offsets_->in_memory(queue);
        if (offset < 0) continue;
        kerolox::Status written = closed_error("consumer");
        if (client_.clock().steady_ms() <= deadline_ms)
            written = co_await write_if_new(queue, offset);
        if (written) continue;
        client_.log(kerolox::LogLevel::warn, "consumer", "offset {} of {} is not committed: {}",
                    offset, queue.describe(), written.error().describe());
    }
}

kerolox::Async<std::int64_t> LiteCore::committed(kerolox::Queue queue) {
    return start(read_committed(wire_queue(client_, std::move(queue))));
}
Awaitable<kerolox::Result<std::int64_t>> LiteCore::read_committed(kerolox::Queue queue) {
    const auto self = shared_from_this();
    auto offset = co_await offsets_->read(std::move(queue), OffsetSource::kMemoryThenStore);
    if (offset) co_return offset;
    kerolox::Error::Detail detail;
    detail.kind = kerolox::ErrorKind::client;
    detail.text = "Fetch consume offset from broker exception";
    detail.cause = offset.error();
    co_return kerolox::Error(std::move(detail));
}

kerolox::Async<std::int64_t> LiteCore::offset_at(kerolox::Queue queue, std::int64_t time_ms) {
    return start(ask_at(wire_queue(client_, std::move(queue)), time_ms));
}
Awaitable<kerolox::Result<std::int64_t>> LiteCore::ask_at(kerolox::Queue queue,
                                                          std::int64_t time_ms) {
    const auto self = shared_from_this();
    co_return co_await query_offset_at(client_, std::move(queue), time_ms);
}

kerolox::Async<std::vector<kerolox::Queue>> LiteCore::queues(std::string topic) {
    return start(fetch_queues(std::move(topic)));
}
Awaitable<kerolox::Result<std::vector<kerolox::Queue>>> LiteCore::fetch_queues(std::string topic) {
    const auto self = shared_from_this();
    co_return co_await readable_queues_of(client_, std::move(topic));
}

// --- seeking ---

kerolox::Status LiteCore::check_assigned(const kerolox::Queue& queue) const {
    if (queues_.has(queue)) return {};
    MutexLock lock(mutex_);
    return client_error(
        fmt::format("The message queue is not in assigned list{}, message queue: {}",
                    mode_ == Mode::kSubscribe ? ", may be rebalancing" : "",
                    user_queue(client_, queue).describe()));
}

kerolox::Async<void> LiteCore::seek(kerolox::Queue queue, std::int64_t offset) {
    return start(seek_to(wire_queue(client_, std::move(queue)), offset));
}
kerolox::Async<void> LiteCore::seek(kerolox::Queue queue, End end) {
    return start(seek_to_end(wire_queue(client_, std::move(queue)), end));
}

LiteCore::Outcome LiteCore::seek_to_end(kerolox::Queue queue, End end) {
    const auto self = shared_from_this();
    if (kerolox::Status known = check_assigned(queue); !known) co_return known;
    const auto question = end == End::kBegin ? &query_min_offset : &query_max_offset;
    const auto offset = co_await question(client_, queue);
    if (!offset) co_return offset.error();
    const auto turn = queues_.seek(queue, offset.value());
    if (!turn) co_return check_assigned(queue);
    begin_turns({*turn});
    co_return kerolox::Result<void>();
}

LiteCore::Outcome LiteCore::seek_to(kerolox::Queue queue, std::int64_t offset) {
    const auto self = shared_from_this();
    if (kerolox::Status known = check_assigned(queue); !known) co_return known;
    const auto min = co_await query_min_offset(client_, queue);
    if (!min) co_return min.error();
    const auto max = co_await query_max_offset(client_, queue);
    if (!max) co_return max.error();
    if (offset < min.value() || offset > max.value()) {
        co_return client_error(
            fmt::format("Seek offset illegal, seek offset = {}, min offset = {}, max offset = {}",
                        offset, min.value(), max.value()));
    }
    const auto turn = queues_.seek(queue, offset);
    if (!turn) co_return check_assigned(queue);
    begin_turns({*turn});
    co_return kerolox::Result<void>();
}

// --- what brokers ask ---

void LiteCore::reset_offsets(const std::string& topic,
                             std::map<kerolox::Queue, std::int64_t> offsets) {
    // RocketMQ's lite pull consumer ignores it, and overwrites the new offset with its own.
    std::vector<LiteQueues::Turn> turns;
    std::set<kerolox::Queue> queues;
    for (const auto& [queue, offset] : offsets) {
        const auto turn = queues_.seek(queue, offset);
        if (!turn) continue;
        offsets_->update(queue, offset, false);
        turns.push_back(*turn);
        queues.insert(queue);
    }
    client_.log(kerolox::LogLevel::info, "consumer", "{} queues of {} begin anew for {}",
                turns.size(), topic, client_.user_name(group_));
    begin_turns(turns);
    persist_offsets();
}

std::map<kerolox::Queue, std::int64_t> LiteCore::offsets(std::string_view topic) const {
    auto all = offsets_->all();
    std::erase_if(all, [&](const auto& one) { return !topic.empty() && one.first.topic != topic; });
    return all;
}

kerolox::ConsumerSnapshot LiteCore::snapshot() const {
    kerolox::ConsumerSnapshot snapshot;
    snapshot.properties =
        snapshot_properties(LitePullConfig::keys(), &settings_.config, started_ms_);
    snapshot.queues = queues_.states(client_.clock());
    for (kerolox::QueueState& state : snapshot.queues) {
        state.committed = offsets_->in_memory(state.queue);
        state.queue = user_queue(client_, std::move(state.queue));
    }
    MutexLock lock(mutex_);
    for (const auto& [topic, subscription] : subscriptions_)
        snapshot.subscriptions.emplace_back(client_.user_name(topic), filter_of(subscription));
    return snapshot;
}

void LiteCore::consume_directly(kerolox::MessageView, std::string, net::Responder responder) {
    refuse_direct_consumption(group_, std::move(responder));
}

void LiteCore::add_topics(std::set<std::string>& topics) const {
    for (const kerolox::Queue& queue : queues_.all()) topics.insert(queue.topic);
    MutexLock lock(mutex_);
    for (const auto& [topic, subscription] : subscriptions_) topics.insert(topic);
}

void LiteCore::add_to_heartbeat(wire::HeartbeatData& heartbeat) const {
    std::vector<wire::SubscriptionData> subscriptions;
    {
        MutexLock lock(mutex_);
        for (const auto& [topic, subscription] : subscriptions_)
            subscriptions.push_back(subscription);
    }
    heartbeat.consumer_data_set.push_back(active_consumer(group_, settings_.config.message_model,
                                                          client_.config().unit_mode,
                                                          std::move(subscriptions)));
}

}  // namespace kx::client
