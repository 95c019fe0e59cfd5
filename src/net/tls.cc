// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/assert.h"

namespace kx::net {
namespace {

constexpr std::size_t kTlsInputBytes = 64 << 10;
constexpr std::size_t kTlsKeepBytes = 256 << 10;

/// The oldest reason of this thread's queue, which is emptied.
std::string take_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no reason given";
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

int give_password(char* to, int room, int, void* password) {
    const auto& text = *static_cast<const std::string*>(password);
    if (text.size() > static_cast<std::size_t>(room)) return 0;
    text.copy(to, text.size());
    return static_cast<int>(text.size());
}

/// An IP literal is named otherwise than a host, in certificates as in server name indication.
bool is_ip(const std::string& host) {
    const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> address(
        a2i_IPADDRESS(host.c_str()), ASN1_OCTET_STRING_free);
    ERR_clear_error();
    return address != nullptr;
}

Status use_own_certificate(SSL_CTX* context, const TlsSettings& settings) {
    if (settings.certificate.empty() && settings.private_key.empty()) return {};
    if (settings.certificate.empty() || settings.private_key.empty())
        return fail(Errc::kInvalidArgument, "a certificate and a private key go together");
    auto* password = const_cast<std::string*>(&settings.private_key_password);
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, password);
    if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1) {
        return fail(Errc::kInvalidArgument, "cannot use the certificate {}: {}",
                    settings.certificate, take_reason());
    }
    if (SSL_CTX_use_PrivateKey_file(context, settings.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail(Errc::kInvalidArgument, "cannot use the private key {}: {}",
                    settings.private_key, take_reason());
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return fail(Errc::kInvalidArgument, "the private key {} is not that of {}",
                    settings.private_key, settings.certificate);
    }
    return {};
}

Status use_trust(SSL_CTX* context, const TlsSettings& settings) {
    if (!settings.verify_peer) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        return {};
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    if (settings.trust_certificates.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
        return fail(Errc::kUnavailable, "the system has no authorities: {}", take_reason());
    }
    if (SSL_CTX_load_verify_locations(context, settings.trust_certificates.c_str(), nullptr) == 1)
        return {};
    return fail(Errc::kInvalidArgument, "cannot use the authorities {}: {}",
                settings.trust_certificates, take_reason());
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const TlsSettings& settings) {
    std::shared_ptr<TlsContext> made(new TlsContext(settings));
    made->context_.reset(SSL_CTX_new(settings.is_server ? TLS_server_method() : TLS_client_method()),
                         SSL_CTX_free);
    SSL_CTX* context = made->context_.get();
    if (context == nullptr) return fail(Errc::kUnavailable, "no TLS: {}", take_reason());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    KX_CHECK(use_own_certificate(context, made->settings_));
    KX_CHECK(use_trust(context, made->settings_));
    return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsSession::TlsSession(SSL* session)
    : session_(session, SSL_free), from_peer_(BIO_new(BIO_s_mem())), to_peer_(BIO_new(BIO_s_mem())) {
    input_.resize(kTlsInputBytes);
    SSL_set_bio(session, from_peer_, to_peer_);
}

TlsSession::~TlsSession() = default;

Result<std::unique_ptr<TlsSession>> TlsSession::create(const TlsContext& context,
                                                       const std::string& host) {
    SSL* session = SSL_new(context.get());
    if (session == nullptr) return fail(Errc::kUnavailable, "no TLS session: {}", take_reason());
    std::unique_ptr<TlsSession> made(new TlsSession(session));
    if (context.settings().is_server) {
        SSL_set_accept_state(session);
        return made;
    }
    SSL_set_connect_state(session);
    const bool by_ip = is_ip(host);
    if (!host.empty() && !by_ip) SSL_set_tlsext_host_name(session, host.c_str());
    if (!context.settings().verify_host_name) return made;
    const int named = by_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str())
                            : SSL_set1_host(session, host.c_str());
    if (named != 1 || host.empty())
        return fail(Errc::kInvalidArgument, "no certificate can name \"{}\"", host);
    return made;
}

Result<bool> TlsSession::shake_hands() {
    if (secure_) return true;
    ERR_clear_error();
    const int done = SSL_do_handshake(session_.get());
    collect_output();
    if (done == 1) return secure_ = true;
    if (SSL_get_error(session_.get(), done) == SSL_ERROR_WANT_READ) return false;
    return tl::unexpected(failure(done));
}

Status TlsSession::take_in(std::size_t bytes) {
    const int taken = BIO_write(from_peer_, input_.data(), static_cast<int>(bytes));
    if (taken == static_cast<int>(bytes)) return {};
    return fail(Errc::kTooLarge, "no memory for encrypted input");
}

Result<std::size_t> TlsSession::decrypt(char* to, std::size_t room) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int done = SSL_read_ex(session_.get(), to, room, &bytes);
    collect_output();  // keys may have been renewed
    if (done == 1) return bytes;
    const int why = SSL_get_error(session_.get(), done);
    if (why == SSL_ERROR_WANT_READ) return std::size_t{0};
    if (why == SSL_ERROR_ZERO_RETURN) return fail(Errc::kUnavailable, "the peer closed");
    return tl::unexpected(failure(done));
}

Status TlsSession::encrypt(std::string_view plain) {
    ERR_clear_error();
    while (!plain.empty()) {
        std::size_t bytes = 0;
        const int done = SSL_write_ex(session_.get(), plain.data(), plain.size(), &bytes);
        if (done != 1) return tl::unexpected(failure(done));
        plain.remove_prefix(bytes);
    }
    collect_output();
    return {};
}

void TlsSession::finish() {
    if (!secure_) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
    collect_output();
}

void TlsSession::collect_output() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(to_peer_, &bytes);
    if (size <= 0) return;
    output_.append({bytes, static_cast<std::size_t>(size)});
    (void)BIO_reset(to_peer_);
}

void TlsSession::sent(std::size_t bytes) {
    sent_ += bytes;
    if (sent_ < output_.size()) return;
    output_.clear();
    output_.trim(kTlsKeepBytes);
    sent_ = 0;
}

Error TlsSession::failure(int returned) const {
    const long verified = SSL_get_verify_result(session_.get());
    const int why = SSL_get_error(session_.get(), returned);
    if (verified != X509_V_OK) {
        ERR_clear_error();
        return {Errc::kUnavailable, fmt::format("TLS: the peer's certificate is not trusted: {}",
                                                X509_verify_cert_error_string(verified))};
    }
    if (why == SSL_ERROR_SYSCALL) return {Errc::kUnavailable, "TLS: the connection broke off"};
    return {Errc::kUnavailable, fmt::format("TLS: {}", take_reason())};
}

}  // namespace kx::net
