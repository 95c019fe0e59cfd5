// SPDX-License-Identifier: Apache-2.0
//
// PULL_MESSAGE 11 and LITE_PULL_MESSAGE 361: checks in RocketMQ's order, one read of the queue, the
// records straight from the mapped log; or, when there is nothing yet, a place in the hold.
// Source: protocol.md 2.4, broker.md 7 and 8.
#pragma once

#include "broker/context.h"
#include "broker/pull/pull_hold.h"
#include "wire/requests/pull.h"

namespace kx::broker {

struct PullProbe {
    std::atomic<std::int64_t> messages{0};
    std::atomic<std::int64_t> bytes{0};
    std::atomic<std::int64_t> found{0};
    std::atomic<std::int64_t> missed{0};
};

class PullHandler {
public:
    /// Hooks into the tick of an io thread and the store's arrivals.
    explicit PullHandler(Context& context);
    ~PullHandler();

    void handle(net::Request& request);
    /// Answers all held pulls with "nothing yet". Before the io threads stop.
    void stop();

    const PullProbe& probe() const { return probe_; }
    std::size_t held() const { return hold_.size(); }

private:
    /// A pull that passed all checks.
    struct Admitted {
        TopicPtr topic;
        GroupConfigPtr group;
        filter::TagFilter filter;
    };
    /// A refusal and, for code 16, who forbids it.
    struct Denied {
        wire::Refusal refusal;
        std::optional<std::int32_t> forbidden_type;
    };
    struct Found {
        wire::ResponseCode code = wire::ResponseCode::kSystemError;
        std::string_view status;
        wire::PullAnswer answer;
        store::ReadResult read;
    };

    static tl::unexpected<Denied> denied(wire::ResponseCode code, std::string remark,
                                         std::optional<std::int32_t> type = std::nullopt);
    tl::expected<Admitted, Denied> admit(const wire::PullMessage& pull, std::int32_t code) const;
    tl::expected<filter::TagFilter, Denied> choose_filter(
        const wire::PullMessage& pull, const wire::SubscriptionGroupConfig& group) const;
    /// `allow_cold` false: comes back with read.from_disk, and without a trace, when a worker is
    /// to do it.
    Found read(const wire::PullMessage& pull, const Admitted& admitted, bool allow_cold);
    /// Remembers where the group is, and commits what came with the pull.
    void note(const wire::PullMessage& pull, const Found& found,
              std::optional<std::int64_t> commit_offset, std::string_view peer);
    /// The pull with everything owned, its answer taken over.
    HeldPullPtr take_over(net::Request& request, const wire::PullMessage& pull,
                          const Admitted& admitted) const;
    /// Parks the pull; false when it has to be answered now.
    bool may_park(const net::Request& request, const wire::PullMessage& pull) const;
    void park(HeldPullPtr held, std::int64_t wait_ms);
    void resume(HeldPullPtr held);
    void read_on_worker(HeldPullPtr held);

    template <class Target>
    void deny(Target& target, const Denied& denied);
    template <class Target>
    void reply(Target& target, const Found& found);

    Context& context_;
    PullHold hold_;
    PullProbe probe_;
};

}  // namespace kx::broker
