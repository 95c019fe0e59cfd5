// SPDX-License-Identifier: Apache-2.0
/// @file
/// Receiving messages: push, lite pull, pull and pop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kerolox/async.hpp"
#include "kerolox/client.hpp"
#include "kerolox/config.hpp"
#include "kerolox/message.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

namespace detail {
struct PushSettings;
struct LitePullSettings;
struct PullSettings;
struct PopSettings;
}  // namespace detail

// --- what consumers share -----------------------------------------------------------------------

/// Where a group begins in a queue it has no committed offset for.
enum class StartFrom : std::uint8_t { last, first, timestamp };

/// Whether the members of a group share the messages or each gets all of them.
enum class GroupModel : std::uint8_t { clustering, broadcasting };

/// How the members of a group share queues. Implementations see queues and members sorted alike
/// everywhere and must give the same answer in every member; they must not block.
class KEROLOX_API AllocateStrategy {
public:
    virtual ~AllocateStrategy();
    /// "AVG", as other members and brokers call it.
    virtual std::string_view name() const noexcept = 0;
    /// The queues of `client_id`; an error keeps what it has.
    virtual Result<std::vector<Queue>> allocate(std::string_view group, std::string_view client_id,
                                                std::span<const Queue> queues,
                                                std::span<const std::string> client_ids) const = 0;
};

/// RocketMQ's strategies.
namespace strategy {
/// Contiguous shares of equal size: RocketMQ's default.
KEROLOX_API std::shared_ptr<AllocateStrategy> average();
/// Like dealing cards.
KEROLOX_API std::shared_ptr<AllocateStrategy> average_by_circle();
/// Always these.
KEROLOX_API std::shared_ptr<AllocateStrategy> fixed(std::vector<Queue> queues);
/// Only queues of brokers named "room@...", with one of these rooms.
KEROLOX_API std::shared_ptr<AllocateStrategy> machine_room(std::vector<std::string> rooms);
/// Queues go to members of their own room by `inner`; rooms without members are shared by all.
KEROLOX_API std::shared_ptr<AllocateStrategy> machine_room_nearby(
    std::shared_ptr<AllocateStrategy> inner, std::function<std::string(const Queue&)> room_of_queue,
    std::function<std::string(std::string_view client_id)> room_of_client);
/// Few queues move when members come and go.
KEROLOX_API std::shared_ptr<AllocateStrategy> consistent_hash(int virtual_nodes = 10);
}  // namespace strategy

/// Keeps a group's offsets elsewhere than RocketMQ does. Called on the client's io thread: must not
/// block, answer through what the callbacks give.
class KEROLOX_API OffsetStore {
public:
    virtual ~OffsetStore();
    /// The stored offset, or nothing where none is.
    virtual void read(std::string_view group, const Queue& queue,
                      UniqueFunction<void(Result<std::optional<std::int64_t>>)> done) = 0;
    virtual void write(std::string_view group, std::span<const QueueOffset> offsets,
                       UniqueFunction<void(Status)> done) = 0;
};

/// Called on the io thread when a consumer's share of a topic changed; must not block.
using AssignmentListener = std::function<void(std::string_view topic, std::span<const Queue> all,
                                              std::span<const Queue> mine)>;

/// A queue as its consumer has it.
struct QueueState {
    Queue queue{};
    std::int64_t committed = -1;  ///< to be persisted next; -1: nothing yet
    std::size_t cached_messages = 0;
    std::size_t cached_bytes = 0;
    std::int64_t cached_min_offset = 0;
    std::int64_t cached_max_offset = 0;
    bool locked = false;  ///< ordered consumption only
    bool dropped = false;
    std::chrono::system_clock::time_point last_pull{};
    std::chrono::system_clock::time_point last_consume{};
    std::chrono::system_clock::time_point last_lock{};  ///< at the broker; ordered consumption only
    std::int64_t unlock_tries = 0;  ///< how often it could not be given back: its listener ran
};

/// A queue whose messages are popped; id -1 stands for any queue of its broker.
struct PoppedQueueState {
    Queue queue{};
    std::size_t unfinished = 0;  ///< messages with the listener or before it
    bool dropped = false;
    std::chrono::system_clock::time_point last_pop{};
};

/// Rates of one topic over the last minute.
struct TopicStatistics {
    std::string topic{};
    double pull_rt_ms = 0;
    double pull_tps = 0;
    double consume_rt_ms = 0;
    double consume_ok_tps = 0;
    double consume_failed_tps = 0;
    std::int64_t consume_failed = 0;  ///< within the last hour
};

/// What a consumer is doing: what brokers ask it for with GET_CONSUMER_RUNNING_INFO.
struct ConsumerSnapshot {
    std::vector<std::pair<std::string, std::string>> properties{};
    std::vector<std::pair<std::string, Filter>> subscriptions{};
    std::vector<QueueState> queues{};
    std::vector<TopicStatistics> topics{};
    std::vector<PoppedQueueState> popped{};
};

// --- push ---------------------------------------------------------------------------------------

/// What became of a batch.
class ConsumeResult {
public:
    static ConsumeResult success() noexcept { return {true, static_cast<std::size_t>(-1), 0}; }
    /// Messages [0, index] are done, the others come again.
    static ConsumeResult success_up_to(std::size_t index) noexcept { return {true, index, 0}; }
    /// All come again: after the level's delay, 0 lets the broker decide, -1 means dead letters.
    static ConsumeResult later(int delay_level = 0) noexcept { return {false, 0, delay_level}; }
    /// Nothing is done: all come again, the first `done` excepted.
    static ConsumeResult done(std::size_t done, int delay_level) noexcept {
        return done == 0 ? later(delay_level) : ConsumeResult{true, done - 1, delay_level};
    }

    bool is_success() const noexcept { return success_; }
    std::size_t ack_index() const noexcept { return ack_index_; }
    int delay_level() const noexcept { return delay_level_; }

private:
    ConsumeResult(bool success, std::size_t ack_index, int delay_level) noexcept
        : success_(success), ack_index_(ack_index), delay_level_(delay_level) {}
    bool success_;
    std::size_t ack_index_;
    int delay_level_;
};

/// What became of an ordered batch.
class OrderlyResult {
public:
    enum class Kind : std::uint8_t { success, suspend, commit, rollback };

    static OrderlyResult success() noexcept { return {Kind::success, {}}; }
    /// The same messages come again after the time; negative: the consumer's.
    static OrderlyResult suspend(
        std::chrono::milliseconds time = std::chrono::milliseconds(-1)) noexcept {
        return {Kind::suspend, time};
    }
    /// With manual commits: everything so far is done.
    static OrderlyResult commit() noexcept { return {Kind::commit, {}}; }
    /// With manual commits: everything since the last commit comes again.
    static OrderlyResult rollback() noexcept { return {Kind::rollback, {}}; }

    Kind kind() const noexcept { return kind_; }
    std::chrono::milliseconds time() const noexcept { return time_; }

private:
    OrderlyResult(Kind kind, std::chrono::milliseconds time) noexcept : kind_(kind), time_(time) {}
    Kind kind_;
    std::chrono::milliseconds time_;
};

/// Runs on many threads at once, also for one queue. One that throws means "later".
using ConcurrentListener = std::function<ConsumeResult(const MessageBatch&)>;
/// Runs for one batch of a queue at a time. One that throws means "suspend".
using OrderlyListener = std::function<OrderlyResult(const MessageBatch&)>;
/// Coroutines: as many at once as messages are cached, on as many threads as there are.
using ConcurrentTask = std::function<Task<ConsumeResult>(MessageBatch)>;
using OrderlyTask = std::function<Task<OrderlyResult>(MessageBatch)>;

class KEROLOX_API PushOptions {
public:
    explicit PushOptions(std::string group);
    PushOptions(const PushOptions&);
    PushOptions(PushOptions&&) noexcept;
    PushOptions& operator=(const PushOptions&);
    PushOptions& operator=(PushOptions&&) noexcept;
    ~PushOptions();

    PushOptions& subscribe(std::string topic, Filter filter = Filter::all());
    /// One listener, of one kind.
    PushOptions& on_messages(ConcurrentListener listener);
    PushOptions& on_messages_in_order(OrderlyListener listener);
    PushOptions& on_messages_async(ConcurrentTask listener);
    PushOptions& on_messages_in_order_async(OrderlyTask listener);
    /// Ordered listeners commit or roll back themselves. Default: success commits.
    PushOptions& manual_commit(bool manual);

    PushOptions& model(GroupModel model);
    PushOptions& start_from(StartFrom from);
    PushOptions& start_from(std::chrono::system_clock::time_point time);
    /// Threads of the listener; default 20.
    PushOptions& threads(std::size_t count);
    /// The listener runs there instead.
    PushOptions& executor(Executor executor);
    /// Messages the listener gets at once. Default 1.
    PushOptions& batch_size(std::size_t messages);
    /// Messages and bytes a pull may bring. Default 32 and 256 KiB.
    PushOptions& pull_batch(std::size_t messages, std::size_t bytes = 256 * 1024);
    PushOptions& pull_interval(std::chrono::milliseconds time);
    /// What may be cached of one queue before it is not pulled for a while; span is the distance of
    /// the first and last offset, for concurrent listeners. Default 1000, 100 MiB, 2000.
    PushOptions& cache_limit_per_queue(std::size_t messages, std::size_t mebibytes,
                                       std::size_t span = 2000);
    /// The same over all queues of a topic; default none.
    PushOptions& cache_limit_per_topic(std::size_t messages, std::size_t mebibytes);
    /// Then messages go to the group's dead-letter topic; -1: 16, ordered without end.
    PushOptions& max_reconsume_times(int times);
    /// A listener that takes longer has its message sent again. Default 15 minutes.
    PushOptions& consume_timeout(std::chrono::minutes time);
    /// Of an ordered queue whose listener said suspend. Default 1 s.
    PushOptions& suspend_time(std::chrono::milliseconds time);
    PushOptions& strategy(std::shared_ptr<AllocateStrategy> strategy);
    PushOptions& offset_store(std::shared_ptr<OffsetStore> store);
    PushOptions& on_assignment(AssignmentListener listener);
    /// Queues and pop or pull are decided by the broker (concurrent listeners only).
    PushOptions& assigned_by_broker(bool on);
    /// How long popped messages stay invisible to others. Default 60 s.
    PushOptions& pop_invisible_time(std::chrono::milliseconds time);
    PushOptions& set(std::string_view java_key, std::string value);
    std::vector<ConfigProblem> validate() const;
    std::string describe() const;

private:
    friend struct detail::Access;
    std::unique_ptr<detail::PushSettings> settings_;
};

/// Pulls the messages of its share of the queues and gives them to the listener. Runs from its
/// creation to close(); its destructor closes it with a grace of two seconds.
class KEROLOX_API PushConsumer {
public:
    PushConsumer(PushConsumer&&) noexcept;
    PushConsumer& operator=(PushConsumer&&) noexcept;
    ~PushConsumer();

    Status subscribe(std::string topic, Filter filter = Filter::all());
    Status unsubscribe(std::string_view topic);
    /// Pulls nothing until resume(); what is cached goes on.
    void suspend() noexcept;
    void resume() noexcept;
    /// The queues it has at the moment.
    std::vector<Queue> assignment() const;
    ConsumerSnapshot snapshot() const;
    /// Pulls nothing, waits for the listeners, persists offsets, gives queues back. Messages whose
    /// listener outlasts the grace come again elsewhere.
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    PushConsumer() noexcept;
    std::shared_ptr<void> core_;
};

// --- lite pull ----------------------------------------------------------------------------------

class KEROLOX_API LitePullOptions {
public:
    explicit LitePullOptions(std::string group);
    LitePullOptions(const LitePullOptions&);
    LitePullOptions(LitePullOptions&&) noexcept;
    LitePullOptions& operator=(const LitePullOptions&);
    LitePullOptions& operator=(LitePullOptions&&) noexcept;
    ~LitePullOptions();

    LitePullOptions& subscribe(std::string topic, Filter filter = Filter::all());
    LitePullOptions& model(GroupModel model);
    LitePullOptions& start_from(StartFrom from);
    LitePullOptions& start_from(std::chrono::system_clock::time_point time);
    /// What poll() returned counts as consumed and is committed so often; zero: by commit() alone.
    /// Default 5 s.
    LitePullOptions& auto_commit(std::chrono::milliseconds interval);
    /// Messages a pull may bring. Default 10.
    LitePullOptions& pull_batch(std::size_t messages);
    LitePullOptions& cache_limit_per_queue(std::size_t messages, std::size_t mebibytes,
                                           std::size_t span = 2000);
    /// Over all queues. Default 10000.
    LitePullOptions& cache_limit(std::size_t messages);
    LitePullOptions& strategy(std::shared_ptr<AllocateStrategy> strategy);
    LitePullOptions& offset_store(std::shared_ptr<OffsetStore> store);
    LitePullOptions& on_assignment(AssignmentListener listener);
    /// Called when the queues of a topic changed, looked at every 30 s.
    LitePullOptions& on_topic_change(
        std::function<void(std::string_view topic, std::span<const Queue> queues)> listener);
    LitePullOptions& set(std::string_view java_key, std::string value);
    std::vector<ConfigProblem> validate() const;
    std::string describe() const;

private:
    friend struct detail::Access;
    std::unique_ptr<detail::LitePullSettings> settings_;
};

/// Messages when you ask for them. Either subscribes (queues are shared in the group) or is
/// assigned queues, not both.
class KEROLOX_API LitePullConsumer {
public:
    LitePullConsumer(LitePullConsumer&&) noexcept;
    LitePullConsumer& operator=(LitePullConsumer&&) noexcept;
    ~LitePullConsumer();

    Status subscribe(std::string topic, Filter filter = Filter::all());
    Status unsubscribe(std::string_view topic);
    /// Replaces what was assigned before.
    Status assign(std::vector<Queue> queues, Filter filter = Filter::all());
    std::vector<Queue> assignment() const;
    /// An empty batch when none came in time.
    Async<MessageBatch> poll(std::chrono::milliseconds time = std::chrono::seconds(5));
    Async<void> seek(Queue queue, std::int64_t offset);
    Async<void> seek_to_begin(Queue queue);
    Async<void> seek_to_end(Queue queue);
    Async<std::int64_t> offset_for_time(Queue queue, std::chrono::system_clock::time_point time);
    /// -1 where none is stored.
    Async<std::int64_t> committed(Queue queue);
    Async<std::vector<Queue>> queues(std::string topic);
    /// Everything poll() returned.
    Async<void> commit();
    Async<void> commit(std::vector<QueueOffset> offsets, bool persist_now);
    void pause(const std::vector<Queue>& queues);
    void resume(const std::vector<Queue>& queues);
    ConsumerSnapshot snapshot() const;
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    LitePullConsumer() noexcept;
    std::shared_ptr<void> core_;
};

// --- pull ---------------------------------------------------------------------------------------

class KEROLOX_API PullOptions {
public:
    explicit PullOptions(std::string group);
    PullOptions(const PullOptions&);
    PullOptions(PullOptions&&) noexcept;
    PullOptions& operator=(const PullOptions&);
    PullOptions& operator=(PullOptions&&) noexcept;
    ~PullOptions();

    PullOptions& model(GroupModel model);
    /// Topics whose sharing in the group on_assignment tells of.
    PullOptions& topics(std::vector<std::string> topics);
    PullOptions& strategy(std::shared_ptr<AllocateStrategy> strategy);
    PullOptions& offset_store(std::shared_ptr<OffsetStore> store);
    PullOptions& on_assignment(AssignmentListener listener);
    PullOptions& max_reconsume_times(int times);
    PullOptions& set(std::string_view java_key, std::string value);
    std::vector<ConfigProblem> validate() const;
    std::string describe() const;

private:
    friend struct detail::Access;
    std::unique_ptr<detail::PullSettings> settings_;
};

enum class PullStatus : std::uint8_t { found, no_new_message, no_matched_message, offset_illegal };

struct PullResult {
    PullStatus status = PullStatus::no_new_message;
    std::int64_t next_offset = 0;
    std::int64_t min_offset = 0;
    std::int64_t max_offset = 0;
    MessageBatch messages{};
};

struct PullRequest {
    Queue queue{};
    std::int64_t offset = 0;
    std::size_t max_messages = 32;
    std::size_t max_bytes = 0x7fffffff;
    Filter filter = Filter::all();
    /// How long the broker may wait for a message; zero: it answers at once.
    std::chrono::milliseconds wait{0};
};

/// One pull at a time, offsets by hand.
class KEROLOX_API PullConsumer {
public:
    PullConsumer(PullConsumer&&) noexcept;
    PullConsumer& operator=(PullConsumer&&) noexcept;
    ~PullConsumer();

    Async<PullResult> pull(PullRequest request);
    /// The queues that can be read.
    Async<std::vector<Queue>> queues(std::string topic);
    /// -1 where none is stored.
    Async<std::int64_t> committed(Queue queue);
    Async<void> commit(Queue queue, std::int64_t offset);
    Async<std::int64_t> min_offset(Queue queue);
    Async<std::int64_t> max_offset(Queue queue);
    Async<std::int64_t> offset_for_time(Queue queue, std::chrono::system_clock::time_point time);
    /// The message comes again through the group's retry topic.
    Async<void> send_back(const MessageView& message, int delay_level = 0);
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    PullConsumer() noexcept;
    std::shared_ptr<void> core_;
};

// --- pop ----------------------------------------------------------------------------------------

class KEROLOX_API PopOptions {
public:
    explicit PopOptions(std::string group);
    PopOptions(const PopOptions&);
    PopOptions(PopOptions&&) noexcept;
    PopOptions& operator=(const PopOptions&);
    PopOptions& operator=(PopOptions&&) noexcept;
    ~PopOptions();

    /// Where a group begins that never popped. Default last.
    PopOptions& start_from(StartFrom from);
    /// Messages of one queue come one after the other.
    PopOptions& in_order(bool on);
    PopOptions& set(std::string_view java_key, std::string value);
    std::vector<ConfigProblem> validate() const;
    std::string describe() const;

private:
    friend struct detail::Access;
    std::unique_ptr<detail::PopSettings> settings_;
};

/// The right to acknowledge one popped message: opaque text that may be stored and passed on.
class KEROLOX_API ReceiptHandle {
public:
    static Result<ReceiptHandle> parse(std::string topic, std::string text);
    const std::string& topic() const noexcept { return topic_; }
    const std::string& text() const noexcept { return text_; }

private:
    friend struct detail::Access;
    ReceiptHandle(std::string topic, std::string text)
        : topic_(std::move(topic)), text_(std::move(text)) {}
    std::string topic_;
    std::string text_;
};

struct PoppedMessage {
    MessageView message{};
    ReceiptHandle handle;
};

struct PopRequest {
    std::string topic{};
    std::size_t max_messages = 32;  ///< at most 32
    /// Others don't see them so long, or until they are acknowledged.
    std::chrono::milliseconds invisible{60'000};
    /// How long a broker may wait for a message.
    std::chrono::milliseconds wait{15'000};
    Filter filter = Filter::all();
    /// One queue; default: brokers by turns, any of their queues.
    std::optional<Queue> queue{};
};

/// Messages one by one, each acknowledged for itself: no queues are shared, nothing rebalances.
class KEROLOX_API PopConsumer {
public:
    PopConsumer(PopConsumer&&) noexcept;
    PopConsumer& operator=(PopConsumer&&) noexcept;
    ~PopConsumer();

    /// An empty list when none came in time.
    Async<std::vector<PoppedMessage>> receive(PopRequest request);
    Async<void> ack(const ReceiptHandle& handle);
    /// One error for each handle, in their order; success where it was acknowledged.
    Async<std::vector<Status>> ack(std::vector<ReceiptHandle> handles);
    /// Counted from now; gives the handle to use from here on.
    Async<ReceiptHandle> change_invisible(const ReceiptHandle& handle,
                                          std::chrono::milliseconds time);
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    PopConsumer() noexcept;
    std::shared_ptr<void> core_;
};

}  // namespace v1
}  // namespace kerolox
