// SPDX-License-Identifier: Apache-2.0
//
// For tests of the producing side: brokers that take sends and do what a test tells them, and a
// client that knows them.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/fake_servers.h"
#include "kerolox/kerolox.hpp"

namespace kx::client {

/// A request as the broker got it.
struct TakenRequest {
    std::int32_t code = 0;
    std::map<std::string, std::string> fields;
    std::string body;
    std::string remark;

    std::string field(const std::string& name) const {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    }
    /// One of the properties of a send.
    std::string property(std::string_view name) const;
};

class ScriptedBroker : public FakeServer {
public:
    enum Act : std::int32_t { kSwallow = -1, kCut = -2 };

    explicit ScriptedBroker(std::string name);
    ~ScriptedBroker() override;

    const std::string& name() const { return name_; }
    /// What becomes of the next requests with a code of sending: an Act, or the code to answer.
    void script(std::vector<std::int32_t> acts);
    /// What becomes of all others; 0 is a receipt.
    void otherwise(std::int32_t act) { otherwise_ = act; }
    /// Sends are kept and answered by release().
    void hold() { holds_ = true; }
    void release();
    /// Nothing is read any more, until it goes on.
    void stall() { stalls_ = true; }
    void go_on() {
        stalls_ = false;
        stalls_.notify_all();
    }
    /// Every request of that code so far; of any send, with 0.
    std::vector<TakenRequest> taken(std::int32_t code = 0) const;
    std::size_t sends() const { return taken().size(); }
    /// Further fields of the answers to sends.
    void answer_with(std::vector<std::pair<std::string, std::string>> fields);
    /// Asks the client that sent the last heartbeat; gives its answer's code, -1 for none in time.
    std::int32_t ask_client(std::int32_t code,
                            std::vector<std::pair<std::string, std::string>> fields,
                            std::string body, bool oneway = false);

private:
    void on_sending(net::Request& request);
    void answer(net::Responder& responder, const TakenRequest& taken);
    TakenRequest take(net::Request& request);

    const std::string name_;
    std::atomic<std::int32_t> otherwise_{0};
    std::atomic<bool> holds_{false};
    std::atomic<bool> stalls_{false};
    std::deque<std::int32_t> acts_ KX_GUARDED_BY(mutex_);
    std::vector<TakenRequest> taken_ KX_GUARDED_BY(mutex_);
    std::vector<std::pair<net::Responder, TakenRequest>> held_ KX_GUARDED_BY(mutex_);
    std::vector<std::pair<std::string, std::string>> more_fields_ KX_GUARDED_BY(mutex_);
    std::map<std::string, std::int64_t> next_offset_ KX_GUARDED_BY(mutex_);
    net::ConnectionPtr client_ KX_GUARDED_BY(mutex_);
};

/// A name server, two brokers with two queues of topic "T" each, and a client.
struct SendRig {
    explicit SendRig(kerolox::ClientOptions options = {});

    kerolox::Producer producer(const kerolox::ProducerOptions& options) const;
    kerolox::Producer producer() const { return producer(kerolox::ProducerOptions("P")); }
    std::vector<TakenRequest> sends() const;

    FakeNameServer names;
    ScriptedBroker a{"broker-a"};
    ScriptedBroker b{"broker-b"};
    std::optional<kerolox::Client> client;
};

/// A message to "T".
inline kerolox::Message note(std::string body = "hello") {
    return {"T", kerolox::Bytes(std::move(body))};
}
/// Looks until it is true, for that long at most.
bool comes_true(const std::function<bool()>& condition, int timeout_ms = 5'000);
/// Of the steady clock.
std::int64_t ms_since(std::int64_t begun_ms);
std::int64_t now_ms();

}  // namespace kx::client
