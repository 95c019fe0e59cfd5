// SPDX-License-Identifier: Apache-2.0
//
// Positions below are those of storage.md 2.1 for two IPv4 hosts; an IPv6 host moves what follows
// it by 12 bytes.
#include "model/record.h"

#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "model/properties.h"

namespace kx::model {
namespace {

constexpr std::size_t kQueueOffsetAt = 20;
constexpr std::size_t kPhysicalOffsetAt = 28;
constexpr std::size_t kSysFlagAt = 36;
constexpr std::size_t kBornHostAt = 48;
constexpr std::int64_t kTopicBytesMaxV1 = 127;
constexpr std::int64_t kTopicBytesMaxV2 = 32767;

std::size_t host_bytes(bool v6) { return v6 ? 20 : 8; }

char* put_host(char* to, const HostPort& host) {
    const std::size_t address = host.is_v6 ? 16 : 4;
    std::memcpy(to, host.address.data(), address);
    store_be<std::int32_t>(to + address, host.port);
    return to + address + 4;
}

template <class T>
char* put(char* to, T value) {
    store_be<T>(to, value);
    return to + sizeof value;
}

char* put_bytes(char* to, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
}

HostPort read_host(ByteReader& reader, bool v6) {
    HostPort host;
    host.is_v6 = v6;
    host.address = {};
    const std::string_view address = reader.take(v6 ? 16 : 4);
    if (!address.empty()) std::memcpy(host.address.data(), address.data(), address.size());
    host.port = reader.read<std::int32_t>();
    return host;
}

/// Reads the fields after size and magic. False when a length leads out of the record.
bool read_fields(ByteReader& reader, RecordView& out) {
    out.body_crc = reader.read<std::int32_t>();
    out.queue_id = reader.read<std::int32_t>();
    out.flag = reader.read<std::int32_t>();
    out.queue_offset = reader.read<std::int64_t>();
    out.physical_offset = reader.read<std::int64_t>();
    out.sys_flag = reader.read<std::int32_t>();
    out.born_timestamp = reader.read<std::int64_t>();
    out.born_host = read_host(reader, (out.sys_flag & kBornHostV6) != 0);
    out.store_timestamp = reader.read<std::int64_t>();
    out.store_host = read_host(reader, (out.sys_flag & kStoreHostV6) != 0);
    out.reconsume_times = reader.read<std::int32_t>();
    out.prepared_transaction_offset = reader.read<std::int64_t>();
    out.body = reader.take(reader.read<std::int32_t>());
    const std::int64_t topic_size =
        out.magic == kMagicV2 ? reader.read<std::int16_t>() : reader.read<std::int8_t>();
    out.topic = reader.take(topic_size);
    out.properties = reader.take(reader.read<std::int16_t>());
    return reader.ok();
}

CheckedRecord bad(std::int32_t size, const char* reason) {
    CheckedRecord result;
    result.size = size;
    result.reason = reason;
    return result;
}

}  // namespace

bool RecordView::body_crc_matches() const { return body.empty() || crc31(body) == body_crc; }

CheckedRecord check_record(std::string_view bytes, bool check_crc) {
    if (bytes.size() < 8) return bad(-1, "the file ends here");
    CheckedRecord result;
    RecordView& record = result.record;
    record.total_size = load_be<std::int32_t>(bytes.data());
    record.magic = load_be<std::int32_t>(bytes.data() + 4);
    if (record.magic == kMagicBlank) {
        result.kind = RecordKind::kBlank;
        result.size = record.total_size;
        return result;
    }
    if (record.magic != kMagicV1 && record.magic != kMagicV2) {
        return bad(-1, record.total_size == 0 && record.magic == 0 ? "zero bytes" : "wrong magic");
    }
    if (record.total_size < 91 || static_cast<std::size_t>(record.total_size) > bytes.size()) {
        return bad(-1, "a size that does not fit the file");
    }
    ByteReader reader(bytes.substr(8, static_cast<std::size_t>(record.total_size) - 8));
    if (!read_fields(reader, record)) return bad(-1, "a field that leads out of the record");
    if (check_crc && !record.body_crc_matches()) return bad(-1, "a body that fails its CRC");
    if (reader.left() != 0) return bad(record.total_size, "fields that do not fill the record");
    result.kind = RecordKind::kRecord;
    result.size = record.total_size;
    return result;
}

Result<RecordView> decode_record(std::string_view bytes) {
    CheckedRecord checked = check_record(bytes, false);
    if (checked.kind == RecordKind::kRecord) return checked.record;
    return fail(
        Errc::kMalformed, "no record: {}",
        checked.kind == RecordKind::kBlank ? "the blank at the end of a file" : checked.reason);
}

void RecordDraft::encode_head(const NewMessage& message, std::int32_t flag) {
    std::int32_t sys_flag = message.sys_flag & ~(kBornHostV6 | kStoreHostV6);
    if (message.born_host.is_v6) sys_flag |= kBornHostV6;
    if (message.store_host.is_v6) sys_flag |= kStoreHostV6;
    const std::int32_t type = sys_flag & kTransactionMask;
    takes_queue_offset_ = type == 0 || type == kTransactionCommit;

    char* at = head_.data();
    at = put<std::int32_t>(at, static_cast<std::int32_t>(size_));
    at = put<std::int32_t>(at, v2_ ? kMagicV2 : kMagicV1);
    at = put<std::int32_t>(at, crc31(body_));
    at = put<std::int32_t>(at, message.queue_id);
    at = put<std::int32_t>(at, flag);
    at = put<std::int64_t>(at, 0);  // queue offset: decided in the lock
    at = put<std::int64_t>(at, 0);  // physical offset: likewise
    at = put<std::int32_t>(at, sys_flag);
    at = put<std::int64_t>(at, message.born_timestamp);
    at = put_host(at, message.born_host);
    store_time_at_ = static_cast<std::uint16_t>(at - head_.data());
    at = put<std::int64_t>(at, 0);  // store time: likewise
    at = put_host(at, message.store_host);
    at = put<std::int32_t>(at, message.reconsume_times);
    at = put<std::int64_t>(at, message.prepared_transaction_offset);
    at = put<std::int32_t>(at, static_cast<std::int32_t>(body_.size()));
    head_size_ = static_cast<std::uint16_t>(at - head_.data());
}

Result<RecordDraft> RecordDraft::make(const NewMessage& message, Options options) {
    const BatchItem item{message.flag, message.body, message.properties, message.tags_code};
    return make(message, item, options);
}

Result<RecordDraft> RecordDraft::make(const NewMessage& common, const BatchItem& item,
                                      Options options) {
    RecordDraft draft;
    const auto topic_bytes = static_cast<std::int64_t>(common.topic.size());
    draft.v2_ = topic_bytes > kTopicBytesMaxV1;
    if (topic_bytes > kTopicBytesMaxV2 || (draft.v2_ && !options.version_by_topic_length)) {
        return fail(Errc::kTooLarge, "a topic of {} bytes does not fit a record", topic_bytes);
    }
    draft.body_ = item.body;
    draft.topic_ = common.topic;
    draft.properties_ = item.properties;
    draft.crc_property_ = options.append_crc_property;
    draft.crc_separator_ = draft.crc_property_ && !item.properties.empty() &&
                           item.properties.back() != kPropertySeparator;
    const std::int64_t properties_bytes = static_cast<std::int64_t>(item.properties.size()) +
                                          (draft.crc_separator_ ? 1 : 0) +
                                          (draft.crc_property_ ? kCrcPropertyBytes : 0);
    if (properties_bytes > kPropertiesBytesMax) {
        return fail(Errc::kTooLarge, "properties of {} bytes, {} are allowed", properties_bytes,
                    kPropertiesBytesMax);
    }
    const std::size_t hosts =
        host_bytes(common.born_host.is_v6) + host_bytes(common.store_host.is_v6);
    draft.size_ = 72 + static_cast<std::int64_t>(hosts + item.body.size()) + (draft.v2_ ? 2 : 1) +
                  topic_bytes + 2 + properties_bytes;
    if (draft.size_ > INT32_MAX - 64 * 1024) {
        return fail(Errc::kTooLarge, "a body of {} bytes does not fit a record", item.body.size());
    }
    draft.encode_head(common, item.flag);
    return draft;
}

void RecordDraft::write(char* to, std::int64_t queue_offset, std::int64_t physical_offset,
                        std::int64_t store_timestamp) const {
    std::memcpy(to, head_.data(), head_size_);
    store_be<std::int64_t>(to + kQueueOffsetAt, takes_queue_offset_ ? queue_offset : 0);
    store_be<std::int64_t>(to + kPhysicalOffsetAt, physical_offset);
    store_be<std::int64_t>(to + store_time_at_, store_timestamp);
    char* at = put_bytes(to + head_size_, body_);
    at = v2_ ? put<std::int16_t>(at, static_cast<std::int16_t>(topic_.size()))
             : put<std::int8_t>(at, static_cast<std::int8_t>(topic_.size()));
    at = put_bytes(at, topic_);
    const auto written = static_cast<std::int64_t>(at - to) + 2;
    at = put<std::int16_t>(at, static_cast<std::int16_t>(size_ - written));
    at = put_bytes(at, properties_);
    if (crc_property_) write_crc_property(to);
}

void RecordDraft::write_crc_property(char* record) const {
    const auto covered = static_cast<std::size_t>(size_ - kCrcPropertyBytes);
    if (crc_separator_) record[covered - 1] = kPropertySeparator;
    char* at = put_bytes(record + covered, property::kCrc32);
    *at++ = kNameValueSeparator;
    auto crc = static_cast<std::uint32_t>(crc31({record, covered}));
    for (int digit = 0; digit < 10; ++digit, crc /= 10) {
        *at++ = static_cast<char>('0' + crc % 10);  // the least significant digit comes first
    }
    *at = kPropertySeparator;
}

std::string RecordDraft::encode(std::int64_t queue_offset, std::int64_t physical_offset,
                                std::int64_t store_timestamp) const {
    std::string record(static_cast<std::size_t>(size_), '\0');
    write(record.data(), queue_offset, physical_offset, store_timestamp);
    return record;
}

void write_blank(char* to, std::int32_t left) {
    KX_ASSERT(left >= kBlankBytes, "a blank of {} bytes", left);
    store_be<std::int32_t>(to, left);
    store_be<std::int32_t>(to + 4, kMagicBlank);
}

std::int32_t record_size(const char* record) { return load_be<std::int32_t>(record); }

std::int64_t record_queue_offset(const char* record) {
    return load_be<std::int64_t>(record + kQueueOffsetAt);
}

std::int64_t record_store_timestamp(const char* record) {
    const bool v6 = (load_be<std::int32_t>(record + kSysFlagAt) & kBornHostV6) != 0;
    return load_be<std::int64_t>(record + kBornHostAt + host_bytes(v6));
}

}  // namespace kx::model
