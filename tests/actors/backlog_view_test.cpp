// SPDX-License-Identifier: Apache-2.0
#include "actors/backlog_view.hpp"

#include <catch2/catch.hpp>

using namespace waybill;
using actors::backlog_view;

namespace {

core::destination_backlog backlog(core::organization_id org, std::uint64_t pending, std::int64_t oldest, std::int64_t next) {
  core::destination_backlog one;
  one.destination = core::destination_id::make();
  one.organization = org;
  one.pending = one.shown.pending = one.shown.due = pending;
  one.shown.oldest_created_at = core::from_unix_ms(oldest);
  one.shown.next_due = core::from_unix_ms(next);
  return one;
}

}  // namespace

TEST_CASE("counts are of now, ages and due times as they were read", "[backlog]") {
  backlog_view view;
  const auto org = core::organization_id::make();
  view.put({backlog(org, 5, 100, 200), backlog(org, 7, 50, 300), backlog(core::organization_id::make(), 9, 10, 20)});
  const auto shown = view.of(org, {3, 1, 2});
  CHECK(shown.pending == 3);
  CHECK(shown.retrying == 1);
  CHECK(shown.parked == 2);
  CHECK(shown.due == 4);  // no more than there are
  CHECK(shown.oldest_created_at == core::from_unix_ms(50));
  CHECK(shown.next_due == core::from_unix_ms(200));
  CHECK(view.whole({30, 0, 0}).due == 21);
  CHECK(view.whole({30, 0, 0}).oldest_created_at == core::from_unix_ms(10));
}

TEST_CASE("what has become empty since has neither age nor due time", "[backlog]") {
  backlog_view view;
  const auto org = core::organization_id::make();
  view.put({backlog(org, 5, 100, 200)});
  CHECK_FALSE(view.of(org, {}).oldest_created_at);
  CHECK_FALSE(view.of(org, {0, 0, 4}).next_due);
  CHECK(view.of(org, {0, 0, 4}).oldest_created_at);
  CHECK(view.of(core::organization_id::make(), {2, 0, 0}).pending == 2);
}

TEST_CASE("single destinations are remembered when their queue is long", "[backlog]") {
  backlog_view view;
  const auto org = core::organization_id::make();
  const auto longer = backlog(org, backlog_view::long_queue, 100, 200), shorter = backlog(org, 5, 50, 60);
  view.put({longer, shorter});
  CHECK(view.of(longer.destination, {20'000, 0, 0}).oldest_created_at == core::from_unix_ms(100));
  CHECK_FALSE(view.of(shorter.destination, {20'000, 0, 0}).oldest_created_at);
}
