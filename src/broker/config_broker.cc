// SPDX-License-Identifier: Apache-2.0
#include "broker/config_broker.h"

namespace kx::broker {
namespace {

using enum KeyTier;

constexpr ConfigRow kBrokerRows[] = {
    key<&BrokerKeys::broker_config_path>(
        "brokerConfigPath", kA,
        "file that hot updates are written back to; set by -c, never from outside", kNullable),
    key<&BrokerKeys::rocketmq_home>("rocketmqHome", kA,
                                    "RocketMQ's installation directory; not required here",
                                    HostDefault{"the environment variable ROCKETMQ_HOME"}),
    key<&BrokerKeys::namesrv_addr>(
        "namesrvAddr", kA, "name servers, separated by ';'; empty: stand-alone",
        HostDefault{"the environment variable NAMESRV_ADDR"}, kImportant, kLive),
    key<&BrokerKeys::listen_port>(
        "listenPort", kA, "port of the remoting protocol; port - 2 serves the same (fast port)",
        kPort, kImportant),
    key<&BrokerKeys::broker_ip1>("brokerIP1", kA, "address told to clients and name servers",
                                 HostDefault{"the host's first IPv4 address that is not loopback"},
                                 kImportant),
    key<&BrokerKeys::broker_ip2>("brokerIP2", kA, "address told to replicas",
                                 HostDefault{"the host's first IPv4 address that is not loopback"}),
    key<&BrokerKeys::recover_concurrently>(
        "recoverConcurrently", kB, "recover the files of several queues in parallel at the start",
        kImportant, kLater),
    key<&BrokerKeys::broker_permission>("brokerPermission", kA,
                                        "what the broker allows: 4 read, 2 write, 6 both",
                                        Range{0, 7}, kLive),
    key<&BrokerKeys::default_topic_queue_nums>(
        "defaultTopicQueueNums", kA, "queues of the template topic TBW102", Range{1, INT32_MAX}),
    key<&BrokerKeys::auto_create_topic_enable>(
        "autoCreateTopicEnable", kA, "topics appear with their first message", kImportant, kLive),
    key<&BrokerKeys::cluster_topic_enable>(
        "clusterTopicEnable", kA, "the topic named after the cluster may be read and written"),
    key<&BrokerKeys::broker_topic_enable>(
        "brokerTopicEnable", kA, "the topic named after the broker may be read and written"),
    key<&BrokerKeys::auto_create_subscription_group>("autoCreateSubscriptionGroup", kA,
                                                     "groups appear with their first consumer",
                                                     kImportant, kLive),
    key<&BrokerKeys::message_store_plug_in>("messageStorePlugIn", kC,
                                            "store plug-in classes, separated by ','",
                                            NoMeaning{"Java classes cannot be loaded"}),
    key<&BrokerKeys::msg_trace_topic_name>("msgTraceTopicName", kA, "name of the trace topic",
                                           kImportant),
    key<&BrokerKeys::trace_topic_enable>("traceTopicEnable", kA,
                                         "create the trace topic at the start", kImportant),
    key<&BrokerKeys::send_message_thread_pool_nums>(
        "sendMessageThreadPoolNums", kA, "workers for sends", HostDefault{"min(processors, 4)"},
        kOnIoThreads),
    key<&BrokerKeys::put_message_future_thread_pool_nums>(
        "putMessageFutureThreadPoolNums", kA, "workers completing asynchronous puts",
        HostDefault{"min(processors, 4)"}, kOnIoThreads),
    key<&BrokerKeys::pull_message_thread_pool_nums>(
        "pullMessageThreadPoolNums", kA, "workers for pull, pop, peek and wake-ups",
        HostDefault{"16 + 2 * processors"}, kOnIoThreads),
    key<&BrokerKeys::lite_pull_message_thread_pool_nums>(
        "litePullMessageThreadPoolNums", kA, "workers for lite pull",
        HostDefault{"16 + 2 * processors"}, kOnIoThreads),
    key<&BrokerKeys::ack_message_thread_pool_nums>(
        "ackMessageThreadPoolNums", kA, "workers for pop acks and invisible-time changes",
        kOnIoThreads),
    key<&BrokerKeys::process_reply_message_thread_pool_nums>(
        "processReplyMessageThreadPoolNums", kA, "workers for request-reply",
        HostDefault{"16 + 2 * processors"}, kOnIoThreads),
    key<&BrokerKeys::query_message_thread_pool_nums>("queryMessageThreadPoolNums", kA,
                                                     "workers for message queries",
                                                     HostDefault{"8 + processors"}, kOnIoThreads),
    key<&BrokerKeys::admin_broker_thread_pool_nums>("adminBrokerThreadPoolNums", kA,
                                                    "workers for admin requests", kOnIoThreads),
    key<&BrokerKeys::client_manage_thread_pool_nums>(
        "clientManageThreadPoolNums", kA, "workers for unregister and filter check", kOnIoThreads),
    key<&BrokerKeys::consumer_manage_thread_pool_nums>(
        "consumerManageThreadPoolNums", kA, "workers for offsets and consumer lists", kOnIoThreads),
    key<&BrokerKeys::load_balance_processor_thread_pool_nums>(
        "loadBalanceProcessorThreadPoolNums", kA, "workers for query assignment", kOnIoThreads),
    key<&BrokerKeys::heartbeat_thread_pool_nums>("heartbeatThreadPoolNums", kA,
                                                 "workers for heartbeats",
                                                 HostDefault{"min(32, processors)"}, kOnIoThreads),
    key<&BrokerKeys::recover_thread_pool_nums>("recoverThreadPoolNums", kB,
                                               "threads of concurrent recovery", kLater),
    key<&BrokerKeys::end_transaction_thread_pool_nums>(
        "endTransactionThreadPoolNums", kA, "workers for end transaction",
        HostDefault{"max(8 + 2 * processors, 4 * send threads)"}, kOnIoThreads),
    key<&BrokerKeys::flush_consumer_offset_interval>(
        "flushConsumerOffsetInterval", kA, "pause between two saves of the consumer offsets", kMs,
        Range{1, INT32_MAX}),
    key<&BrokerKeys::flush_consumer_offset_history_interval>(
        "flushConsumerOffsetHistoryInterval", kC, "left over from older versions", kMs, kUnread),
    key<&BrokerKeys::reject_transaction_message>("rejectTransactionMessage", kA,
                                                 "refuse transactional sends", kImportant, kLive),
    key<&BrokerKeys::fetch_name_srv_addr_by_dns_lookup>(
        "fetchNameSrvAddrByDnsLookup", kB, "resolve namesrvAddr as a DNS name to several addresses",
        kImportant, kLater),
    key<&BrokerKeys::fetch_namesrv_addr_by_address_server>(
        "fetchNamesrvAddrByAddressServer", kB,
        "ask an HTTP address service for name servers when none is configured", kImportant, kLater),
    key<&BrokerKeys::send_thread_pool_queue_capacity>("sendThreadPoolQueueCapacity", kA,
                                                      "queue bound for sends", kNoQueues),
    key<&BrokerKeys::put_thread_pool_queue_capacity>("putThreadPoolQueueCapacity", kA,
                                                     "queue bound for put completions", kNoQueues),
    key<&BrokerKeys::pull_thread_pool_queue_capacity>("pullThreadPoolQueueCapacity", kA,
                                                      "queue bound for pulls", kNoQueues),
    key<&BrokerKeys::lite_pull_thread_pool_queue_capacity>("litePullThreadPoolQueueCapacity", kA,
                                                           "queue bound for lite pulls", kNoQueues),
    key<&BrokerKeys::ack_thread_pool_queue_capacity>("ackThreadPoolQueueCapacity", kA,
                                                     "queue bound for acks", kNoQueues),
    key<&BrokerKeys::reply_thread_pool_queue_capacity>("replyThreadPoolQueueCapacity", kA,
                                                       "queue bound for replies", kNoQueues),
    key<&BrokerKeys::query_thread_pool_queue_capacity>("queryThreadPoolQueueCapacity", kA,
                                                       "queue bound for queries", kNoQueues),
    key<&BrokerKeys::client_manager_thread_pool_queue_capacity>(
        "clientManagerThreadPoolQueueCapacity", kA, "queue bound for client management", kNoQueues),
    key<&BrokerKeys::consumer_manager_thread_pool_queue_capacity>(
        "consumerManagerThreadPoolQueueCapacity", kA, "queue bound for consumer management",
        kNoQueues),
    key<&BrokerKeys::heartbeat_thread_pool_queue_capacity>("heartbeatThreadPoolQueueCapacity", kA,
                                                           "queue bound for heartbeats", kNoQueues),
    key<&BrokerKeys::end_transaction_pool_queue_capacity>(
        "endTransactionPoolQueueCapacity", kA, "queue bound for end transaction", kNoQueues),
    key<&BrokerKeys::admin_broker_thread_pool_queue_capacity>(
        "adminBrokerThreadPoolQueueCapacity", kA, "queue bound for admin requests", kNoQueues),
    key<&BrokerKeys::load_balance_thread_pool_queue_capacity>(
        "loadBalanceThreadPoolQueueCapacity", kA, "queue bound for query assignment", kNoQueues),
    key<&BrokerKeys::long_polling_enable>(
        "longPollingEnable", kA,
        "hold an empty pull for the time the client asked for; false: for shortPollingTimeMills",
        kLive),
    key<&BrokerKeys::short_polling_time_mills>(
        "shortPollingTimeMills", kA,
        "how long an empty pull is held when longPollingEnable is false", kMs, kLive),
    key<&BrokerKeys::notify_consumer_ids_changed_enable>(
        "notifyConsumerIdsChangedEnable", kA, "tell consumers when their group changes", kLive),
    key<&BrokerKeys::high_speed_mode>("highSpeedMode", kC, "left over from older versions",
                                      kUnread),
    key<&BrokerKeys::commercial_base_count>("commercialBaseCount", kC,
                                            "multiplier used in billing hooks",
                                            NoMeaning{"hooks for billing are Java classes"}),
    key<&BrokerKeys::commercial_size_per_msg>("commercialSizePerMsg", kC,
                                              "bytes counted as one billed message", kBytes,
                                              NoMeaning{"hooks for billing are Java classes"}),
    key<&BrokerKeys::account_stats_enable>("accountStatsEnable", kC,
                                           "keep account statistics for hooks",
                                           NoMeaning{"hooks for billing are Java classes"}),
    key<&BrokerKeys::account_stats_print_zero_values>(
        "accountStatsPrintZeroValues", kC, "print zero account statistics",
        NoMeaning{"hooks for billing are Java classes"}),
    key<&BrokerKeys::max_stats_idle_time_in_minutes>(
        "maxStatsIdleTimeInMinutes", kB, "drop statistics idle for so long; negative: never",
        kMinutes, kLater),
    key<&BrokerKeys::transfer_msg_by_heap>(
        "transferMsgByHeap", kC, "copy found messages instead of zero-copy transfer",
        NoMeaning{"messages leave the mapped log without a copy"}),
    key<&BrokerKeys::region_id>("regionId", kA,
                                "region told to producers and put into message properties", kLive),
    key<&BrokerKeys::register_broker_timeout_mills>(
        "registerBrokerTimeoutMills", kA,
        "longest wait for a name server's answer to a registration", kMs, kLive),
    key<&BrokerKeys::send_heartbeat_timeout_millis>("sendHeartbeatTimeoutMillis", kA,
                                                    "timeout of broker heartbeats", kMs, kLater),
    key<&BrokerKeys::slave_read_enable>(
        "slaveReadEnable", kA, "slaves serve pulls, and slow groups are sent there", kLater),
    key<&BrokerKeys::disable_consume_if_consumer_read_slowly>(
        "disableConsumeIfConsumerReadSlowly", kB, "disable groups that fall too far behind",
        kLater),
    key<&BrokerKeys::consumer_fallbehind_threshold>(
        "consumerFallbehindThreshold", kB, "bytes behind that disable a group", kBytes, kLater),
    key<&BrokerKeys::broker_fast_failure_enable>(
        "brokerFastFailureEnable", kA, "answer SYSTEM_BUSY instead of keeping a request waiting",
        kLive),
    key<&BrokerKeys::wait_time_mills_in_send_queue>(
        "waitTimeMillsInSendQueue", kA, "a send that waited longer is answered SYSTEM_BUSY", kMs,
        kLive),
    key<&BrokerKeys::wait_time_mills_in_pull_queue>(
        "waitTimeMillsInPullQueue", kA, "longest wait of a queued pull", kMs, kNoQueues),
    key<&BrokerKeys::wait_time_mills_in_lite_pull_queue>(
        "waitTimeMillsInLitePullQueue", kA, "longest wait of a queued lite pull", kMs, kNoQueues),
    key<&BrokerKeys::wait_time_mills_in_heartbeat_queue>(
        "waitTimeMillsInHeartbeatQueue", kA, "longest wait of a queued heartbeat", kMs, kNoQueues),
    key<&BrokerKeys::wait_time_mills_in_transaction_queue>(
        "waitTimeMillsInTransactionQueue", kA, "longest wait of a queued end transaction", kMs,
        kNoQueues),
    key<&BrokerKeys::wait_time_mills_in_ack_queue>("waitTimeMillsInAckQueue", kA,
                                                   "longest wait of a queued ack", kMs, kNoQueues),
    key<&BrokerKeys::wait_time_mills_in_admin_broker_queue>(
        "waitTimeMillsInAdminBrokerQueue", kA, "longest wait of a queued admin request", kMs,
        kNoQueues),
    key<&BrokerKeys::start_accept_send_request_time_stamp>(
        "startAcceptSendRequestTimeStamp", kA, "refuse sends before this time (since the epoch)",
        kMs, kLive),
    key<&BrokerKeys::trace_on>("traceOn", kA, "tell clients to trace (TRACE_ON)", kLive),
    key<&BrokerKeys::enable_calc_filter_bit_map>(
        "enableCalcFilterBitMap", kB, "compute filter bits at dispatch for the extended index",
        kLater),
    key<&BrokerKeys::reject_pull_consumer_enable>(
        "rejectPullConsumerEnable", kB, "refuse active (pull) consumers that are not registered",
        kLater),
    key<&BrokerKeys::expect_consumer_num_use_filter>(
        "expectConsumerNumUseFilter", kB, "expected filtering groups, sizes the bloom filter",
        kLater),
    key<&BrokerKeys::max_error_rate_of_bloom_filter>(
        "maxErrorRateOfBloomFilter", kB, "bloom error rate in percent", kPercent, kLater),
    key<&BrokerKeys::filter_data_clean_time_span>("filterDataCleanTimeSpan", kB,
                                                  "keep dead filter data this long", kMs, kLater),
    key<&BrokerKeys::filter_support_retry>(
        "filterSupportRetry", kB, "apply the original topic's expression to retries", kLater),
    key<&BrokerKeys::enable_property_filter>("enablePropertyFilter", kA,
                                             "allow SQL92 subscriptions", kLater),
    key<&BrokerKeys::compressed_register>("compressedRegister", kB,
                                          "compress the registration body", kLater),
    key<&BrokerKeys::force_register>(
        "forceRegister", kA,
        "register always; false: ask the name servers for their data version first", kLive),
    key<&BrokerKeys::register_name_server_period>(
        "registerNameServerPeriod", kA,
        "pause between two registrations; held within 10 s and 60 s", kMs),
    key<&BrokerKeys::update_name_server_addr_period>("updateNameServerAddrPeriod", kA,
                                                     "pause between two looks at namesrvAddr", kMs),
    key<&BrokerKeys::broker_heartbeat_interval>(
        "brokerHeartbeatInterval", kB,
        "pause between two heartbeats to name servers and controller", kMs, kLater),
    key<&BrokerKeys::broker_not_active_timeout_millis>(
        "brokerNotActiveTimeoutMillis", kB,
        "time after which name server and controller call this broker dead", kMs, kLater),
    key<&BrokerKeys::enable_net_work_flow_control>(
        "enableNetWorkFlowControl", kB, "drop found messages when the connection is not writable",
        NoMeaning{"a slow connection is not read from until it has drained"}),
    key<&BrokerKeys::enable_broadcast_offset_store>(
        "enableBroadcastOffsetStore", kB, "remember broadcasting progress for proxy switching",
        kLater),
    key<&BrokerKeys::broadcast_offset_expire_second>(
        "broadcastOffsetExpireSecond", kB, "forget an offline broadcasting client after this",
        kSeconds, kLater),
    key<&BrokerKeys::broadcast_offset_expire_max_second>(
        "broadcastOffsetExpireMaxSecond", kB, "forget an online broadcasting client after this",
        kSeconds, kLater),
    key<&BrokerKeys::pop_polling_size>("popPollingSize", kA, "waiters per pop polling key", kLater),
    key<&BrokerKeys::pop_polling_map_size>("popPollingMapSize", kA, "pop polling keys", kLater),
    key<&BrokerKeys::pop_polling_map_expire_time_seconds>(
        "popPollingMapExpireTimeSeconds", kA, "idle time of a polling key", kSeconds, kLater),
    key<&BrokerKeys::max_pop_polling_size>("maxPopPollingSize", kA,
                                           "waiters over all pop polling keys", kLater),
    key<&BrokerKeys::revive_queue_num>("reviveQueueNum", kA,
                                       "queues of the revive topic and revive workers", kLater),
    key<&BrokerKeys::revive_interval>("reviveInterval", kA, "pause between revive rounds", kMs,
                                      kLater),
    key<&BrokerKeys::revive_max_slow>("reviveMaxSlow", kA, "back-off factor of idle revive rounds",
                                      kLater),
    key<&BrokerKeys::revive_scan_time>("reviveScanTime", kA, "longest scan of one revive round",
                                       kMs, kLater),
    key<&BrokerKeys::enable_skip_long_awaiting_ack>(
        "enableSkipLongAwaitingAck", kB, "pass over an ack whose check-point never appears",
        kLater),
    key<&BrokerKeys::revive_ack_wait_ms>("reviveAckWaitMs", kB,
                                         "wait before such an ack is passed over", kMs, kLater),
    key<&BrokerKeys::enable_pop_log>("enablePopLog", kB, "log pop verbosely", kLater),
    key<&BrokerKeys::enable_pop_buffer_merge>(
        "enablePopBufferMerge", kB, "merge check-points and acks in memory first", kLater),
    key<&BrokerKeys::pop_ck_stay_buffer_time>(
        "popCkStayBufferTime", kB, "longest stay of a check-point in memory", kMs, kLater),
    key<&BrokerKeys::pop_ck_stay_buffer_time_out>(
        "popCkStayBufferTimeOut", kB, "flush a check-point this long before its deadline", kMs,
        kLater),
    key<&BrokerKeys::pop_ck_max_buffer_size>("popCkMaxBufferSize", kB,
                                             "check-points kept in memory", kLater),
    key<&BrokerKeys::pop_ck_offset_max_queue_size>(
        "popCkOffsetMaxQueueSize", kB, "pending offsets kept in memory per queue", kLater),
    key<&BrokerKeys::enable_pop_batch_ack>("enablePopBatchAck", kB,
                                           "write batched ack records from the buffer", kLater),
    key<&BrokerKeys::pop_long_polling_force_notify_interval>(
        "popLongPollingForceNotifyInterval", kA,
        "wake filtered waiters every n-th offset regardless of match", kLater),
    key<&BrokerKeys::enable_notify_before_pop_calculate_lag>(
        "enableNotifyBeforePopCalculateLag", kB, "wake a waiter before computing pop lag", kLater),
    key<&BrokerKeys::enable_notify_after_pop_order_lock_release>(
        "enableNotifyAfterPopOrderLockRelease", kA, "wake waiters when a FIFO block ends", kLater),
    key<&BrokerKeys::init_pop_offset_by_check_msg_in_mem>(
        "initPopOffsetByCheckMsgInMem", kA,
        "new pop group starts at 0 while the first message is in memory", kLater),
    key<&BrokerKeys::retrieve_message_from_pop_retry_topic_v1>(
        "retrieveMessageFromPopRetryTopicV1", kA, "also read old-style retry topics", kLater),
    key<&BrokerKeys::enable_retry_topic_v2>(
        "enableRetryTopicV2", kA, "names of pop retry topics use + between group and topic",
        kLater),
    key<&BrokerKeys::pop_from_retry_probability>(
        "popFromRetryProbability", kA, "percent of pops that read retries first", kPercent, kLater),
    key<&BrokerKeys::pop_from_retry_probability_for_priority>(
        "popFromRetryProbabilityForPriority", kB,
        "percent of pops of priority topics that read retries first", kPercent, kLater),
    key<&BrokerKeys::priority_order_asc>("priorityOrderAsc", kB,
                                         "lower queue number means lower priority", kLater),
    key<&BrokerKeys::pop_consumer_fs_service_init>("popConsumerFSServiceInit", kA,
                                                   "start the revive-topic pop engine", kLater),
    key<&BrokerKeys::pop_consumer_kv_service_log>("popConsumerKVServiceLog", kB,
                                                  "log the key-value pop engine verbosely", kLater),
    key<&BrokerKeys::pop_consumer_kv_service_init>("popConsumerKVServiceInit", kB,
                                                   "start the key-value pop engine", kLater),
    key<&BrokerKeys::pop_consumer_kv_service_enable>("popConsumerKVServiceEnable", kB,
                                                     "serve pop from the key-value engine", kLater),
    key<&BrokerKeys::pop_revive_max_return_size_per_read>("popReviveMaxReturnSizePerRead", kB,
                                                          "records per KV revive read", kLater),
    key<&BrokerKeys::pop_revive_concurrency>(
        "popReviveConcurrency", kB, "revives under way at once in the key-value engine", kLater),
    key<&BrokerKeys::pop_revive_max_attempt_times>("popReviveMaxAttemptTimes", kB,
                                                   "KV revive attempts before dropping", kLater),
    key<&BrokerKeys::use_separate_retry_queue>(
        "useSeparateRetryQueue", kB, "spread pop retries over as many queues as the topic", kLater),
    key<&BrokerKeys::real_time_notify_consumer_change>(
        "realTimeNotifyConsumerChange", kA,
        "tell of group changes at once instead of gathering them", kLive),
    key<&BrokerKeys::lite_pull_message_enable>("litePullMessageEnable", kA, "serve lite pulls",
                                               kLive),
    key<&BrokerKeys::sync_broker_member_group_period>(
        "syncBrokerMemberGroupPeriod", kB, "period of reading the broker group from name servers",
        kMs, kLater),
    key<&BrokerKeys::load_balance_poll_name_server_interval>(
        "loadBalancePollNameServerInterval", kA, "period of refreshing routes for assignment", kMs,
        kLater),
    key<&BrokerKeys::clean_offline_broker_interval>("cleanOfflineBrokerInterval", kC,
                                                    "left over from older versions", kMs, kUnread),
    key<&BrokerKeys::server_load_balancer_enable>("serverLoadBalancerEnable", kA,
                                                  "compute assignments on the broker", kLater),
    key<&BrokerKeys::default_message_request_mode>(
        "defaultMessageRequestMode", kA, "mode for topics without a setting (PULL or POP)",
        Choices{"PULL|POP"}, kLater),
    key<&BrokerKeys::default_pop_share_queue_num>(
        "defaultPopShareQueueNum", kA, "default share in POP mode; -1 = all queues", kLater),
    key<&BrokerKeys::transaction_time_out>("transactionTimeOut", kA,
                                           "age of a half message before its first check", kMs,
                                           kImportant, kLater),
    key<&BrokerKeys::transaction_check_max>("transactionCheckMax", kA,
                                            "checks of a half message before it is given up",
                                            kImportant, kLater),
    key<&BrokerKeys::transaction_check_interval>("transactionCheckInterval", kA,
                                                 "pause between two rounds of transaction checks",
                                                 kMs, kImportant, kLater),
    key<&BrokerKeys::transaction_metric_flush_interval>(
        "transactionMetricFlushInterval", kB, "period of saving half-message counts", kMs, kLater),
    key<&BrokerKeys::transaction_op_msg_max_size>("transactionOpMsgMaxSize", kA,
                                                  "size of one op record", kBytes, kLater),
    key<&BrokerKeys::transaction_op_batch_interval>("transactionOpBatchInterval", kA,
                                                    "longest delay of an op record", kMs, kLater),
    key<&BrokerKeys::acl_enable>(
        "aclEnable", kC, "ACL 1.0 switch; warn and point to authenticationEnabled", kImportant,
        NoMeaning{"ACL 1.0 is gone from RocketMQ, see authenticationEnabled"}),
    key<&BrokerKeys::store_reply_message_enable>("storeReplyMessageEnable", kA,
                                                 "also store request-reply answers", kLater),
    key<&BrokerKeys::enable_detail_stat>("enableDetailStat", kB, "keep statistics per queue",
                                         kLater),
    key<&BrokerKeys::auto_delete_unused_stats>("autoDeleteUnusedStats", kB,
                                               "remove statistics with the topic or group", kLater),
    key<&BrokerKeys::isolate_log_enable>("isolateLogEnable", kB, "one log directory per broker",
                                         NoMeaning{"a process has one log"}),
    key<&BrokerKeys::forward_timeout>("forwardTimeout", kB,
                                      "timeout of calls forwarded for static topics", kMs, kLater),
    key<&BrokerKeys::enable_slave_acting_master>(
        "enableSlaveActingMaster", kB, "let the smallest live slave run special services", kLater),
    key<&BrokerKeys::enable_remote_escape>("enableRemoteEscape", kB,
                                           "let an acting slave write to other brokers", kLater),
    key<&BrokerKeys::skip_pre_online>("skipPreOnline", kB, "go online without the pre-online steps",
                                      kLater),
    key<&BrokerKeys::async_send_enable>("asyncSendEnable", kA, "complete sends asynchronously",
                                        NoMeaning{"every send completes asynchronously"}),
    key<&BrokerKeys::use_server_side_reset_offset>(
        "useServerSideResetOffset", kA, "reset offsets on the broker instead of in clients",
        kLater),
    key<&BrokerKeys::consumer_offset_update_version_step>(
        "consumerOffsetUpdateVersionStep", kA, "commits per step of the offsets' data version",
        kLive),
    key<&BrokerKeys::delay_offset_update_version_step>("delayOffsetUpdateVersionStep", kA,
                                                       "updates per data-version step", kLater),
    key<&BrokerKeys::lock_in_strict_mode>("lockInStrictMode", kB,
                                          "queue locks need a majority of replicas", kLater),
    key<&BrokerKeys::compatible_with_old_name_srv>(
        "compatibleWithOldNameSrv", kB, "use old requests for heartbeat and member group", kLater),
    key<&BrokerKeys::enable_controller_mode>("enableControllerMode", kB,
                                             "take role and id from a controller", kLater),
    key<&BrokerKeys::controller_addr>("controllerAddr", kB, "controller list, ; separated", kLater),
    key<&BrokerKeys::fetch_controller_addr_by_dns_lookup>("fetchControllerAddrByDnsLookup", kB,
                                                          "resolve controllerAddr by DNS", kLater),
    key<&BrokerKeys::sync_broker_metadata_period>(
        "syncBrokerMetadataPeriod", kB, "period of reading replica metadata", kMs, kLater),
    key<&BrokerKeys::check_sync_state_set_period>(
        "checkSyncStateSetPeriod", kB, "period of checking the in-sync set", kMs, kLater),
    key<&BrokerKeys::sync_controller_metadata_period>(
        "syncControllerMetadataPeriod", kB, "period of finding the controller leader", kMs, kLater),
    key<&BrokerKeys::controller_heart_beat_timeout_mills>(
        "controllerHeartBeatTimeoutMills", kB, "liveness timeout reported to the controller", kMs,
        kLater),
    key<&BrokerKeys::validate_system_topic_when_update_topic>(
        "validateSystemTopicWhenUpdateTopic", kA, "system topics cannot be changed by requests",
        kLive),
    key<&BrokerKeys::broker_election_priority>("brokerElectionPriority", kB,
                                               "election priority, smaller wins", kLater),
    key<&BrokerKeys::use_static_subscription>(
        "useStaticSubscription", kB, "compute lag from the group's stored subscription", kLater),
    key<&BrokerKeys::metrics_exporter_type>(
        "metricsExporterType", kA, "how metrics leave; /metrics on httpPort is always there",
        Choices{"DISABLE|OTLP_GRPC|PROM|LOG"}, kLater),
    key<&BrokerKeys::metrics_otel_cardinality_limit>("metricsOtelCardinalityLimit", kB,
                                                     "series a metric may have", kLater),
    key<&BrokerKeys::metrics_grpc_exporter_target>("metricsGrpcExporterTarget", kB,
                                                   "where OTLP metrics go", kLater),
    key<&BrokerKeys::metrics_grpc_exporter_header>("metricsGrpcExporterHeader", kB,
                                                   "headers of OTLP calls, k:v,k:v", kLater),
    key<&BrokerKeys::metric_grpc_exporter_time_out_in_mills>(
        "metricGrpcExporterTimeOutInMills", kB, "longest wait of an OTLP call", kMs, kLater),
    key<&BrokerKeys::metric_grpc_exporter_interval_in_mills>(
        "metricGrpcExporterIntervalInMills", kB, "period of OTLP export", kMs, kLater),
    key<&BrokerKeys::metric_logging_exporter_interval_in_mills>(
        "metricLoggingExporterIntervalInMills", kB, "period of metrics in the log", kMs, kLater),
    key<&BrokerKeys::metrics_prom_exporter_port>("metricsPromExporterPort", kA,
                                                 "port of the Prometheus exporter", kPort, kLater),
    key<&BrokerKeys::metrics_prom_exporter_host>(
        "metricsPromExporterHost", kA, "Prometheus bind address; blank = brokerIP1", kLater),
    key<&BrokerKeys::metrics_label>("metricsLabel", kA, "labels added to every metric, k:v,k:v",
                                    kLater),
    key<&BrokerKeys::metrics_in_delta>("metricsInDelta", kB, "delta temporality for pushed metrics",
                                       kLater),
    key<&BrokerKeys::enable_remoting_metrics>("enableRemotingMetrics", kA, "record RPC latency",
                                              kLater),
    key<&BrokerKeys::enable_message_store_metrics>("enableMessageStoreMetrics", kA,
                                                   "record store metrics", kLater),
    key<&BrokerKeys::enable_pop_metrics>("enablePopMetrics", kA, "record pop metrics", kLater),
    key<&BrokerKeys::enable_connection_metrics>("enableConnectionMetrics", kA,
                                                "record connection metrics", kLater),
    key<&BrokerKeys::enable_transaction_metrics>("enableTransactionMetrics", kA,
                                                 "record transaction metrics", kLater),
    key<&BrokerKeys::enable_stats_metrics>("enableStatsMetrics", kA,
                                           "record water marks and counts", kLater),
    key<&BrokerKeys::enable_request_metrics>("enableRequestMetrics", kA,
                                             "record message and size counters", kLater),
    key<&BrokerKeys::enable_lag_and_dlq_metrics>("enableLagAndDlqMetrics", kA,
                                                 "record lag and DLQ metrics", kLater),
    key<&BrokerKeys::channel_expired_timeout>(
        "channelExpiredTimeout", kA, "silence after which a client is forgotten", kMs, kLive),
    key<&BrokerKeys::subscription_expired_timeout>(
        "subscriptionExpiredTimeout", kA,
        "age at which a subscription learnt from a pull is forgotten", kMs, kLive),
    key<&BrokerKeys::estimate_accumulation>("estimateAccumulation", kB,
                                            "estimate filtered lag by sampling", kLater),
    key<&BrokerKeys::cold_ctr_strategy_enable>("coldCtrStrategyEnable", kB,
                                               "adaptive cold-read thresholds", kLater),
    key<&BrokerKeys::use_pid_cold_ctr_strategy>("usePIDColdCtrStrategy", kB,
                                                "PID instead of the simple strategy", kLater),
    key<&BrokerKeys::cg_cold_read_threshold>("cgColdReadThreshold", kB,
                                             "cold bytes per 5 s and group", kBytes, kLater),
    key<&BrokerKeys::global_cold_read_threshold>("globalColdReadThreshold", kB,
                                                 "cold bytes per 5 s overall", kBytes, kLater),
    key<&BrokerKeys::fetch_namesrv_addr_interval>(
        "fetchNamesrvAddrInterval", kB, "period of asking the address service", kMs, kLater),
    key<&BrokerKeys::pop_response_return_actual_retry_topic>(
        "popResponseReturnActualRetryTopic", kB, "return retry messages unmodified", kLater),
    key<&BrokerKeys::enable_single_topic_register>("enableSingleTopicRegister", kB,
                                                   "register changed topics one by one", kLater),
    key<&BrokerKeys::enable_mixed_message_type>("enableMixedMessageType", kB,
                                                "allow message.type MIXED", kLater),
    key<&BrokerKeys::enable_split_registration>("enableSplitRegistration", kB,
                                                "register topics in batches", kLater),
    key<&BrokerKeys::enable_split_metadata>("enableSplitMetadata", kB,
                                            "page topic and group lists for slaves", kLater),
    key<&BrokerKeys::split_metadata_size>("splitMetadataSize", kB,
                                          "entries a page with enableSplitMetadata", kLater),
    key<&BrokerKeys::pop_inflight_message_threshold>(
        "popInflightMessageThreshold", kB, "un-acked messages per queue before pop pauses", kLater),
    key<&BrokerKeys::enable_pop_message_threshold>("enablePopMessageThreshold", kB,
                                                   "enforce popInflightMessageThreshold", kLater),
    key<&BrokerKeys::enable_fast_channel_event_process>(
        "enableFastChannelEventProcess", kB, "index groups per connection for quick closing",
        NoMeaning{"a connection always knows its groups"}),
    key<&BrokerKeys::print_channel_groups>("printChannelGroups", kB,
                                           "log connections with many groups", kLater),
    key<&BrokerKeys::print_channel_groups_min_num>(
        "printChannelGroupsMinNum", kB, "from how many groups printChannelGroups logs a connection",
        kLater),
    key<&BrokerKeys::split_registration_size>(
        "splitRegistrationSize", kB, "topics a batch with enableSplitRegistration", kLater),
    key<&BrokerKeys::config_black_list>(
        "configBlackList", kA, "keys that cannot be changed from outside, separated by ';'"),
    key<&BrokerKeys::skip_when_ck_re_put_reach_max_times>(
        "skipWhenCKRePutReachMaxTimes", kB, "drop a check-point after the last re-put", kLater),
    key<&BrokerKeys::append_ack_async>("appendAckAsync", kB, "append acks asynchronously", kLater),
    key<&BrokerKeys::append_ck_async>("appendCkAsync", kB, "append check-points asynchronously",
                                      kLater),
    key<&BrokerKeys::clear_retry_topic_when_delete_topic>(
        "clearRetryTopicWhenDeleteTopic", kA, "delete pop retry topics with the topic", kLater),
    key<&BrokerKeys::enable_lmq_stats>("enableLmqStats", kB, "statistics for light queues", kLater),
    key<&BrokerKeys::config_manager_version>(
        "configManagerVersion", kB, "v1 = JSON or RocksDB files, v2 = one RocksDB", kLater),
    key<&BrokerKeys::use_single_rocks_db_for_all_configs>(
        "useSingleRocksDBForAllConfigs", kB, "one RocksDB for all v1 metadata", kLater),
    key<&BrokerKeys::allow_recall_when_broker_not_writeable>(
        "allowRecallWhenBrokerNotWriteable", kA, "recall while the broker is read-only", kLater),
    key<&BrokerKeys::recall_message_enable>("recallMessageEnable", kA,
                                            "accept recall of timer messages", kLater),
    key<&BrokerKeys::enable_register_producer>(
        "enableRegisterProducer", kB, "track producers (needed for transactions and replies)",
        kLater),
    key<&BrokerKeys::enable_create_sys_group>("enableCreateSysGroup", kB,
                                              "auto-create groups with the system prefix", kLater),
    key<&BrokerKeys::broker_name>("brokerName", kA,
                                  "name of the group of replicas this broker belongs to",
                                  HostDefault{"the host's name"}, kImportant),
    key<&BrokerKeys::broker_cluster_name>("brokerClusterName", kA, "name of the cluster",
                                          kImportant),
    key<&BrokerKeys::broker_id>("brokerId", kA, "0: the master of its group; above: a slave",
                                Range{0, INT64_MAX}, kImportant),
    key<&BrokerKeys::is_broker_container>("isBrokerContainer", kC,
                                          "internal mark of a broker container",
                                          NoMeaning{"there is no broker container"}),
    key<&BrokerKeys::is_in_broker_container>(
        "isInBrokerContainer", kC, "internal mark of a broker within a container",
        Alias{"inBrokerContainer"}, NoMeaning{"there is no broker container"}),
    key<&BrokerKeys::rmq_address_server_domain>(
        "rmqAddressServerDomain", kB, "host of the HTTP service that knows the name servers",
        kLater),
    key<&BrokerKeys::rmq_address_server_sub_group>("rmqAddressServerSubGroup", kB,
                                                   "sub-group asked for at that service", kLater),
};

}  // namespace

std::span<const ConfigRow> BrokerKeys::keys() { return kBrokerRows; }

}  // namespace kx::broker
