// SPDX-License-Identifier: Apache-2.0
//
// The check routine on any bytes: it stays within them, and what it accepts encodes to itself.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "model/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx::model;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static_cast<void>(check_record(bytes, true));
    const CheckedRecord found = check_record(bytes, false);
    if (found.kind != RecordKind::kRecord) return 0;
    const RecordView& record = found.record;
    NewMessage message;
    message.topic = record.topic;
    message.queue_id = record.queue_id;
    message.flag = record.flag;
    message.sys_flag = record.sys_flag;
    message.born_timestamp = record.born_timestamp;
    message.born_host = record.born_host;
    message.store_host = record.store_host;
    message.reconsume_times = record.reconsume_times;
    message.prepared_transaction_offset = record.prepared_transaction_offset;
    message.body = record.body;
    message.properties = record.properties;
    const auto draft = RecordDraft::make(message, {});
    KX_ASSERT(draft.has_value(), "a record that was read does not encode");
    const std::string again =
        draft->encode(record.queue_offset, record.physical_offset, record.store_timestamp);
    const CheckedRecord second = check_record(again, true);
    KX_ASSERT(second.kind == RecordKind::kRecord, "{}", second.reason);
    KX_ASSERT(second.record.body == record.body && second.record.topic == record.topic &&
                  second.record.properties == record.properties,
              "another record came back");
    return 0;
}
