// SPDX-License-Identifier: Apache-2.0
//
// The properties of a single message on its way in: what the send path must know of them, found in
// one walk, and the text that is stored. Source: protocol.md 2.3 steps 3 and 8, broker.md 5.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kx::broker {

struct SendProperties {
    std::string_view tags;
    std::string_view unique_key;
    std::string_view keys;
    bool wait_store = true;    ///< WAIT is not "false"
    bool transaction = false;  ///< TRAN_MSG is "true"
    bool delayed = false;      ///< DELAY above 0
    bool timed = false;        ///< any of the three timer properties
    bool inner_num = false;
    bool pop_check_point = false;  ///< client-supplied POP_CK, to be cut
    bool has_own_marks = false;    ///< brings MSG_REGION, TRACE_ON or CLUSTER itself
    std::optional<std::int32_t> priority;

    static SendProperties read(std::string_view properties);
};

/// What the broker adds to every single message: region, trace switch, cluster.
struct BrokerMarks {
    std::string region;
    std::string trace_on;
    std::string cluster;
};

/// Replaces `out` by the properties to store. `new_unique_key` is added when not empty.
void build_stored_properties(std::string& out, std::string_view given, const SendProperties& read,
                             const BrokerMarks& marks, std::string_view new_unique_key);

}  // namespace kx::broker
