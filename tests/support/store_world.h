// SPDX-License-Identifier: Apache-2.0
//
// A message store on a simulated disk, in a few words, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "model/properties.h"
#include "model/record.h"
#include "store/message_store.h"
#include "support/sim_file_system.h"

namespace kx::testing {

/// Polls until `done`, at most ten seconds.
template <class Done>
bool eventually(Done&& done) {
    const std::int64_t deadline = system_clock().steady_ms() + 10'000;
    while (!done()) {
        if (system_clock().steady_ms() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

using StorePtr = std::unique_ptr<store::MessageStore>;

inline store::StoreOptions small_store(bool sync_flush = false) {
    store::StoreOptions options;
    options.root = "/store";
    options.commit_log_segment_bytes = 64 * 1024;
    options.consume_queue_segment_bytes = 100 * store::kUnitBytes;
    options.sync_flush = sync_flush;
    // Nothing happens by itself; a test says when.
    options.flush_interval_ms = 3'600'000;
    options.flush_queues_interval_ms = 3'600'000;
    options.max_memory_bytes = 1 << 30;
    return options;
}

inline StorePtr open_store(FileSystem& files, const store::StoreOptions& options = small_store(),
                           const Clock& clock = system_clock()) {
    auto opened = store::MessageStore::open(options, files, clock);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().text);
    return opened ? std::move(*opened) : nullptr;
}

inline model::NewMessage message(std::string_view topic, std::string_view body,
                                 std::int32_t queue_id = 0, std::string_view properties = {}) {
    model::NewMessage message;
    message.topic = topic;
    message.queue_id = queue_id;
    message.body = body;
    message.properties = properties;
    message.tags_code = model::tags_code_of(properties);
    message.born_timestamp = 1'700'000'000'000;
    message.born_host.port = 50'000;
    message.store_host.port = 10'911;
    return message;
}

/// Appends and dispatches; retries while the next file is being made.
inline store::PutResult put(store::MessageStore& store, const model::NewMessage& message) {
    const auto queue = store.queue(message.topic, message.queue_id);
    store::PutResult result;
    eventually([&] {
        result = store.append(*queue, message);
        return result.status != store::PutStatus::kBusy;
    });
    store.dispatch();
    return result;
}

inline void wait_dispatched(store::MessageStore& store, const store::PutResult& last) {
    EXPECT_TRUE(eventually([&] {
        store.dispatch();
        return store.figures().dispatched >= last.end;
    })) << store.why_not_writable();
}

inline void sync(store::MessageStore& store) {
    const std::int64_t end = store.appended().value();
    store.request_flush();
    EXPECT_TRUE(eventually([&] { return store.flushed().value() >= end; }));
}

inline std::vector<model::RecordView> records(const store::ReadResult& read) {
    std::vector<model::RecordView> all;
    for (const Slice& slice : read.slices) {
        std::string_view rest = slice.bytes;
        while (!rest.empty()) {
            auto record = model::decode_record(rest);
            EXPECT_TRUE(record) << (record ? "" : record.error().text);
            if (!record) return all;
            all.push_back(*record);
            rest.remove_prefix(static_cast<std::size_t>(record->total_size));
        }
    }
    return all;
}

/// The bodies of a whole queue, in order.
inline std::vector<std::string> bodies(store::MessageStore& store, std::string_view topic,
                                       std::int32_t queue_id = 0) {
    std::vector<std::string> all;
    const auto queue = store.find_queue(topic, queue_id);
    if (!queue) return all;
    store::ReadRequest request;
    request.offset = queue->min_offset();
    while (request.offset < queue->max_offset()) {
        const store::ReadResult read = store.read(*queue, request);
        for (const auto& record : records(read)) all.emplace_back(record.body);
        if (read.next_offset <= request.offset) break;
        request.offset = read.next_offset;
    }
    return all;
}

}  // namespace kx::testing
