// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "base/properties.h"
#include "client/core/access.h"
#include "client/core/client_settings.h"
#include "client/core/errors.h"

namespace kerolox {
inline namespace v1 {

using kx::client::ClientConfig;

ClientOptions::ClientOptions() : settings_(std::make_unique<detail::ClientSettings>()) {}
ClientOptions::ClientOptions(const ClientOptions& other)
    : settings_(kx::client::copy_of(other.settings_)) {}
ClientOptions::ClientOptions(ClientOptions&&) noexcept = default;
ClientOptions& ClientOptions::operator=(const ClientOptions& other) {
    if (this != &other) settings_ = kx::client::copy_of(other.settings_);
    return *this;
}
ClientOptions& ClientOptions::operator=(ClientOptions&&) noexcept = default;
ClientOptions::~ClientOptions() = default;

namespace {

std::int32_t to_ms(std::chrono::milliseconds time) {
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(time.count(), -1, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

ClientOptions& ClientOptions::name_servers(std::string list) {
    settings_->config.namesrv_addr = std::move(list);
    return *this;
}
ClientOptions& ClientOptions::name_server_lookup(std::string host, std::string group) {
    settings_->config.namesrv_domain = std::move(host);
    settings_->config.namesrv_domain_subgroup = std::move(group);
    return *this;
}
ClientOptions& ClientOptions::name_server_fetcher(std::function<std::string()> fetcher) {
    settings_->name_server_fetcher = std::move(fetcher);
    return *this;
}
ClientOptions& ClientOptions::instance_name(std::string name) {
    settings_->config.instance_name = std::move(name);
    return *this;
}
ClientOptions& ClientOptions::client_ip(std::string ip) {
    settings_->config.client_ip = std::move(ip);
    return *this;
}
ClientOptions& ClientOptions::unit(std::string name) {
    settings_->config.unit_mode = true;
    settings_->config.unit_name = std::move(name);
    return *this;
}
ClientOptions& ClientOptions::name_space(std::string name) {
    settings_->config.name_space = std::move(name);
    return *this;
}
ClientOptions& ClientOptions::name_space_v2(std::string name) {
    settings_->config.name_space_v2 = std::move(name);
    return *this;
}
ClientOptions& ClientOptions::credentials(Credentials credentials) {
    settings_->credentials = [credentials = std::move(credentials)] { return credentials; };
    return *this;
}
ClientOptions& ClientOptions::credentials(CredentialsProvider provider) {
    settings_->credentials = std::move(provider);
    return *this;
}
ClientOptions& ClientOptions::tls(TlsOptions options) {
    ClientConfig& config = settings_->config;
    config.use_tls = true;
    config.tls_client_auth_server = options.verify_server;
    config.tls_client_trust_cert_path = std::move(options.trust_certificates);
    config.tls_client_cert_path = std::move(options.certificate);
    config.tls_client_key_path = std::move(options.private_key);
    config.tls_client_key_password = std::move(options.private_key_password);
    settings_->tls_verify_host_name = options.verify_host_name;
    return *this;
}
ClientOptions& ClientOptions::vip_channel(bool use) {
    settings_->config.vip_channel_enabled = use;
    return *this;
}
ClientOptions& ClientOptions::runtime(Runtime runtime) {
    settings_->runtime = detail::Access::core(runtime);
    return *this;
}
ClientOptions& ClientOptions::callbacks_on_io(bool on) {
    settings_->callbacks_on_io = on;
    return *this;
}
ClientOptions& ClientOptions::log(LogSink sink, LogLevel level) {
    settings_->log_sink = std::move(sink);
    settings_->log_level = level;
    return *this;
}
ClientOptions& ClientOptions::metrics(std::shared_ptr<MetricsSink> sink) {
    settings_->metrics = std::move(sink);
    return *this;
}
ClientOptions& ClientOptions::interceptor(std::shared_ptr<Interceptor> interceptor) {
    if (interceptor) settings_->interceptors.push_back(std::move(interceptor));
    return *this;
}
ClientOptions& ClientOptions::require_name_server(bool require) {
    settings_->require_name_server = require;
    return *this;
}
ClientOptions& ClientOptions::trace(bool on, std::string topic) {
    settings_->config.enable_trace = on;
    settings_->config.trace_topic = std::move(topic);
    return *this;
}
ClientOptions& ClientOptions::connect_timeout(std::chrono::milliseconds time) {
    settings_->config.connect_timeout_millis = to_ms(time);
    return *this;
}
ClientOptions& ClientOptions::api_timeout(std::chrono::milliseconds time) {
    settings_->config.mq_client_api_timeout = to_ms(time);
    return *this;
}
ClientOptions& ClientOptions::route_refresh(std::chrono::milliseconds interval) {
    settings_->config.poll_name_server_interval = to_ms(interval);
    return *this;
}
ClientOptions& ClientOptions::heartbeat_interval(std::chrono::milliseconds interval) {
    settings_->config.heartbeat_broker_interval = to_ms(interval);
    return *this;
}
ClientOptions& ClientOptions::persist_offsets_interval(std::chrono::milliseconds interval) {
    settings_->config.persist_consumer_offset_interval = to_ms(interval);
    return *this;
}
ClientOptions& ClientOptions::local_offset_dir(std::string path) {
    settings_->config.local_offset_store_dir = std::move(path);
    return *this;
}
ClientOptions& ClientOptions::set(std::string_view java_key, std::string value) {
    kx::client::set_option(ClientConfig::keys(), &settings_->config, java_key, value,
                           settings_->problems);
    return *this;
}

Result<ClientOptions> ClientOptions::from_properties(const std::string& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                         std::fclose);
    if (!file) {
        return kx::client::usage_error(fmt::format(
            "cannot read {}: {}", path, std::error_code(errno, std::generic_category()).message()));
    }
    constexpr std::size_t kBytesMax = 1 << 20;
    std::string text;
    char part[4096];
    while (const std::size_t count = std::fread(part, 1, sizeof part, file.get())) {
        text.append(part, count);
        if (text.size() > kBytesMax)
            return kx::client::usage_error(fmt::format("{} is too large for properties", path));
    }
    ClientOptions options = from_environment();
    const auto properties = kx::parse_properties(text);
    if (!properties) return kx::client::local_error(properties.error());
    for (const kx::Property& one : *properties) options.set(one.key, one.value);
    return options;
}

ClientOptions ClientOptions::from_environment() {
    ClientOptions options;
    const auto take = [&](const char* variable, std::string_view key) {
        // Read before any thread of ours runs, as getenv asks for.
        if (const char* value = std::getenv(variable); value != nullptr && *value != 0)
            options.set(key, value);
    };
    take("NAMESRV_ADDR", "namesrvAddr");
    take("ROCKETMQ_NAMESRV_ADDR", "namesrvAddr");
    take("ROCKETMQ_NAMESRV_DOMAIN", "rocketmq.namesrv.domain");
    take("ROCKETMQ_NAMESRV_DOMAIN_SUBGROUP", "rocketmq.namesrv.domain.subgroup");
    take("ROCKETMQ_CLIENT_NAME", "instanceName");
    take("ROCKETMQ_SERIALIZE_TYPE", "rocketmq.serialize.type");
    take("ROCKETMQ_CLIENT_LOCALOFFSETSTOREDIR", "rocketmq.client.localOffsetStoreDir");
    take("ROCKETMQ_ZONE", "rocketmq.zone");
    take("ROCKETMQ_ZONE_MODE", "rocketmq.zone.mode");
    take("COM_ROCKETMQ_SENDMESSAGEWITHVIPCHANNEL", "vipChannelEnabled");
    take("COM_ROCKETMQ_HEARTBEAT_V2", "useHeartbeatV2");
    take("COM_ROCKETMQ_READ_BODY", "decodeReadBody");
    take("COM_ROCKETMQ_DECOMPRESS_BODY", "decodeDecompressBody");
    take("TLS_ENABLE", "useTLS");
    return options;
}

std::vector<ConfigProblem> ClientOptions::validate() const {
    std::vector<ConfigProblem> problems = settings_->problems;
    const ClientConfig& config = settings_->config;
    kx::client::check_ranges(ClientConfig::keys(), &config, problems);
    if (config.serialize_type != "JSON" && config.serialize_type != "ROCKETMQ") {
        problems.push_back({"rocketmq.serialize.type", config.serialize_type,
                            "rocketmq.serialize.type is JSON or ROCKETMQ"});
    }
    if (!config.name_space.empty() && !config.name_space_v2.empty()) {
        problems.push_back(
            {"namespaceV2", config.name_space_v2, "namespace and namespaceV2 exclude each other"});
    }
    if (config.tls_client_cert_path.empty() != config.tls_client_key_path.empty()) {
        problems.push_back({"tls.client.certPath", config.tls_client_cert_path,
                            "tls.client.certPath and tls.client.keyPath go together"});
    }
    return problems;
}

std::string ClientOptions::describe() const {
    return kx::client::describe_options(ClientConfig::keys(), &settings_->config);
}

}  // namespace v1
}  // namespace kerolox
