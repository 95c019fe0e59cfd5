// SPDX-License-Identifier: Apache-2.0
#include "broker/registration/registrar.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/crc32.h"
#include "base/log.h"
#include "wire/requests/registration.h"
#include "wire/requests/topics.h"

namespace kx::broker {
namespace {

constexpr std::int32_t kRegisterBroker = 103;
constexpr std::int32_t kUnregisterBroker = 104;
constexpr std::int32_t kRegisterTopic = 217;
constexpr std::int32_t kQueryDataVersion = 322;
constexpr std::int64_t kUnregisterTimeoutMs = 3000;

}  // namespace

/// One round of calls, one to each name server: counts the answers and lets a caller wait.
class Registrar::Round {
public:
    explicit Round(std::size_t calls) : open_(calls) {}

    void done() {
        MutexLock lock(mutex_);
        if (--open_ == 0) all_done_.notify_all();
    }
    void wait(std::int64_t wait_ms) {
        // Real time, whatever the broker's own clock says: this thread really waits.
        const std::int64_t until_ms = system_clock().steady_ms() + wait_ms;
        MutexLock lock(mutex_);
        while (open_ > 0) {
            const std::int64_t left_ms = until_ms - system_clock().steady_ms();
            if (left_ms <= 0) return;
            all_done_.wait_for(mutex_, std::chrono::milliseconds(left_ms));
        }
    }

private:
    Mutex mutex_;
    CondVar all_done_;
    std::size_t open_ KX_GUARDED_BY(mutex_);
};

Registrar::Registrar(Snapshot<BrokerConfig>& config, StoredTopicTable& topics,
                     net::RpcClient& client, net::Workers& workers, BrokerAddresses addresses)
    : config_(config),
      topics_(topics),
      client_(client),
      workers_(workers),
      addresses_(std::move(addresses)) {}

std::vector<std::string> Registrar::name_servers() const {
    return net::split_addresses(config_.get()->namesrv_addr);
}

std::int64_t Registrar::period_ms() const {
    return std::clamp<std::int64_t>(config_.get()->register_name_server_period, 10'000, 60'000);
}

wire::TopicTable Registrar::whole_table() const {
    wire::TopicTable table = topics_.table();
    mask_permissions(table, false);
    return table;
}

/// A broker that may not be read or written says so in every topic. In a full registration the
/// masked entries are bare ones, as RocketMQ sends them.
void Registrar::mask_permissions(wire::TopicTable& table, bool keep_rest) const {
    const std::int32_t allowed = config_.get()->broker_permission;
    constexpr std::int32_t kBoth = wire::kRead | wire::kWrite;
    if ((allowed & kBoth) == kBoth) return;
    for (auto& entry : table.topic_config_table) {
        wire::TopicConfig& config = entry.second;
        wire::TopicConfig masked;
        masked.topic_name = config.topic_name;
        masked.read_queue_nums = config.read_queue_nums;
        masked.write_queue_nums = config.write_queue_nums;
        masked.perm = config.perm & allowed;
        if (keep_rest) masked.topic_sys_flag = config.topic_sys_flag;
        config = std::move(masked);
    }
}

net::Call Registrar::registration(const wire::TopicTable& table) const {
    const auto config = config_.get();
    wire::RegisterBrokerBody body;
    body.topic_table = table;
    std::string text = to_json(body);
    wire::RegisterBroker header;
    header.broker_name = config->broker_name;
    header.broker_addr = addresses_.broker;
    header.cluster_name = config->broker_cluster_name;
    header.ha_server_addr = addresses_.ha;
    header.broker_id = config->broker_id;
    if (config->enable_slave_acting_master)
        header.heartbeat_timeout_millis = config->broker_not_active_timeout_millis;
    header.enable_acting_master = config->enable_slave_acting_master;
    header.body_crc32 = crc31(text);
    return net::Call(kRegisterBroker, header, std::move(text));
}

net::Call Registrar::single_registration(const wire::TopicConfig& config) const {
    wire::TopicRoute route;
    route.queue_datas.push_back({config_.get()->broker_name, config.perm, config.read_queue_nums,
                                 config.topic_sys_flag, config.write_queue_nums});
    return net::Call(kRegisterTopic, wire::TopicName{config.topic_name}, to_json(route));
}

net::Call Registrar::identified(std::int32_t code, std::string body) const {
    const auto config = config_.get();
    wire::BrokerIdentity header;
    header.broker_name = config->broker_name;
    header.broker_addr = addresses_.broker;
    header.cluster_name = config->broker_cluster_name;
    header.broker_id = config->broker_id;
    return net::Call(code, header, std::move(body));
}

void Registrar::register_all(bool forced, std::int64_t wait_ms) {
    const auto servers = name_servers();
    if (servers.empty()) return;
    auto round = std::make_shared<Round>(servers.size());
    for (const std::string& address : servers) {
        if (forced || config_.get()->force_register)
            send_full(address, round);
        else
            ask_version_first(address, round);
    }
    round->wait(wait_ms);
}

void Registrar::send_full(const std::string& address, const RoundPtr& round) {
    const std::int64_t timeout_ms = config_.get()->register_broker_timeout_mills;
    client_.call(address, registration(whole_table()), timeout_ms,
                 [this, address, round](const Result<net::Answer>& answer) {
                     std::string failure;
                     if (!answer)
                         failure = answer.error().text;
                     else if (!answer->ok())
                         failure = answer->remark;
                     else if (!answer->body.empty())
                         take_order_config(answer->body);
                     note(address, failure);
                     round->done();
                 });
}

void Registrar::ask_version_first(const std::string& address, const RoundPtr& round) {
    const std::int64_t timeout_ms = config_.get()->register_broker_timeout_mills;
    client_.call(address, identified(kQueryDataVersion, to_json(topics_.version())), timeout_ms,
                 [this, address, round](const Result<net::Answer>& answer) {
                     if (answer && answer->ok()) {
                         const auto header = answer->header<wire::DataVersionAnswer>();
                         if (header && !header->changed) return round->done();
                     }
                     send_full(address, round);
                 });
}

void Registrar::register_topics(const std::vector<std::string>& names, std::int64_t wait_ms) {
    const auto servers = name_servers();
    wire::TopicTable table;
    table.topic_queue_mapping_detail_map.emplace();
    table.topic_queue_mapping_info_map.emplace();
    table.data_version = topics_.version();
    for (const std::string& name : names)
        if (const TopicPtr topic = topics_.find(name))
            table.topic_config_table[name] = topic->config();
    if (servers.empty() || table.topic_config_table.empty()) return;
    mask_permissions(table, true);

    const auto config = config_.get();
    std::vector<net::Call> calls;
    if (config->enable_single_topic_register) {
        for (const auto& entry : table.topic_config_table)
            calls.push_back(single_registration(entry.second));
    } else {
        calls.push_back(registration(table));
    }
    auto round = std::make_shared<Round>(servers.size() * calls.size());
    for (const std::string& address : servers) {
        for (const net::Call& call : calls) {
            client_.call(address, call, config->register_broker_timeout_mills,
                         [this, address, round](const Result<net::Answer>& answer) {
                             // A name server that was restarted refuses a table of one topic
                             // from a broker it does not know: it has to hear everything.
                             if (answer && !answer->ok()) return send_full(address, round);
                             if (!answer) note(address, answer.error().text);
                             round->done();
                         });
        }
    }
    round->wait(wait_ms);
}

void Registrar::unregister(std::int64_t wait_ms) {
    const auto servers = name_servers();
    auto round = std::make_shared<Round>(servers.size());
    for (const std::string& address : servers) {
        client_.call(address, identified(kUnregisterBroker, {}), kUnregisterTimeoutMs,
                     [address, round](const Result<net::Answer>& answer) {
                         if (!answer) {
                             log::warn("broker", "namesrv={} did not take the good-bye: {}",
                                       address, answer.error().text);
                         }
                         round->done();
                     });
    }
    round->wait(wait_ms);
}

/// Changes topics, which waits for their file: not on the io thread that calls this.
void Registrar::take_order_config(const std::string& body) {
    auto order = from_json<wire::KvTable>(body);
    if (!order || order->table.empty()) return;
    workers_.post([this, table = std::move(order->table)] { topics_.set_order(table); });
}

void Registrar::note(const std::string& address, const std::string& failure) {
    bool is_news = false;
    {
        MutexLock lock(mutex_);
        const auto known = failures_.find(address);
        is_news = known == failures_.end() || known->second != failure;
        failures_[address] = failure;
    }
    if (!is_news) return;
    if (failure.empty())
        log::info("broker", "registered with namesrv={}", address);
    else
        log::warn("broker", "not registered with namesrv={}: {}", address, failure);
}

std::size_t Registrar::registered_count() const {
    MutexLock lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(failures_, [](const auto& entry) { return entry.second.empty(); }));
}

std::string Registrar::why_not_registered() const {
    if (name_servers().empty()) return {};
    MutexLock lock(mutex_);
    std::string reason = "no name server has answered yet";
    for (const auto& [address, failure] : failures_) {
        if (failure.empty()) return {};
        reason = fmt::format("name server {}: {}", address, failure);
    }
    return reason;
}

}  // namespace kx::broker
