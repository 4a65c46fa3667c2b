// SPDX-License-Identifier: Apache-2.0
#include "core/policy/batch_verdict.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("one delivered task shows that the destination works", "[batch]") {
  batch_verdict v;
  v.add(attempt_action::retry, failure_category::remote);
  v.add(attempt_action::delivered, failure_category::none);
  v.add(attempt_action::retry, failure_category::network);
  CHECK(v.action() == attempt_action::delivered);
}

TEST_CASE("without a delivered task a failure that is the destination's counts", "[batch]") {
  batch_verdict v;
  v.add(attempt_action::reject, failure_category::validation);
  v.add(attempt_action::throttled, failure_category::rate_limit);
  v.add(attempt_action::retry, failure_category::network);
  v.add(attempt_action::canceled, failure_category::none);
  CHECK(v.action() == attempt_action::retry);
  CHECK(v.category() == failure_category::network);
}

TEST_CASE("content that is refused says nothing of the destination, and nothing at all is a cancel", "[batch]") {
  batch_verdict v;
  CHECK(v.action() == attempt_action::canceled);
  v.add(attempt_action::reject, failure_category::validation);
  CHECK(v.category() == failure_category::validation);
}
