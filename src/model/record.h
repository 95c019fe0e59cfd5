// SPDX-License-Identifier: Apache-2.0
//
// The commit-log record: a message on disk and in pull replies, the same bytes. storage.md 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/message.h"

namespace kx::model {

inline constexpr std::int32_t kMagicV1 = static_cast<std::int32_t>(0xDAA320A7U);
inline constexpr std::int32_t kMagicV2 = static_cast<std::int32_t>(0xDAA320ABU);
inline constexpr std::int32_t kMagicBlank = static_cast<std::int32_t>(0xCBD43194U);
/// What must stay free behind every record of a file: the blank that closes it.
inline constexpr std::int64_t kBlankBytes = 8;
/// `__CRC32#` 0x01, ten digits, 0x02.
inline constexpr std::int64_t kCrcPropertyBytes = 20;
inline constexpr std::int64_t kPropertiesBytesMax = 32767;

/// A record taken apart; every view lies within the bytes that were given.
struct RecordView {
    std::int32_t total_size = 0;
    std::int32_t magic = 0;
    std::int32_t body_crc = 0;
    std::int32_t queue_id = 0;
    std::int32_t flag = 0;
    std::int64_t queue_offset = 0;
    std::int64_t physical_offset = 0;
    std::int32_t sys_flag = 0;
    std::int64_t born_timestamp = 0;
    HostPort born_host;
    std::int64_t store_timestamp = 0;
    HostPort store_host;
    std::int32_t reconsume_times = 0;
    std::int64_t prepared_transaction_offset = 0;
    std::string_view body;
    std::string_view topic;
    std::string_view properties;

    /// NONE and COMMIT records take a place in their consume queue, half and rolled-back ones none.
    bool in_queue() const {
        const std::int32_t type = sys_flag & kTransactionMask;
        return type == 0 || type == kTransactionCommit;
    }
    bool body_crc_matches() const;
};

enum class RecordKind : std::uint8_t { kRecord, kBlank, kBad };

struct CheckedRecord {
    RecordKind kind = RecordKind::kBad;
    std::int32_t size = -1;   ///< kRecord: its bytes; kBad: as far as it is known, else -1
    RecordView record;        ///< kRecord only
    const char* reason = "";  ///< kBad: why, for the operator
};

/// The check routine of storage.md 2.11 on the bytes from a position to the end of its file.
CheckedRecord check_record(std::string_view bytes, bool check_crc);

/// Takes the record at the front of `bytes` apart; kMalformed when it is none. No CRC check.
Result<RecordView> decode_record(std::string_view bytes);

/// A record ready to be written but for the three fields that only the log's lock decides. It keeps
/// the views of the message, so that body and properties are copied once, to their final place.
class RecordDraft {
public:
    struct Options {
        bool version_by_topic_length = true;
        bool append_crc_property = false;
    };

    RecordDraft() = default;
    /// Fails with kTooLarge when topic or properties do not fit their length fields.
    static Result<RecordDraft> make(const NewMessage& message, Options options);
    /// A member of a batch: flag, body and properties of `item`, all else of `common`.
    static Result<RecordDraft> make(const NewMessage& common, const BatchItem& item,
                                    Options options);

    std::int64_t size() const { return size_; }
    bool takes_queue_offset() const { return takes_queue_offset_; }

    /// Writes size() bytes.
    void write(char* to, std::int64_t queue_offset, std::int64_t physical_offset,
               std::int64_t store_timestamp) const;
    /// The same into a string: for tests and for replies that need a record that is not stored.
    std::string encode(std::int64_t queue_offset, std::int64_t physical_offset,
                       std::int64_t store_timestamp) const;

private:
    static constexpr std::size_t kHeadBytesMax = 88 + 12 + 12;

    void encode_head(const NewMessage& message, std::int32_t flag);
    void write_crc_property(char* record) const;

    std::array<char, kHeadBytesMax> head_;  ///< up to and with the body's length
    std::uint16_t head_size_ = 0;
    std::uint16_t store_time_at_ = 0;
    bool v2_ = false;
    bool takes_queue_offset_ = true;
    bool crc_property_ = false;
    bool crc_separator_ = false;
    std::int64_t size_ = 0;
    std::string_view body_;
    std::string_view topic_;
    std::string_view properties_;
};

/// The 8 bytes that close a file with `left` bytes to go.
void write_blank(char* to, std::int32_t left);

/// Fields of a record whose start is known to be good, without taking the rest apart.
std::int32_t record_size(const char* record);
std::int64_t record_queue_offset(const char* record);
std::int64_t record_store_timestamp(const char* record);

}  // namespace kx::model
