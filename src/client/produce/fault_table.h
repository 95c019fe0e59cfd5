// SPDX-License-Identifier: Apache-2.0
//
// Which brokers were slow or failed of late, and for how long they are avoided (client.md 8.3). On
// the home thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace kx::client {

/// How long a broker that took so long is avoided.
std::int64_t avoidance_ms(std::int64_t latency_ms);

class FaultTable {
public:
    explicit FaultTable(const Clock& clock) : clock_(clock) {}

    /// After a try. `isolate`: counts as a latency of 10 s.
    void update(std::string_view broker, std::int64_t latency_ms, bool isolate, bool reachable);
    /// Not avoided at present; true for brokers it never heard of.
    bool is_available(std::string_view broker) const;
    bool is_reachable(std::string_view broker) const;

    /// Those whose last probe was `interval_ms` ago or never; they count as probed now.
    std::vector<std::string> due_for_probe(std::int64_t interval_ms);
    /// A probe was answered.
    void mark_reachable(std::string_view broker);
    /// The broker is in no route any more.
    void forget(std::string_view broker);

private:
    struct Item {
        std::int64_t latency_ms = 0;
        std::int64_t available_from_ms = 0;  ///< is only ever moved later
        std::int64_t probe_from_ms = 0;
        bool reachable = true;
    };
    const Clock& clock_;
    std::map<std::string, Item, std::less<>> items_;
};

}  // namespace kx::client
