// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/sdk/opened.hpp"

using namespace waybill::core;
using namespace waybill::tests;

TEST_CASE("A plugin in plain C delivers") {
  opened p{WAYBILL_C_PLUGIN};
  CHECK(p.type->feature_names() == std::vector<std::string>{"streaming", "batch"});
  const auto r = p.deliver("0123456789");
  CHECK(r.action == attempt_action::delivered);
  CHECK(r.bytes_sent == 10);
  CHECK(r.external_reference.substr(0, 4) == "tsk_");
  CHECK(p.services->metric("c_counter.bytes") == 10);
  CHECK(p.test_connection().action == attempt_action::delivered);
}

TEST_CASE("A plugin built against the first released header still works") {
  opened p{WAYBILL_V1_PLUGIN, {{"name", "kept"}}};
  CHECK(p.type->type() == "kept_v1");
  const auto r = p.deliver("payload");
  INFO(r.detail);
  CHECK(r.action == attempt_action::throttled);
  CHECK(r.category == failure_category::remote);
  CHECK(r.code == 418);
  CHECK(r.retry_after == milliseconds{2'500});
  CHECK(r.bytes_sent == 7);
  CHECK(r.disable_destination);
  CHECK(r.external_reference == "ref");
  CHECK(r.detail == "all slots work");
  CHECK(r.message == "message");
  CHECK(r.request == R"({"q":1})");
  CHECK(r.response == R"({"a":2})");
  CHECK(p.test_connection().action == attempt_action::delivered);
  CHECK(p.type->validate({{"name", "bad"}}).size() == 2);
  p.handler.reset();
  CHECK(p.services->metric("kept_v1.closed") == 1);
  CHECK(p.host.stats().plugin_faults == 0);
}

TEST_CASE("A plugin built with ABI 1.1 still takes batches") {
  opened p{WAYBILL_V1_1_PLUGIN};
  CHECK(p.type->feature_names() == std::vector<std::string>{"batch"});
  const auto results = p.deliver_batch(3);
  for (std::size_t i = 0; i < results.size(); ++i) {
    REQUIRE(results[i].has_value());
    CHECK(results[i]->code == static_cast<std::int32_t>(101 + i));
  }
  CHECK(results[0]->external_reference != results[1]->external_reference);
  CHECK(p.deliver().code == 1);
}
