// SPDX-License-Identifier: Apache-2.0
#include "core/links/public_address.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace waybill::core;

TEST_CASE("who makes a link waits until the node's address is known") {
  public_address address;
  CHECK(address.get().empty());
  CHECK(address.wait(milliseconds{1}).error().code == error_code::shutting_down);
  std::thread later([&] { address.set("https://files.example/"); });
  CHECK(address.wait(milliseconds{10'000}) == "https://files.example");
  later.join();
  CHECK(address.get() == "https://files.example");
}
