// SPDX-License-Identifier: Apache-2.0
//
// For tests of consumers: a broker that knows topics, the members and locks of groups, holds pulls
// that find nothing, and takes messages back. One name server and one client go with it.
#pragma once

#include <list>
#include <set>

#include "client/core/client_core.h"
#include "client/fake_servers.h"
#include "wire/bodies/common.h"

namespace kx::client {

class FakeGroupBroker : public FakeServer {
public:
    explicit FakeGroupBroker(std::string name);
    ~FakeGroupBroker() override;

    void store(const std::string& topic, std::int32_t queue, const std::string& body,
               const std::string& properties = {}, std::int32_t reconsume_times = 0);
    /// Messages below it are gone.
    void set_min(const std::string& topic, std::int32_t queue, std::int64_t min);
    std::vector<std::string> bodies(const std::string& topic, std::int32_t queue = 0) const;
    std::vector<std::string> properties(const std::string& topic, std::int32_t queue = 0) const;
    /// -1: none.
    std::int64_t committed(const std::string& topic, std::int32_t queue) const;
    void set_committed(const std::string& topic, std::int32_t queue, std::int64_t offset);
    /// Somebody else's client is in every group.
    void add_member(const std::string& id);
    void remove_member(const std::string& id);
    /// Locks of these queues are somebody else's.
    void take_locks(bool taken);
    std::size_t locks() const;
    /// From now on this broker says who has which queue: all of them, to be pulled or to be popped
    /// ("PULL", "POP"). Before, clients share them themselves.
    void share_out(std::string mode);
    /// Offsets in the commit log and levels of what was sent back.
    std::vector<std::pair<std::int64_t, std::int32_t>> sent_back() const;
    /// The next answers to that code are this response code, one use each.
    void refuse(std::int32_t request, std::vector<std::int32_t> response_codes);
    std::vector<std::int64_t> pull_offsets() const;
    std::string last_heartbeat() const;
    /// Of the topic in the heartbeat of the client that sent one last; -1: none.
    std::int64_t subscription_version(const std::string& topic) const;

    struct ClientAnswer {
        std::int32_t code = -1;  ///< -1: none came
        std::string remark{};
        std::string body{};
    };
    /// Asks the client that sent the last heartbeat, and waits for it.
    ClientAnswer ask_client(std::int32_t code,
                            std::vector<std::pair<std::string, std::string>> fields,
                            std::string body = {});
    /// Tells it something that nobody answers.
    void tell_client(std::int32_t code, std::vector<std::pair<std::string, std::string>> fields,
                     std::string body);

private:
    using Key = std::pair<std::string, std::int32_t>;
    struct Stored {
        std::string record;
        std::string body;
        std::string properties;
    };
    struct Lane {
        std::vector<Stored> messages;
        std::int64_t min = 0;
    };
    struct Held {
        Key key;
        std::int64_t offset;
        net::Responder responder;
    };

    void with_client(std::function<void(net::Connection&)> work);
    bool refused(net::Request& request);
    void on_send(net::Request& request);
    void on_pull(net::Request& request);
    void on_offset(net::Request& request);
    void on_heartbeat(net::Request& request);
    void on_lock(net::Request& request);
    void on_assignment(net::Request& request);
    void on_pop(net::Request& request);
    /// False: there is nothing to pop.
    bool answer_pop(const std::string& topic, std::int64_t invisible_ms, net::Responder& responder)
        KX_REQUIRES(mutex_);
    void on_send_back(net::Request& request);
    void append(const Key& key, const std::string& body, const std::string& properties,
                std::int32_t reconsume_times) KX_REQUIRES(mutex_);
    void answer_held(const Key& key) KX_REQUIRES(mutex_);

    const std::string name_;
    std::map<Key, Lane> lanes_ KX_GUARDED_BY(mutex_);
    std::map<Key, std::int64_t> committed_ KX_GUARDED_BY(mutex_);
    std::list<Held> held_ KX_GUARDED_BY(mutex_);
    struct HeldPop {
        std::string topic;
        std::int64_t invisible_ms;
        net::Responder responder;
    };
    std::list<HeldPop> held_pops_ KX_GUARDED_BY(mutex_);
    std::map<Key, std::size_t> popped_ KX_GUARDED_BY(mutex_);
    std::string mode_ KX_GUARDED_BY(mutex_);
    std::set<std::string> members_ KX_GUARDED_BY(mutex_);
    std::map<wire::QueueKey, std::string> locks_ KX_GUARDED_BY(mutex_);
    bool locks_taken_ KX_GUARDED_BY(mutex_) = false;
    std::vector<std::pair<std::int64_t, std::int32_t>> sent_back_ KX_GUARDED_BY(mutex_);
    std::map<std::int32_t, std::deque<std::int32_t>> refusals_ KX_GUARDED_BY(mutex_);
    std::vector<std::int64_t> pull_offsets_ KX_GUARDED_BY(mutex_);
    std::string last_heartbeat_ KX_GUARDED_BY(mutex_);
    net::ConnectionPtr last_client_ KX_GUARDED_BY(mutex_);
};

/// One topic "T" of `queues` queues on one broker "b", and a client that knows them.
struct FakeGroup {
    explicit FakeGroup(std::int32_t queues = 1,
                       const std::function<void(ClientCore::Settings&)>& adjust = {});
    ~FakeGroup();

    FakeNameServer names;
    FakeGroupBroker broker{"b"};
    std::shared_ptr<ClientLease> lease;
    ClientCore& core() { return *lease->core; }
};

/// Looks until it is so, ten seconds at most.
bool becomes_true(const std::function<bool()>& condition);

}  // namespace kx::client
