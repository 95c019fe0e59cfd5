// SPDX-License-Identifier: Apache-2.0
//
// One message (or batch body) on its way to a broker, with all its tries.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/slice.h"
#include "client/core/access.h"
#include "client/core/message_data.h"
#include "kerolox/producer.hpp"

namespace kx::client {

class Peer;

/// How a send finds its queue.
enum class QueueChoice : std::uint8_t {
    kByTurns,   ///< and another one for each further try
    kGiven,     ///< one try
    kSelected,  ///< by the application's function, one try
    kByKey,     ///< one try
};

class SendJob {
public:
    SendJob() = default;
    SendJob(const SendJob&) = delete;
    SendJob& operator=(const SendJob&) = delete;
    virtual ~SendJob() = default;

    /// Its last sign of life: on the home thread, or where it was refused. Releases the job.
    virtual void done(kerolox::Result<kerolox::SendReceipt> result) = 0;
    /// Nobody waits for the result any more: no further try is worth it.
    virtual bool is_abandoned() const { return false; }
    /// The waiting side gets this now; the job itself goes on until done().
    virtual void abandon(const kerolox::Error& why) = 0;

    kerolox::Message message{"", kerolox::Bytes()};  ///< as the application gave it, for hooks
    std::string topic;                               ///< as it travels
    std::string properties;                          ///< as they travel
    std::string message_id;
    Slice body;
    std::int32_t sys_flag = 0;
    std::int32_t code = 310;
    bool is_batch = false;
    bool is_oneway = false;
    std::int32_t messages = 1;    ///< for figures
    bool may_join_batch = false;  ///< the producer may let it travel with others

    QueueChoice choice = QueueChoice::kByTurns;
    kerolox::Queue queue{};           ///< kGiven
    kerolox::QueueSelector selector;  ///< kSelected
    std::string key;                  ///< kByKey

    // The producer's own business from here on.
    std::int64_t timeout_ms = 0;
    std::int64_t started_ns = 0;
    std::int64_t deadline_ms = 0;
    std::int64_t try_started_ns = 0;
    std::int64_t try_deadline_ms = 0;
    std::size_t permit_bytes = 0;
    bool has_permit = false;
    bool route_refreshed = false;  ///< its given broker was unknown once already
    bool was_sent_away = false;    ///< a draining broker got it, in the present try
    Peer* peer = nullptr;          ///< of the present try, as what follows
    std::int32_t queue_id = 0;
    std::vector<std::string> brokers_tried;    ///< the present one is the last
    std::optional<kerolox::SendReceipt> kept;  ///< stored, but not as safely as asked for
    SendJob* previous = nullptr;
    SendJob* next = nullptr;
};

/// A job that completes an operation.
template <class T>
class OperationJob : public kerolox::detail::OperationOf<T>, public SendJob {
public:
    bool is_abandoned() const override { return this->ready(); }
    void abandon(const kerolox::Error& why) override { this->complete(why); }
    void cancel_with(std::stop_token token) { on_stop_.emplace(std::move(token), Canceller{this}); }

private:
    struct Canceller {
        OperationJob* operation;
        void operator()() const noexcept { operation->cancel(); }
    };
    std::optional<std::stop_callback<Canceller>> on_stop_;
};

/// The send of one message.
class SendOperation final : public OperationJob<kerolox::SendReceipt> {
public:
    void done(kerolox::Result<kerolox::SendReceipt> result) override {
        complete(std::move(result));
        release();
    }
};

/// Calls back, on the home thread or where it was refused.
class CallbackJob final : public SendJob {
public:
    using Callback = std::function<void(kerolox::Result<kerolox::SendReceipt>)>;
    explicit CallbackJob(Callback callback) : callback_(std::move(callback)) {}

    void done(kerolox::Result<kerolox::SendReceipt> result) override {
        const Callback callback = std::move(callback_);
        delete this;
        if (callback) callback(std::move(result));
    }
    bool is_abandoned() const override { return !callback_; }
    void abandon(const kerolox::Error& why) override {
        if (const Callback callback = std::exchange(callback_, nullptr)) callback(why);
    }

private:
    Callback callback_;
};

}  // namespace kx::client
