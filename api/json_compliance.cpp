// SPDX-License-Identifier: Apache-2.0
#include "api/json_compliance.hpp"

#include "api/json_text.hpp"
#include "core/security/digest.hpp"

namespace waybill::api {

namespace {

using nlohmann::json;

constexpr object_input::text_rule value_rule{1, 255};
constexpr object_input::text_rule reason_rule{1, 1'000};

std::string hex(const core::sha256_digest& digest) { return core::to_hex(digest.data(), digest.size()); }

json point(std::uint64_t number, const core::sha256_digest& hash) { return {{"number", number}, {"hash", hex(hash)}}; }

json parsed(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json::object() : value;
}

}  // namespace

/// `details` also as the bytes that were hashed: JSON does not keep the order of members or white space.
std::string audit_row_text(const core::audit_row& row) {
  const auto& e = row.entry;
  return to_text({{"id", row.id.to_string()},
                  {"number", row.number},
                  {"organizationId", e.chain == core::engine_chain ? json(nullptr) : json(e.chain.to_string())},
                  {"at", core::to_rfc3339(e.at)},
                  {"actor", e.actor ? json(e.actor->to_string()) : json("system")},
                  {"action", e.action},
                  {"subject", text_or_null(e.subject)},
                  {"details", parsed(e.details)},
                  {"detailsText", e.details},
                  {"previousHash", hex(row.previous_hash)},
                  {"hash", hex(row.hash)}});
}

std::string verification_text(const core::audit_verification& v) {
  json fault = nullptr;
  if (v.fault) fault = {{"number", v.fault->number}, {"id", text_or_null(v.fault->id)}, {"reason", v.fault->reason}};
  return to_text({{"sound", !v.fault},
                  {"complete", v.complete},
                  {"checked", v.checked},
                  {"fault", std::move(fault)},
                  {"anchor", point(v.chain.anchor_number, v.chain.anchor_hash)},
                  {"head", point(v.chain.last_number, v.chain.last_hash)},
                  {"nextAfter", v.complete ? json(nullptr) : json(v.reached)}});
}

std::string hold_text(const core::legal_hold& hold) {
  return to_text({{"id", hold.id.to_string()},
                  {"scope", core::to_string(hold.scope)},
                  {"value", text_or_null(hold.value)},
                  {"reason", hold.reason},
                  {"placedBy", hold.placed_by.to_string()},
                  {"placedAt", core::to_rfc3339(hold.placed_at)}});
}

std::string erasure_text(const core::erasure& e, std::string_view base_url) {
  const bool completed = e.state == core::erasure_state::completed;
  return to_text({{"id", e.id.to_string()},
                  {"organizationId", e.organization.to_string()},
                  {"scope", core::to_string(e.scope)},
                  {"reason", e.reason},
                  {"state", core::to_string(e.state)},
                  {"requestedBy", e.requested_by.to_string()},
                  {"requestedAt", core::to_rfc3339(e.requested_at)},
                  {"cancelledTasks", e.cancelled},
                  {"heldDeliveries", e.held},
                  {"erasedRows", json(e.erased)},
                  {"finishedAt", time_or_null(e.finished_at)},
                  {"certificate", completed ? parsed(e.certificate) : json(nullptr)},
                  {"links", {{"self", std::string(base_url) + "/v1/erasures/" + e.id.to_string()}}}});
}

core::scope_input read_scope(object_input& body, scope_body kind) {
  core::scope_input input;
  body.require("scope");
  if (const auto word = body.text("scope")) {
    const auto scope = core::data_scope_from(*word);
    if (!scope || (kind == scope_body::erasure && *scope == core::data_scope::destination))
      body.fault("scope", "enum",
                 kind == scope_body::hold ? "one of organization, correlationId, tag, delivery, destination"
                                          : "one of organization, correlationId, tag, delivery");
    input.scope = scope.value_or(core::data_scope::delivery);
  }
  if (kind == scope_body::erasure) body.require("value");
  input.value = body.text("value", value_rule).value_or("");
  body.require("reason");
  input.reason = body.text("reason", reason_rule).value_or("");
  return input;
}

}  // namespace waybill::api
