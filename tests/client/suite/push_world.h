// SPDX-License-Identifier: Apache-2.0
//
// What cases of push consumers share.
#pragma once

#include <string>
#include <utility>

#include "suite/world.h"

namespace suite {

using kerolox::ConsumeResult;
using kerolox::Filter;
using kerolox::OrderlyResult;
using kerolox::PushConsumer;
using kerolox::PushOptions;
using kerolox::StartFrom;

class PushWorld : public World {
protected:
    PushOptions push_options(const std::string& topic, Filter filter = Filter::all()) const {
        PushOptions options(name("g"));
        options.subscribe(topic, std::move(filter)).start_from(StartFrom::first);
        return options;
    }
    static kerolox::ConcurrentListener into(Inbox& inbox) {
        return [&inbox](const MessageBatch& batch) {
            inbox.put(batch);
            return ConsumeResult::success();
        };
    }
    PushConsumer consume(const PushOptions& options) { return consume(client(), options); }
    static PushConsumer consume(const Client& with, const PushOptions& options) {
        auto made = with.push_consumer(options);
        if (!made) throw std::runtime_error(made.error().describe());
        return std::move(*made);
    }
    /// Another process's client, as brokers see it.
    static Client another_client() {
        auto made = Client::create(options());
        if (!made) throw std::runtime_error(made.error().describe());
        return *made;
    }
};

}  // namespace suite
