// SPDX-License-Identifier: Apache-2.0
#include "client/core/client_settings.h"

namespace kx::client {
namespace {

using enum KeyTier;
constexpr Range kPositiveMs{1, 86'400'000};
constexpr NoMeaning kSelfTuned{"the kernel tunes it, and output is bounded otherwise"};

constexpr ConfigRow kClientKeys[] = {
    key<&ClientConfig::namesrv_addr>("namesrvAddr", kA, "name servers, \"a:9876;b:9876\"",
                                     HostDefault{"environment NAMESRV_ADDR"}),
    key<&ClientConfig::namesrv_domain>("rocketmq.namesrv.domain", kB,
                                       "host that is asked for name servers by HTTP"),
    key<&ClientConfig::namesrv_domain_subgroup>("rocketmq.namesrv.domain.subgroup", kB,
                                                "last part of that question's path"),
    key<&ClientConfig::client_ip>("clientIP", kA, "address this host is known by",
                                  HostDefault{"first public, else private address"}),
    key<&ClientConfig::instance_name>("instanceName", kA,
                                      "part of the client id; DEFAULT becomes PID#nanoseconds"),
    key<&ClientConfig::name_space>("namespace", kB, "older namespace: names become \"ns%name\""),
    key<&ClientConfig::name_space_v2>("namespaceV2", kB,
                                      "newer namespace: travels with each request"),
    key<&ClientConfig::access_channel>("accessChannel", kC, "LOCAL, or CLOUD: other trace topics"),
    key<&ClientConfig::client_callback_executor_threads>("clientCallbackExecutorThreads", kB,
                                                         "threads that run callbacks",
                                                         HostDefault{"one a core"}, Range{0, 1024}),
    key<&ClientConfig::client_worker_threads>("clientWorkerThreads", kB,
                                              "io threads of a client without a given runtime",
                                              Range{1, 1024}),
    key<&ClientConfig::poll_name_server_interval>("pollNameServerInterval", kA,
                                                  "pause between two looks at the routes", kMs,
                                                  Range{10, 86'400'000}),
    key<&ClientConfig::heartbeat_broker_interval>(
        "heartbeatBrokerInterval", kA, "pause between two heartbeats", kMs, Range{10, 86'400'000}),
    key<&ClientConfig::persist_consumer_offset_interval>("persistConsumerOffsetInterval", kA,
                                                         "pause between two commits of offsets",
                                                         kMs, Range{10, 86'400'000}),
    key<&ClientConfig::pull_time_delay_mills_when_exception>("pullTimeDelayMillsWhenException", kB,
                                                             "pause of a queue after a failed pull",
                                                             kMs, Range{0, 86'400'000}),
    key<&ClientConfig::rebalance_wait_interval>("rocketmq.client.rebalance.waitInterval", kB,
                                                "pause between two rebalances", kMs, kPositiveMs),
    key<&ClientConfig::rebalance_min_interval>("rocketmq.client.rebalance.minInterval", kB,
                                               "shortest pause between two rebalances", kMs,
                                               kPositiveMs),
    key<&ClientConfig::trace_msg_batch_num>(
        "traceMsgBatchNum", kC, "records a trace message holds, at most 20", Range{1, 100'000}),
    key<&ClientConfig::unit_mode>("unitMode", kC, "messages belong to a unit"),
    key<&ClientConfig::unit_name>("unitName", kC, "part of the client id and of the HTTP question"),
    key<&ClientConfig::decode_read_body>("decodeReadBody", kC,
                                         "false: messages are delivered without body"),
    key<&ClientConfig::decode_decompress_body>("decodeDecompressBody", kC,
                                               "false: bodies are delivered as they were sent"),
    key<&ClientConfig::vip_channel_enabled>("vipChannelEnabled", kB,
                                            "sends go to the broker's port - 2"),
    key<&ClientConfig::use_heartbeat_v2>("useHeartbeatV2", kB,
                                         "heartbeats leave out unchanged subscriptions"),
    key<&ClientConfig::use_tls>("useTLS", kA, "connections are encrypted", Alias{"tls.enable"}),
    key<&ClientConfig::tls_test_mode_enable>(
        "tls.test.mode.enable", kC, "trusts any server; RocketMQ's own clients do by default"),
    key<&ClientConfig::tls_client_auth_server>("tls.client.authServer", kB,
                                               "servers must show a certificate that is trusted"),
    key<&ClientConfig::tls_client_trust_cert_path>("tls.client.trustCertPath", kB,
                                                   "PEM file of the authorities that are trusted",
                                                   HostDefault{"the system's"}),
    key<&ClientConfig::tls_client_cert_path>("tls.client.certPath", kB, "PEM chain of our own"),
    key<&ClientConfig::tls_client_key_path>("tls.client.keyPath", kB, "PEM private key"),
    key<&ClientConfig::tls_client_key_password>("tls.client.keyPassword", kB,
                                                "of the private key", kSecret),
    key<&ClientConfig::socks_proxy_config>("socksProxyConfig", kC, "SOCKS5 proxies by address",
                                           kLater),
    key<&ClientConfig::mq_client_api_timeout>(
        "mqClientApiTimeout", kA, "of heartbeats, routes and other small calls", kMs, kPositiveMs),
    key<&ClientConfig::detect_timeout>("detectTimeout", kC, "of a probe of a faulty broker", kMs,
                                       kPositiveMs),
    key<&ClientConfig::detect_interval>("detectInterval", kC, "between probes of a faulty broker",
                                        kMs, kPositiveMs),
    key<&ClientConfig::enable_stream_request_type>("enableStreamRequestType", kC,
                                                   "marks requests for streaming"),
    key<&ClientConfig::enable_heartbeat_channel_event_listener>(
        "enableHeartbeatChannelEventListener", kC, "a new connection starts with a heartbeat"),
    key<&ClientConfig::enable_trace>("enableTrace", kA, "messages are traced",
                                     Alias{"enableMsgTrace"}),
    key<&ClientConfig::trace_topic>("traceTopic", kA, "where traces go",
                                    HostDefault{"RMQ_SYS_TRACE_TOPIC"}),
    key<&ClientConfig::max_page_size_in_get_metadata>(
        "maxPageSizeInGetMetadata", kC, "topics or groups a page of them holds", Range{1, 100'000}),
    key<&ClientConfig::client_async_semaphore_value>(
        "clientAsyncSemaphoreValue", kC, "small calls under way at once", Range{1, 1'000'000}),
    key<&ClientConfig::client_oneway_semaphore_value>(
        "clientOnewaySemaphoreValue", kC, "one-way requests under way at once", kSelfTuned),
    key<&ClientConfig::connect_timeout_millis>("connectTimeoutMillis", kA, "to make a connection",
                                               kMs, kPositiveMs),
    key<&ClientConfig::client_channel_max_idle_time_seconds>(
        "clientChannelMaxIdleTimeSeconds", kB, "an idle connection is closed after so long",
        kSeconds, Range{1, 86'400}),
    key<&ClientConfig::client_close_socket_if_timeout>("clientCloseSocketIfTimeout", kC,
                                                       "a timeout closes the connection",
                                                       NoMeaning{"a late answer is told from its "
                                                                 "number; silence closes it"}),
    key<&ClientConfig::enable_reconnect_for_go_away>("enableReconnectForGoAway", kC,
                                                     "requests a draining server refuses are "
                                                     "sent again over a new connection"),
    key<&ClientConfig::local_offset_store_dir>("rocketmq.client.localOffsetStoreDir", kA,
                                               "offsets of broadcasting consumers",
                                               HostDefault{"~/.rocketmq_offsets"}),
    key<&ClientConfig::serialize_type>("rocketmq.serialize.type", kC,
                                       "header encoding: JSON or ROCKETMQ"),
    key<&ClientConfig::zone_name>("rocketmq.zone", kC, "routes of this zone only"),
    key<&ClientConfig::zone_mode>("rocketmq.zone.mode", kC, "whether zones are looked at"),
};

}  // namespace

std::span<const ConfigRow> ClientConfig::keys() { return kClientKeys; }

}  // namespace kx::client
