// SPDX-License-Identifier: Apache-2.0
#include "broker/send/send_properties.h"

#include <charconv>

#include "model/properties.h"

namespace kx::broker {
namespace {

namespace property = model::property;

std::optional<std::int32_t> number(std::string_view text) {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

SendProperties SendProperties::read(std::string_view properties) {
    SendProperties found;
    model::PropertyReader reader(properties);
    while (const auto entry = reader.next()) {
        const auto [name, value] = *entry;
        // The length and the first letter decide for nearly every property of a user's own.
        switch (name.size()) {
            case 4:
                if (name == property::kTags)
                    found.tags = value;
                else if (name == property::kKeys)
                    found.keys = value;
                else if (name == property::kWait)
                    found.wait_store = value != "false";
                break;
            case 5:
                if (name == property::kDelay) found.delayed = number(value).value_or(0) > 0;
                break;
            case 6:
                if (name == property::kPopCheckPoint) found.pop_check_point = true;
                break;
            case 7:
                if (name == property::kCluster) found.has_own_marks = true;
                break;
            case 8:
                if (name == property::kUniqKey)
                    found.unique_key = value;
                else if (name == property::kTransactionPrepared)
                    found.transaction = value == "true";
                else if (name == property::kTraceSwitch)
                    found.has_own_marks = true;
                break;
            case 9:
                if (name == property::kInnerNum) found.inner_num = true;
                break;
            case 10:
                if (name == property::kMsgRegion) found.has_own_marks = true;
                break;
            default:
                if (name == property::kTimerDelaySec || name == property::kTimerDelayMs ||
                    name == property::kTimerDeliverMs) {
                    found.timed = true;
                } else if (name == property::kPriority) {
                    found.priority = number(value);
                }
        }
    }
    return found;
}

void build_stored_properties(std::string& out, std::string_view given, const SendProperties& read,
                             const BrokerMarks& marks, std::string_view new_unique_key) {
    out.assign(given);
    if (!out.empty() && out.back() != model::kPropertySeparator)
        out.push_back(model::kPropertySeparator);
    if (read.pop_check_point) model::remove_property(out, property::kPopCheckPoint);
    if (read.has_own_marks) {
        model::remove_property(out, property::kMsgRegion);
        model::remove_property(out, property::kTraceSwitch);
        model::remove_property(out, property::kCluster);
    }
    const auto add = [&out](std::string_view name, std::string_view value) {
        out.append(name).push_back(model::kNameValueSeparator);
        out.append(value).push_back(model::kPropertySeparator);
    };
    add(property::kMsgRegion, marks.region);
    add(property::kTraceSwitch, marks.trace_on);
    if (!new_unique_key.empty()) add(property::kUniqKey, new_unique_key);
    add(property::kCluster, marks.cluster);
}

}  // namespace kx::broker
