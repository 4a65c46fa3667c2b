// SPDX-License-Identifier: Apache-2.0
#include "core/payload/chunk_packing.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace waybill::core;

namespace {

std::string noise(std::size_t size) {
  std::string out(size, '\0');
  unsigned state = 7;
  for (auto& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

}  // namespace

TEST_CASE("a chunk that shrinks is packed, one that does not is kept as it is, and both come back whole") {
  chunk_packer packer;
  const std::string dull(payload_chunk_bytes, 'a');
  const auto packed = packer.pack(3, dull);
  CHECK(packed.number == 3);
  CHECK(packed.codec == chunk_codec::zstd);
  CHECK(packed.size == dull.size());
  CHECK(packed.bytes.size() < dull.size() / 8);
  CHECK(unpack(packed).value() == dull);

  const auto random = noise(payload_chunk_bytes);
  const auto plain = packer.pack(4, random);
  CHECK(plain.codec == chunk_codec::plain);
  CHECK(unpack(plain).value() == random);
}

TEST_CASE("after a chunk that would not shrink the next few are not tried") {
  chunk_packer packer;
  static_cast<void>(packer.pack(0, noise(10'000)));
  for (std::uint32_t i = 0; i < 7; ++i) CHECK(packer.pack(i, std::string(10'000, 'a')).codec == chunk_codec::plain);
  CHECK(packer.pack(8, std::string(10'000, 'a')).codec == chunk_codec::zstd);
}

TEST_CASE("small chunks are kept as they are") {
  chunk_packer packer;
  CHECK(packer.pack(0, std::string(100, 'a')).codec == chunk_codec::plain);
  CHECK(packer.pack(0, "").codec == chunk_codec::plain);
}

TEST_CASE("a stored chunk that is not what its row says is an error, never wrong content") {
  chunk_packer packer;
  auto packed = packer.pack(0, std::string(10'000, 'a'));
  auto broken = packed;
  SECTION("cut") { broken.bytes.resize(broken.bytes.size() / 2); }
  SECTION("another size") { ++broken.size; }
  SECTION("a huge size") { broken.size = 0xFFFFFFFF; }
  SECTION("no such codec") { broken.codec = static_cast<chunk_codec>(9); }
  SECTION("said to be plain") { broken.codec = chunk_codec::plain; }
  const auto content = unpack(broken);
  REQUIRE_FALSE(content);
  CHECK(content.error().code == error_code::internal_error);
}
