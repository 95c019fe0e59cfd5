// SPDX-License-Identifier: Apache-2.0
#include "model/batch.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "model/properties.h"
#include "model/record.h"

namespace kx::model {
namespace {

constexpr std::size_t kItemFixedBytes = 4 + 4 + 4 + 4 + 4 + 2;

Result<BatchItem> read_item(std::string_view bytes, std::size_t number) {
    ByteReader reader(bytes);
    reader.take(12);  // size, magic, CRC: the broker computes its own
    BatchItem item;
    item.flag = reader.read<std::int32_t>();
    item.body = reader.take(reader.read<std::int32_t>());
    item.properties = reader.take(reader.read<std::int16_t>());
    if (!reader.ok() || reader.left() != 0) {
        return fail(Errc::kMalformed, "batch item {}: body and properties do not fill its {} bytes",
                    number, bytes.size());
    }
    item.tags_code = tags_code_of(item.properties);
    return item;
}

}  // namespace

Result<std::vector<BatchItem>> split_batch(std::string_view body) {
    std::vector<BatchItem> items;
    while (!body.empty()) {
        ByteReader reader(body);
        const std::int32_t size = reader.read<std::int32_t>();
        if (!reader.ok() || size < static_cast<std::int32_t>(kItemFixedBytes) ||
            static_cast<std::size_t>(size) > body.size()) {
            return fail(Errc::kMalformed, "batch item {}: size {} with {} bytes left", items.size(),
                        size, body.size());
        }
        KX_TRY(const BatchItem item,
               read_item(body.substr(0, static_cast<std::size_t>(size)), items.size()));
        items.push_back(item);
        body.remove_prefix(static_cast<std::size_t>(size));
    }
    return items;
}

void append_batch_item(std::string& batch, std::int32_t flag, std::string_view body,
                       std::string_view properties) {
    KX_ASSERT(properties.size() <= static_cast<std::size_t>(kPropertiesBytesMax),
              "properties of {} bytes", properties.size());
    put_be<std::int32_t>(
        batch, static_cast<std::int32_t>(kItemFixedBytes + body.size() + properties.size()));
    put_be<std::int32_t>(batch, 0);
    put_be<std::int32_t>(batch, 0);
    put_be<std::int32_t>(batch, flag);
    put_be<std::int32_t>(batch, static_cast<std::int32_t>(body.size()));
    batch += body;
    put_be<std::int16_t>(batch, static_cast<std::int16_t>(properties.size()));
    batch += properties;
}

}  // namespace kx::model
