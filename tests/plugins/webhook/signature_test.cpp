// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/signature.hpp"

#include <catch2/catch.hpp>
#include <openssl/hmac.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <waybill/transfer/json_text.hpp>

using namespace waybill::webhook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// The vector of the reference libraries' own tests.
constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr const char* timestamp = "1614265330";
constexpr const char* payload = R"({"test": 2432232314})";
constexpr const char* expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

// RFC 8032 section 7.1, test 1.
const std::string seed = waybill::transfer::from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").value();
const std::string public_key = waybill::transfer::from_base64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").value();

std::string sign(const std::vector<signing_secret>& secrets) {
  signer s{secrets};
  std::string out;
  REQUIRE(s.sign(id, timestamp, payload, out));
  return out;
}

std::string sign_in_pieces(const std::vector<signing_secret>& secrets, std::size_t piece) {
  signer s{secrets};
  auto made = s.begin(id, timestamp);
  std::string_view rest{payload};
  while (!rest.empty()) {
    made.add(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
  }
  return made.finish();
}

bool verifies(std::string_view signature) {
  REQUIRE(signature.substr(0, 4) == "v1a,");
  const auto bytes = waybill::transfer::from_base64(signature.substr(4)).value();
  const waybill::transfer::private_key key{
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(public_key.data()), 32)};
  const auto message = std::string{id} + "." + timestamp + "." + payload;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool good = EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

}  // namespace

TEST_CASE("the published vector of Standard Webhooks is signed as expected") {
  CHECK(sign({{"1", "hmac-sha256", secret}}) == expected);
}

TEST_CASE("a signer signs the same way again and again") {
  signer s{{{"1", "hmac-sha256", secret}}};
  for (int i = 0; i < 3; ++i) {
    std::string out;
    REQUIRE(s.sign(id, timestamp, payload, out));
    CHECK(out == expected);
  }
}

TEST_CASE("every live secret signs, newest first") {
  const signing_secret other{"2", "hmac-sha256", "whsec_c2VjcmV0IG9mIGFub3RoZXIga2luZA=="};
  const auto both = sign({other, {"1", "hmac-sha256", secret}});
  CHECK(both == sign({other}) + " " + expected);
}

TEST_CASE("a body in pieces gets the signatures of the whole") {
  const std::vector<signing_secret> secrets{{"1", "hmac-sha256", secret},
                                            {"2", "hmac-sha512", secret},
                                            {"3", "ed25519", "whsk_" + waybill::transfer::to_base64(seed)}};
  for (const std::size_t piece : {1u, 7u, 100u}) CHECK(sign_in_pieces(secrets, piece) == sign(secrets));
}

TEST_CASE("a signing under way is not disturbed by the next one") {
  signer s{{{"1", "hmac-sha256", secret}}};
  auto made = s.begin(id, timestamp);
  std::string out;
  REQUIRE(s.sign(id, timestamp, "another", out));
  auto second = s.begin(id, timestamp);
  made.add(payload);
  second.add(payload);
  CHECK(made.finish() == expected);
  CHECK(second.finish() == expected);
}

TEST_CASE("HMAC-SHA512 has a label of its own") {
  const auto key = decode_secret(secret).value();
  const auto message = std::string{id} + "." + timestamp + "." + payload;
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), code, &size);
  CHECK(sign({{"1", "hmac-sha512", secret}}) ==
        "v1h512," + waybill::transfer::to_base64({reinterpret_cast<const char*>(code), size}));
}

TEST_CASE("ed25519 signs with a seed, with seed and public key, and with PEM") {
  const auto pem =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE "
      "KEY-----\n";
  for (const auto& key : {"whsk_" + waybill::transfer::to_base64(seed), "whsec_" + waybill::transfer::to_base64(seed),
                          "whsk_" + waybill::transfer::to_base64(seed + public_key), std::string{pem}}) {
    const signing_secret one{"1", "ed25519", key};
    REQUIRE(why_unusable(one).empty());
    CHECK(verifies(sign({one})));
  }
}

TEST_CASE("secrets are read with and without a prefix, with and without padding") {
  CHECK(decode_secret("whsec_Zm9vYg==") == "foob");
  CHECK(decode_secret("whsec_Zm9vYg") == "foob");
  CHECK(decode_secret("Zm9vYg==") == "foob");
  CHECK(decode_secret("not base64!") == "not base64!");
  for (const auto* bad : {"", "whsec_", "whsec_!", "whsec_A", "whsec_Zm9vYg=a", "whsk_"}) CHECK_FALSE(decode_secret(bad));
}

TEST_CASE("a secret that cannot sign is refused without being quoted") {
  for (const auto& [algorithm, text] : std::vector<std::pair<std::string, std::string>>{{"hmac-sha256", "whsec_swordfish!"},
                                                                                        {"hmac-sha256", ""},
                                                                                        {"ed25519", "whsk_c3dvcmRmaXNo"},
                                                                                        {"ed25519", "swordfish"},
                                                                                        {"md5", secret},
                                                                                        {"", secret}}) {
    const auto why = why_unusable({"1", algorithm, text});
    CHECK_FALSE(why.empty());
    CHECK(why.find("swordfish") == std::string::npos);
  }
}

TEST_CASE("the corpus of signing secrets holds") {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/signing_secret"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
    ++replayed;
  }
  CHECK(replayed >= 5);
}
