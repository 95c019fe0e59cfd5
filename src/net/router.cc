// SPDX-License-Identifier: Apache-2.0
#include "net/router.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/io_thread.h"
#include "wire/request_table.h"

namespace kx::net {
namespace {

using wire::ResponseCode;

/// Clients older than this do not know GO_AWAY (protocol.md 1.12).
constexpr std::int32_t kGoAwayVersion = 475;

std::atomic<wire::Encoding>& encoding_setting() {
    static std::atomic<wire::Encoding> setting = [] {
        const char* name = std::getenv("ROCKETMQ_SERIALIZE_TYPE");
        return name != nullptr && std::string_view(name) == "ROCKETMQ" ? wire::Encoding::kBinary
                                                                       : wire::Encoding::kJson;
    }();
    return setting;
}

void answer_exception(Request& request, std::string_view what) {
    log::error("net", "request code={} from peer={} failed: {}", request.code(),
               request.connection().peer(), what);
    if (!request.answered()) request.refuse(ResponseCode::kSystemError, what);
}

/// An exception of a handler or a hook is the answer to its request, and no more than that.
template <class Work>
void guarded(Request& request, Work&& work) {
    try {
        work();
    } catch (const std::exception& error) {
        answer_exception(request, error.what());
    } catch (...) {
        answer_exception(request, "an unknown exception");
    }
}

}  // namespace

wire::Encoding answer_encoding() { return encoding_setting().load(std::memory_order_relaxed); }
void set_answer_encoding(wire::Encoding encoding) { encoding_setting().store(encoding); }

std::shared_ptr<Processor> Router::add_processor(ProcessorOptions options) {
    auto processor = std::make_shared<Processor>();
    processor->options = std::move(options);
    KX_ASSERT(processor->options.lane == Lane::kInline || workers_ != nullptr,
              "processor {} needs worker threads", processor->options.name);
    processors_.push_back(processor);
    return processor;
}

void Router::serve(std::int32_t code, const std::shared_ptr<Processor>& processor, Handler handler,
                   Gate gate) {
    const bool fresh =
        routes_.emplace(code, Route{processor, std::move(handler), std::move(gate)}).second;
    KX_ASSERT(fresh, "request code {} is bound twice", code);
}

std::int64_t Router::in_flight() const {
    std::int64_t sum = 0;
    for (const auto& processor : processors_)
        sum += processor->in_flight.load(std::memory_order_relaxed);
    return sum;
}

void Router::dispatch(Request& request) {
    const auto found = routes_.find(request.code());
    if (found == routes_.end()) return refuse_unknown(request);
    if (shutting_down_.load(std::memory_order_relaxed) &&
        request.command().version > kGoAwayVersion) {
        return request.refuse(ResponseCode::kGoAway, "please go away");
    }
    const Route& route = found->second;
    Processor& processor = *route.processor;
    if (route.gate) {
        if (const auto refusal = route.gate()) {
            processor.refused.fetch_add(1, std::memory_order_relaxed);
            return request.refuse(refusal->first, refusal->second);
        }
    }
    const std::int64_t waiting = processor.in_flight.fetch_add(1, std::memory_order_relaxed);
    if (waiting >= processor.options.queue_limit) {
        processor.in_flight.fetch_sub(1, std::memory_order_relaxed);
        processor.refused.fetch_add(1, std::memory_order_relaxed);
        return request.refuse(
            ResponseCode::kSystemBusy,
            fmt::format("[OVERLOAD]system busy, start flow control for a while; {} requests of the "
                        "{} processor wait for an answer, its limit is {}",
                        waiting, processor.options.name, processor.options.queue_limit));
    }
    if (processor.options.lane == Lane::kWorker) return hand_to_worker(route, request);
    run(route, request);
}

void Router::run(const Route& route, Request& request) {
    Processor& processor = *route.processor;
    request.processor_ = route.processor;
    guarded(request, [&] {
        for (const auto& hook : hooks_) {
            if (const auto refusal = hook->before(request))
                return request.refuse(refusal->first, refusal->second);
        }
    });
    if (!request.answered()) guarded(request, [&] { route.handler(request); });
    if (!request.answered()) {
        log::error("net", "request code={} got no answer from its handler", request.code());
        request.refuse(ResponseCode::kSystemError, "the handler gave no answer");
    }
    guarded(request, [&] {
        for (const auto& hook : hooks_) hook->after(request);
    });
    processor.handled.fetch_add(1, std::memory_order_relaxed);
    // A deferred answer takes its place in the processor's bound along.
    if (!request.deferred_) processor.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void Router::hand_to_worker(const Route& route, Request& request) {
    const std::int64_t since_ms = clock_.steady_ms();
    auto work = [this, &route, since_ms, connection = request.connection().shared_from_this(),
                 frame = std::string(request.frame())] {
        thread_local wire::HeaderDecoder decoder;
        wire::Command command;
        // The io thread decoded these bytes before; they cannot fail now.
        if (!decoder.decode(frame, command)) return;
        Request again(*connection, command, frame);
        const Processor& processor = *route.processor;
        const std::int64_t waited_ms = clock_.steady_ms() - since_ms;
        if (processor.options.wait_limit_ms > 0 && waited_ms >= processor.options.wait_limit_ms) {
            route.processor->refused.fetch_add(1, std::memory_order_relaxed);
            again.refuse(ResponseCode::kSystemBusy,
                         fmt::format("[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a "
                                     "while, period in queue: {}ms, size of queue: {}",
                                     waited_ms, processor.in_flight.load()));
            route.processor->in_flight.fetch_sub(1, std::memory_order_relaxed);
            return;
        }
        run(route, again);
    };
    if (!workers_->post(std::move(work))) {
        route.processor->in_flight.fetch_sub(1, std::memory_order_relaxed);
        return request.refuse(ResponseCode::kServiceNotAvailable, "the server stops");
    }
    request.no_answer();  // the worker's Request gives it
}

void Router::refuse_unknown(Request& request) {
    std::string remark = fmt::format(" request type {} not supported", request.code());
    if (const wire::RequestRow* row = wire::find_request(request.code()))
        remark += fmt::format("; {} is {}", row->name, wire::explain(*row));
    request.refuse(ResponseCode::kRequestCodeNotSupported, remark);
}

}  // namespace kx::net
