// SPDX-License-Identifier: Apache-2.0
#include "core/model/id.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

std::uint64_t milliseconds_of(const id_bytes& id) {
  std::uint64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | id[static_cast<std::size_t>(i)];
  return ms;
}

std::uint64_t unix_now() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace

TEST_CASE("a new id is a UUIDv7 of now", "[id]") {
  const auto before = unix_now();
  const auto id = new_uuid7();
  CHECK((id[6] >> 4) == 7);
  CHECK((id[8] >> 6) == 2);
  // Other cases of this thread may have pushed the timestamp ahead of the clock, by a millisecond for 2,048 ids at least.
  CHECK(milliseconds_of(id) >= before);
  CHECK(milliseconds_of(id) < before + 60'000);
}

TEST_CASE("ids of one thread sort in the order they were made", "[id]") {
  auto last = new_uuid7();
  for (int i = 0; i < 200'000; ++i) {
    const auto next = new_uuid7();
    if (!(last < next)) FAIL("id " << i << " does not follow");
    last = next;
  }
}

TEST_CASE("ids of several threads are all different", "[id]") {
  std::mutex mutex;
  std::set<id_bytes> seen;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<id_bytes> mine(20'000);
      for (auto& id : mine) id = new_uuid7();
      const std::lock_guard lock{mutex};
      seen.insert(mine.begin(), mine.end());
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(seen.size() == 80'000);
}

TEST_CASE("base32 is Crockford's, as long as it says, and sorts as the bytes do", "[id]") {
  id_bytes zero{};
  id_bytes ones;
  ones.fill(0xFF);
  CHECK(to_base32(zero) == "00000000000000000000000000");
  CHECK(to_base32(ones) == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  // The bytes 0x01 … 0x10, checked with an independent implementation of ULID.
  id_bytes counting{};
  for (std::size_t i = 0; i < 16; ++i) counting[i] = static_cast<std::uint8_t>(i + 1);
  CHECK(to_base32(counting) == "01081G81860W40J2GB1G6GW3RG");

  std::vector<id_bytes> ids;
  ids.reserve(1'000);
  for (int i = 0; i < 1'000; ++i) {
    auto id = new_uuid7();
    std::rotate(id.begin(), id.begin() + i % 16, id.end());
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 1; i < ids.size(); ++i) CHECK(to_base32(ids[i - 1]) < to_base32(ids[i]));
}

TEST_CASE("base32 comes back as the bytes it was made of, in either case", "[id]") {
  for (int i = 0; i < 1'000; ++i) {
    auto id = new_uuid7();
    std::rotate(id.begin(), id.begin() + i % 16, id.end());
    auto text = to_base32(id);
    REQUIRE(from_base32(text) == id);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    REQUIRE(from_base32(text) == id);
  }
}

TEST_CASE("what is not 26 digits of 128 bits is no id", "[id]") {
  CHECK_FALSE(from_base32(""));
  CHECK_FALSE(from_base32("0000000000000000000000000"));
  CHECK_FALSE(from_base32("000000000000000000000000000"));
  CHECK_FALSE(from_base32("80000000000000000000000000"));  // a 129th bit
  for (const char wrong : {'I', 'L', 'O', 'U', 'i', 'l', 'o', 'u', '-', ' ', '\0', '\xC3'}) {
    std::string text(26, '0');
    text[25] = wrong;
    CHECK_FALSE(from_base32(text));
  }
}

TEST_CASE("a typed id knows its kind", "[id]") {
  const auto id = delivery_id::make();
  CHECK(id.to_string().substr(0, 4) == "dlv_");
  CHECK(delivery_id::parse(id.to_string()) == id);
  CHECK_FALSE(task_id::parse(id.to_string()));
  CHECK_FALSE(delivery_id::parse("dlv_"));
  CHECK_FALSE(delivery_id::parse(id.to_string() + "0"));
  CHECK(delivery_id{}.is_nil());
  CHECK_FALSE(id.is_nil());
  CHECK(delivery_id::from_blob(id.bytes().data(), 16) == id);
  CHECK_FALSE(delivery_id::from_blob(id.bytes().data(), 15));
}

TEST_CASE("destinations spread evenly over the shards, and the same one always to the same", "[id]") {
  std::vector<int> load(shard_count);
  for (int i = 0; i < 102'400; ++i) ++load[shard_of(destination_id::make())];
  CHECK(*std::min_element(load.begin(), load.end()) > 40);
  CHECK(*std::max_element(load.begin(), load.end()) < 180);
  id_bytes counting{};
  for (std::size_t i = 0; i < 16; ++i) counting[i] = static_cast<std::uint8_t>(i + 1);
  CHECK(shard_of(destination_id{counting}) == 309);  // FNV-1a computed elsewhere: it may never change
}
