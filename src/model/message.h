// SPDX-License-Identifier: Apache-2.0
//
// What a message is before it is stored, and the words and bits that records, requests and
// properties share. Source: protocol.md 4, storage.md 2.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kx::model {

/// An address as records carry it: 4 or 16 bytes and a port of 4 bytes.
struct HostPort {
    std::array<unsigned char, 16> address{127, 0, 0, 1};
    bool is_v6 = false;
    std::int32_t port = 0;

    bool operator==(const HostPort&) const = default;
};

/// `sysFlag` bits of a message.
enum SysFlag : std::int32_t {
    kCompressed = 0x1,
    kMultiTags = 0x2,
    kTransactionMask = 0xC,
    kTransactionPrepared = 0x4,
    kTransactionCommit = 0x8,
    kTransactionRollback = 0xC,
    kBornHostV6 = 0x10,
    kStoreHostV6 = 0x20,
    kNeedUnwrap = 0x40,
    kInnerBatch = 0x80,
    kCompressionMask = 0x700,
};

/// A message on its way into the store. All views must live until append() returns.
struct NewMessage {
    std::string_view topic;
    std::int32_t queue_id = 0;
    std::int32_t flag = 0;
    std::int32_t sys_flag = 0;
    std::int64_t born_timestamp = 0;
    HostPort born_host;
    HostPort store_host;
    std::int32_t reconsume_times = 0;
    std::int64_t prepared_transaction_offset = 0;
    std::string_view body;
    std::string_view properties;  ///< name 0x01 value 0x02, repeated
    std::int64_t tags_code = 0;   ///< hash of the TAGS property, 0 without tags
};

/// One item of a batch body (protocol.md 4.4): it becomes a record of its own.
struct BatchItem {
    std::int32_t flag = 0;
    std::string_view body;
    std::string_view properties;
    std::int64_t tags_code = 0;
};

/// "127.0.0.1:10911", "[::1]:10911".
std::string to_string(const HostPort& host);

}  // namespace kx::model
