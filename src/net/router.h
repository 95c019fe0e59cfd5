// SPDX-License-Identifier: Apache-2.0
//
// Which handler serves which request code, on which lane, within which bounds. A processor groups
// codes that share a bound, as RocketMQ's thread pools do: full means SYSTEM_BUSY [OVERLOAD], and a
// request that waited too long in a worker's queue means [TIMEOUT_CLEAN_QUEUE].
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/request.h"
#include "net/workers.h"
#include "wire/command.h"

namespace kx::net {

enum class Lane : char {
    kInline,  ///< on the connection's io thread; must not block
    kWorker,  ///< on a worker thread; may wait for the disk
};

struct ProcessorOptions {
    std::string name;  ///< "send", "pull", ... as metrics and remarks show it
    Lane lane = Lane::kInline;
    std::int64_t queue_limit = 10'000;  ///< requests not answered yet
    std::int64_t wait_limit_ms = 0;     ///< longest wait for a worker; 0: unbounded
};

struct Processor {
    ProcessorOptions options;
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> handled{0};
    std::atomic<std::int64_t> refused{0};
};

/// Sees every request before and after its handler.
class Hook {
public:
    virtual ~Hook() = default;
    /// A code and a remark refuse the request; the handler does not see it.
    virtual std::optional<std::pair<wire::ResponseCode, std::string>> before(Request& request) = 0;
    /// After the handler; when it deferred its answer, that one is not known yet.
    virtual void after(Request& request) = 0;
};

/// The encoding of everything this process sends: ROCKETMQ_SERIALIZE_TYPE, JSON unless set.
wire::Encoding answer_encoding();
void set_answer_encoding(wire::Encoding encoding);

/// Filled at start, then read by all io threads.
class Router {
public:
    using Handler = std::function<void(Request&)>;
    /// A reason to refuse right now, as code and remark (RocketMQ's REJECTREQUEST), or nothing.
    using Gate = std::function<std::optional<std::pair<wire::ResponseCode, std::string>>()>;

    /// `workers` runs the kWorker lane; null when no processor uses it.
    explicit Router(const Clock& clock, Workers* workers = nullptr)
        : clock_(clock), workers_(workers) {}

    std::shared_ptr<Processor> add_processor(ProcessorOptions options);
    void serve(std::int32_t code, const std::shared_ptr<Processor>& processor, Handler handler,
               Gate gate = {});
    void add_hook(std::shared_ptr<Hook> hook) { hooks_.push_back(std::move(hook)); }
    /// From now on new requests of clients that know the code get GO_AWAY.
    void begin_shutdown() { shutting_down_.store(true, std::memory_order_relaxed); }

    bool serves(std::int32_t code) const { return routes_.contains(code); }
    const std::vector<std::shared_ptr<Processor>>& processors() const { return processors_; }
    /// Requests that wait for their answer, over all processors.
    std::int64_t in_flight() const;

    void dispatch(Request& request);

private:
    struct Route {
        std::shared_ptr<Processor> processor;
        Handler handler;
        Gate gate;
    };

    void run(const Route& route, Request& request);
    void hand_to_worker(const Route& route, Request& request);
    void refuse_unknown(Request& request);

    const Clock& clock_;
    Workers* workers_;
    boost::unordered_flat_map<std::int32_t, Route> routes_;
    std::vector<std::shared_ptr<Processor>> processors_;
    std::vector<std::shared_ptr<Hook>> hooks_;
    std::atomic<bool> shutting_down_{false};
};

}  // namespace kx::net
