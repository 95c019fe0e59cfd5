// SPDX-License-Identifier: Apache-2.0
#include "net/request.h"

#include "base/assert.h"
#include "base/log.h"
#include "net/io_thread.h"
#include "net/router.h"

namespace kx::net {
namespace {

std::size_t bytes_of(std::span<const Slice> body) {
    std::size_t bytes = 0;
    for (const Slice& slice : body) bytes += slice.bytes.size();
    return bytes;
}

wire::HeaderParts parts_of(const Reply& reply, std::int32_t opaque) {
    wire::HeaderParts parts;
    parts.encoding = answer_encoding();
    parts.code = static_cast<std::int32_t>(reply.code);
    parts.opaque = opaque;
    parts.flag = 1;
    parts.remark = reply.remark;
    parts.rows = reply.rows;
    parts.header = reply.header;
    parts.extra = reply.extra;
    return parts;
}

/// Falls back to a short refusal when the reply does not fit the protocol.
void append_reply(Buffer& out, const Reply& reply, std::int32_t opaque, bool& body_dropped) {
    const auto status = wire::append_frame_head(out, parts_of(reply, opaque), bytes_of(reply.body));
    body_dropped = !status;
    if (status) return;
    Reply refusal;
    refusal.code = wire::ResponseCode::kSystemError;
    refusal.remark = status.error().text;
    static_cast<void>(wire::append_frame_head(out, parts_of(refusal, opaque), 0));
}

void write_now(Connection& connection, const Reply& reply, std::int32_t opaque) {
    bool body_dropped = false;
    append_reply(connection.out().buffer(), reply, opaque, body_dropped);
    if (!body_dropped)
        for (const Slice& slice : reply.body) connection.out().push(slice);
    IoProbe::add(connection.thread().probe().frames_out, 1);
    connection.flush_soon();
}

void write_later(Connection& connection, const Reply& reply, std::int32_t opaque) {
    Buffer head;
    bool body_dropped = false;
    append_reply(head, reply, opaque, body_dropped);
    std::vector<Slice> body;
    if (!body_dropped) body.assign(reply.body.begin(), reply.body.end());
    connection.post([head = std::make_shared<Buffer>(std::move(head)),
                     body = std::move(body)](Connection& self) {
        self.out().buffer().append(head->view());
        for (const Slice& slice : body) self.out().push(slice);
        IoProbe::add(self.thread().probe().frames_out, 1);
        self.flush_soon();
    });
}

void write(Connection& connection, const Reply& reply, std::int32_t opaque) {
    if (connection.thread().is_current()) {
        if (connection.is_open()) write_now(connection, reply, opaque);
    } else {
        write_later(connection, reply, opaque);
    }
}

}  // namespace

Responder::~Responder() {
    if (!connection_) return;
    if (oneway_ || !connection_->is_open()) {  // nobody waits for it
        release();
        return;
    }
    log::error("net", "request code={} from peer={} was dropped without an answer", code_,
               connection_->peer());
    refuse(wire::ResponseCode::kSystemError, "the server dropped the request without an answer");
}

void Responder::send(const Reply& reply) {
    if (connection_ && !oneway_) write(*connection_, reply, opaque_);
    release();
}

void Responder::refuse(wire::ResponseCode code, std::string_view remark) {
    Reply reply;
    reply.code = code;
    reply.remark = remark;
    send(reply);
}

void Responder::release() {
    if (processor_) processor_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    processor_.reset();
    connection_.reset();
}

void Request::send(const Reply& reply) {
    if (answered_) {
        log::error("net", "request code={} was answered twice; the second is dropped", code());
        return;
    }
    answered_ = true;
    answer_code_ = reply.code;
    if (!command_.is_oneway()) write(connection_, reply, command_.opaque);
}

void Request::ok_body(std::string body) {
    const std::array<Slice, 1> slices{Slice::own(std::move(body))};
    Reply reply;
    reply.body = slices;
    send(reply);
}

void Request::refuse(wire::ResponseCode code, std::string_view remark) {
    Reply reply;
    reply.code = code;
    reply.remark = remark;
    send(reply);
}

void Request::refuse(const Error& error) { refuse(wire::ResponseCode::kSystemError, error.text); }

Responder Request::defer() {
    KX_ASSERT(!answered_, "request code={} is deferred after its answer", command_.code);
    answered_ = true;
    deferred_ = true;
    Responder later;
    later.connection_ = connection_.shared_from_this();
    later.processor_ = std::move(processor_);
    later.opaque_ = command_.opaque;
    later.code_ = command_.code;
    later.oneway_ = command_.is_oneway();
    return later;
}

}  // namespace kx::net
