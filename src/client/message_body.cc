// SPDX-License-Identifier: Apache-2.0
#include "client/message_body.h"

#include "base/compress.h"
#include "model/batch.h"
#include "model/message_id.h"
#include "model/properties.h"

namespace kx::client {
namespace {

constexpr std::int32_t kInnerBatchBits = model::kNeedUnwrap | model::kInnerBatch;

Result<std::string> unfold(const model::RecordView& record) {
    switch ((record.sys_flag & model::kCompressionMask) >> 8) {
        case 0:
        case 3: return decompress(Compression::kZlib, record.body, kBodyBytesMax);
        case 1: return decompress(Compression::kLz4, record.body, kBodyBytesMax);
        case 2: return decompress(Compression::kZstd, record.body, kBodyBytesMax);
        default:
            return fail(Errc::kUnsupported, "compression type {} is unknown",
                        (record.sys_flag & model::kCompressionMask) >> 8);
    }
}

Result<bool> unpack_batch(model::RecordView envelope,
                          const std::function<bool(const model::RecordView&)>& deliver) {
    KX_TRY(const auto items, model::split_batch(envelope.body));
    envelope.sys_flag &= ~kInnerBatchBits;
    for (const model::BatchItem& item : items) {
        envelope.flag = item.flag;
        envelope.body = item.body;
        envelope.properties = item.properties;
        if (!deliver(envelope)) return false;
        ++envelope.queue_offset;
    }
    return true;
}

}  // namespace

Result<bool> unpack_record(const model::RecordView& record,
                           const std::function<bool(const model::RecordView&)>& deliver) {
    if (!record.body_crc_matches()) return fail(Errc::kCorrupt, "the body's CRC does not match");
    if ((record.sys_flag & model::kCompressed) == 0) {
        const bool is_batch = (record.sys_flag & kInnerBatchBits) == kInnerBatchBits;
        return is_batch ? unpack_batch(record, deliver) : deliver(record);
    }
    KX_TRY(const std::string body, unfold(record));
    model::RecordView plain = record;
    plain.body = body;
    plain.sys_flag &= ~(model::kCompressed | model::kCompressionMask);
    return deliver(plain);
}

std::string message_id(const model::RecordView& record) {
    if (const auto id = model::find_property(record.properties, model::property::kUniqKey))
        return std::string(*id);
    return model::encode_offset_id(record.store_host, record.physical_offset);
}

}  // namespace kx::client
