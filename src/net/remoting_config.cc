// SPDX-License-Identifier: Apache-2.0
#include "net/remoting_config.h"

namespace kx::net {
namespace {

using enum KeyTier;

constexpr ConfigRow kServerRows[] = {
    key<&RemotingServerConfig::bind_address>("bindAddress", kA, "address to listen on"),
    key<&RemotingServerConfig::server_worker_threads>("serverWorkerThreads", kA, "codec threads",
                                                      kOnIoThreads),
    key<&RemotingServerConfig::server_callback_executor_threads>(
        "serverCallbackExecutorThreads", kA, "default processor threads; 0: 4", kOnIoThreads),
    key<&RemotingServerConfig::server_selector_threads>("serverSelectorThreads", kA, "I/O threads",
                                                        kOnIoThreads),
    key<&RemotingServerConfig::server_oneway_semaphore_value>(
        "serverOnewaySemaphoreValue", kA, "concurrent one-way calls to clients",
        NoMeaning{"bytesInFlightPerConnection bounds calls to clients"}),
    key<&RemotingServerConfig::server_async_semaphore_value>(
        "serverAsyncSemaphoreValue", kA, "concurrent async calls to clients",
        NoMeaning{"bytesInFlightPerConnection bounds calls to clients"}),
    key<&RemotingServerConfig::server_channel_max_idle_time_seconds>(
        "serverChannelMaxIdleTimeSeconds", kA,
        "a connection without any traffic for so long is closed", kSeconds),
    key<&RemotingServerConfig::server_socket_snd_buf_size>(
        "serverSocketSndBufSize", kB, "send buffer; 0: the system decides", kBytes, kLater),
    key<&RemotingServerConfig::server_socket_rcv_buf_size>(
        "serverSocketRcvBufSize", kB, "receive buffer; 0: the system decides", kBytes, kLater),
    key<&RemotingServerConfig::write_buffer_high_water_mark>(
        "writeBufferHighWaterMark", kB,
        "unsent bytes above which a connection is not read any more; 0: 1 MiB", kBytes),
    key<&RemotingServerConfig::write_buffer_low_water_mark>(
        "writeBufferLowWaterMark", kB, "unsent bytes below which it is read again; 0: 256 KiB",
        kBytes),
    key<&RemotingServerConfig::server_socket_backlog>(
        "serverSocketBacklog", kC, "connections that may wait for being accepted",
        Range{1, INT32_MAX}),
    key<&RemotingServerConfig::server_netty_worker_group_enable>("serverNettyWorkerGroupEnable", kC,
                                                                 "run handlers in the worker group",
                                                                 NoMeaning{"there is no Netty"}),
    key<&RemotingServerConfig::server_pooled_byte_buf_allocator_enable>(
        "serverPooledByteBufAllocatorEnable", kC, "pooled buffers", NoMeaning{"there is no Netty"}),
    key<&RemotingServerConfig::enable_shutdown_gracefully>(
        "enableShutdownGracefully", kB, "answer GO_AWAY for a while before stopping", kLater),
    key<&RemotingServerConfig::shutdown_wait_time_seconds>(
        "shutdownWaitTimeSeconds", kB, "for how long GO_AWAY is answered before stopping", kSeconds,
        kLater),
    key<&RemotingServerConfig::use_epoll_native_selector>(
        "useEpollNativeSelector", kC, "native selector", NoMeaning{"there is no Netty"}),
};

constexpr ConfigRow kClientRows[] = {
    key<&RemotingClientConfig::client_worker_threads>("clientWorkerThreads", kA, "codec threads",
                                                      kOnIoThreads),
    key<&RemotingClientConfig::client_callback_executor_threads>(
        "clientCallbackExecutorThreads", kA, "callback threads", HostDefault{"processors"},
        kOnIoThreads),
    key<&RemotingClientConfig::client_oneway_semaphore_value>(
        "clientOnewaySemaphoreValue", kA, "one-way calls under way at once",
        NoMeaning{"bytesInFlightPerConnection bounds calls to clients"}),
    key<&RemotingClientConfig::client_async_semaphore_value>(
        "clientAsyncSemaphoreValue", kA, "calls to other servers under way at once"),
    key<&RemotingClientConfig::connect_timeout_millis>(
        "connectTimeoutMillis", kA, "longest wait for a connection to another server", kMs),
    key<&RemotingClientConfig::channel_not_active_interval>("channelNotActiveInterval", kC,
                                                            "idle time before reuse checks", kMs,
                                                            NoMeaning{"there is no Netty"}),
    key<&RemotingClientConfig::is_scan_available_name_srv>(
        "isScanAvailableNameSrv", kB, "probe name servers", Alias{"scanAvailableNameSrv"}, kLater),
    key<&RemotingClientConfig::client_channel_max_idle_time_seconds>(
        "clientChannelMaxIdleTimeSeconds", kA,
        "an outgoing connection without any traffic for so long is closed", kSeconds),
    key<&RemotingClientConfig::client_socket_snd_buf_size>(
        "clientSocketSndBufSize", kB, "send buffer; 0: the system decides", kBytes, kLater),
    key<&RemotingClientConfig::client_socket_rcv_buf_size>(
        "clientSocketRcvBufSize", kB, "receive buffer; 0: the system decides", kBytes, kLater),
    key<&RemotingClientConfig::client_pooled_byte_buf_allocator_enable>(
        "clientPooledByteBufAllocatorEnable", kC, "pooled buffers", NoMeaning{"there is no Netty"}),
    key<&RemotingClientConfig::client_close_socket_if_timeout>(
        "clientCloseSocketIfTimeout", kB, "close the connection after a call timeout", kLater),
    key<&RemotingClientConfig::use_tls>("useTLS", kA, "TLS for outgoing calls",
                                        HostDefault{"tls.enable"}, kLater),
    key<&RemotingClientConfig::socks_proxy_config>(
        "socksProxyConfig", kC, "SOCKS proxies by address, JSON",
        NoMeaning{"SOCKS proxies are not used between servers"}),
    key<&RemotingClientConfig::write_buffer_high_water_mark>(
        "writeBufferHighWaterMark", kB,
        "unsent bytes above which a connection is not read any more; 0: 1 MiB", kBytes),
    key<&RemotingClientConfig::write_buffer_low_water_mark>(
        "writeBufferLowWaterMark", kB, "unsent bytes below which it is read again; 0: 256 KiB",
        kBytes),
    key<&RemotingClientConfig::disable_callback_executor>("disableCallbackExecutor", kC,
                                                          "run callbacks in I/O threads",
                                                          NoMeaning{"there is no Netty"}),
    key<&RemotingClientConfig::disable_netty_worker_group>(
        "disableNettyWorkerGroup", kC, "no worker group", NoMeaning{"there is no Netty"}),
    key<&RemotingClientConfig::max_reconnect_interval_time_seconds>(
        "maxReconnectIntervalTimeSeconds", kC, "longest pause between reconnects", kSeconds,
        kUnread),
    key<&RemotingClientConfig::enable_reconnect_for_go_away>(
        "enableReconnectForGoAway", kB, "open a new connection on GO_AWAY", kLater),
};

constexpr ConfigRow kTlsRows[] = {
    key<&TlsConfig::tls_server_mode>("tls.server.mode", kA, "disabled, permissive or enforcing",
                                     kLater),
    key<&TlsConfig::tls_enable>("tls.enable", kA, "TLS for outgoing calls", kLater),
    key<&TlsConfig::tls_config_file>("tls.config.file", kA,
                                     "properties file that overrides the other TLS keys", kLater),
    key<&TlsConfig::tls_test_mode_enable>("tls.test.mode.enable", kA,
                                          "self-signed test certificate", kLater),
    key<&TlsConfig::tls_server_need_client_auth>("tls.server.need.client.auth", kA,
                                                 "none, optional or require", kLater),
    key<&TlsConfig::tls_server_key_path>("tls.server.keyPath", kA, "server key (PKCS#8 PEM)",
                                         kNullable, kLater),
    key<&TlsConfig::tls_server_key_password>(
        "tls.server.keyPassword", kA, "password of the server key", kNullable, kSecret, kLater),
    key<&TlsConfig::tls_server_cert_path>("tls.server.certPath", kA, "server certificate chain",
                                          kNullable, kLater),
    key<&TlsConfig::tls_server_auth_client>("tls.server.authClient", kA,
                                            "verify client certificates", kLater),
    key<&TlsConfig::tls_server_trust_cert_path>("tls.server.trustCertPath", kA,
                                                "trusted client CAs", kNullable, kLater),
    key<&TlsConfig::tls_client_key_path>("tls.client.keyPath", kA, "client key", kNullable, kLater),
    key<&TlsConfig::tls_client_key_password>(
        "tls.client.keyPassword", kA, "password of the client key", kNullable, kSecret, kLater),
    key<&TlsConfig::tls_client_cert_path>("tls.client.certPath", kA, "client certificate",
                                          kNullable, kLater),
    key<&TlsConfig::tls_client_auth_server>("tls.client.authServer", kA, "verify the server",
                                            kLater),
    key<&TlsConfig::tls_client_trust_cert_path>("tls.client.trustCertPath", kA,
                                                "trusted server CAs", kNullable, kLater),
};

constexpr ConfigRow kKeroloxRows[] = {
    key<&KeroloxConfig::http_port>("httpPort", kA,
                                   "port of /healthz, /readyz and /metrics; 0: the system chooses",
                                   kPort, kImportant),
    key<&KeroloxConfig::io_threads>(
        "ioThreads", kA, "threads that serve sockets and run requests; 0: one a processor",
        Range{0, 1024}),
    key<&KeroloxConfig::worker_threads>(
        "workerThreads", kA,
        "threads for what may wait for the disk; 0: one a processor, at least 2", Range{0, 1024}),
    key<&KeroloxConfig::bytes_in_flight_per_connection>(
        "bytesInFlightPerConnection", kA,
        "unsent bytes above which a connection's peer is too slow and the connection is closed",
        kBytes, Range{1 << 20, INT64_MAX}),
    key<&KeroloxConfig::bytes_in_flight_total>(
        "bytesInFlightTotal", kA,
        "memory for requests being received, over all connections; 0: a quarter of the machine's",
        kBytes, Range{0, INT64_MAX}),
    key<&KeroloxConfig::stalled_peer_millis>(
        "stalledPeerMillis", kA, "a connection whose output does not move for so long is closed",
        kMs, Range{1, INT64_MAX}),
    key<&KeroloxConfig::held_pulls_max>(
        "heldPullsMax", kA, "pulls that may wait for messages at once; more are answered at once",
        Range{0, INT32_MAX}),
    key<&KeroloxConfig::log_level>("logLevel", kA, "the least important lines that are logged",
                                   Choices{"DEBUG|INFO|WARN|ERROR"}, kLive),
    key<&KeroloxConfig::log_file>("logFile", kA,
                                  "file that the log goes to beside stderr; empty: none"),
};

}  // namespace

std::span<const ConfigRow> RemotingServerConfig::keys() { return kServerRows; }

std::span<const ConfigRow> RemotingClientConfig::keys() { return kClientRows; }

std::span<const ConfigRow> TlsConfig::keys() { return kTlsRows; }

std::span<const ConfigRow> KeroloxConfig::keys() { return kKeroloxRows; }

}  // namespace kx::net
