// SPDX-License-Identifier: Apache-2.0
#include "core/security/secret_box.hpp"

#include <set>

#include "core/security/digest.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

master_key key_of(std::uint8_t fill) {
  master_key key;
  key.fill(fill);
  return key;
}

}  // namespace

TEST_CASE("what was sealed opens with the same key and context", "[secret_box]") {
  const secret_box box{key_of(1)};
  for (const auto& clear : {std::string{}, std::string{"s3cret"}, std::string(100'000, 'x'), std::string("\0\n\xFF", 3)}) {
    const auto sealed = box.seal(clear, "org/dst");
    CHECK(secret_box::is_sealed(sealed));
    CHECK(box.open(sealed, "org/dst") == clear);
    CHECK(secret_box{key_of(1)}.open(sealed, "org/dst") == clear);
  }
}

TEST_CASE("a sealed value does not open in another place, nor with another key", "[secret_box]") {
  const secret_box box{key_of(1)};
  const auto sealed = box.seal("s3cret", "org/dst");
  for (const auto& refused :
       {box.open(sealed, "org/other"), box.open(sealed, ""), secret_box{key_of(2)}.open(sealed, "org/dst")}) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::internal_error);
    CHECK(refused.error().message.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("a sealed value with any bit changed does not open", "[secret_box]") {
  const secret_box box{key_of(1)};
  const auto sealed = box.seal("s3cret", "context");
  const std::string mark = "sealed:v1:";
  const auto bytes = from_base64(sealed.substr(mark.size()));
  REQUIRE(bytes);
  for (std::size_t bit = 0; bit < bytes->size() * 8; ++bit) {
    auto changed = *bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(box.open(mark + to_base64(changed), "context"));
  }
  for (std::size_t size = 0; size < bytes->size(); ++size)
    CHECK_FALSE(box.open(mark + to_base64(bytes->substr(0, size)), "context"));
}

TEST_CASE("text that was never sealed does not open", "[secret_box]") {
  const secret_box box{key_of(1)};
  for (const char* text : {"", "s3cret", "sealed:v1:", "sealed:v1:!!!!", "sealed:v2:AAAA", "Sealed:v1:AAAA"})
    CHECK_FALSE(box.open(text, "context"));
  CHECK_FALSE(secret_box::is_sealed("s3cret"));
}

TEST_CASE("the same value sealed twice does not look the same", "[secret_box]") {
  const secret_box box{key_of(1)};
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) CHECK(seen.insert(box.seal("s3cret", "context")).second);
}
