// SPDX-License-Identifier: Apache-2.0
#include "client/core/signature.h"

#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/assert.h"

namespace kx::client {
namespace {

constexpr std::string_view kSignature = "Signature";

using MacContext = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;

MacContext hmac_sha1(std::string_view secret) {
    static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);  // looked up once
    MacContext context(EVP_MAC_CTX_new(hmac), EVP_MAC_CTX_free);
    char digest[] = "SHA1";
    const std::array parameters{OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                OSSL_PARAM_construct_end()};
    // An empty key is a key: a null pointer would mean that none is given.
    const char* key = secret.empty() ? "" : secret.data();
    const int ready = EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key),
                                   secret.size(), parameters.data());
    KX_ASSERT(ready == 1, "OpenSSL has no HMAC-SHA1");
    return context;
}

void update(const MacContext& mac, std::string_view bytes) {
    EVP_MAC_update(mac.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

void set_field(kerolox::ExtFields& fields, std::string_view key, const std::string& value) {
    std::erase_if(fields, [&](const auto& field) { return field.first == key; });
    fields.emplace_back(key, value);
}

}  // namespace

std::string signature_of(std::string_view secret, const kerolox::ExtFields& fields,
                         std::string_view body) {
    std::vector<const std::pair<std::string, std::string>*> sorted;
    for (const auto& field : fields)
        if (field.first != kSignature) sorted.push_back(&field);
    std::ranges::sort(sorted, {}, [](const auto* field) -> const std::string& {
        return field->first;
    });
    const MacContext mac = hmac_sha1(secret);
    for (const auto* field : sorted) update(mac, field->second);
    update(mac, body);
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    std::size_t size = 0;
    EVP_MAC_final(mac.get(), code.data(), &size, code.size());
    return base64({reinterpret_cast<const char*>(code.data()), size});
}

void sign_request(const kerolox::Credentials& credentials, kerolox::ExtFields& fields,
                  std::string_view body) {
    if (credentials.access_key.empty()) return;
    set_field(fields, "AccessKey", credentials.access_key);
    if (!credentials.security_token.empty())
        set_field(fields, "SecurityToken", credentials.security_token);
    set_field(fields, kSignature, signature_of(credentials.secret_key, fields, body));
}

}  // namespace kx::client
