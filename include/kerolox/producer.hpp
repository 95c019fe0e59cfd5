// SPDX-License-Identifier: Apache-2.0
/// @file
/// Sending messages.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "kerolox/async.hpp"
#include "kerolox/client.hpp"
#include "kerolox/config.hpp"
#include "kerolox/hooks.hpp"
#include "kerolox/message.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

namespace detail {
struct ProducerSettings;
struct ReceiptData;
}  // namespace detail

/// How safely the broker has the message. All but `ok` mean that it is stored, yet not flushed or
/// replicated as it was asked for.
enum class StoreStatus : std::uint8_t {
    ok,
    flush_disk_timeout,
    flush_slave_timeout,
    slave_not_available,
};

/// "SEND_OK", "FLUSH_DISK_TIMEOUT", ... as RocketMQ prints them.
KEROLOX_API std::string_view to_string(StoreStatus status) noexcept;

/// What a broker says of a message it took. Cheap to copy.
class KEROLOX_API SendReceipt {
public:
    SendReceipt() noexcept;

    StoreStatus status() const noexcept;
    /// Status is ok: stored as safely as the broker is configured to.
    bool stored() const noexcept { return status() == StoreStatus::ok; }
    /// The unique key given by this client.
    std::string_view message_id() const noexcept;
    std::string_view offset_id() const noexcept;
    const Queue& queue() const noexcept;
    std::int64_t queue_offset() const noexcept;
    std::string_view transaction_id() const noexcept;
    /// For Producer::recall, of a timer message; else empty.
    std::string_view recall_handle() const noexcept;
    std::string_view region() const noexcept;
    /// 1 when the first try went well.
    std::int32_t tries() const noexcept;
    std::span<const std::string> brokers_tried() const noexcept;

private:
    friend struct detail::Access;
    explicit SendReceipt(std::shared_ptr<const detail::ReceiptData> data) noexcept;
    std::shared_ptr<const detail::ReceiptData> data_;
};

struct SendOptions {
    /// In all, with connecting and every try; 0: the producer's.
    std::chrono::milliseconds timeout{0};
    std::stop_token stop{};
};

/// Picks one of the queues by index; one that is out of range, or an exception, fails the send.
/// Runs on a callback thread; with callbacks_on_io on the io thread, where it must not block.
using QueueSelector =
    UniqueFunction<std::size_t(std::span<const Queue> queues, const Message& message)>;

/// What a send does when as much is under way as is allowed.
enum class BackPressure : std::uint8_t {
    wait,  ///< the call blocks, within its timeout; on an io thread it fails at once
    fail,  ///< too_much_request at once
    drop,  ///< for one-way sends: not sent, counted; other sends fail
};

enum class Compression : std::uint8_t { none, zlib, lz4, zstd };

/// How keys are spread over queues by send_ordered.
enum class KeySpread : std::uint8_t {
    modulo,           ///< Java's string hash modulo the number of queues: mixes with Java producers
    consistent_hash,  ///< few keys move when the number of queues changes
};

/// Small messages of one topic, tag and way of waiting that travel together. Delayed ones, those
/// with a key to be ordered by, and those large enough to be compressed go alone.
struct AutoBatch {
    std::size_t bytes = 32 * 1024;                 ///< sent when so many are together: 1 to 2 MiB
    std::size_t count = 1024;                      ///< or so many messages
    std::chrono::milliseconds delay{10};           ///< or after so long: 1 ms to 30 s
    std::size_t bytes_waiting = 32 * 1024 * 1024;  ///< beyond it messages are sent alone
};

class KEROLOX_API ProducerOptions {
public:
    explicit ProducerOptions(std::string group);
    ProducerOptions(const ProducerOptions&);
    ProducerOptions(ProducerOptions&&) noexcept;
    ProducerOptions& operator=(const ProducerOptions&);
    ProducerOptions& operator=(ProducerOptions&&) noexcept;
    ~ProducerOptions();

    /// Of one send with all its tries. Default 3 s.
    ProducerOptions& send_timeout(std::chrono::milliseconds time);
    /// Of one try, while others may follow; default: as long as is left.
    ProducerOptions& try_timeout(std::chrono::milliseconds time);
    /// Further tries after the first, on another broker where there is one. Default 2.
    ProducerOptions& retries(int count);
    /// Tries again when a message is stored, but not as safely as asked for. Default false.
    ProducerOptions& retry_not_stored(bool retry);
    /// One more response code after which another try is made.
    ProducerOptions& retry_code(std::int32_t code);
    /// Default 4 MiB.
    ProducerOptions& max_message_size(std::size_t bytes);
    /// Bodies of at least so many bytes are compressed. Default zlib level 5 from 4 KiB.
    ProducerOptions& compression(Compression type, int level = 5, std::size_t from_bytes = 4096);
    /// How many queues a topic gets that a first send creates. Default 4.
    ProducerOptions& new_topic_queues(int count);
    /// Brokers that were slow or failed are avoided for a while. Default off, as in RocketMQ.
    ProducerOptions& avoid_faulty_brokers(bool avoid, bool probe = false);
    /// Bounds of what is under way. Default 16384 messages, 64 MiB, wait.
    ProducerOptions& in_flight(std::size_t messages, std::size_t bytes,
                               BackPressure policy = BackPressure::wait);
    ProducerOptions& auto_batch(AutoBatch bounds);
    ProducerOptions& key_spread(KeySpread spread);
    /// Routes fetched before the producer is handed out.
    ProducerOptions& topics(std::vector<std::string> topics);
    ProducerOptions& set(std::string_view java_key, std::string value);
    std::vector<ConfigProblem> validate() const;
    std::string describe() const;

private:
    friend struct detail::Access;
    std::unique_ptr<detail::ProducerSettings> settings_;
};

/// Sends messages. Many threads may use one; it is moved, not copied. Its destructor closes it with
/// a grace of two seconds.
class KEROLOX_API Producer {
public:
    Producer(Producer&&) noexcept;
    Producer& operator=(Producer&&) noexcept;
    ~Producer();

    /// To a queue chosen by turns, and to another one when that fails.
    Async<SendReceipt> send(Message message, SendOptions options = {});
    /// All messages of one key go to one queue while the number of queues stays. One try.
    Async<SendReceipt> send_ordered(std::string_view sharding_key, Message message,
                                    SendOptions options = {});
    Async<SendReceipt> send_selected(QueueSelector selector, Message message,
                                     SendOptions options = {});
    Async<SendReceipt> send_to(Queue queue, Message message, SendOptions options = {});
    /// One topic, no delays, all in one request and one queue; stored together or not at all.
    Async<std::vector<SendReceipt>> send_batch(std::vector<Message> messages,
                                               SendOptions options = {});
    /// The same in as many requests as max_message_size asks for, one after the other; receipts
    /// come in the messages' order. The first failure is the result and ends it: what went before
    /// stays.
    Async<std::vector<SendReceipt>> send_batches(std::vector<Message> messages,
                                                 SendOptions options = {});
    /// Handed to the connection, that is all one knows.
    Status send_oneway(Message message, SendOptions options = {});
    /// Sends, then waits for the message that somebody replies with, both within the timeout. Fails
    /// with code 10006 when the request was sent and nobody replied.
    Async<MessageView> request(Message message, SendOptions options);
    /// To the sender of a message that came by request().
    Async<SendReceipt> reply(const MessageView& request, Bytes body, SendOptions options = {});
    /// Takes a timer message back; gives its message id.
    Async<std::string> recall(std::string topic, std::string handle);
    /// The queues messages of the topic can go to.
    Async<std::vector<Queue>> queues(std::string topic);
    /// Sends under way.
    std::size_t in_flight() const noexcept;
    /// Takes no more, waits for what is under way, cancels what is left after the grace.
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    Producer() noexcept;
    std::shared_ptr<void> core_;
};

/// What becomes of a half message.
enum class Decision : std::uint8_t { unknown, commit, rollback };

/// Asked by the broker for a half message it heard nothing of. Runs on a thread that may block;
/// with more than one checker thread it is called by several at once. What it throws means unknown.
using TransactionChecker = UniqueFunction<Decision(const MessageView&)>;

/// The outcome of a transaction.
struct TransactionReceipt {
    SendReceipt receipt{};
    Decision decision = Decision::unknown;
};

namespace detail {
struct TransactionData;
struct TransactionSettings;
}  // namespace detail

class KEROLOX_API TransactionOptions {
public:
    TransactionOptions(ProducerOptions producer, TransactionChecker checker);
    TransactionOptions(std::string group, TransactionChecker checker);
    TransactionOptions(TransactionOptions&&) noexcept;
    TransactionOptions& operator=(TransactionOptions&&) noexcept;
    ~TransactionOptions();

    /// Threads that run the checker, and how many checks may wait. Default 1 and 2000.
    TransactionOptions& checkers(std::size_t threads, std::size_t queue = 2000) &;
    TransactionOptions&& checkers(std::size_t threads, std::size_t queue = 2000) && {
        return std::move(checkers(threads, queue));
    }

private:
    friend struct detail::Access;
    std::unique_ptr<detail::TransactionSettings> settings_;
};

/// A half message that waits for its end. When the object goes undecided nothing is sent, and the
/// broker asks the checker later. Belongs to one thread at a time.
class KEROLOX_API Transaction {
public:
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) noexcept;
    ~Transaction();

    const SendReceipt& receipt() const noexcept;
    /// One-way, as in RocketMQ: ok says that it was sent.
    Status commit();
    Status rollback();

private:
    friend struct detail::Access;
    Transaction() noexcept;
    std::unique_ptr<detail::TransactionData> data_;
};

/// Sends messages that consumers see only when they are committed.
class KEROLOX_API TransactionProducer {
public:
    TransactionProducer(TransactionProducer&&) noexcept;
    TransactionProducer& operator=(TransactionProducer&&) noexcept;
    ~TransactionProducer();

    /// Sends the half message, runs `local` on a callback thread, and ends the transaction by it. A
    /// `local` that throws means unknown. When the half message is not stored safely, it is rolled
    /// back and `local` does not run.
    Async<TransactionReceipt> send(Message message,
                                   UniqueFunction<Decision(const SendReceipt&)> local,
                                   SendOptions options = {});
    /// Fails when the half message is not stored safely; it is rolled back then.
    Async<Transaction> begin(Message message, SendOptions options = {});
    Async<void> close(std::chrono::milliseconds grace = std::chrono::seconds(10));

private:
    friend struct detail::Access;
    TransactionProducer() noexcept;
    std::shared_ptr<void> core_;
};

}  // namespace v1
}  // namespace kerolox
