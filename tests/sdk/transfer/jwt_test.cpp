// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/jwt.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <string>

#include <waybill/transfer/json_text.hpp>

using namespace waybill::transfer;
using nlohmann::json;

namespace {

std::string from_base64url(std::string text) {
  for (auto& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return waybill::transfer::from_base64(text).value();
}

std::string pem_of(EVP_PKEY* key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  std::string out{text, static_cast<std::size_t>(size)};
  BIO_free(bio);
  return out;
}

struct parts {
  json header, claims;
  std::string message, signature;
};

parts taken_apart(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  REQUIRE(second != std::string::npos);
  return {json::parse(from_base64url(token.substr(0, first))),
          json::parse(from_base64url(token.substr(first + 1, second - first - 1))), token.substr(0, second),
          from_base64url(token.substr(second + 1))};
}

bool verifies(EVP_PKEY* key, const EVP_MD* digest, const parts& token) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool good =
      EVP_DigestVerifyInit(context, nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(token.signature.data()), token.signature.size(),
                       reinterpret_cast<const unsigned char*>(token.message.data()), token.message.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

std::string der_of(const std::string& plain) {
  ECDSA_SIG* const signature = ECDSA_SIG_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(plain.data());
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  std::string out{reinterpret_cast<char*>(der), static_cast<std::size_t>(size)};
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return out;
}

}  // namespace

TEST_CASE("a token carries its header and its claims") {
  jwt_settings settings;
  settings.algorithm = "HS256";
  settings.key = "0123456789abcdef0123456789abcdef";
  settings.key_id = "key \"1\"";
  settings.issuer = "waybill";
  settings.subject = "sub";
  settings.audience = "aud";
  settings.lifetime_s = 60;
  settings.claims = "\"role\":\"sender\",";
  REQUIRE(jwt_signer::why_unusable(settings).empty());
  const auto token = taken_apart(jwt_signer{settings}.sign(1'000));
  CHECK(token.header == json{{"kid", "key \"1\""}, {"alg", "HS256"}, {"typ", "JWT"}});
  CHECK(token.claims["iss"] == "waybill");
  CHECK(token.claims["sub"] == "sub");
  CHECK(token.claims["aud"] == "aud");
  CHECK(token.claims["iat"] == 1'000);
  CHECK(token.claims["exp"] == 1'060);
  CHECK(token.claims["role"] == "sender");
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), settings.key.data(), 32, reinterpret_cast<const unsigned char*>(token.message.data()),
       token.message.size(), code, &size);
  CHECK(token.signature == std::string{reinterpret_cast<char*>(code), size});
}

TEST_CASE("RS256, ES256 and EdDSA verify with the public key") {
  const waybill::transfer::private_key rsa{EVP_RSA_gen(2048)};
  const waybill::transfer::private_key ec{EVP_EC_gen("P-256")};
  const waybill::transfer::private_key ed{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  jwt_settings settings;
  settings.algorithm = "RS256";
  settings.key = pem_of(rsa.get());
  REQUIRE(jwt_signer::why_unusable(settings).empty());
  CHECK(verifies(rsa.get(), EVP_sha256(), taken_apart(jwt_signer{settings}.sign(1))));

  settings.algorithm = "ES256";
  settings.key = pem_of(ec.get());
  REQUIRE(jwt_signer::why_unusable(settings).empty());
  for (int i = 0; i < 20; ++i) {  // short numbers are padded: one in some hundred
    auto token = taken_apart(jwt_signer{settings}.sign(i));
    REQUIRE(token.signature.size() == 64);
    token.signature = der_of(token.signature);
    CHECK(verifies(ec.get(), EVP_sha256(), token));
  }

  settings.algorithm = "EdDSA";
  settings.key = pem_of(ed.get());
  REQUIRE(jwt_signer::why_unusable(settings).empty());
  CHECK(verifies(ed.get(), nullptr, taken_apart(jwt_signer{settings}.sign(1))));
}

TEST_CASE("a key that does not fit its algorithm is refused") {
  const waybill::transfer::private_key small{EVP_RSA_gen(1024)};
  const waybill::transfer::private_key p384{EVP_EC_gen("P-384")};
  const waybill::transfer::private_key ec{EVP_EC_gen("P-256")};
  const auto refused = [](const char* algorithm, const std::string& key) {
    jwt_settings settings;
    settings.algorithm = algorithm;
    settings.key = key;
    return !jwt_signer::why_unusable(settings).empty();
  };
  CHECK(refused("RS256", pem_of(small.get())));
  CHECK(refused("RS256", pem_of(ec.get())));
  CHECK(refused("ES256", pem_of(p384.get())));
  CHECK(refused("EdDSA", pem_of(ec.get())));
  CHECK(refused("HS256", "short"));
  CHECK(refused("RS256", "no pem"));
  CHECK(refused("none", ""));
}
