// SPDX-License-Identifier: Apache-2.0
//
// For TLS tests: authorities and certificates, made on the spot and gone with the test.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "support/temp_file.h"

namespace kx::test {

/// A key and a certificate, signed by itself or by another one, as PEM files.
class TestCertificate {
public:
    /// An authority.
    explicit TestCertificate(const std::string& name) : TestCertificate(name, nullptr, "") {}
    /// `names`: "IP:127.0.0.1,DNS:localhost"; `password`: the key file is encrypted.
    TestCertificate(const std::string& name, const TestCertificate* authority,
                    const std::string& names, const std::string& password = {})
        : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
        constexpr long kDay = 24L * 60 * 60;
        static long serial = 1;
        X509* one = certificate_.get();
        X509_set_version(one, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(one), serial++);
        X509_gmtime_adj(X509_getm_notBefore(one), -kDay);
        X509_gmtime_adj(X509_getm_notAfter(one), 30 * kDay);
        X509_set_pubkey(one, key_.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        const TestCertificate& issuer = authority != nullptr ? *authority : *this;
        X509_set_issuer_name(one, X509_get_subject_name(issuer.certificate_.get()));
        if (authority == nullptr) add(NID_basic_constraints, "critical,CA:TRUE");
        if (!names.empty()) add(NID_subject_alt_name, names);
        EXPECT_GT(X509_sign(one, issuer.key_.get(), EVP_sha256()), 0);
        certificate_file_ = write([&](BIO* to) { PEM_write_bio_X509(to, one); });
        key_file_ = write([&](BIO* to) {
            auto* secret = reinterpret_cast<unsigned char*>(const_cast<char*>(password.data()));
            PEM_write_bio_PrivateKey(to, key_.get(), password.empty() ? nullptr : EVP_aes_128_cbc(),
                                     password.empty() ? nullptr : secret,
                                     static_cast<int>(password.size()), nullptr, nullptr);
        });
    }

    std::string certificate() const { return certificate_file_->path(); }
    std::string key() const { return key_file_->path(); }

private:
    void add(int extension, const std::string& value) {
        X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, nullptr, extension, value.c_str());
        X509_add_ext(certificate_.get(), made, -1);
        X509_EXTENSION_free(made);
    }
    template <class Write>
    static std::unique_ptr<TempFile> write(Write&& content) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
        content(memory.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(memory.get(), &text);
        return std::make_unique<TempFile>(std::string(text, static_cast<std::size_t>(size)));
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
    std::unique_ptr<TempFile> certificate_file_;
    std::unique_ptr<TempFile> key_file_;
};

}  // namespace kx::test
