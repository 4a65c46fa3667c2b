// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/security/audit_chain.hpp"
#include "tests/actors/running_engine.hpp"

using namespace waybill;
using namespace waybill::tests;
using core::task_status;

namespace {

constexpr std::chrono::hours day{24};

/// An engine that sweeps all the time.
struct sweeping_engine : running_engine {
  sweeping_engine() {
    settings.erasing.sweep_interval = std::chrono::milliseconds{20};
    settings.retention.payload_days = 30;
    settings.retention.attempt_record_days = 30;
    settings.retention.dead_letter_days = 40;
    settings.retention.delivery_days = 60;
    settings.retention.audit_days = 90;
    plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  }

  core::delivery_id delivered_one(core::destination_id to) {
    auto receipt = deliver(to);
    REQUIRE(receipt);
    REQUIRE(reaches(receipt->id, task_status::delivered));
    return receipt->id;
  }
  core::result<core::delivery_ptr> payload(core::delivery_id id) {
    return ask<core::delivery_ptr>([&](auto reply) { service().get_payload(admin, id, reply); });
  }
  bool payload_expires(core::delivery_id id) {
    return eventually([&] {
      auto found = payload(id);
      return !found && found.error().code == core::error_code::payload_expired;
    });
  }
  bool is_there(core::delivery_id id) {
    return ask<core::delivery_view>([&](auto reply) { service().get_delivery(admin, id, reply); }).has_value();
  }
  /// A whole pass has begun and ended since.
  bool passed() {
    const auto text = [&] { return figures.render(); };
    const auto passes = [&] {
      const auto all = text();
      const auto at = all.find("\nwaybill_retention_passes_total ");
      return at == std::string::npos ? 0.0 : std::stod(all.substr(at + 32));
    };
    const auto before = passes();
    return eventually([&] { return passes() >= before + 2; });
  }
};

}  // namespace

TEST_CASE_METHOD(sweeping_engine, "content goes first, the delivery later, each at its time") {
  start();
  const auto to = make_destination();
  const auto id = delivered_one(to);
  REQUIRE(passed());
  CHECK(payload(id));
  time.push(31 * day);
  CHECK(payload_expires(id));
  CHECK(view(id).status == core::delivery_status::completed);
  time.push(30 * day);
  CHECK(eventually([&] { return !is_there(id); }));
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(sweeping_engine, "what waits keeps everything, however old it is") {
  start();
  const auto to = make_destination();
  REQUIRE(ask<core::destination>(
      [&](auto reply) { service().set_destination_state(admin, to, core::destination_state::disabled, "test", reply); }));
  auto receipt = deliver(to);
  REQUIRE(receipt);
  time.push(1'000 * day);
  REQUIRE(passed());
  CHECK(payload(receipt->id));
  CHECK(reconcile().waiting == 1);
}

TEST_CASE_METHOD(sweeping_engine, "a dead letter keeps its delivery whole until its own time") {
  plugins.on_deliver([](const auto&, auto done) { done(unreachable()); });
  start();
  const auto to = make_destination({{"retry", {{"maxAttempts", 1}}}});
  auto receipt = deliver(to);
  REQUIRE(receipt);
  REQUIRE(reaches(receipt->id, task_status::failed));
  time.push(35 * day);
  REQUIRE(passed());
  CHECK(payload(receipt->id));
  time.push(10 * day);
  CHECK(payload_expires(receipt->id));
  auto retried = ask<core::delivery_view>([&](auto reply) { service().retry_delivery(admin, receipt->id, {}, reply); });
  REQUIRE_FALSE(retried);
  CHECK(retried.error().code == core::error_code::payload_expired);
  time.push(30 * day);
  CHECK(eventually([&] { return !is_there(receipt->id); }));
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(sweeping_engine, "an organization under a legal hold keeps all, its trail too, until it is released") {
  start();
  const auto id = delivered_one(make_destination());
  core::scope_input whole;
  whole.scope = core::data_scope::organization;
  whole.reason = "test";
  auto hold = ask<core::legal_hold>([&](auto reply) { service().place_hold(admin, whole, reply); });
  REQUIRE(hold);
  time.push(365 * day);
  REQUIRE(passed());
  CHECK(payload(id));
  REQUIRE(ask<void>([&](auto reply) { service().release_hold(admin, hold->id, reply); }));
  CHECK(eventually([&] { return !is_there(id); }));
}

TEST_CASE_METHOD(running_engine, "a destination that the engine disables is in the trail as the engine's doing") {
  settings.disable_threshold = 2;
  plugins.on_deliver([](const auto&, auto done) { done(unreachable()); });
  start();
  const auto to = make_destination();
  REQUIRE(deliver(to));
  core::audit_filter filter;
  filter.action = "destination.disabled";
  filter.subject = to.to_string();
  std::vector<core::audit_row> rows;
  REQUIRE(eventually([&] {
    rows = ask<core::page<core::audit_row>>([&](auto reply) { service().list_audit(admin, {}, filter, {}, reply); })->items;
    return rows.size() == 1;
  }));
  CHECK_FALSE(rows[0].entry.actor);
}

TEST_CASE_METHOD(sweeping_engine, "old rows of the trail go, and what is left verifies from its anchor") {
  start();
  make_destination();
  const auto verify = [&] {
    return *ask<core::audit_verification>([&](auto reply) { service().verify_audit(admin, {}, 0, reply); });
  };
  CHECK(verify().chain.last_number == 1);
  time.push(91 * day);
  REQUIRE(eventually([&] { return verify().chain.anchor_number == 1; }));
  make_destination();
  const auto found = verify();
  CHECK_FALSE(found.fault);
  CHECK(found.complete);
  CHECK(found.chain.last_number == 3);  // what was trimmed is told by a row of its own
}
