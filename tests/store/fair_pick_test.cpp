// SPDX-License-Identifier: Apache-2.0
#include "core/store/fair_pick.hpp"

#include <memory>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

new_delivery delivery_of(organization_id org) {
  auto content = std::make_shared<delivery>();
  content->organization = org;
  new_delivery made;
  made.content = std::move(content);
  return made;
}

}  // namespace

TEST_CASE("one of each organization goes in turn, however many of one came first", "[fair]") {
  const auto flood = organization_id::make(), other = organization_id::make();
  std::vector<new_delivery> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(delivery_of(flood));
  waiting.push_back(delivery_of(other));
  waiting.push_back(delivery_of(flood));
  waiting.push_back(delivery_of(other));
  CHECK(fair_pick(waiting, 4) == std::vector<std::size_t>{0, 1, 10, 12});
  CHECK(fair_pick(waiting, 5) == std::vector<std::size_t>{0, 1, 2, 10, 12});
}

TEST_CASE("whoever came first goes first within an organization, and nobody twice", "[fair]") {
  const auto only = organization_id::make();
  std::vector<new_delivery> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(delivery_of(only));
  CHECK(fair_pick(waiting, 3) == std::vector<std::size_t>{0, 1, 2});
  CHECK(fair_pick(waiting, 9).size() == 5);
  CHECK(fair_pick({}, 3).empty());
}
