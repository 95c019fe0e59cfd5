// SPDX-License-Identifier: Apache-2.0
#include "broker/config_features.h"

namespace kx::broker {
namespace {

using enum KeyTier;

constexpr ConfigRow kAuthRows[] = {
    key<&AuthConfig::config_name>("configName", kC, "the broker's name", kNullable,
                                  NoMeaning{"internal to RocketMQ"}),
    key<&AuthConfig::cluster_name>("clusterName", kC,
                                   "cluster name used for rules about the cluster", kNullable,
                                   NoMeaning{"internal to RocketMQ"}),
    key<&AuthConfig::auth_config_path>("authConfigPath", kC, "directory of users and access rules",
                                       kNullable, NoMeaning{"internal to RocketMQ"}),
    key<&AuthConfig::authentication_enabled>("authenticationEnabled", kA,
                                             "check who sends a request", kLater),
    key<&AuthConfig::authentication_provider>(
        "authenticationProvider", kC,
        "class that checks signatures; Java's default names are accepted", kNullable,
        NoMeaning{"Java classes cannot be loaded"}),
    key<&AuthConfig::authentication_metadata_provider>(
        "authenticationMetadataProvider", kA,
        "where users live: the local store, or a proxy's class name", kNullable, kLater),
    key<&AuthConfig::authentication_strategy>("authenticationStrategy", kB,
                                              "stateless, or stateful: once a connection",
                                              kNullable, kLater),
    key<&AuthConfig::authentication_whitelist>("authenticationWhitelist", kA,
                                               "request codes without authentication, comma list",
                                               kNullable, kLater),
    key<&AuthConfig::init_authentication_user>(
        "initAuthenticationUser", kA, "JSON of the first super user", kNullable, kSecret, kLater),
    key<&AuthConfig::inner_client_authentication_credentials>(
        "innerClientAuthenticationCredentials", kA, "JSON accessKey/secretKey for internal calls",
        kNullable, kSecret, kLater),
    key<&AuthConfig::authorization_enabled>("authorizationEnabled", kA,
                                            "check what a request may do", kLater),
    key<&AuthConfig::authorization_provider>(
        "authorizationProvider", kC, "class that checks rights; Java's default names are accepted",
        kNullable, NoMeaning{"Java classes cannot be loaded"}),
    key<&AuthConfig::authorization_metadata_provider>(
        "authorizationMetadataProvider", kA,
        "where access rules live: the local store, or a proxy's class name", kNullable, kLater),
    key<&AuthConfig::authorization_strategy>("authorizationStrategy", kB,
                                             "stateless, or stateful: once a connection", kNullable,
                                             kLater),
    key<&AuthConfig::authorization_whitelist>(
        "authorizationWhitelist", kA, "request codes without authorization", kNullable, kLater),
    key<&AuthConfig::migrate_auth_from_v1_enabled>("migrateAuthFromV1Enabled", kB,
                                                   "import plain_acl files at start", kLater),
    key<&AuthConfig::user_cache_max_num>("userCacheMaxNum", kA, "cached users", kLater),
    key<&AuthConfig::user_cache_expired_second>(
        "userCacheExpiredSecond", kA, "how long an unused user stays cached", kSeconds, kLater),
    key<&AuthConfig::user_cache_refresh_second>(
        "userCacheRefreshSecond", kA, "age at which a cached user is read again", kSeconds, kLater),
    key<&AuthConfig::acl_cache_max_num>("aclCacheMaxNum", kA, "cached access rules", kLater),
    key<&AuthConfig::acl_cache_expired_second>("aclCacheExpiredSecond", kA,
                                               "how long an unused access rule stays cached",
                                               kSeconds, kLater),
    key<&AuthConfig::acl_cache_refresh_second>("aclCacheRefreshSecond", kA,
                                               "age at which a cached access rule is read again",
                                               kSeconds, kLater),
    key<&AuthConfig::stateful_authentication_cache_max_num>(
        "statefulAuthenticationCacheMaxNum", kB, "cached authentications of connections", kLater),
    key<&AuthConfig::stateful_authentication_cache_expired_second>(
        "statefulAuthenticationCacheExpiredSecond", kB,
        "how long a cached authentication of a connection holds", kSeconds, kLater),
    key<&AuthConfig::stateful_authorization_cache_max_num>(
        "statefulAuthorizationCacheMaxNum", kB, "cached authorizations of connections", kLater),
    key<&AuthConfig::stateful_authorization_cache_expired_second>(
        "statefulAuthorizationCacheExpiredSecond", kB,
        "how long a cached authorization of a connection holds", kSeconds, kLater),
};

constexpr ConfigRow kTieredRows[] = {
    key<&TieredStoreConfig::tiered_storage_level>(
        "tieredStorageLevel", kB,
        "when to read remotely: DISABLE, NOT_IN_DISK, NOT_IN_MEM or FORCE", kLater),
    key<&TieredStoreConfig::record_get_message_result>("recordGetMessageResult", kB,
                                                       "log every read result", kLater),
    key<&TieredStoreConfig::tiered_store_commit_log_max_size>(
        "tieredStoreCommitLogMaxSize", kB, "remote log segment size", kBytes, kLater),
    key<&TieredStoreConfig::tiered_store_consume_queue_max_size>(
        "tieredStoreConsumeQueueMaxSize", kB, "remote queue segment size", kBytes, kLater),
    key<&TieredStoreConfig::tiered_store_index_file_max_hash_slot_num>(
        "tieredStoreIndexFileMaxHashSlotNum", kB, "remote index slots", kLater),
    key<&TieredStoreConfig::tiered_store_index_file_max_index_num>(
        "tieredStoreIndexFileMaxIndexNum", kB, "remote index entries", kLater),
    key<&TieredStoreConfig::tiered_metadata_service_provider>(
        "tieredMetadataServiceProvider", kC, "class that keeps remote metadata", kNullable,
        NoMeaning{"Java classes cannot be loaded"}),
    key<&TieredStoreConfig::tiered_backend_service_provider>(
        "tieredBackendServiceProvider", kC,
        "class of remote segments: memory, posix or object store", kNullable,
        NoMeaning{"Java classes cannot be loaded"}),
    key<&TieredStoreConfig::tiered_store_delete_file_enable>("tieredStoreDeleteFileEnable", kB,
                                                             "delete expired segments", kLater),
    key<&TieredStoreConfig::tiered_store_file_reserved_time>(
        "tieredStoreFileReservedTime", kB, "how long remote segments are kept", kHours, kLater),
    key<&TieredStoreConfig::tiered_store_delete_file_interval>("tieredStoreDeleteFileInterval", kB,
                                                               "deletion period", kMs, kLater),
    key<&TieredStoreConfig::commit_log_rolling_interval>(
        "commitLogRollingInterval", kB, "age at which a remote segment is closed", kHours, kLater),
    key<&TieredStoreConfig::commit_log_rolling_minimum_size>(
        "commitLogRollingMinimumSize", kB, "smallest segment that rolls by time", kBytes, kLater),
    key<&TieredStoreConfig::tiered_store_group_commit>("tieredStoreGroupCommit", kB,
                                                       "upload messages in groups", kLater),
    key<&TieredStoreConfig::tiered_store_group_commit_timeout>(
        "tieredStoreGroupCommitTimeout", kB, "longest wait of a group", kMs, kLater),
    key<&TieredStoreConfig::tiered_store_group_commit_count>("tieredStoreGroupCommitCount", kB,
                                                             "messages per group", kLater),
    key<&TieredStoreConfig::tiered_store_group_commit_size>("tieredStoreGroupCommitSize", kB,
                                                            "bytes per group", kBytes, kLater),
    key<&TieredStoreConfig::tiered_store_max_group_commit_count>(
        "tieredStoreMaxGroupCommitCount", kB, "messages that may wait for upload", kLater),
    key<&TieredStoreConfig::read_ahead_cache_enable>("readAheadCacheEnable", kB,
                                                     "cache remote reads", kLater),
    key<&TieredStoreConfig::read_ahead_message_count_threshold>(
        "readAheadMessageCountThreshold", kB, "messages fetched ahead", kLater),
    key<&TieredStoreConfig::read_ahead_message_size_threshold>(
        "readAheadMessageSizeThreshold", kB, "bytes fetched ahead", kBytes, kLater),
    key<&TieredStoreConfig::read_ahead_cache_expire_duration>(
        "readAheadCacheExpireDuration", kB, "life of what was read ahead", kMs, kLater),
    key<&TieredStoreConfig::read_ahead_cache_size_threshold_rate>(
        "readAheadCacheSizeThresholdRate", kB, "share of memory for the cache", kLater),
    key<&TieredStoreConfig::tiered_store_max_pending_limit>("tieredStoreMaxPendingLimit", kB,
                                                            "pending uploads", kLater),
    key<&TieredStoreConfig::tiered_store_crc_check_enable>("tieredStoreCrcCheckEnable", kC,
                                                           "verify bodies", kUnread),
    key<&TieredStoreConfig::tiered_store_file_path>("tieredStoreFilePath", kB,
                                                    "directory of the posix backend", kLater),
    key<&TieredStoreConfig::object_store_endpoint>("objectStoreEndpoint", kC,
                                                   "object store endpoint", kUnread),
    key<&TieredStoreConfig::object_store_bucket>("objectStoreBucket", kC, "bucket", kUnread),
    key<&TieredStoreConfig::object_store_access_key>("objectStoreAccessKey", kC, "access key",
                                                     kUnread),
    key<&TieredStoreConfig::object_store_secret_key>("objectStoreSecretKey", kC, "secret key",
                                                     kUnread),
};

}  // namespace

std::span<const ConfigRow> AuthConfig::keys() { return kAuthRows; }

std::span<const ConfigRow> TieredStoreConfig::keys() { return kTieredRows; }

}  // namespace kx::broker
