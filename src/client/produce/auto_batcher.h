// SPDX-License-Identifier: Apache-2.0
//
// Small messages of one topic that wait a little for each other and travel as one batch
// (client.md 11.4). On the home thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/core/awaiting.h"
#include "client/produce/send_job.h"

namespace kx::client {

class ProducerCore;

class AutoBatcher {
public:
    explicit AutoBatcher(ProducerCore& producer) : producer_(producer) {}

    /// Any thread: whether its kind of message may travel with others at all. Compressed ones, the
    /// large ones, go alone.
    static bool is_eligible(const SendJob& job);
    /// Takes the job; false: too much waits already, it goes alone.
    bool add(SendJob* job);
    /// Whatever waits is sent now.
    void flush_all();

private:
    struct Group {
        std::vector<SendJob*> members;
        std::size_t bytes = 0;
        std::int64_t due_ms = 0;
    };

    void flush(Group group);
    Awaitable<void> flush_when_due();

    ProducerCore& producer_;
    std::map<std::string, Group> groups_;  ///< by what the members must share
    std::size_t bytes_waiting_ = 0;
    bool is_timing_ = false;
};

}  // namespace kx::client
