// SPDX-License-Identifier: Apache-2.0
#include "core/security/digest.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("SHA-256 and hex agree with FIPS 180-4", "[digest]") {
  const auto digest = sha256("abc");
  CHECK(to_hex(digest.data(), digest.size()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const auto empty = sha256("");
  CHECK(to_hex(empty.data(), empty.size()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("base64 agrees with RFC 4648 section 10, both ways", "[digest]") {
  for (const auto& [clear, text] : {std::pair{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}}) {
    CHECK(to_base64(clear) == text);
    CHECK(from_base64(text) == std::string{clear});
  }
  for (std::size_t size = 0; size < 100; ++size) {
    const auto bytes = random_bytes(size);
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
}

TEST_CASE("base64 that is not exactly that is refused", "[digest]") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-v", "Zh==", "Zm9="})
    CHECK_FALSE(from_base64(text));
}

TEST_CASE("random bytes are as many as asked for and never the same", "[digest]") {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) CHECK(seen.insert(random_bytes(16)).second);
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(33).size() == 33);
}

TEST_CASE("equal means equal", "[digest]") {
  CHECK(equal_constant_time("", ""));
  CHECK(equal_constant_time("secret", "secret"));
  CHECK_FALSE(equal_constant_time("secret", "secreT"));
  CHECK_FALSE(equal_constant_time("secret", "secret "));
}
