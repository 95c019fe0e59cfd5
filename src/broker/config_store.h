// SPDX-License-Identifier: Apache-2.0
//
// StoreKeys: the keys of RocketMQ's MessageStoreConfig, in its order. Meanings, units and states
// are the rows in config_store.cc; defaults are the initializers here.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/config_key.h"

namespace kx::broker {

enum class BrokerRole : int { kAsyncMaster, kSyncMaster, kSlave };
enum class FlushDiskType : int { kSyncFlush, kAsyncFlush };

/// What of it the store takes is store::StoreOptions.
struct StoreKeys {
    // Where.
    std::string store_path_root_dir;
    std::string store_path_commit_log;
    std::string store_path_d_ledger_commit_log;
    std::string store_path_epoch_file;
    std::string store_path_broker_identity;
    std::string read_only_commit_log_store_paths;
    std::int32_t mapped_file_size_commit_log = 1'073'741'824;

    // Compaction.
    std::int32_t compaction_mapped_file_size = 104'857'600;
    std::int32_t compaction_cq_mapped_file_size = 10'485'760;
    std::int32_t compaction_schedule_internal = 900'000;
    std::int32_t max_offset_map_size = 104'857'600;
    std::int32_t compaction_thread_num = 6;
    bool enable_compaction = true;

    // Timers.
    std::int32_t mapped_file_size_timer_log = 104'857'600;
    std::int32_t timer_precision_ms = 1'000;
    std::int32_t timer_roll_window_slot = 172'800;
    std::int32_t timer_flush_interval_ms = 1'000;
    std::int32_t timer_get_message_thread_num = 3;
    std::int32_t timer_put_message_thread_num = 3;
    bool timer_enable_disruptor = false;
    bool timer_enable_check_metrics = true;
    bool timer_intercept_delay_level = false;
    std::int32_t timer_max_delay_sec = 259'200;
    bool timer_wheel_snapshot_flush = false;
    bool timer_wheel_enable = true;
    std::int32_t disappear_time_after_start = -1;
    bool timer_stop_enqueue = false;
    std::string timer_check_metrics_when = "05";
    bool timer_skip_unknown_error = false;
    bool timer_warm_enable = false;
    bool timer_stop_dequeue = false;
    bool timer_enable_retry_until_success = false;
    std::int32_t timer_congest_num_each_slot = 2'147'483'647;
    std::int32_t timer_metric_small_threshold = 1'000'000;
    std::int32_t timer_progress_log_interval_ms = 10'000;
    std::int32_t timer_wheel_snapshot_interval_ms = 10'000;
    std::int32_t commit_log_recover_max_num = 10;
    bool timer_rocks_db_enable = false;
    bool timer_rocks_db_stop_scan = false;
    std::int64_t timer_rocks_db_precision_ms = 1'000;
    double timer_rocks_db_roll_max_tps = 8000.0;
    double timer_rocks_db_time_expired_max_tps = 200000.0;
    std::int32_t timer_rocks_db_roll_interval_hours = 1;
    std::int32_t timer_rocks_db_roll_range_hours = 2;
    bool timer_recall_to_time_wheel_enable = true;
    bool timer_recall_to_timeline_enable = true;

    // RocksDB for single features.
    bool trans_rocks_db_enable = false;
    bool trans_write_origin_trans_half_enable = true;
    bool index_rocks_db_enable = false;
    std::int32_t max_rocks_db_index_query_days = 7;
    bool index_file_write_enable = true;
    bool index_file_read_enable = true;

    // Queues.
    std::string store_type = "default";
    std::int32_t mapped_file_size_consume_queue = 6'000'000;
    bool enable_consume_queue_ext = false;
    std::int32_t mapped_file_size_consume_queue_ext = 50'331'648;
    std::int32_t mapper_file_size_batch_consume_queue = 13'800'000;
    std::int32_t bit_map_length_consume_queue_ext = 64;

    // Flushing.
    std::int32_t flush_interval_commit_log = 500;
    std::int32_t commit_interval_commit_log = 200;
    std::int32_t max_recovery_commitlog_files = 30;
    std::int32_t disk_space_warning_level_ratio = 90;
    std::int32_t disk_space_clean_forcibly_ratio = 85;
    bool use_reentrant_lock_when_put_message = true;
    bool flush_commit_log_timed = true;
    std::int32_t flush_interval_consume_queue = 1'000;

    // Retention.
    std::int32_t clean_resource_interval = 10'000;
    std::int32_t delete_commit_log_files_interval = 100;
    std::int32_t delete_consume_queue_files_interval = 100;
    std::int32_t destroy_maped_file_interval_forcibly = 120'000;
    std::int32_t redelete_hanged_file_interval = 120'000;
    std::string delete_when = "04";
    std::int32_t disk_max_used_space_ratio = 75;
    std::int32_t file_reserved_time = 72;
    std::int32_t delete_file_batch_max = 10;
    std::int32_t put_msg_index_hight_water = 600'000;

    // Limits.
    std::int32_t max_message_size = 4'194'304;
    std::int32_t max_filter_message_size = 16'000;
    bool check_crc_on_recover = true;
    std::int32_t flush_commit_log_least_pages = 4;
    std::int32_t commit_commit_log_least_pages = 4;
    std::int32_t flush_least_pages_when_warm_maped_file = 4'096;
    std::int32_t flush_consume_queue_least_pages = 2;
    std::int32_t flush_commit_log_thorough_interval = 10'000;
    std::int32_t commit_commit_log_thorough_interval = 200;
    std::int32_t flush_consume_queue_thorough_interval = 60'000;
    std::int32_t max_transfer_bytes_on_message_in_memory = 262'144;
    std::int32_t max_transfer_count_on_message_in_memory = 32;
    std::int32_t max_transfer_bytes_on_message_in_disk = 65'536;
    std::int32_t max_transfer_count_on_message_in_disk = 8;
    std::int32_t access_message_in_memory_max_ratio = 40;

    // The key index.
    bool message_index_enable = true;
    std::int32_t max_hash_slot_num = 5'000'000;
    std::int32_t max_index_num = 20'000'000;
    std::int32_t max_msgs_num_batch = 64;
    bool message_index_safe = false;

    // Replication, roles, delays.
    std::int32_t ha_listen_port = 10'912;
    std::int32_t ha_send_heartbeat_interval = 5'000;
    std::int32_t ha_housekeeping_interval = 20'000;
    std::int32_t ha_transfer_batch_size = 32'768;
    std::string ha_master_address;
    std::int32_t ha_max_gap_not_in_sync = 268'435'456;
    BrokerRole broker_role = BrokerRole::kAsyncMaster;
    FlushDiskType flush_disk_type = FlushDiskType::kAsyncFlush;
    std::int32_t sync_flush_timeout = 5'000;
    std::int32_t put_message_timeout = 8'000;
    std::int32_t slave_timeout = 3'000;
    std::string message_delay_level = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";
    std::int64_t flush_delay_offset_interval = 10'000;
    bool clean_file_forcibly_enable = true;
    bool warm_maped_file_enable = false;
    bool offset_check_in_slave = false;
    bool debug_lock_enable = false;
    bool duplication_enable = false;
    bool disk_fall_recorded = true;
    std::int64_t os_page_cache_busy_time_out_mills = 1'000;
    std::int32_t default_query_max_num = 32;

    // Ways to write.
    bool transient_store_pool_enable = false;
    std::int32_t transient_store_pool_size = 5;
    bool fast_fail_if_no_buffer_in_store_pool = false;
    bool write_without_mmap = false;

    // DLedger.
    bool enable_d_leger_commit_log = false;
    std::string d_leger_group;
    std::string d_leger_peers;
    std::string d_leger_self_id;
    std::string preferred_leader_id;
    bool enable_batch_push = false;

    // Light queues, scheduling, dispatching.
    bool enable_schedule_message_stats = true;
    bool enable_lmq = false;
    bool enable_multi_dispatch = false;
    std::int32_t max_lmq_consume_queue_num = 20'000;
    bool enable_schedule_async_deliver = false;
    std::int32_t schedule_async_deliver_max_pending_limit = 2'000;
    std::int32_t schedule_async_deliver_max_resend_num2_blocked = 3;
    std::int32_t max_batch_delete_files_num = 50;
    std::int32_t dispatch_cq_threads = 10;
    std::int32_t dispatch_cq_cache_num = 4'096;
    bool enable_async_reput = true;
    bool recheck_reput_offset_from_cq = false;
    std::int32_t max_topic_length = 127;
    bool auto_message_version_on_topic_len = true;
    bool enable_running_flags_in_flush = false;
    bool enabled_append_prop_crc = false;
    bool force_verify_prop_crc = false;
    std::int32_t travel_cq_file_num_when_get_message = 1;
    std::int32_t correct_logic_min_offset_sleep_interval = 1;
    std::int32_t correct_logic_min_offset_force_interval = 300'000;

    // Unmapping cold files.
    bool mapped_file_swap_enable = true;
    std::int64_t commit_log_force_swap_map_interval = 43'200'000;
    std::int64_t commit_log_swap_map_interval = 3'600'000;
    std::int32_t commit_log_swap_map_reserve_file_num = 100;
    std::int64_t logic_queue_force_swap_map_interval = 43'200'000;
    std::int64_t logic_queue_swap_map_interval = 3'600'000;
    std::int64_t clean_swaped_map_interval = 300'000;
    std::int32_t logic_queue_swap_map_reserve_file_num = 20;
    bool search_bcq_by_cache_enable = true;
    bool dispatch_from_sender_thread = false;
    bool wake_commit_when_put_message = true;
    bool wake_flush_when_put_message = false;
    bool enable_clean_expired_offset = false;
    std::int32_t max_async_put_message_requests = 5'000;
    std::int32_t pull_batch_max_message_count = 160;

    // Replicas.
    std::int32_t total_replicas = 1;
    std::int32_t in_sync_replicas = 1;
    std::int32_t min_in_sync_replicas = 1;
    bool all_ack_in_sync_state_set = false;
    bool enable_auto_in_sync_replicas = false;
    bool ha_flow_control_enable = false;
    std::int64_t max_ha_transfer_byte_in_second = 104'857'600;
    std::int64_t ha_max_time_slave_not_catchup = 15'000;
    bool sync_master_flush_offset_when_startup = false;
    std::int64_t max_checksum_range = 1'073'741'824;
    std::int32_t replicas_per_disk_partition = 1;
    double logical_disk_space_clean_forcibly_threshold = 0.8;
    std::int64_t max_slave_resend_length = 268'435'456;
    bool sync_from_last_file = false;
    bool async_learner = false;
    std::int32_t max_consume_queue_scan = 20'000;
    std::int32_t sample_count_threshold = 5'000;

    // Cold data.
    bool cold_data_flow_control_enable = false;
    bool cold_data_scan_enable = false;
    bool data_read_ahead_enable = true;
    std::int32_t timer_cold_data_check_interval_ms = 60'000;
    std::int32_t sample_steps = 32;
    std::int32_t access_message_in_memory_hot_ratio = 26;
    bool enable_build_consume_queue_concurrently = false;
    std::int32_t batch_dispatch_request_thread_pool_nums = 16;

    // RocksDB.
    std::int64_t clean_rocks_db_dirty_cq_interval_min = 60;
    std::int64_t stat_rocks_dbcq_interval_sec = 10;
    std::int64_t mem_table_flush_interval_ms = 3'600'000;
    bool real_time_persist_rocks_db_config = true;
    bool enable_rocks_db_log = false;
    std::int32_t topic_queue_lock_num = 32;
    bool read_un_committed = false;
    bool put_consume_queue_data_by_file_channel = true;
    bool rocksdb_cq_double_write_enable = false;
    std::string combine_cq_loading_cq_types = "default;defaultRocksDB";
    std::string combine_cq_prefer_cq_type = "default";
    std::string combine_assign_offset_cq_type = "default";
    bool combine_cq_enable_check_self = false;
    std::int32_t combine_cq_max_extra_search_commit_log_files = 3;
    std::string bottom_most_compression_type_for_consume_queue_store = "zstd";
    std::string rocksdb_compression_type = "lz4";
    std::int32_t rocksdb_flush_wal_frequency = 1'024;
    std::int64_t rocksdb_wal_file_rolling_threshold = 1'073'741'824;
    bool enable_accelerated_recovery = false;
    std::int32_t shared_byte_buffer_num = 16;
    std::int32_t spin_lock_collision_retreat_optimal_degree = 1'000;
    bool use_abs_lock = false;
    bool enable_log_consume_queue_repeatedly_build_when_recover = false;
    bool append_topic_for_timer_delete_key = false;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::broker
