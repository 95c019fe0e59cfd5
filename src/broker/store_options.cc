// SPDX-License-Identifier: Apache-2.0
#include "broker/store_options.h"

#include <unistd.h>

#include <algorithm>

namespace kx::broker {
namespace {

std::int64_t memory_bytes() {
    return std::int64_t{::sysconf(_SC_PHYS_PAGES)} * std::int64_t{::sysconf(_SC_PAGESIZE)};
}

tl::unexpected<Error> not_there(std::string_view setting, std::string_view hint) {
    return fail(Errc::kUnsupported, "{} is not in this version of Kerolox; {}", setting, hint);
}

}  // namespace

Result<store::StoreOptions> store_options(const BrokerConfig& config) {
    store::StoreOptions options;
    options.root = config.store_path_root_dir;
    options.commit_log_path = config.store_path_commit_log;
    options.commit_log_segment_bytes = config.mapped_file_size_commit_log;
    options.consume_queue_segment_bytes = config.mapped_file_size_consume_queue;
    options.sync_flush = config.flush_disk_type == FlushDiskType::kSyncFlush;
    options.flush_interval_ms = config.flush_interval_commit_log;
    options.flush_queues_interval_ms = config.flush_interval_consume_queue;
    options.flush_queues_wholly_ms = config.flush_consume_queue_thorough_interval;
    options.max_message_bytes = config.max_message_size;
    // 0 would mean the default; a ratio of 0 means that nothing counts as in memory.
    options.max_memory_bytes =
        std::max<std::int64_t>(1, memory_bytes() / 100 * config.memory_percent());
    options.version_by_topic_length = config.auto_message_version_on_topic_len;
    options.check_crc_on_recover = config.check_crc_on_recover;
    options.append_crc_property = config.enabled_append_prop_crc;
    options.busy_after_ms = config.os_page_cache_busy_time_out_mills;
    options.disk_warning_ratio = config.disk_space_warning_level_ratio / 100.0;
    KX_TRY(options.delay_levels, store::DelayLevels::parse(config.message_delay_level));
    return options;
}

Status check_served(const BrokerConfig& config) {
    if (config.broker_role == BrokerRole::kSlave)
        return not_there("brokerRole=SLAVE", "replication follows; run it as ASYNC_MASTER");
    if (config.enable_controller_mode)
        return not_there("enableControllerMode=true", "a controller has nothing to elect yet");
    if (config.enable_d_leger_commit_log)
        return not_there("enableDLegerCommitLog=true", "its log has another format");
    if (config.duplication_enable)
        return not_there("duplicationEnable=true", "run the broker without it");
    if (config.store_type != "default")
        return not_there("storeType=" + config.store_type, "use storeType=default");
    if (config.in_sync_replicas > 1 || config.min_in_sync_replicas > 1)
        return not_there("inSyncReplicas above 1", "replication follows; set it to 1");
    if (config.store_path_commit_log.find(',') != std::string::npos)
        return not_there("more than one path in storePathCommitLog", "name a single directory");
    return {};
}

std::string promise_of(const BrokerConfig& config) {
    if (config.flush_disk_type == FlushDiskType::kSyncFlush)
        return "on disk: it survives a power cut (SYNC_FLUSH)";
    return fmt::format(
        "in the page cache: it survives a crash of this program; a power cut may take the last "
        "{} ms (ASYNC_FLUSH)",
        config.flush_interval_commit_log);
}

}  // namespace kx::broker
