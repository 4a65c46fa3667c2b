// SPDX-License-Identifier: Apache-2.0
#include "api/json_destination.hpp"

#include <fmt/format.h>

#include "api/json_text.hpp"
#include "core/schema/config_schema.hpp"

namespace waybill::api {

namespace {

using nlohmann::json;

/// Lengths within these are the service's to judge; they only keep a fault's text from being absurd.
constexpr object_input::text_rule any_text{0, 65'536};
constexpr std::size_t max_tags = 1'000;
constexpr std::int64_t longest_overlap_ms = 366LL * 24 * 60 * 60 * 1'000;

json secret_json(const core::signing_secret& secret) {
  return {{"id", secret.id.to_string()},
          {"algorithm", secret.algorithm},
          {"secret", secret.secret.empty() ? std::string{core::redacted_mark} : secret.secret},
          {"customerSupplied", secret.customer_supplied},
          {"expiresAt", time_or_null(secret.expires_at)},
          {"rotationDueAt", time_or_null(secret.rotation_due_at)},
          {"createdAt", core::to_rfc3339(secret.created_at)}};
}

/// In a merge patch null takes the member away: its default comes back.
bool is_null_in_patch(object_input& body, std::string_view name, input_kind kind) {
  const auto* value = kind == input_kind::patch ? body.find(name) : nullptr;
  return value && value->is_null();
}

}  // namespace

std::string destination_text(const core::destination& d, std::optional<core::health_status> health,
                             const std::optional<core::signing_secret>& generated, std::string_view base_url) {
  json document{{"id", d.id.to_string()},
                {"organizationId", d.organization.to_string()},
                {"type", d.type},
                {"label", d.label},
                {"config", d.config},
                {"policy", core::to_json(d.policy)},
                {"tags", d.tags},
                {"metadata", d.metadata},
                {"state", core::to_string(d.state)},
                {"disabledReason", text_or_null(d.disabled_reason)},
                {"disabledAt", time_or_null(d.disabled_at)},
                {"createdAt", core::to_rfc3339(d.created_at)},
                {"updatedAt", core::to_rfc3339(d.updated_at)},
                {"version", d.version},
                {"links", {{"self", fmt::format("{}/v1/destinations/{}", base_url, d.id.to_string())}}}};
  if (document["policy"].is_null()) document["policy"] = json::object();
  if (health) document["health"] = core::to_string(*health);
  if (generated) document["signingSecret"] = secret_json(*generated);
  return to_text(document);
}

std::string health_text(const core::destination_health& h) {
  return to_text(
      {{"destinationId", h.destination.to_string()},
       {"status", core::to_string(h.status)},
       {"successRate", h.success_rate},
       {"consecutiveFailures", h.consecutive_failures},
       {"totalFailures", h.total_failures},
       {"totalDeliveries", h.total_deliveries},
       {"lastSuccessAt", time_or_null(h.last_success_at)},
       {"lastFailureAt", time_or_null(h.last_failure_at)},
       {"disabledReason", text_or_null(h.disabled_reason)},
       {"disabledAt", time_or_null(h.disabled_at)},
       {"breaker",
        {{"state", core::to_string(h.breaker)},
         {"openedAt", time_or_null(h.breaker_opened_at)},
         {"nextAttemptAt", time_or_null(h.breaker_next_attempt_at)},
         {"openings", h.breaker_openings}}},
       {"responseTimeMs",
        {{"p50", ms_or_null(h.response_p50)}, {"p95", ms_or_null(h.response_p95)}, {"p99", ms_or_null(h.response_p99)}}}});
}

std::string test_text(const core::connection_test& test, audience reader) {
  json document{{"ok", test.ok}, {"code", test.code}, {"durationMs", test.duration.count()}, {"category", nullptr}};
  if (test.category != core::failure_category::none) document["category"] = core::to_string(test.category);
  if (reader == audience::operators) document["detail"] = text_or_null(test.detail);
  return to_text(document);
}

std::string secret_text(const core::signing_secret& secret) { return to_text(secret_json(secret)); }

std::string destination_type_text(const core::destination_type& type) {
  return to_text({{"type", type.type},
                  {"title", type.title},
                  {"version", type.version},
                  {"features", type.features},
                  {"configSchema", type.config_schema}});
}

core::destination_input read_destination(object_input& body, input_kind kind) {
  if (kind != input_kind::patch) {
    body.require("type");
    body.require("config");
  }
  if (kind == input_kind::whole) body.require("label");
  core::destination_input input;
  input.type = body.text("type", {1, 64});
  input.label = body.text("label", any_text);
  input.config = body.object("config");
  if (is_null_in_patch(body, "policy", kind)) {
    input.policy = nullptr;
  } else {
    input.policy = body.object("policy");
  }
  if (is_null_in_patch(body, "tags", kind)) {
    input.tags.emplace();
  } else {
    input.tags = body.texts("tags", max_tags, any_text);
  }
  if (is_null_in_patch(body, "metadata", kind)) {
    input.metadata = json::object();
  } else {
    input.metadata = body.object("metadata");
  }
  return input;
}

core::secret_input read_secret(object_input& body) {
  core::secret_input input;
  input.secret = body.text("secret", {1, 4'096});
  if (auto algorithm = body.text("algorithm")) input.algorithm = std::move(*algorithm);
  if (const auto overlap = body.integer("overlapMs", 0, longest_overlap_ms)) input.overlap.emplace(*overlap);
  return input;
}

}  // namespace waybill::api
