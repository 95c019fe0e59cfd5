// SPDX-License-Identifier: Apache-2.0
//
// BrokerKeys: the keys of RocketMQ's BrokerConfig, in its order. Meanings, units and states are the
// rows in config_broker.cc; defaults are the initializers here.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/config_key.h"

namespace kx::broker {

/// How metrics leave the process.
enum class MetricsExporterType : int { kDisable, kOtlpGrpc, kProm, kLog };
/// How messages of a topic without a setting are asked for.
enum class MessageRequestMode : int { kPull, kPop };

/// `listenPort` stands here and not with the remoting server, because each server has its own.
struct BrokerKeys {
    std::string broker_config_path;
    std::string rocketmq_home;
    std::string namesrv_addr;
    std::int32_t listen_port = 10'911;

    // Addresses, and what the broker allows.
    std::string broker_ip1;
    std::string broker_ip2;
    bool recover_concurrently = false;
    std::int32_t broker_permission = 6;
    std::int32_t default_topic_queue_nums = 8;
    bool auto_create_topic_enable = true;
    bool cluster_topic_enable = true;
    bool broker_topic_enable = true;
    bool auto_create_subscription_group = true;
    std::string message_store_plug_in;
    std::string msg_trace_topic_name = "RMQ_SYS_TRACE_TOPIC";
    bool trace_topic_enable = false;

    // Java's thread pools.
    std::int32_t send_message_thread_pool_nums = 0;
    std::int32_t put_message_future_thread_pool_nums = 0;
    std::int32_t pull_message_thread_pool_nums = 0;
    std::int32_t lite_pull_message_thread_pool_nums = 0;
    std::int32_t ack_message_thread_pool_nums = 16;
    std::int32_t process_reply_message_thread_pool_nums = 0;
    std::int32_t query_message_thread_pool_nums = 0;
    std::int32_t admin_broker_thread_pool_nums = 16;
    std::int32_t client_manage_thread_pool_nums = 32;
    std::int32_t consumer_manage_thread_pool_nums = 32;
    std::int32_t load_balance_processor_thread_pool_nums = 32;
    std::int32_t heartbeat_thread_pool_nums = 0;
    std::int32_t recover_thread_pool_nums = 32;
    std::int32_t end_transaction_thread_pool_nums = 0;
    std::int32_t flush_consumer_offset_interval = 5'000;
    std::int32_t flush_consumer_offset_history_interval = 60'000;
    bool reject_transaction_message = false;
    bool fetch_name_srv_addr_by_dns_lookup = false;
    bool fetch_namesrv_addr_by_address_server = false;

    // Their queues.
    std::int32_t send_thread_pool_queue_capacity = 10'000;
    std::int32_t put_thread_pool_queue_capacity = 10'000;
    std::int32_t pull_thread_pool_queue_capacity = 100'000;
    std::int32_t lite_pull_thread_pool_queue_capacity = 100'000;
    std::int32_t ack_thread_pool_queue_capacity = 100'000;
    std::int32_t reply_thread_pool_queue_capacity = 10'000;
    std::int32_t query_thread_pool_queue_capacity = 20'000;
    std::int32_t client_manager_thread_pool_queue_capacity = 1'000'000;
    std::int32_t consumer_manager_thread_pool_queue_capacity = 1'000'000;
    std::int32_t heartbeat_thread_pool_queue_capacity = 50'000;
    std::int32_t end_transaction_pool_queue_capacity = 100'000;
    std::int32_t admin_broker_thread_pool_queue_capacity = 10'000;
    std::int32_t load_balance_thread_pool_queue_capacity = 100'000;

    // Consumers and producers.
    bool long_polling_enable = true;
    std::int64_t short_polling_time_mills = 1'000;
    bool notify_consumer_ids_changed_enable = true;
    bool high_speed_mode = false;
    std::int32_t commercial_base_count = 1;
    std::int32_t commercial_size_per_msg = 4'096;
    bool account_stats_enable = true;
    bool account_stats_print_zero_values = true;
    std::int32_t max_stats_idle_time_in_minutes = -1;
    bool transfer_msg_by_heap = true;
    std::string region_id = "DefaultRegion";
    std::int32_t register_broker_timeout_mills = 24'000;
    std::int32_t send_heartbeat_timeout_millis = 1'000;
    bool slave_read_enable = false;
    bool disable_consume_if_consumer_read_slowly = false;
    std::int64_t consumer_fallbehind_threshold = 17'179'869'184;

    // Overload.
    bool broker_fast_failure_enable = true;
    std::int64_t wait_time_mills_in_send_queue = 200;
    std::int64_t wait_time_mills_in_pull_queue = 5'000;
    std::int64_t wait_time_mills_in_lite_pull_queue = 5'000;
    std::int64_t wait_time_mills_in_heartbeat_queue = 31'000;
    std::int64_t wait_time_mills_in_transaction_queue = 3'000;
    std::int64_t wait_time_mills_in_ack_queue = 3'000;
    std::int64_t wait_time_mills_in_admin_broker_queue = 5'000;
    std::int64_t start_accept_send_request_time_stamp = 0;
    bool trace_on = true;

    // Filtering.
    bool enable_calc_filter_bit_map = false;
    bool reject_pull_consumer_enable = false;
    std::int32_t expect_consumer_num_use_filter = 32;
    std::int32_t max_error_rate_of_bloom_filter = 20;
    std::int64_t filter_data_clean_time_span = 86'400'000;
    bool filter_support_retry = false;
    bool enable_property_filter = false;

    // Registration.
    bool compressed_register = false;
    bool force_register = true;
    std::int32_t register_name_server_period = 30'000;
    std::int32_t update_name_server_addr_period = 120'000;
    std::int32_t broker_heartbeat_interval = 1'000;
    std::int64_t broker_not_active_timeout_millis = 10'000;
    bool enable_net_work_flow_control = false;
    bool enable_broadcast_offset_store = true;
    std::int64_t broadcast_offset_expire_second = 120;
    std::int64_t broadcast_offset_expire_max_second = 300;

    // Pop.
    std::int32_t pop_polling_size = 1'024;
    std::int32_t pop_polling_map_size = 100'000;
    std::int32_t pop_polling_map_expire_time_seconds = 600;
    std::int64_t max_pop_polling_size = 100'000;
    std::int32_t revive_queue_num = 8;
    std::int64_t revive_interval = 1'000;
    std::int64_t revive_max_slow = 3;
    std::int64_t revive_scan_time = 10'000;
    bool enable_skip_long_awaiting_ack = false;
    std::int64_t revive_ack_wait_ms = 180'000;
    bool enable_pop_log = false;
    bool enable_pop_buffer_merge = false;
    std::int32_t pop_ck_stay_buffer_time = 10'000;
    std::int32_t pop_ck_stay_buffer_time_out = 3'000;
    std::int32_t pop_ck_max_buffer_size = 200'000;
    std::int32_t pop_ck_offset_max_queue_size = 20'000;
    bool enable_pop_batch_ack = false;
    std::int64_t pop_long_polling_force_notify_interval = 800;
    bool enable_notify_before_pop_calculate_lag = true;
    bool enable_notify_after_pop_order_lock_release = true;
    bool init_pop_offset_by_check_msg_in_mem = true;
    bool retrieve_message_from_pop_retry_topic_v1 = true;
    bool enable_retry_topic_v2 = false;
    std::int32_t pop_from_retry_probability = 20;
    std::int32_t pop_from_retry_probability_for_priority = 0;
    bool priority_order_asc = true;
    bool pop_consumer_fs_service_init = true;
    bool pop_consumer_kv_service_log = false;
    bool pop_consumer_kv_service_init = false;
    bool pop_consumer_kv_service_enable = false;
    std::int32_t pop_revive_max_return_size_per_read = 16'384;
    std::int32_t pop_revive_concurrency = 32;
    std::int32_t pop_revive_max_attempt_times = 16;
    bool use_separate_retry_queue = false;
    bool real_time_notify_consumer_change = true;

    // Assignment.
    bool lite_pull_message_enable = true;
    std::int32_t sync_broker_member_group_period = 1'000;
    std::int64_t load_balance_poll_name_server_interval = 30'000;
    std::int32_t clean_offline_broker_interval = 30'000;
    bool server_load_balancer_enable = true;
    MessageRequestMode default_message_request_mode = MessageRequestMode::kPull;
    std::int32_t default_pop_share_queue_num = -1;

    // Transactions.
    std::int64_t transaction_time_out = 6'000;
    std::int32_t transaction_check_max = 15;
    std::int64_t transaction_check_interval = 30'000;
    std::int64_t transaction_metric_flush_interval = 10'000;
    std::int32_t transaction_op_msg_max_size = 4'096;
    std::int32_t transaction_op_batch_interval = 3'000;
    bool acl_enable = false;
    bool store_reply_message_enable = true;
    bool enable_detail_stat = true;
    bool auto_delete_unused_stats = true;
    bool isolate_log_enable = false;
    std::int64_t forward_timeout = 3'000;

    // Replicas, acting masters, controllers.
    bool enable_slave_acting_master = false;
    bool enable_remote_escape = false;
    bool skip_pre_online = false;
    bool async_send_enable = true;
    bool use_server_side_reset_offset = true;
    std::int64_t consumer_offset_update_version_step = 500;
    std::int64_t delay_offset_update_version_step = 200;
    bool lock_in_strict_mode = false;
    bool compatible_with_old_name_srv = true;
    bool enable_controller_mode = false;
    std::string controller_addr;
    bool fetch_controller_addr_by_dns_lookup = false;
    std::int64_t sync_broker_metadata_period = 5'000;
    std::int64_t check_sync_state_set_period = 5'000;
    std::int64_t sync_controller_metadata_period = 10'000;
    std::int64_t controller_heart_beat_timeout_mills = 10'000;
    bool validate_system_topic_when_update_topic = true;
    std::int32_t broker_election_priority = 2'147'483'647;
    bool use_static_subscription = false;

    // Metrics.
    MetricsExporterType metrics_exporter_type = MetricsExporterType::kDisable;
    std::int32_t metrics_otel_cardinality_limit = 50'000;
    std::string metrics_grpc_exporter_target;
    std::string metrics_grpc_exporter_header;
    std::int64_t metric_grpc_exporter_time_out_in_mills = 3'000;
    std::int64_t metric_grpc_exporter_interval_in_mills = 60'000;
    std::int64_t metric_logging_exporter_interval_in_mills = 10'000;
    std::int32_t metrics_prom_exporter_port = 5'557;
    std::string metrics_prom_exporter_host;
    std::string metrics_label;
    bool metrics_in_delta = false;
    bool enable_remoting_metrics = true;
    bool enable_message_store_metrics = true;
    bool enable_pop_metrics = true;
    bool enable_connection_metrics = true;
    bool enable_transaction_metrics = true;
    bool enable_stats_metrics = true;
    bool enable_request_metrics = true;
    bool enable_lag_and_dlq_metrics = true;

    // Clients and what they cost.
    std::int64_t channel_expired_timeout = 120'000;
    std::int64_t subscription_expired_timeout = 600'000;
    bool estimate_accumulation = true;
    bool cold_ctr_strategy_enable = false;
    bool use_pid_cold_ctr_strategy = true;
    std::int64_t cg_cold_read_threshold = 3'145'728;
    std::int64_t global_cold_read_threshold = 104'857'600;
    std::int64_t fetch_namesrv_addr_interval = 10'000;
    bool pop_response_return_actual_retry_topic = false;
    bool enable_single_topic_register = false;
    bool enable_mixed_message_type = false;
    bool enable_split_registration = false;
    bool enable_split_metadata = true;
    std::int32_t split_metadata_size = 2'000;
    std::int64_t pop_inflight_message_threshold = 10'000;
    bool enable_pop_message_threshold = false;
    bool enable_fast_channel_event_process = false;
    bool print_channel_groups = false;
    std::int32_t print_channel_groups_min_num = 5;
    std::int32_t split_registration_size = 800;
    std::string config_black_list = "configBlackList;brokerConfigPath";
    bool skip_when_ck_re_put_reach_max_times = false;
    bool append_ack_async = false;
    bool append_ck_async = false;
    bool clear_retry_topic_when_delete_topic = true;
    bool enable_lmq_stats = false;
    std::string config_manager_version = "v1";
    bool use_single_rocks_db_for_all_configs = false;
    bool allow_recall_when_broker_not_writeable = true;
    bool recall_message_enable = false;
    bool enable_register_producer = true;
    bool enable_create_sys_group = true;

    // Identity.
    std::string broker_name;
    std::string broker_cluster_name = "DefaultCluster";
    std::int64_t broker_id = 0;
    bool is_broker_container = false;
    bool is_in_broker_container = false;

    // Keys of the address service, which RocketMQ reads beside its structs.
    std::string rmq_address_server_domain;
    std::string rmq_address_server_sub_group;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::broker
