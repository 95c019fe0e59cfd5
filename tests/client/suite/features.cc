// SPDX-License-Identifier: Apache-2.0
#include "suite/features.h"

#include <array>
#include <map>
#include <mutex>

#include "suite/raw_request.h"
#include "suite/setting.h"

namespace suite {
namespace {

constexpr std::int32_t kNotSupported = 3;
constexpr std::int32_t kSuccess = 0;
constexpr std::int32_t kSend = 310;
constexpr std::int32_t kCheckClient = 46;

/// The request code is known: any other answer than "not supported" will do.
bool knows(const std::string& code) {
    const RawAnswer answer = raw_request(setting().broker, std::stoi(code), {});
    return answer.code != -1 && answer.code != kNotSupported;
}

/// A message with this property is stored.
bool stores(const std::string& property) {
    const std::size_t equals = property.find('=');
    std::string text = property;
    text[equals] = '\1';
    const RawAnswer answer =
        raw_request(setting().broker, kSend,
                    {{"a", "kxs_probe"},
                     {"b", "kxs_probe_" + setting().run},
                     {"c", "TBW102"},
                     {"d", "4"},
                     {"e", "0"},
                     {"f", "0"},
                     {"g", "1600000000000"},
                     {"h", "0"},
                     {"i", "UNIQ_KEY\1KEROLOXSUITEPROBE\2PGROUP\1kxs_probe\2" + text + "\2"},
                     {"j", "0"},
                     {"k", "false"},
                     {"l", "16"},
                     {"m", "false"}},
                    "probe");
    return answer.code == kSuccess;
}

/// A subscription of this type passes the broker's check.
bool accepts_filter(const std::string& type) {
    const std::string body =
        "{\"clientId\":\"probe\",\"group\":\"kxs_probe\",\"subscriptionData\":{\"topic\":"
        "\"kxs_probe\",\"subString\":\"a > 1\",\"expressionType\":\"" +
        type + "\",\"subVersion\":1,\"classFilterMode\":false,\"tagsSet\":[],\"codeSet\":[]}}";
    return raw_request(setting().broker, kCheckClient, {}, body).code == kSuccess;
}

/// A server with TLS answers the shortest hello of a client there is: TLS 1.2, two ciphers.
bool speaks_tls(const std::string&) {
    using namespace std::string_literals;
    const std::string hello = "\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03"s + std::string(32, '\0') +
                              "\0\0\x04\xc0\x2f\xc0\x2b\x01\0"s;
    const std::string answer = raw_bytes(setting().broker, hello, 1);
    constexpr const char* kAlert = "\x15";
    constexpr const char* kHandshake = "\x16";
    return answer == kAlert || answer == kHandshake;
}

struct Row {
    Feature feature;
    const char* name;
    bool (*probe)(const std::string& argument);
    const char* argument;
};

constexpr auto kRows = std::to_array<Row>({
    {Feature::send_back, "send-back of messages, CONSUMER_SEND_MSG_BACK [36]", knows, "36"},
    {Feature::delay, "delay levels, property DELAY", stores, "DELAY=1"},
    {Feature::timers, "timer messages, property TIMER_DELAY_MS", stores, "TIMER_DELAY_MS=1000"},
    {Feature::recall, "recall of timer messages, RECALL_MESSAGE [370]", knows, "370"},
    {Feature::transactions, "transactions, END_TRANSACTION [37]", knows, "37"},
    {Feature::request_reply, "request-reply, SEND_REPLY_MESSAGE_V2 [325]", knows, "325"},
    {Feature::query_by_key, "messages by key, QUERY_MESSAGE [12]", knows, "12"},
    {Feature::sql_filter, "SQL filters, CHECK_CLIENT_CONFIG [46]", accepts_filter, "SQL92"},
    {Feature::pop, "pop, POP_MESSAGE [200050]", knows, "200050"},
    {Feature::pop_assignment, "assignment by the broker, QUERY_ASSIGNMENT [400]", knows, "400"},
    {Feature::clone_offset, "offsets of another group, CLONE_GROUP_OFFSET [314]", knows, "314"},
    {Feature::tls, "TLS, answer to a hello", speaks_tls, ""},
    {Feature::access_control, "access control, AUTH_CREATE_USER [3001]", knows, "3001"},
});

const Row& row(Feature feature) {
    for (const Row& candidate : kRows) {
        if (candidate.feature == feature) return candidate;
    }
    return kRows.front();
}

}  // namespace

bool served(Feature feature) {
    // Probes are plain and unsigned; only the original is started so that it refuses them all.
    if (setting().secured()) return true;
    static auto& known = *new std::map<Feature, bool>;
    static auto& lock = *new std::mutex;
    const std::lock_guard guard(lock);
    const auto found = known.find(feature);
    if (found != known.end()) return found->second;
    const bool answer = row(feature).probe(row(feature).argument);
    known.emplace(feature, answer);
    return answer;
}

std::string describe(Feature feature) { return row(feature).name; }

}  // namespace suite
