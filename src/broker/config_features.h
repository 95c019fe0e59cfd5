// SPDX-License-Identifier: Apache-2.0
//
// The keys of features that have structs of their own in RocketMQ: AuthConfig, and the tiered
// store's MessageStoreConfig (without the keys it copies from the broker and the store).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/config_key.h"

namespace kx::broker {

/// Neither printed by GET_BROKER_CONFIG nor changed by UPDATE_BROKER_CONFIG.
struct AuthConfig {
    std::string config_name;
    std::string cluster_name;
    std::string auth_config_path;

    // Who.
    bool authentication_enabled = false;
    std::string authentication_provider;
    std::string authentication_metadata_provider;
    std::string authentication_strategy;
    std::string authentication_whitelist;
    std::string init_authentication_user;
    std::string inner_client_authentication_credentials;

    // What.
    bool authorization_enabled = false;
    std::string authorization_provider;
    std::string authorization_metadata_provider;
    std::string authorization_strategy;
    std::string authorization_whitelist;
    bool migrate_auth_from_v1_enabled = false;

    // Caches.
    std::int32_t user_cache_max_num = 1'000;
    std::int32_t user_cache_expired_second = 600;
    std::int32_t user_cache_refresh_second = 60;
    std::int32_t acl_cache_max_num = 1'000;
    std::int32_t acl_cache_expired_second = 600;
    std::int32_t acl_cache_refresh_second = 60;
    std::int32_t stateful_authentication_cache_max_num = 10'000;
    std::int32_t stateful_authentication_cache_expired_second = 60;
    std::int32_t stateful_authorization_cache_max_num = 10'000;
    std::int32_t stateful_authorization_cache_expired_second = 60;

    static std::span<const ConfigRow> keys();
};

/// Messages in remote storage.
struct TieredStoreConfig {
    std::string tiered_storage_level = "NOT_IN_DISK";
    bool record_get_message_result = false;
    std::int64_t tiered_store_commit_log_max_size = 1'073'741'824;
    std::int64_t tiered_store_consume_queue_max_size = 104'857'600;
    std::int32_t tiered_store_index_file_max_hash_slot_num = 5'000'000;
    std::int32_t tiered_store_index_file_max_index_num = 20'000'000;
    std::string tiered_metadata_service_provider;
    std::string tiered_backend_service_provider;
    bool tiered_store_delete_file_enable = true;
    std::int32_t tiered_store_file_reserved_time = 72;
    std::int64_t tiered_store_delete_file_interval = 3'600'000;
    std::int32_t commit_log_rolling_interval = 24;
    std::int32_t commit_log_rolling_minimum_size = 16'777'216;
    bool tiered_store_group_commit = true;
    std::int32_t tiered_store_group_commit_timeout = 30'000;
    std::int32_t tiered_store_group_commit_count = 4'096;
    std::int32_t tiered_store_group_commit_size = 4'194'304;
    std::int32_t tiered_store_max_group_commit_count = 10'000;
    bool read_ahead_cache_enable = true;
    std::int32_t read_ahead_message_count_threshold = 4'096;
    std::int32_t read_ahead_message_size_threshold = 16'777'216;
    std::int64_t read_ahead_cache_expire_duration = 15'000;
    double read_ahead_cache_size_threshold_rate = 0.3;
    std::int32_t tiered_store_max_pending_limit = 10'000;
    bool tiered_store_crc_check_enable = false;
    std::string tiered_store_file_path;
    std::string object_store_endpoint;
    std::string object_store_bucket;
    std::string object_store_access_key;
    std::string object_store_secret_key;

    static std::span<const ConfigRow> keys();
};

}  // namespace kx::broker
