// SPDX-License-Identifier: Apache-2.0
#include "../../../sdk/transfer/src/handle_pool.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

using namespace waybill::transfer;
using namespace std::chrono_literals;

namespace {

/// Nothing is opened here.
struct no_sockets final : socket_owner {
  curl_socket_t open_socket(const curl_sockaddr&) override { return CURL_SOCKET_BAD; }
  void close_socket(curl_socket_t) override {}
};

const handle_pool::time_point start{};

}  // namespace

TEST_CASE("a handle that was given back is taken again") {
  REQUIRE(initialize());
  no_sockets sockets;
  handle_pool pool(sockets, 4);
  auto handle = pool.take(1);
  const auto* const first = handle.get();
  pool.give_back(std::move(handle), start);
  CHECK(pool.size() == 1);
  // Set up for no endpoint, as it never started an exchange.
  CHECK(pool.take(0).get() == first);
  CHECK(pool.size() == 0);
}

TEST_CASE("a pool of handles keeps no more than its limit") {
  REQUIRE(initialize());
  no_sockets sockets;
  handle_pool pool(sockets, 2);
  std::vector<std::unique_ptr<live_exchange>> out;
  for (int i = 0; i < 3; ++i) out.push_back(pool.take(1));
  for (auto& handle : out) pool.give_back(std::move(handle), start);
  CHECK(pool.size() == 2);
}

TEST_CASE("handles idle for long are forgotten, the others stay") {
  REQUIRE(initialize());
  no_sockets sockets;
  handle_pool pool(sockets, 8);
  std::vector<std::unique_ptr<live_exchange>> out;
  for (int i = 0; i < 6; ++i) out.push_back(pool.take(1));
  for (int i = 0; i < 6; ++i) pool.give_back(std::move(out[static_cast<std::size_t>(i)]), start + i * 1s);
  pool.forget_idle_since(start + 4s);
  CHECK(pool.size() == 2);
  pool.forget_idle_since(start + 10s);
  CHECK(pool.size() == 0);
}
