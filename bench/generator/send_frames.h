// SPDX-License-Identifier: Apache-2.0
//
// SEND_MESSAGE_V2 requests as the Java client 5.4.0 writes them: the same header keys in the same
// order, and the properties UNIQ_KEY and WAIT. One frame for each queue is built beforehand; a send
// copies it and overwrites the digits of the opaque and of the unique key. The born timestamp is
// written into the prepared frames whenever the millisecond changes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "generator/options.h"

namespace kx::bench {

class SendFrames {
public:
    explicit SendFrames(const Options& options);

    /// All frames have the same size.
    size_t size() const { return frames_.front().size(); }

    /// Writes the next request, to the queue whose turn it is, into `size()` bytes.
    void write_next(char* to, uint32_t slot);

    /// Call once a turn: takes over the wall clock.
    void set_born_ms(int64_t ms);

private:
    std::vector<std::string> frames_;
    size_t turn_ = 0;
    uint32_t sequence_ = 0;
    int64_t born_ms_ = 0;
    size_t born_at_ = 0;
    size_t key_at_ = 0;
    size_t opaque_at_ = 0;
};

}  // namespace kx::bench
