// SPDX-License-Identifier: Apache-2.0
//
// What Kerolox's broker does not serve yet, in one table. A case names what it needs; it is told as
// LATER while the broker refuses the probe, and turns itself on as soon as the broker answers it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace suite {

enum class Feature : std::uint8_t {
    send_back,
    delay,
    timers,
    recall,
    transactions,
    request_reply,
    query_by_key,
    sql_filter,
    pop,
    pop_assignment,
    clone_offset,
    tls,
    access_control,
};

/// Asked once a process.
bool served(Feature feature);
std::string describe(Feature feature);

}  // namespace suite

/// First line of a case. Against the original a refusal is a failure, never LATER.
#define KX_NEEDS(feature)                                                              \
    if (!suite::served(suite::Feature::feature)) {                                     \
        ASSERT_FALSE(suite::setting().original())                                      \
            << "the original must serve " << suite::describe(suite::Feature::feature); \
        GTEST_SKIP() << "LATER: " << suite::describe(suite::Feature::feature);         \
    }                                                                                  \
    static_assert(true)
