// SPDX-License-Identifier: Apache-2.0
#include "client/consume/pop_offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/names.h"
#include "model/properties.h"

namespace kx::client {
namespace {

using kerolox::ErrorKind;

std::vector<std::string_view> split_at(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

bool to_number(std::string_view text, std::int64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

kerolox::Error unreadable(std::string_view what, std::string_view text) {
    return {ErrorKind::protocol, fmt::format("parse {} error, {}", what, text)};
}

/// Gives each record of the text, as key and value, to `take`, which says whether it liked it.
template <class Take>
kerolox::Status for_records(std::string_view what, std::string_view text, Take take) {
    if (text.empty()) return {};
    for (const std::string_view record : split_at(text, ';')) {
        const auto fields = split_at(record, ' ');
        if (fields.size() != 3) return unreadable(what, text);
        std::string key = fmt::format("{}@{}", fields[0], fields[1]);
        bool is_new = false;
        if (!take(std::move(key), fields[2], is_new)) return unreadable(what, text);
        if (!is_new)
            return kerolox::Error(ErrorKind::protocol,
                                  fmt::format("parse {} error, duplicate, {}", what, text));
    }
    return {};
}

/// The offset in a light queue: the entry that stands where the queue's name stands.
bool light_queue_offset(const model::RecordView& record, std::string_view queue,
                        std::int64_t& offset) {
    namespace names = model::property;
    const auto queues =
        split_at(model::property_or_empty(record.properties, names::kMultiDispatch), ',');
    const auto offsets =
        split_at(model::property_or_empty(record.properties, names::kMultiQueueOffset), ',');
    const auto at = static_cast<std::size_t>(std::ranges::find(queues, queue) - queues.begin());
    return at < queues.size() && at < offsets.size() && to_number(offsets[at], offset);
}

}  // namespace

kerolox::Result<PopOffsets> PopOffsets::parse(const wire::PopAnswer& answer) {
    PopOffsets all;
    all.has_starts_ = !answer.start_offset_info.empty();
    kerolox::Status read = for_records("startOffsetInfo", answer.start_offset_info,
                                       [&](std::string key, std::string_view value, bool& is_new) {
                                           std::int64_t offset = 0;
                                           if (!to_number(value, offset)) return false;
                                           is_new =
                                               all.starts_.emplace(std::move(key), offset).second;
                                           return true;
                                       });
    if (!read) return read.error();
    read = for_records("msgOffsetMap", answer.msg_offset_info,
                       [&](std::string key, std::string_view value, bool& is_new) {
                           std::vector<std::int64_t> offsets;
                           for (const std::string_view one : split_at(value, ','))
                               if (!to_number(one, offsets.emplace_back())) return false;
                           is_new = all.offsets_.emplace(std::move(key), std::move(offsets)).second;
                           return true;
                       });
    if (!read) return read.error();
    read = for_records(
        "orderCountInfo", answer.order_count_info,
        [&](std::string key, std::string_view value, bool& is_new) {
            std::int64_t count = 0;
            if (!to_number(value, count)) return false;
            is_new =
                all.order_counts_.emplace(std::move(key), static_cast<std::int32_t>(count)).second;
            return true;
        });
    if (!read) return read.error();
    return all;
}

kerolox::Result<PopOffsets::Place> PopOffsets::place_of(const model::RecordView& record,
                                                        std::string_view topic) {
    Place place;
    place.queue_id = record.queue_id;
    place.offset = record.queue_offset;
    place.retry_mark = pop_retry_mark(record.topic);
    if (!has_starts_) {
        const std::string key = fmt::format("{}{}", record.topic, record.queue_id);
        place.start_offset = first_offsets_.emplace(key, place.offset).first->second;
        return place;
    }
    if (model::is_lmq(topic) && record.reconsume_times == 0 &&
        model::has_property(record.properties, model::property::kMultiDispatch)) {
        if (!light_queue_offset(record, topic, place.offset)) {
            return kerolox::Error(ErrorKind::protocol,
                                  fmt::format("a popped message has no offset in {}", topic));
        }
        place.queue_id = 0;
        place.retry_mark = pop_retry_mark(topic);
    }
    const std::string key = fmt::format("{}@{}", place.retry_mark, place.queue_id);
    const auto start = starts_.find(key);
    const auto offsets = offsets_.find(key);
    const std::size_t index = seen_[key]++;
    if (start == starts_.end() || offsets == offsets_.end() || index >= offsets->second.size()) {
        return kerolox::Error(
            ErrorKind::protocol,
            fmt::format("a pop's answer names no offset of its message {} of {}", index, key));
    }
    const std::int64_t own = place.offset;
    place.start_offset = start->second;
    place.offset = offsets->second[index];
    auto count =
        order_counts_.find(fmt::format("{}@qo{}%{}", place.retry_mark, place.queue_id, own));
    if (count == order_counts_.end()) count = order_counts_.find(key);
    if (count != order_counts_.end()) place.reconsume_times = std::max(count->second, 0);
    return place;
}

char pop_retry_mark(std::string_view topic) {
    if (!topic.starts_with(model::kRetryTopicPrefix)) return '0';
    return topic.find('+') == std::string_view::npos ? '1' : '2';
}

std::string pop_real_topic(std::string_view topic, std::string_view group, char retry_mark) {
    if (retry_mark == '0') return std::string(topic);
    return fmt::format("{}{}{}{}", model::kRetryTopicPrefix, group, retry_mark == '2' ? '+' : '_',
                       topic);
}

std::string_view pop_origin_topic(std::string_view topic, std::string_view group) {
    if (!topic.starts_with(model::kRetryTopicPrefix)) return {};
    topic.remove_prefix(model::kRetryTopicPrefix.size());
    if (!topic.starts_with(group) || topic.size() == group.size()) return {};
    topic.remove_prefix(group.size());
    return topic.front() == '_' || topic.front() == '+' ? topic.substr(1) : std::string_view();
}

std::string pop_ack_bits(const std::vector<std::int64_t>& bits) {
    if (bits.empty()) return {};
    std::string bytes(static_cast<std::size_t>(*std::ranges::max_element(bits) / 8 + 1), '\0');
    for (const std::int64_t bit : bits) {
        char& byte = bytes[static_cast<std::size_t>(bit / 8)];
        byte = static_cast<char>(static_cast<unsigned char>(byte) | (1U << (bit % 8)));
    }
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t left = std::min<std::size_t>(bytes.size() - at, 3);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            text += i <= left ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
    }
    return text;
}

}  // namespace kx::client
