// SPDX-License-Identifier: Apache-2.0
#include "namesrv/registration_body.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/compress.h"

namespace kx::namesrv {
namespace {

std::string_view next_word(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

bool parse_int(std::string_view text, std::int32_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

/// "name read write perm filterType", and since 5.0.0 a sixth field with the attributes.
Result<wire::TopicConfig> parse_topic(std::string_view text) {
    wire::TopicConfig topic;
    std::string_view rest = text;
    topic.topic_name = next_word(rest);
    const bool ok = parse_int(next_word(rest), topic.read_queue_nums) &&
                    parse_int(next_word(rest), topic.write_queue_nums) &&
                    parse_int(next_word(rest), topic.perm);
    topic.topic_filter_type = next_word(rest);
    if (!ok || topic.topic_name.empty() || topic.topic_filter_type.empty())
        return fail(Errc::kMalformed, "'{}' is no topic", text.substr(0, 64));
    if (!rest.empty()) {
        KX_TRY(topic.attributes, (from_json<std::map<std::string, std::string>>(rest)));
    }
    return topic;
}

Result<std::string_view> next_piece(ByteReader& reader) {
    const auto size = reader.read<std::int32_t>();
    const std::string_view piece = reader.take(size);
    if (!reader.ok()) return fail(Errc::kMalformed, "the body ends early");
    return piece;
}

Status parse_topics(ByteReader& reader, wire::TopicTable& table) {
    const auto count = reader.read<std::int32_t>();
    for (std::int32_t i = 0; i < count; ++i) {
        KX_TRY(const std::string_view text, next_piece(reader));
        KX_TRY(wire::TopicConfig topic, parse_topic(text));
        std::string name = topic.topic_name;
        table.topic_config_table[std::move(name)] = std::move(topic);
    }
    return {};
}

Status parse_mappings(ByteReader& reader, wire::TopicTable& table) {
    auto& mappings = table.topic_queue_mapping_info_map.emplace();
    const auto count = reader.read<std::int32_t>();
    for (std::int32_t i = 0; i < count; ++i) {
        KX_TRY(const std::string_view text, next_piece(reader));
        KX_TRY(wire::TopicQueueMappingInfo mapping, from_json<wire::TopicQueueMappingInfo>(text));
        std::string topic = mapping.topic;
        mappings[std::move(topic)] = std::move(mapping);
    }
    return {};
}

Result<RegistrationBody> parse_compressed(std::string_view body, std::int32_t version) {
    KX_TRY(const std::string bytes, decompress(Compression::kZlib, body, kInflatedBytesMax));
    RegistrationBody parsed;
    ByteReader reader(bytes);
    KX_TRY(const std::string_view data_version, next_piece(reader));
    KX_TRY(parsed.topics.data_version, from_json<wire::DataVersion>(data_version));
    KX_CHECK(parse_topics(reader, parsed.topics));
    KX_TRY(const std::string_view filter_servers, next_piece(reader));
    KX_TRY(parsed.filter_servers, from_json<std::vector<std::string>>(filter_servers));
    if (version >= kMappingVersion && reader.left() > 0)
        KX_CHECK(parse_mappings(reader, parsed.topics));
    if (!reader.ok()) return fail(Errc::kMalformed, "the body ends early");
    return parsed;
}

}  // namespace

Result<RegistrationBody> parse_registration(std::string_view body, bool compressed,
                                            std::int32_t version) {
    RegistrationBody parsed;
    if (version < kFullBodyVersion) {
        if (body.empty()) return parsed;
        KX_TRY(parsed.topics, from_json<wire::TopicTable>(body));
        return parsed;
    }
    if (body.empty()) {
        parsed.filter_servers.emplace();
        return parsed;
    }
    if (compressed) return parse_compressed(body, version);
    KX_TRY(wire::RegisterBrokerBody full, from_json<wire::RegisterBrokerBody>(body));
    parsed.topics = std::move(full.topic_table);
    parsed.filter_servers = std::move(full.filter_server_list);
    return parsed;
}

}  // namespace kx::namesrv
