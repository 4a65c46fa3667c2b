// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/token_table.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "tests/plugin_host/scripted_plugin.hpp"

using namespace waybill::core;
using namespace waybill::tests;

TEST_CASE("Tokens do not repeat, are not 0 and do not follow each other") {
  scripted s;
  auto& table = token_table::of_process();
  std::set<handler::token> seen;
  handler::token last = 0;
  int neighbours = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto token = table.add(s.instance, {});
    REQUIRE(token != 0);
    REQUIRE(seen.insert(token).second);
    if (token == last + 1) ++neighbours;
    last = token;
  }
  CHECK(neighbours == 0);
  for (const auto token : seen) CHECK(table.take(token).has_value());
  CHECK_FALSE(table.take(last).has_value());
}

TEST_CASE("A token can be cancelled once, by its owner only") {
  scripted s, other;
  auto& table = token_table::of_process();
  const auto token = table.add(s.instance, [](attempt_result) {});
  REQUIRE(table.start(token));
  CHECK(table.cancel(token, other.instance.get()) == token_table::cancelled::unknown);
  CHECK(table.cancel(token, s.instance.get()) == token_table::cancelled::under_way);
  CHECK(table.cancel(token, s.instance.get()) == token_table::cancelled::unknown);
  const auto call = table.take(token);
  REQUIRE(call);
  CHECK(call->is_cancelled);
  CHECK_FALSE(call->done);
}

TEST_CASE("A token cancelled before its start is gone") {
  scripted s;
  auto& table = token_table::of_process();
  const auto token = table.add(s.instance, {});
  CHECK(table.cancel(token, s.instance.get()) == token_table::cancelled::before_start);
  CHECK_FALSE(table.start(token));
  CHECK_FALSE(table.take(token));
}
