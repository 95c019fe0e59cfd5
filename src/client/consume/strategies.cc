// SPDX-License-Identifier: Apache-2.0
//
// RocketMQ's allocation strategies (client.md 15.5). Members of one group may be of different
// languages, so that each must give exactly the shares that RocketMQ's own class gives.
#include <fmt/format.h>

#include <algorithm>
#include <boost/uuid/detail/md5.hpp>
#include <map>
#include <set>

#include "client/core/errors.h"
#include "kerolox/consumer.hpp"

namespace kx::client {
namespace {

using kerolox::AllocateStrategy;
using kerolox::Queue;
using Share = kerolox::Result<std::vector<Queue>>;
using Queues = std::span<const Queue>;
using Ids = std::span<const std::string>;

/// What every strategy checks first.
kerolox::Status check_input(std::string_view client_id, Queues queues, Ids ids) {
    if (client_id.empty()) return usage_error("currentCID is empty");
    if (queues.empty()) return usage_error("mqAll is null or mqAll empty");
    if (ids.empty()) return usage_error("cidAll is null or cidAll empty");
    return {};
}

/// The place of `client_id`, or how many ids there are.
std::size_t index_of(std::string_view client_id, Ids ids) {
    return static_cast<std::size_t>(std::ranges::find(ids, client_id) - ids.begin());
}

class Average final : public AllocateStrategy {
public:
    std::string_view name() const noexcept override { return "AVG"; }
    Share allocate(std::string_view, std::string_view client_id, Queues queues,
                   Ids ids) const override {
        if (const auto valid = check_input(client_id, queues, ids); !valid) return valid.error();
        const std::size_t index = index_of(client_id, ids);
        if (index == ids.size()) return std::vector<Queue>();
        const std::size_t rest = queues.size() % ids.size();
        const std::size_t each = queues.size() / ids.size();
        const std::size_t begin = index * each + std::min(index, rest);
        const std::size_t size = each + (index < rest ? 1 : 0);
        const Queues mine = queues.subspan(begin, size);
        return std::vector<Queue>(mine.begin(), mine.end());
    }
};

class AverageByCircle final : public AllocateStrategy {
public:
    std::string_view name() const noexcept override { return "AVG_BY_CIRCLE"; }
    Share allocate(std::string_view, std::string_view client_id, Queues queues,
                   Ids ids) const override {
        if (const auto valid = check_input(client_id, queues, ids); !valid) return valid.error();
        std::vector<Queue> mine;
        const std::size_t index = index_of(client_id, ids);
        if (index == ids.size()) return mine;
        for (std::size_t i = index; i < queues.size(); i += ids.size()) mine.push_back(queues[i]);
        return mine;
    }
};

class Fixed final : public AllocateStrategy {
public:
    explicit Fixed(std::vector<Queue> queues) : queues_(std::move(queues)) {}
    std::string_view name() const noexcept override { return "CONFIG"; }
    /// Those of the topic that is asked about: the list may name queues of several topics, and may
    /// name them without the namespace.
    Share allocate(std::string_view, std::string_view, Queues queues, Ids) const override {
        std::vector<Queue> mine;
        for (const Queue& queue : queues) {
            const bool listed = std::ranges::any_of(queues_, [&](const Queue& own) {
                return own.broker == queue.broker && own.id == queue.id &&
                       (own.topic == queue.topic || queue.topic.ends_with("%" + own.topic));
            });
            if (listed) mine.push_back(queue);
        }
        return mine;
    }

private:
    const std::vector<Queue> queues_;
};

class MachineRoom final : public AllocateStrategy {
public:
    explicit MachineRoom(std::vector<std::string> rooms) : rooms_(rooms.begin(), rooms.end()) {}
    std::string_view name() const noexcept override { return "MACHINE_ROOM"; }
    Share allocate(std::string_view, std::string_view client_id, Queues queues,
                   Ids ids) const override {
        if (const auto valid = check_input(client_id, queues, ids); !valid) return valid.error();
        std::vector<Queue> mine;
        const std::size_t index = index_of(client_id, ids);
        if (index == ids.size()) return mine;
        std::vector<Queue> ours;
        for (const Queue& queue : queues) {
            const std::size_t at = queue.broker.find('@');
            // "room@name", with one @.
            if (at == std::string::npos || queue.broker.find('@', at + 1) != std::string::npos)
                continue;
            if (rooms_.contains(queue.broker.substr(0, at))) ours.push_back(queue);
        }
        const std::size_t each = ours.size() / ids.size();
        for (std::size_t i = index * each; i < (index + 1) * each; ++i) mine.push_back(ours[i]);
        if (const std::size_t rest = ours.size() % ids.size(); index < rest)
            mine.push_back(ours[ids.size() * each + index]);
        return mine;
    }

private:
    const std::set<std::string> rooms_;
};

class MachineRoomNearby final : public AllocateStrategy {
public:
    MachineRoomNearby(std::shared_ptr<AllocateStrategy> inner,
                      std::function<std::string(const Queue&)> room_of_queue,
                      std::function<std::string(std::string_view)> room_of_client)
        : inner_(std::move(inner)),
          room_of_queue_(std::move(room_of_queue)),
          room_of_client_(std::move(room_of_client)),
          name_(fmt::format("MACHINE_ROOM_NEARBY-{}", inner_ ? inner_->name() : "")) {}
    std::string_view name() const noexcept override { return name_; }
    Share allocate(std::string_view group, std::string_view client_id, Queues queues,
                   Ids ids) const override {
        if (inner_ == nullptr) return usage_error("allocateMessageQueueStrategy is null");
        if (!room_of_queue_ || !room_of_client_) return usage_error("machineRoomResolver is null");
        if (const auto valid = check_input(client_id, queues, ids); !valid) return valid.error();
        std::vector<Queue> mine;
        if (index_of(client_id, ids) == ids.size()) return mine;
        std::map<std::string, std::vector<Queue>> queues_of;
        for (const Queue& queue : queues) {
            std::string room = room_of_queue_(queue);
            if (room.empty()) return usage_error("Machine room is null for mq " + queue.describe());
            queues_of[std::move(room)].push_back(queue);
        }
        std::map<std::string, std::vector<std::string>> ids_of;
        for (const std::string& id : ids) {
            std::string room = room_of_client_(id);
            if (room.empty()) return usage_error("Machine room is null for consumer id " + id);
            ids_of[std::move(room)].push_back(id);
        }
        const std::string own_room = room_of_client_(client_id);
        for (const auto& [room, there] : queues_of) {
            const auto members = ids_of.find(room);
            if (members != ids_of.end() && room != own_room) continue;
            auto share = inner_->allocate(group, client_id, there,
                                          members == ids_of.end() ? ids : Ids(members->second));
            if (!share) return share.error();
            // Its own room's come first.
            mine.insert(room == own_room ? mine.begin() : mine.end(), share.value().begin(),
                        share.value().end());
        }
        return mine;
    }

private:
    const std::shared_ptr<AllocateStrategy> inner_;
    const std::function<std::string(const Queue&)> room_of_queue_;
    const std::function<std::string(std::string_view)> room_of_client_;
    const std::string name_;
};

/// The first four bytes of the text's MD5, the first one highest. Boost gives the digest as such
/// words, from 1.86 on as bytes.
template <class Digest>
std::uint32_t first_word(const Digest& digest) {
    if constexpr (sizeof(digest[0]) == 4) {
        return digest[0];
    } else {
        return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 |
               std::uint32_t{digest[2]} << 8 | std::uint32_t{digest[3]};
    }
}

std::uint32_t ring_hash(std::string_view text) {
    boost::uuids::detail::md5 md5;
    md5.process_bytes(text.data(), text.size());
    boost::uuids::detail::md5::digest_type digest;
    md5.get_digest(digest);
    return first_word(digest);
}

class ConsistentHash final : public AllocateStrategy {
public:
    explicit ConsistentHash(int virtual_nodes) : virtual_nodes_(virtual_nodes) {}
    std::string_view name() const noexcept override { return "CONSISTENT_HASH"; }
    Share allocate(std::string_view, std::string_view client_id, Queues queues,
                   Ids ids) const override {
        if (virtual_nodes_ < 0)
            return usage_error(fmt::format("illegal virtualNodeCnt :{}", virtual_nodes_));
        if (const auto valid = check_input(client_id, queues, ids); !valid) return valid.error();
        std::vector<Queue> mine;
        if (index_of(client_id, ids) == ids.size()) return mine;
        std::map<std::uint32_t, std::string_view> ring;
        for (const std::string& id : ids)
            for (int i = 0; i < virtual_nodes_; ++i)
                ring[ring_hash(fmt::format("{}-{}", id, i))] = id;
        if (ring.empty()) return mine;
        for (const Queue& queue : queues) {
            auto owner = ring.lower_bound(
                ring_hash(fmt::format("MessageQueue [topic={}, brokerName={}, queueId={}]",
                                      queue.topic, queue.broker, queue.id)));
            if (owner == ring.end()) owner = ring.begin();
            if (owner->second == client_id) mine.push_back(queue);
        }
        return mine;
    }

private:
    const int virtual_nodes_;
};

}  // namespace
}  // namespace kx::client

namespace kerolox {
inline namespace v1 {

AllocateStrategy::~AllocateStrategy() = default;

namespace strategy {

std::shared_ptr<AllocateStrategy> average() { return std::make_shared<kx::client::Average>(); }
std::shared_ptr<AllocateStrategy> average_by_circle() {
    return std::make_shared<kx::client::AverageByCircle>();
}
std::shared_ptr<AllocateStrategy> fixed(std::vector<Queue> queues) {
    return std::make_shared<kx::client::Fixed>(std::move(queues));
}
std::shared_ptr<AllocateStrategy> machine_room(std::vector<std::string> rooms) {
    return std::make_shared<kx::client::MachineRoom>(std::move(rooms));
}
std::shared_ptr<AllocateStrategy> machine_room_nearby(
    std::shared_ptr<AllocateStrategy> inner, std::function<std::string(const Queue&)> room_of_queue,
    std::function<std::string(std::string_view client_id)> room_of_client) {
    return std::make_shared<kx::client::MachineRoomNearby>(
        std::move(inner), std::move(room_of_queue), std::move(room_of_client));
}
std::shared_ptr<AllocateStrategy> consistent_hash(int virtual_nodes) {
    return std::make_shared<kx::client::ConsistentHash>(virtual_nodes);
}

}  // namespace strategy
}  // namespace v1
}  // namespace kerolox
