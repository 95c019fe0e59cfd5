// SPDX-License-Identifier: Apache-2.0
//
// A batch body of any bytes: its items lie within it, and joined again they split alike.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "model/batch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx::model;
    const auto items = split_batch({reinterpret_cast<const char*>(data), size});
    if (!items) return 0;
    std::string joined;
    for (const BatchItem& item : *items) {
        append_batch_item(joined, item.flag, item.body, item.properties);
    }
    KX_ASSERT(joined.size() == size, "{} bytes came back as {}", size, joined.size());
    const auto again = split_batch(joined);
    KX_ASSERT(again && again->size() == items->size(), "joined items do not split alike");
    return 0;
}
