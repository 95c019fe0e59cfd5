// SPDX-License-Identifier: Apache-2.0
//
// options_page FILE          writes docs/client/options.md from the tables the options are read by
// options_page --check FILE  fails when the file is another
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/config_key.h"
#include "client/consume/lite_settings.h"
#include "client/consume/pop_settings.h"
#include "client/consume/pull_settings.h"
#include "client/consume/push_settings.h"
#include "client/core/client_settings.h"
#include "client/produce/producer_settings.h"

namespace {

using kx::ConfigRow;
using kx::KeyState;

/// Which setter says the same as a key. What is not here is set by its key alone.
const std::map<std::string_view, std::string_view>& setters() {
    static const std::map<std::string_view, std::string_view> table{
        {"namesrvAddr", "name_servers"},
        {"rocketmq.namesrv.domain", "name_server_lookup"},
        {"rocketmq.namesrv.domain.subgroup", "name_server_lookup"},
        {"clientIP", "client_ip"},
        {"instanceName", "instance_name"},
        {"namespace", "name_space"},
        {"namespaceV2", "name_space_v2"},
        {"clientWorkerThreads", "runtime"},
        {"clientCallbackExecutorThreads", "runtime"},
        {"pollNameServerInterval", "route_refresh"},
        {"heartbeatBrokerInterval", "heartbeat_interval"},
        {"persistConsumerOffsetInterval", "persist_offsets_interval"},
        {"unitName", "unit"},
        {"vipChannelEnabled", "vip_channel"},
        {"useTLS", "tls"},
        {"mqClientApiTimeout", "api_timeout"},
        {"connectTimeoutMillis", "connect_timeout"},
        {"enableTrace", "trace"},
        {"traceTopic", "trace"},
        {"sendMsgTimeout", "send_timeout"},
        {"sendMsgMaxTimeoutPerRequest", "try_timeout"},
        {"retryTimesWhenSendFailed", "retries"},
        {"retryAnotherBrokerWhenNotStoreOK", "retry_not_stored"},
        {"maxMessageSize", "max_message_size"},
        {"compressMsgBodyOverHowmuch", "compression"},
        {"rocketmq.message.compressLevel", "compression"},
        {"rocketmq.message.compressType", "compression"},
        {"defaultTopicQueueNums", "new_topic_queues"},
        {"sendLatencyFaultEnable", "avoid_faulty_brokers"},
        {"startDetectorEnable", "avoid_faulty_brokers"},
        {"enableBackpressureForAsyncMode", "in_flight"},
        {"backPressureForAsyncSendNum", "in_flight"},
        {"backPressureForAsyncSendSize", "in_flight"},
        {"autoBatch", "auto_batch"},
        {"batchMaxDelayMs", "auto_batch"},
        {"batchMaxBytes", "auto_batch"},
        {"totalBatchMaxBytes", "auto_batch"},
        {"messageModel", "model"},
        {"consumeFromWhere", "start_from"},
        {"consumeTimestamp", "start_from"},
        {"consumeThreadMin", "threads"},
        {"consumeThreadMax", "threads"},
        {"consumeMessageBatchMaxSize", "batch_size"},
        {"pullBatchSize", "pull_batch"},
        {"pullBatchSizeInBytes", "pull_batch"},
        {"pullInterval", "pull_interval"},
        {"pullThresholdForQueue", "cache_limit_per_queue"},
        {"pullThresholdSizeForQueue", "cache_limit_per_queue"},
        {"consumeConcurrentlyMaxSpan", "cache_limit_per_queue"},
        {"consumeMaxSpan", "cache_limit_per_queue"},
        {"pullThresholdForTopic", "cache_limit_per_topic"},
        {"pullThresholdSizeForTopic", "cache_limit_per_topic"},
        {"pullThresholdForAll", "cache_limit"},
        {"maxReconsumeTimes", "max_reconsume_times"},
        {"consumeTimeout", "consume_timeout"},
        {"suspendCurrentQueueTimeMillis", "suspend_time"},
        {"popInvisibleTime", "pop_invisible_time"},
        {"autoCommitIntervalMillis", "auto_commit"},
        {"autoCommit", "auto_commit"},
    };
    return table;
}

/// In a table cell a bar would end the cell.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out.push_back('\\');
        out.push_back(c);
    }
    return out;
}

std::string row_text(const ConfigRow& row, const void* config) {
    std::string type(kx::type_text(row));
    if (!row.unit.empty()) type += fmt::format(", {}", row.unit);
    const auto setter = setters().find(row.name);
    const std::string setter_text =
        setter == setters().end() ? "" : fmt::format("`{}`", setter->second);
    std::string value =
        row.default_note.empty() ? kx::value_text(row, config) : std::string(row.default_note);
    if (!value.empty()) value = fmt::format("`{}`", value);
    std::string meaning(row.meaning);
    if (!row.alias.empty()) meaning += fmt::format("; also `{}`", row.alias);
    if (row.state == KeyState::kLater) meaning += " — *later*";
    if (row.state == KeyState::kNoMeaning)
        meaning += fmt::format(" — *no meaning: {}*", row.reason);
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, setter_text, cell(type),
                       cell(value), cell(meaning));
}

template <class Config>
std::string section(std::string_view options_class, std::set<std::string_view>& seen) {
    const Config defaults;
    std::string out = fmt::format(
        "\n## {}\n\n| Key | Setter | Type | Default | Meaning |\n"
        "| --- | --- | --- | --- | --- |\n",
        options_class);
    for (const ConfigRow& row : Config::keys()) {
        out += row_text(row, &defaults);
        seen.insert(row.name);
    }
    return out;
}

std::string page() {
    std::string out =
        "# Options of libkerolox\n\n"
        "Made by `make options-page` from the tables that the options are read and checked by; "
        "edit\n"
        "the rows in `src/client`, not this page.\n\n"
        "A value comes from, strongest first: its setter or `set(\"key\", \"value\")` with "
        "RocketMQ's\n"
        "name, of which the last call counts; the environment "
        "(`ClientOptions::from_environment`);\n"
        "the default. `validate()` tells everything that is wrong at once, `describe()` prints "
        "what\n"
        "holds, secrets masked.\n"
        "What no key can say (listeners, strategies, sinks, credentials) has a setter alone; see\n"
        "the headers.\n";
    std::set<std::string_view> seen;
    out += section<kx::client::ClientConfig>("ClientOptions", seen);
    out += section<kx::client::ProducerConfig>("ProducerOptions", seen);
    out += section<kx::client::PushConfig>("PushOptions", seen);
    out += section<kx::client::LitePullConfig>("LitePullOptions", seen);
    out += section<kx::client::PullConfig>("PullOptions", seen);
    out += section<kx::client::PopConfig>("PopOptions", seen);
    for (const auto& [key, setter] : setters()) {
        if (!seen.contains(key))
            std::fprintf(stderr, "no table has the key %.*s\n", static_cast<int>(key.size()),
                         key.data());
    }
    return out;
}

std::string content_of(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--check") {
        if (content_of(argv[2]) == page()) return 0;
        std::fprintf(stderr, "%s is stale: run make options-page\n", argv[2]);
        return 1;
    }
    if (argc != 2) return 2;
    std::ofstream out(argv[1], std::ios::binary);
    out << page();
    return out.good() ? 0 : 1;
}
