// SPDX-License-Identifier: Apache-2.0
#include "client/consume/push_core.h"

#include <algorithm>

#include "client/consume/pop_offsets.h"
#include "client/consume/send_back.h"
#include "client/consume/subscription.h"
#include "client/core/heartbeat.h"
#include "model/names.h"
#include "wire/bodies/clients.h"

namespace kx::client {
namespace {

constexpr std::int32_t kCheckFilter = 46;
/// Without a bound of their own.
constexpr std::int32_t kConcurrentTries = 16;

std::unique_ptr<OffsetTable> make_offsets(ClientCore& core, const std::string& group,
                                          const PushCore::Settings& settings) {
    if (settings.offset_store) return OffsetTable::custom(core, group, settings.offset_store);
    if (settings.is_broadcasting())
        return OffsetTable::local(core, group, core.config().local_offset_store_dir);
    return OffsetTable::remote(core, group);
}

}  // namespace

kerolox::Result<std::shared_ptr<PushCore>> PushCore::create(std::shared_ptr<ClientLease> lease,
                                                            const Settings& settings,
                                                            const PushPace* pace) {
    PushPace usual;
    usual.failure_ms = lease->core->config().pull_time_delay_mills_when_exception;
    std::shared_ptr<PushCore> core(
        new PushCore(std::move(lease), settings, pace == nullptr ? usual : *pace));
    auto begun = core->client_.run<int>(core->begin()).get();
    if (!begun) return begun.error();
    return core;
}

PushCore::PushCore(std::shared_ptr<ClientLease> lease, const Settings& settings,
                   const PushPace& pace)
    : lease_(std::move(lease)),
      kept_client_(lease_->core),
      client_(*kept_client_),
      settings_(settings),
      pace_(pace),
      group_(client_.wire_name(settings.config.consumer_group)),
      offsets_(make_offsets(client_, group_, settings)),
      started_ms_(client_.clock().wall_ms()),
      service_(settings.is_ordered() ? make_ordered_service(*this)
                                     : make_concurrent_service(*this)),
      pops_(*this),
      rebalancer_(client_, *this,
                  {group_,
                   settings.is_broadcasting() ? kerolox::GroupModel::broadcasting
                                              : kerolox::GroupModel::clustering,
                   settings.strategy}),
      messages_per_queue_(settings.config.pull_threshold_for_queue),
      mebibytes_per_queue_(settings.config.pull_threshold_size_for_queue),
      threads_(static_cast<std::size_t>(settings.config.consume_thread_max),
               settings.config.consumer_group, settings.executor) {
    MutexLock lock(mutex_);
    const std::int64_t version = next_subscription_version(client_.clock());
    for (const auto& [topic, filter] : settings.subscriptions) {
        std::string name = client_.wire_name(topic);
        auto made = make_subscription(name, filter, version);
        if (!made) continue;  // validate() told
        subscriptions_[std::move(name)] =
            std::make_shared<const wire::SubscriptionData>(std::move(made).value());
    }
    if (is_broadcasting()) return;
    const std::string retry = model::retry_topic(group_);
    subscriptions_[retry] = std::make_shared<const wire::SubscriptionData>(
        make_subscription(retry, kerolox::Filter::all(), version).value());
}

PushCore::~PushCore() = default;

// --- begin ---

Awaitable<kerolox::Result<int>> PushCore::begin() {
    const auto self = shared_from_this();
    if (kerolox::Status loaded = offsets_->load(); !loaded) co_return loaded.error();
    if (kerolox::Status added = client_.add_consumer(self); !added) co_return added.error();
    for (const std::string& topic : subscribed_topics()) {
        const auto route = co_await client_.routes().refresh(topic, RouteUse::kRead);
        if (!route && !model::is_retry_topic(topic)) {
            log(kerolox::LogLevel::warn, "no route of {} yet: {}", client_.user_name(topic),
                route.error().describe());
        }
    }
    if (kerolox::Status checked = co_await check_filters(); !checked) {
        co_await client_.remove_consumer(group_);
        co_return checked.error();
    }
    const bool known = co_await client_.heartbeat().to_all();
    if (!known || !co_await rebalancer_.once()) rebalancer_.wake();
    client_.spawn(rebalancer_.keep(self));
    client_.spawn(keep_figures());
    if (needs_locks()) client_.spawn(keep_locks());
    if (!is_ordered()) client_.spawn(keep_overdue());
    co_return 0;
}

/// A wrong SQL text is told by the broker, before silence would.
Awaitable<kerolox::Status> PushCore::check_filters() {
    for (const std::string& topic : subscribed_topics()) {
        const Subscription wanted = subscription(topic);
        const RoutePtr route = client_.routes().cached(topic);
        if (wanted->is_tag_type() || !route || route->brokers.empty()) continue;
        wire::CheckClient body;
        body.client_id = client_.id();
        body.group = group_;
        body.subscription_data = *wanted;
        const std::string address = route->brokers.front().address_or_nearest(0);
        const auto answer =
            co_await client_.call_ok(address, net::Call(kCheckFilter, to_json(body)),
                                     client_.config().mq_client_api_timeout);
        if (answer) continue;
        if (answer.error().kind() == kerolox::ErrorKind::broker) {
            co_return client_error(std::string(answer.error().text()), answer.error().code());
        }
        co_return answer.error();
    }
    co_return kerolox::Status();
}

Awaitable<void> PushCore::keep_figures() {
    const auto self = shared_from_this();
    do {
        statistics_.sample(client_.clock().steady_ms());
    } while (!shut_ && co_await client_.sleep(ConsumeStatistics::kSampleMs) && !shut_);
}

Awaitable<void> PushCore::keep_overdue() {
    const auto self = shared_from_this();
    constexpr std::int64_t kMinuteMs = 60'000;
    const std::int64_t pause = settings_.config.consume_timeout * kMinuteMs;
    while (!shut_ && co_await client_.sleep(pause) && !shut_) co_await send_back_overdue();
}

// --- any thread ---

kerolox::Status PushCore::usable() const {
    if (closing_.load(std::memory_order_acquire)) return closed_error("consumer");
    return client_.usable();
}

std::int32_t PushCore::max_reconsume_times() const {
    if (settings_.config.max_reconsume_times >= 0) return settings_.config.max_reconsume_times;
    return is_ordered() ? std::numeric_limits<std::int32_t>::max() : kConcurrentTries;
}

kerolox::Status PushCore::subscribe(std::string topic, const kerolox::Filter& filter) {
    if (kerolox::Status status = usable(); !status) return status;
    std::string name = client_.wire_name(topic);
    auto made = make_subscription(name, filter, next_subscription_version(client_.clock()));
    if (!made) return made.error();
    {
        MutexLock lock(mutex_);
        subscriptions_[name] =
            std::make_shared<const wire::SubscriptionData>(std::move(made).value());
    }
    client_.post([self = shared_from_this(), name] {
        if (!self->shut_) self->client_.spawn(self->look_for({name}));
    });
    return {};
}

Awaitable<void> PushCore::look_for(std::vector<std::string> topics) {
    const auto self = shared_from_this();
    for (const std::string& topic : topics)
        (void)co_await client_.routes().get(topic, RouteUse::kRead);
    co_await announce();
    rebalancer_.wake();
}

kerolox::Status PushCore::unsubscribe(std::string_view topic) {
    if (kerolox::Status status = usable(); !status) return status;
    {
        MutexLock lock(mutex_);
        const std::string name = client_.wire_name(topic);
        subscriptions_.erase(name);
        for (const char mark : kPopRetryMarks)
            subscriptions_.erase(pop_real_topic(name, group_, mark));
    }
    client_.post([self = shared_from_this()] { self->rebalance_soon(); });
    return {};
}

void PushCore::suspend() { paused_.store(true); }

void PushCore::resume() {
    paused_.store(false);
    client_.post([self = shared_from_this()] {
        for (const auto& [queue, pulled] : self->queues()) pulled->timer.cancel();
        self->rebalancer_.wake();
    });
}

kerolox::Queue PushCore::shown(const kerolox::Queue& queue) const {
    return {std::string(client_.user_name(queue.topic)), queue.broker, queue.id};
}

std::vector<kerolox::Queue> PushCore::assignment() const {
    std::vector<kerolox::Queue> mine;
    for (const auto& [queue, pulled] : queues())
        if (!pulled->process.dropped && !model::is_retry_topic(queue.topic))
            mine.push_back(shown(queue));
    for (const kerolox::Queue& queue : pops_.queues()) mine.push_back(shown(queue));
    return mine;
}

std::map<kerolox::Queue, PulledQueuePtr> PushCore::queues() const {
    MutexLock lock(mutex_);
    return queues_;
}

PulledQueuePtr PushCore::find(const kerolox::Queue& queue) const {
    MutexLock lock(mutex_);
    const auto found = queues_.find(queue);
    return found == queues_.end() ? nullptr : found->second;
}

PushCore::Subscription PushCore::subscription(const std::string& topic) const {
    MutexLock lock(mutex_);
    const auto found = subscriptions_.find(topic);
    return found == subscriptions_.end() ? nullptr : found->second;
}

kerolox::ConsumerSnapshot PushCore::snapshot() const {
    const auto time = [&clock = client_.clock()](std::int64_t steady_ms) {
        return std::chrono::system_clock::time_point(
            std::chrono::milliseconds(clock.wall_ms_at(steady_ms)));
    };
    kerolox::ConsumerSnapshot shot;
    for (const ConfigRow& row : PushConfig::keys())
        shot.properties.emplace_back(row.name, value_text(row, &settings_.config));
    shot.properties.emplace_back("PROP_CONSUMEORDERLY", is_ordered() ? "true" : "false");
    shot.properties.emplace_back("PROP_THREADPOOL_CORE_SIZE",
                                 std::to_string(settings_.config.consume_thread_max));
    shot.properties.emplace_back("PROP_CONSUME_TYPE", "CONSUME_PASSIVELY");
    shot.properties.emplace_back("PROP_CONSUMER_START_TIMESTAMP", std::to_string(started_ms_));
    {
        MutexLock lock(mutex_);
        for (const auto& [topic, wanted] : subscriptions_)
            shot.subscriptions.emplace_back(client_.user_name(topic), filter_of(*wanted));
    }
    for (const auto& [queue, pulled] : queues()) {
        const ProcessQueue& process = pulled->process;
        const ProcessQueue::Bounds bounds = process.bounds();
        kerolox::QueueState state;
        state.queue = shown(queue);
        state.committed = offsets_->in_memory(queue);
        state.cached_messages = process.count();
        state.cached_bytes = process.bytes();
        state.cached_min_offset = bounds.first;
        state.cached_max_offset = bounds.last;
        state.locked = process.locked;
        state.dropped = process.dropped;
        state.last_pull = time(process.last_pull_ms);
        state.last_consume = time(process.last_consume_ms);
        state.last_lock = time(process.last_lock_ms);
        state.unlock_tries = process.unlock_tries;
        shot.queues.push_back(std::move(state));
    }
    for (const PoppedQueuePtr& popped : pops_.all()) {
        kerolox::PoppedQueueState state;
        state.queue = shown(popped->queue);
        state.unfinished = static_cast<std::size_t>(std::max<std::int64_t>(popped->unfinished, 0));
        state.dropped = popped->dropped;
        state.last_pop = time(popped->last_pop_ms);
        shot.popped.push_back(std::move(state));
    }
    shot.topics = statistics_.figures(client_.clock().steady_ms());
    for (kerolox::TopicStatistics& one : shot.topics)
        one.topic = std::string(client_.user_name(one.topic));
    return shot;
}

void PushCore::finished(const PulledQueuePtr& queue, std::int64_t offset, bool increase_only) {
    if (offset >= 0 && !queue->process.dropped)
        offsets_->update(queue->queue, offset, increase_only);
    const auto room = static_cast<std::size_t>(messages_per_queue_.load() / 2);
    if (queue->waits_for_room.load(std::memory_order_relaxed) && queue->process.count() <= room &&
        queue->waits_for_room.exchange(false)) {
        client_.post([queue] { queue->timer.cancel(); });
    }
}

void PushCore::later(std::int64_t ms, std::function<void()> work) {
    auto wait = [](std::shared_ptr<PushCore> self, std::int64_t pause,
                   std::function<void()> then) -> Awaitable<void> {
        if (pause > 0 && !co_await self->client_.sleep(pause)) co_return;
        if (!self->is_ending()) self->threads_.post(ListenerThreads::Work(std::move(then)));
    };
    client_.spawn(wait(shared_from_this(), ms, std::move(work)));
}

// --- a member of the client ---

void PushCore::add_topics(std::set<std::string>& topics) const {
    topics.merge(subscribed_topics());
}

std::set<std::string> PushCore::subscribed_topics() const {
    MutexLock lock(mutex_);
    std::set<std::string> topics;
    for (const auto& entry : subscriptions_) topics.insert(entry.first);
    return topics;
}

void PushCore::add_to_heartbeat(wire::HeartbeatData& heartbeat) const {
    wire::ConsumerData data;
    switch (settings_.config.consume_from_where) {
        case StartName::kFirst:
            data.consume_from_where = wire::ConsumeFromWhere::kFirstOffset;
            break;
        case StartName::kTimestamp:
            data.consume_from_where = wire::ConsumeFromWhere::kTimestamp;
            break;
        default: data.consume_from_where = wire::ConsumeFromWhere::kLastOffset; break;
    }
    data.consume_type = wire::ConsumeType::kPassively;
    data.group_name = group_;
    data.message_model =
        is_broadcasting() ? wire::MessageModel::kBroadcasting : wire::MessageModel::kClustering;
    data.unit_mode = client_.config().unit_mode;
    MutexLock lock(mutex_);
    for (const auto& [topic, wanted] : subscriptions_) {
        data.subscription_data_set.push_back(*wanted);
        std::int64_t& version = data.subscription_data_set.back().sub_version;
        if (const auto newer = announced_.find(topic); newer != announced_.end())
            version = std::max(version, newer->second);
    }
    heartbeat.consumer_data_set.push_back(std::move(data));
}

Awaitable<void> PushCore::announce() {
    constexpr int kTries = 10;
    constexpr std::int64_t kPauseMs = 50;
    // Another heartbeat may be under way, which does not know of this yet.
    for (int i = 0; i < kTries && !shut_; ++i) {
        client_.heartbeat().forget_fingerprints();
        if (co_await client_.heartbeat().to_all() || !co_await client_.sleep(kPauseMs)) break;
    }
}

void PushCore::on_route(const std::string&, const RoutePtr&) { rebalancer_.wake(); }
void PushCore::rebalance_soon() { rebalancer_.wake(); }

void PushCore::persist_offsets() {
    auto persist = [](std::shared_ptr<PushCore> self) -> Awaitable<void> {
        std::set<kerolox::Queue> mine;
        for (const auto& [queue, pulled] : self->queues()) mine.insert(queue);
        const kerolox::Status done = co_await self->offsets_->persist(std::move(mine));
        if (!done) {
            self->log(kerolox::LogLevel::warn, "offsets of {} were not persisted: {}", self->group_,
                      done.error().describe());
        }
    };
    if (!shut_) client_.spawn(persist(shared_from_this()));
}

std::map<kerolox::Queue, std::int64_t> PushCore::offsets(std::string_view topic) const {
    std::map<kerolox::Queue, std::int64_t> found = offsets_->all();
    if (!topic.empty())
        std::erase_if(found, [&](const auto& entry) { return entry.first.topic != topic; });
    return found;
}

// --- the end ---

kerolox::Async<void> PushCore::close(std::chrono::milliseconds grace) {
    closing_.store(true, std::memory_order_release);
    if (!client_.usable()) return client_.ready<void>({});
    auto end = [](std::shared_ptr<PushCore> self,
                  std::int64_t grace_ms) -> Awaitable<kerolox::Result<void>> {
        co_await self->shut(grace_ms);
        co_return kerolox::Result<void>();
    };
    return client_.run<void>(end(shared_from_this(), std::max<std::int64_t>(grace.count(), 0)));
}

Awaitable<void> PushCore::shut(std::int64_t grace_ms) {
    const auto self = shared_from_this();
    closing_.store(true, std::memory_order_release);
    constexpr std::int64_t kPauseMs = 2;
    if (std::exchange(shut_, true)) {
        // Somebody else does it: all see the same end.
        while (!ended_ && co_await client_.sleep(kPauseMs)) continue;
        co_return;
    }
    co_await end(grace_ms);
    threads_.stop();
    ended_ = true;
}

Awaitable<void> PushCore::write_last(kerolox::Queue queue, std::int64_t offset,
                                     std::int64_t timeout_ms) {
    const kerolox::Status written = co_await offsets_->write(queue, offset, timeout_ms);
    if (!written) {
        log(kerolox::LogLevel::warn, "the offset {} of {} was not persisted: {}", offset,
            queue.describe(), written.error().describe());
    }
}

/// Nothing new begins, what is under way ends, and only then are offsets final.
Awaitable<void> PushCore::end(std::int64_t grace_ms) {
    rebalancer_.stop();
    ending_.store(true, std::memory_order_release);
    pops_.stop();
    const auto mine = queues();
    for (const auto& [queue, pulled] : mine) pulled->timer.cancel();
    const std::int64_t deadline = client_.clock().steady_ms() + grace_ms;
    constexpr std::int64_t kPauseMs = 2;
    while (works_.load() > 0 && client_.clock().steady_ms() < deadline)
        if (!co_await client_.sleep(kPauseMs)) break;
    if (const std::int64_t left = works_.load(); left > 0) {
        log(kerolox::LogLevel::warn,
            "{} batches of group {} outlast its close, their messages come again", left, group_);
    }
    std::vector<kerolox::Queue> names;
    std::vector<Awaitable<void>> writes;
    // A broker that says nothing may hold up the end a little, not for as long as it is silent.
    constexpr std::int64_t kLastWriteMs = 1'000;
    const std::int64_t patience =
        std::clamp(deadline - client_.clock().steady_ms(), kLastWriteMs, 5 * kLastWriteMs);
    for (const auto& [queue, pulled] : mine) {
        pulled->process.dropped = true;
        names.push_back(queue);
        const std::int64_t offset = offsets_->in_memory(queue);
        if (offset >= 0) writes.push_back(write_last(queue, offset, patience));
    }
    co_await client_.all_of(std::move(writes));
    if (needs_locks()) co_await unlock(std::move(names));
    {
        MutexLock lock(mutex_);
        queues_.clear();
    }
    co_await client_.remove_consumer(group_);
}

}  // namespace kx::client
