// SPDX-License-Identifier: Apache-2.0
//
// Pulls: one reader for each queue reads it from offset 0 to its end with PULL_MESSAGE, at most 32
// messages a request and one request at a time, and then begins anew. The subscription "*" comes
// with the request, so that no consumer has to be registered; nothing is held or committed.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/connection.h"
#include "common/wire.h"
#include "generator/measurement.h"
#include "generator/options.h"

namespace kx::bench {

class PullLoad {
public:
    explicit PullLoad(const Options& options);

    /// Runs the load and prints the report.
    void run();

private:
    struct Reader {
        Connection* connection = nullptr;
        std::string before_offset;
        std::string after_offset;
        int64_t offset = 0;
        int64_t asked_ns = 0;
        uint64_t pass_messages = 0;
    };

    std::string header_before_offset(int queue) const;
    void ask(Reader& reader, int64_t now);
    void take(Reader& reader, const Frame& response, int64_t now, const Window& window);
    void begin_anew(Reader& reader);

    Options options_;
    Poller poller_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<Reader> readers_;
    FieldFinder opaque_{"opaque"};
    FieldFinder code_{"code"};
    FieldFinder next_offset_{"nextBeginOffset"};
    Report report_;
};

}  // namespace kx::bench
