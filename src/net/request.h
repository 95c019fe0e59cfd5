// SPDX-License-Identifier: Apache-2.0
//
// One request in the hands of its handler, and the two ways to answer it: at once through the
// Request, or later, from any thread, through the Responder that defer() gives. A one-way request
// takes answers too and drops them, so that handlers need not care.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/field.h"
#include "base/slice.h"
#include "net/connection.h"
#include "wire/codec.h"
#include "wire/response_codes.h"

namespace kx::net {

struct Processor;

/// What goes back: code, remark, header fields, body.
struct Reply {
    wire::ResponseCode code = wire::ResponseCode::kSuccess;
    std::optional<std::string_view> remark;
    std::span<const FieldRow> rows;
    const void* header = nullptr;
    std::span<const ExtField> extra;
    std::span<const Slice> body;

    template <class Header>
    Reply& with(const Header& own) {
        rows = rows_of<Header>();
        header = &own;
        return *this;
    }
};

/// What is needed to answer later. Move-only; answer it once. One that dies unanswered tells the
/// client so, which would be our mistake and is logged.
class Responder {
public:
    Responder() = default;
    Responder(Responder&&) noexcept = default;
    Responder& operator=(Responder&& other) noexcept {
        Responder taken(std::move(other));
        std::swap(connection_, taken.connection_);
        std::swap(processor_, taken.processor_);
        std::swap(opaque_, taken.opaque_);
        std::swap(code_, taken.code_);
        std::swap(oneway_, taken.oneway_);
        return *this;  // and what this one held before dies unanswered with `taken`
    }
    ~Responder();

    explicit operator bool() const { return connection_ != nullptr; }
    const ConnectionPtr& connection() const { return connection_; }
    std::int32_t opaque() const { return opaque_; }
    std::int32_t code() const { return code_; }
    bool is_oneway() const { return oneway_; }

    /// Any thread; on the connection's own it is written at once.
    void send(const Reply& reply);
    void refuse(wire::ResponseCode code, std::string_view remark);
    /// Gives up the right to answer, for requests that RocketMQ never answers.
    void drop() { release(); }

private:
    friend class Request;
    void release();

    ConnectionPtr connection_;
    std::shared_ptr<Processor> processor_;
    std::int32_t opaque_ = 0;
    std::int32_t code_ = 0;
    bool oneway_ = false;
};

class Request {
public:
    Request(Connection& connection, const wire::Command& command, std::string_view frame)
        : connection_(connection), command_(command), frame_(frame) {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    const wire::Command& command() const { return command_; }
    std::int32_t code() const { return command_.code; }
    std::string_view body() const { return command_.body; }
    Connection& connection() { return connection_; }
    std::string_view frame() const { return frame_; }

    template <class Header>
    Result<Header> header(Names names = Names::kLong) const {
        return read_header<Header>(command_.fields, names);
    }

    void send(const Reply& reply);
    void ok() { send({}); }
    template <class Header>
    void ok(const Header& header) {
        send(Reply{}.with(header));
    }
    void ok_body(std::string body);
    void refuse(wire::ResponseCode code, std::string_view remark);
    /// A header that does not parse and the like: SYSTEM_ERROR with the error's own sentence.
    void refuse(const Error& error);
    /// RocketMQ never answers this one.
    void no_answer() { answered_ = true; }
    /// To answer later; the views of this request die with the handler's return.
    Responder defer();

    bool answered() const { return answered_; }
    /// The code of the answer given so far; for hooks.
    wire::ResponseCode answer_code() const { return answer_code_; }

private:
    friend class Router;

    Connection& connection_;
    const wire::Command& command_;
    std::string_view frame_;
    std::shared_ptr<Processor> processor_;
    bool answered_ = false;
    bool deferred_ = false;
    wire::ResponseCode answer_code_ = wire::ResponseCode::kSuccess;
};

}  // namespace kx::net
