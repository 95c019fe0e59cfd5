// SPDX-License-Identifier: Apache-2.0
//
// Properties of any bytes: finding agrees with walking, and changes keep what they do not name.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/assert.h"
#include "model/properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx::model;
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::map<std::string, std::string> walked;
    for (PropertyReader reader(text); const auto entry = reader.next();) {
        walked[std::string(entry->name)] = entry->value;
    }
    for (const auto& [name, value] : walked) {
        KX_ASSERT(find_property(text, name) == value, "find and walk disagree on {}", name);
    }
    KX_ASSERT(to_pairs(text).size() == walked.size(), "pairs and walk disagree");
    static_cast<void>(tags_code_of(text));
    std::string changed = text;
    set_property(changed, "KEYS", "k");
    KX_ASSERT(find_property(changed, "KEYS") == "k", "a property set is not found");
    for (const auto& [name, value] : walked) {
        KX_ASSERT(name == "KEYS" || find_property(changed, name) == value, "{} changed", name);
    }
    return 0;
}
