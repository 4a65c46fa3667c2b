// SPDX-License-Identifier: Apache-2.0
#include "core/model/retention.hpp"

#include "core/model/erasure.hpp"
#include "core/model/legal_hold.hpp"
#include "core/model/policy.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace waybill::core;

TEST_CASE("an organization's retention is laid over the engine's, and written back as it was read") {
  const nlohmann::json json{{"retention", {{"payloadDays", 7}, {"deadLetterDays", 0}}}};
  const auto policy = policy_from_json(json, "/policy");
  REQUIRE(policy);
  CHECK(policy->retention.any());
  const auto effective = policy->retention.over(retention_settings{});
  CHECK(effective.payload_days == 7);
  CHECK(effective.dead_letter_days == 0);
  CHECK(effective.delivery_days == 2'555);
  CHECK(to_json(*policy) == json);
}

TEST_CASE("every fault of a retention is told with its pointer") {
  const auto policy = policy_from_json({{"retention", {{"payloadDays", -1}, {"auditDays", 36'501}, {"years", 7}}}}, "/policy");
  REQUIRE_FALSE(policy);
  REQUIRE(policy.error().fields.size() == 3);
  for (const auto& fault : policy.error().fields) CHECK(fault.pointer.rfind("/policy/retention/", 0) == 0);
  CHECK_FALSE(policy_from_json({{"retention", {{"payloadDays", 1}}}}, "/policy", policy_scope::destination));
}

TEST_CASE("a hold covers what it names and nothing else") {
  delivery d;
  d.id = delivery_id::make();
  d.correlation_id = "case-1";
  d.tags = {"a", "b"};
  const std::vector<destination_id> to{destination_id::make()};
  const auto covered = [&](data_scope scope, const std::string& value) {
    legal_hold hold;
    hold.scope = scope;
    hold.value = value;
    return find_hold({hold}, d, to) != nullptr;
  };
  CHECK(covered(data_scope::organization, ""));
  CHECK(covered(data_scope::correlation_id, "case-1"));
  CHECK(covered(data_scope::tag, "b"));
  CHECK(covered(data_scope::delivery, d.id.to_string()));
  CHECK(covered(data_scope::destination, to[0].to_string()));
  CHECK_FALSE(covered(data_scope::correlation_id, "case-2"));
  CHECK_FALSE(covered(data_scope::tag, "c"));
  CHECK_FALSE(covered(data_scope::delivery, delivery_id::make().to_string()));
  CHECK_FALSE(covered(data_scope::destination, destination_id::make().to_string()));
  CHECK(find_hold({}, d, to) == nullptr);
}

TEST_CASE("a certificate proves itself and does not say what was erased") {
  erasure e;
  e.id = erasure_id::make();
  e.organization = organization_id::make();
  e.scope = data_scope::correlation_id;
  e.selector = "patient-4711";
  e.reason = "request of the data subject";
  e.erased = {{"deliveries", 3}, {"delivery_logs", 5}};
  e.certificate = sealed_selector(e, "0123456789abcdef");
  CHECK(e.certificate.find("patient-4711") == std::string::npos);
  const auto text = make_certificate(e, from_unix_ms(1'767'225'600'000));
  CHECK(text.find("selectorSha256") != std::string::npos);
  CHECK(is_sound_certificate(text));
  CHECK(text.find("patient-4711") == std::string::npos);
  CHECK(text.find("\"deliveries\":3") != std::string::npos);
  auto changed = text;
  changed.replace(changed.find("\"deliveries\":3"), 14, "\"deliveries\":4");
  CHECK_FALSE(is_sound_certificate(changed));
  CHECK_FALSE(is_sound_certificate("{}"));
  CHECK_FALSE(is_sound_certificate("no json"));
}
