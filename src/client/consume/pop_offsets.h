// SPDX-License-Identifier: Apache-2.0
//
// What a pop's answer says about the offsets of its messages (client.md 24.2): texts of records
// joined by ';', each "mark queue ...", keyed "mark@queue".
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kerolox/result.hpp"
#include "model/record.h"
#include "wire/requests/pop.h"

namespace kx::client {

class PopOffsets {
public:
    static kerolox::Result<PopOffsets> parse(const wire::PopAnswer& answer);

    struct Place {
        std::int64_t start_offset = 0;
        std::int64_t offset = 0;
        std::int32_t queue_id = 0;
        char retry_mark = '0';
        std::int32_t reconsume_times = 0;  ///< ordered pops; 0: as the record says
    };
    /// Of the next message in the order of the answer; `topic` is the one asked for.
    kerolox::Result<Place> place_of(const model::RecordView& record, std::string_view topic);

private:
    bool has_starts_ = false;
    std::map<std::string, std::int64_t, std::less<>> starts_;
    std::map<std::string, std::vector<std::int64_t>, std::less<>> offsets_;
    std::map<std::string, std::int32_t, std::less<>> order_counts_;
    std::map<std::string, std::size_t, std::less<>> seen_;  ///< messages by key, so far
    std::map<std::string, std::int64_t, std::less<>> first_offsets_;
};

/// '0' for a plain topic, '1' and '2' for the two forms of a retry topic's name.
char pop_retry_mark(std::string_view topic);
/// Of the two forms of a pop retry topic's name.
inline constexpr std::array kPopRetryMarks{'1', '2'};
/// The topic that a message of this mark lies in.
std::string pop_real_topic(std::string_view topic, std::string_view group, char retry_mark);
/// What the messages of the group's pop retry topic, in whichever of its two forms, were sent to;
/// it points into `topic`. Empty: that is no pop retry topic of the group.
std::string_view pop_origin_topic(std::string_view topic, std::string_view group);
/// A Java BitSet of these bits as base64 text.
std::string pop_ack_bits(const std::vector<std::int64_t>& bits);

}  // namespace kx::client
