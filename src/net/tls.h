// SPDX-License-Identifier: Apache-2.0
//
// TLS by OpenSSL, without any socket: bytes of the socket go in and come out in memory, so that a
// connection that is not encrypted knows nothing of it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;
struct bio_st;

namespace kx::net {

struct TlsSettings {
    bool is_server = false;
    std::string trust_certificates;  ///< PEM file; empty: the system's authorities
    std::string certificate;         ///< PEM file, our own chain
    std::string private_key;         ///< PEM file
    std::string private_key_password;
    bool verify_peer = true;        ///< a server asks its clients for certificates then
    bool verify_host_name = false;  ///< clients: the certificate must name the host
};

/// What the sessions of one side share: keys and trust. TLS 1.2 and newer. Any thread.
class TlsContext {
public:
    static Result<std::shared_ptr<const TlsContext>> create(const TlsSettings& settings);

    ssl_ctx_st* get() const { return context_.get(); }
    const TlsSettings& settings() const { return settings_; }

private:
    explicit TlsContext(TlsSettings settings) : settings_(std::move(settings)) {}

    const TlsSettings settings_;
    std::shared_ptr<ssl_ctx_st> context_;
};

/// One connection's encryption. After each call there may be bytes to send: output().
class TlsSession {
public:
    /// `host`: whom a client believes to talk to.
    static Result<std::unique_ptr<TlsSession>> create(const TlsContext& context,
                                                      const std::string& host);
    ~TlsSession();

    /// Takes the handshake as far as it goes; true when it is complete.
    Result<bool> shake_hands();
    bool is_secure() const { return secure_; }

    /// Read from the socket to here, then take_in().
    std::span<char> input_room() { return input_; }
    Status take_in(std::size_t bytes);
    /// The plain bytes that are there; 0: no more for now.
    Result<std::size_t> decrypt(char* to, std::size_t room);

    /// Requires: is_secure(). Takes all of it.
    Status encrypt(std::string_view plain);
    /// Says goodbye: one more piece of output.
    void finish();

    std::string_view output() const { return output_.view().substr(sent_); }
    void sent(std::size_t bytes);

private:
    explicit TlsSession(ssl_st* session);
    void collect_output();
    Error failure(int returned) const;

    const std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_;
    bio_st* from_peer_ = nullptr;  ///< the session owns both
    bio_st* to_peer_ = nullptr;
    std::string input_;
    Buffer output_;
    std::size_t sent_ = 0;
    bool secure_ = false;
};

}  // namespace kx::net
