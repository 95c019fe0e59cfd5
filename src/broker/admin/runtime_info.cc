// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/runtime_info.h"

#include "model/record.h"
#include "wire/bodies/common.h"

namespace kx::broker {
namespace {

using Table = std::map<std::string, std::string>;

/// "0 B", "1.5 KiB".
std::string human_bytes(std::int64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    constexpr std::string_view kUnits = "KMGTPE";
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}iB", value, kUnits[unit]);
}

std::string run_time(std::int64_t ms) {
    const std::int64_t seconds = ms / 1000;
    return fmt::format("[ {} days, {} hours, {} minutes, {} seconds ]", seconds / 86'400,
                       seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

}  // namespace

void RuntimeInfo::get(net::Request& request) { request.ok_body(to_json(wire::KvTable{table()})); }

Table RuntimeInfo::table() const {
    const auto config = config_.get();
    Table table;
    table["bootTimestamp"] = std::to_string(boot_wall_ms_);
    table["runtime"] = run_time(clock_.steady_ms() - boot_steady_ms_);
    table["brokerActive"] = config->is_master() ? "true" : "false";
    table["brokerVersionDesc"] = "V5_4_0";
    table["startAcceptSendRequestTimeStamp"] =
        std::to_string(config->start_accept_send_request_time_stamp);
    table["pageCacheLockTimeMills"] = "0";
    table["dispatchMaxBuffer"] = "0";
    table["remainTransientStoreBufferNumbs"] = "2147483647";
    for (const char* key : {"timerReadBehind", "timerOffsetBehind", "timerCongestNum"})
        table[key] = "0";
    for (const char* key : {"timerEnqueueTps", "timerDequeueTps"}) table[key] = "0.0";
    add_store(table);
    add_disk(table);
    add_rates(table);
    add_queues(table);
    return table;
}

void RuntimeInfo::add_store(Table& table) const {
    const store::StoreFigures figures = store_.figures();
    const std::int64_t puts = figures.put_count;
    table["putMessageTimesTotal"] = std::to_string(std::max<std::int64_t>(1, puts));
    table["putMessageFailedTimes"] = std::to_string(figures.put_failures);
    table["putMessageSizeTotal"] = std::to_string(figures.put_bytes);
    const auto at_least_one = static_cast<double>(std::max<std::int64_t>(1, puts));
    table["putMessageAverageSize"] =
        java_double(static_cast<double>(figures.put_bytes) / at_least_one);
    table["commitLogMinOffset"] = std::to_string(figures.min_physical_offset);
    table["commitLogMaxOffset"] = std::to_string(figures.appended);
    table["dispatchBehindBytes"] =
        std::to_string(std::max<std::int64_t>(0, figures.appended - figures.dispatched));
    table["remainHowManyDataToFlush"] =
        human_bytes(std::max<std::int64_t>(0, figures.appended - figures.flushed));
    std::int64_t earliest_ms = -1;
    if (const auto record = store_.record_at(figures.min_physical_offset))
        earliest_ms = model::record_store_timestamp(record->bytes.data());
    table["earliestMessageTimeStamp"] = std::to_string(earliest_ms);
}

void RuntimeInfo::add_disk(Table& table) const {
    const auto config = config_.get();
    const std::string path = config->store_path_commit_log.empty()
                                 ? join_path(config->store_path_root_dir, "commitlog")
                                 : config->store_path_commit_log;
    const auto usage = files_.disk_usage(path);
    const std::string ratio = usage ? java_double(usage->used_ratio()) : "-1.0";
    table["commitLogDiskRatio_" + path] = ratio;
    table["commitLogDiskRatio"] = ratio;
    table["consumeQueueDiskRatio"] = ratio;
    if (usage) {
        table["commitLogDirCapacity"] =
            fmt::format("Total : {}, Free : {}.", human_bytes(usage->total_bytes),
                        human_bytes(usage->free_bytes));
    }
}

void RuntimeInfo::add_rates(Table& table) const {
    table["putTps"] = rates_.per_second(&Totals::puts);
    table["getFoundTps"] = rates_.per_second(&Totals::found);
    table["getMissTps"] = rates_.per_second(&Totals::missed);
    table["getTotalTps"] = rates_.found_and_missed_per_second();
    table["getTransferredTps"] = rates_.per_second(&Totals::transferred);
    const auto add_totals = [&table](const std::string& when, const Totals& totals) {
        table["msgPutTotal" + when] = std::to_string(totals.puts);
        table["msgGetTotal" + when] = std::to_string(totals.transferred);
    };
    add_totals("TodayNow", rates_.latest());
    add_totals("TodayMorning", rates_.today_morning());
    add_totals("YesterdayMorning", rates_.yesterday_morning());
}

void RuntimeInfo::add_queues(Table& table) const {
    for (const auto& processor : router_.processors()) {
        const net::ProcessorOptions& options = processor->options;
        // What runs inline never waits for a thread: a held pull is no backlog.
        const std::int64_t queued =
            options.lane == net::Lane::kWorker ? processor->in_flight.load() : 0;
        const bool known = options.name == "send" || options.name == "pull" ||
                           options.name == "litePull" || options.name == "query";
        if (!known) continue;
        table[options.name + "ThreadPoolQueueSize"] = std::to_string(queued);
        table[options.name + "ThreadPoolQueueCapacity"] = std::to_string(options.queue_limit);
        table[options.name + "ThreadPoolQueueHeadWaitTimeMills"] = "0";
    }
    const auto config = config_.get();
    table["ackThreadPoolQueueSize"] = "0";
    table["ackThreadPoolQueueCapacity"] = std::to_string(config->ack_thread_pool_queue_capacity);
    table["ackThreadPoolQueueHeadWaitTimeMills"] = "0";
    table["EndTransactionQueueSize"] = "0";
    table["EndTransactionThreadPoolQueueCapacity"] =
        std::to_string(config->end_transaction_pool_queue_capacity);
}

}  // namespace kx::broker
