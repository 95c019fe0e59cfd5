// SPDX-License-Identifier: Apache-2.0
/// @file
/// Messages to send, messages received, and the queues they lie in.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kerolox/bytes.hpp"
#include "kerolox/config.hpp"
#include "kerolox/result.hpp"
#include "kerolox/time.hpp"

namespace kerolox {
inline namespace v1 {

/// One queue of a topic on one broker: RocketMQ's partition.
struct Queue {
    std::string topic{};
    std::string broker{};
    std::int32_t id = 0;

    auto operator<=>(const Queue&) const = default;
    bool operator==(const Queue&) const = default;
    /// "T1@broker-a:3"
    KEROLOX_API std::string describe() const;
};

struct QueueOffset {
    Queue queue{};
    std::int64_t offset = 0;
};

namespace detail {
struct MessageData;
struct ReceivedMessage;
struct BatchData;
struct Access;
}  // namespace detail

/// A message to send: a value that is moved into the send. Belongs to one thread at a time.
/// A setter that is given something impossible doesn't fail: the first problem sticks, check() and
/// the send return it.
class KEROLOX_API Message {
public:
    Message(std::string topic, Bytes body);
    /// Copies the text.
    Message(std::string topic, std::string_view text);
    Message(Message&&) noexcept;
    Message& operator=(Message&&) noexcept;
    ~Message();

    Message& tag(std::string tag) &;
    Message&& tag(std::string tag) && { return std::move(this->tag(std::move(tag))); }
    /// May be called again; keys are joined by blanks, so a key has none.
    Message& key(std::string key) &;
    Message&& key(std::string key) && { return std::move(this->key(std::move(key))); }
    /// A property of the application. Names the system uses are refused, and so are names and
    /// values that are blank or hold the bytes 1 or 2.
    Message& property(std::string name, std::string value) &;
    Message&& property(std::string name, std::string value) && {
        return std::move(this->property(std::move(name), std::move(value)));
    }
    /// What send_ordered and hash selectors go by, where it is not given there.
    Message& sharding_key(std::string key) &;
    Message&& sharding_key(std::string key) && {
        return std::move(this->sharding_key(std::move(key)));
    }
    /// A level of the broker's table, 1 to 18 unless it is configured otherwise:
    /// 1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h.
    Message& delay_level(int level) &;
    Message&& delay_level(int level) && { return std::move(this->delay_level(level)); }
    Message& deliver_after(std::chrono::milliseconds delay) &;
    Message&& deliver_after(std::chrono::milliseconds delay) && {
        return std::move(this->deliver_after(delay));
    }
    Message& deliver_at(std::chrono::system_clock::time_point time) &;
    Message&& deliver_at(std::chrono::system_clock::time_point time) && {
        return std::move(this->deliver_at(time));
    }
    /// False: the broker answers before the message is flushed or replicated.
    Message& wait_store(bool wait) &;
    Message&& wait_store(bool wait) && { return std::move(this->wait_store(wait)); }
    /// Another body for everything else that is set here.
    Message& body(Bytes body) &;
    Message&& body(Bytes body) && { return std::move(this->body(std::move(body))); }
    /// Travels untouched; for the application.
    Message& flag(std::int32_t flag) &;
    Message&& flag(std::int32_t flag) && { return std::move(this->flag(flag)); }
    /// The earliest time of a transaction's first check, counted from the send.
    Message& check_immunity(std::chrono::seconds time) &;
    Message&& check_immunity(std::chrono::seconds time) && {
        return std::move(this->check_immunity(time));
    }

    const std::string& topic() const noexcept;
    const Bytes& body() const noexcept;
    std::optional<std::string_view> property(std::string_view name) const noexcept;
    std::optional<std::string_view> tag() const noexcept;
    std::optional<std::string_view> keys() const noexcept;
    std::int32_t flag() const noexcept;

    /// The first problem of the setters, and whether topic and body obey RocketMQ's rules.
    Status check() const;
    /// A copy that shares the body.
    Message clone() const;

private:
    friend struct detail::Access;
    explicit Message(std::unique_ptr<detail::MessageData> data) noexcept;
    std::unique_ptr<detail::MessageData> data_;
};

/// A received message. Immutable, cheap to copy, may be shared between threads.
///
/// Everything it shows points into the answer that brought it, which it keeps alive as a whole (256
/// KiB by default): keep detach() instead of a view that shall live long.
class KEROLOX_API MessageView {
public:
    /// Shows nothing; every accessor gives an empty value.
    MessageView() noexcept;

    std::string_view topic() const noexcept;
    /// Expanded where it was compressed; see body_status().
    std::span<const std::byte> body() const noexcept;
    /// The body as characters.
    std::string_view text() const noexcept;
    /// The body, sharing the memory of the answer.
    Bytes bytes() const;
    /// Fails when the body could not be expanded; body() then shows what arrived.
    Status body_status() const;
    /// The unique key that its producer gave it, else the offset id.
    std::string_view id() const noexcept;
    /// Where the broker stored it: address and commit-log position in hex.
    std::string_view offset_id() const noexcept;
    std::optional<std::string_view> tag() const noexcept;
    /// Keys joined by blanks.
    std::optional<std::string_view> keys() const noexcept;
    std::optional<std::string_view> property(std::string_view name) const noexcept;
    /// All properties with the value that counts, in order of appearance.
    std::vector<std::pair<std::string, std::string>> properties() const;
    const Queue& queue() const noexcept;
    std::int64_t queue_offset() const noexcept;
    std::int64_t commit_log_offset() const noexcept;
    std::int32_t flag() const noexcept;
    std::int32_t sys_flag() const noexcept;
    /// How often it was tried to consume it before.
    std::int32_t reconsume_times() const noexcept;
    /// Bytes of its record at the broker.
    std::int32_t stored_size() const noexcept;
    std::chrono::system_clock::time_point born_time() const noexcept;
    std::chrono::system_clock::time_point store_time() const noexcept;
    /// "127.0.0.1:52100"
    std::string born_host() const;
    std::string store_host() const;
    /// Of a half message or what became of it; else empty.
    std::string_view transaction_id() const noexcept;

    /// A view of a copy of its own.
    MessageView detach() const;
    /// A message with this one's body (shared), flag and properties of the application.
    Message to_message(std::string topic) const;

private:
    friend struct detail::Access;
    explicit MessageView(std::shared_ptr<const detail::ReceivedMessage> data) noexcept;
    std::shared_ptr<const detail::ReceivedMessage> data_;
};

/// Messages of one queue, in its order, that are handed over together. Cheap to copy.
class KEROLOX_API MessageBatch {
public:
    MessageBatch() noexcept;

    const MessageView* begin() const noexcept;
    const MessageView* end() const noexcept;
    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }
    const MessageView& operator[](std::size_t index) const noexcept { return begin()[index]; }
    const MessageView& front() const noexcept { return begin()[0]; }
    const MessageView& back() const noexcept { return begin()[size() - 1]; }
    /// The queue they come from; an empty one for an empty batch.
    const Queue& queue() const noexcept;

private:
    friend struct detail::Access;
    explicit MessageBatch(std::shared_ptr<const detail::BatchData> data) noexcept;
    std::shared_ptr<const detail::BatchData> data_;
};

/// Which messages of a topic a consumer wants.
class KEROLOX_API Filter {
public:
    static Filter all();
    /// "A || B"
    static Filter tags(std::string expression);
    /// SQL92 over properties: "price > 10 AND region = 'eu'"; the broker must have it enabled.
    static Filter sql(std::string expression);

    bool is_sql() const noexcept { return sql_; }
    const std::string& expression() const noexcept { return expression_; }

    bool operator==(const Filter&) const = default;

private:
    Filter(bool sql, std::string expression) : sql_(sql), expression_(std::move(expression)) {}
    bool sql_ = false;
    std::string expression_;
};

}  // namespace v1
}  // namespace kerolox
