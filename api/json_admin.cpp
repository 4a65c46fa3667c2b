// SPDX-License-Identifier: Apache-2.0
#include "api/json_admin.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "api/json_text.hpp"

namespace waybill::api {

namespace {

using core::role;
using nlohmann::json;

constexpr std::size_t max_list = 1'000;
constexpr object_input::text_rule any_text{0, 65'536};

constexpr std::array<std::pair<std::string_view, role>, 6> role_words{{{"admin", role::admin},
                                                                       {"operator", role::operate},
                                                                       {"producer", role::producer},
                                                                       {"viewer", role::viewer},
                                                                       {"auditor", role::auditor},
                                                                       {"engine", role::engine}}};

json roles_json(const core::role_set& roles) {
  json out = json::array();
  for (const auto& [word, r] : role_words)
    if (roles.has(r)) out.push_back(word);
  return out;
}

core::role_set read_roles(object_input& body) {
  core::role_set roles;
  body.require("roles");
  const auto words = body.texts("roles", role_words.size(), {1, 32});
  for (std::size_t i = 0; words && i < words->size(); ++i) {
    if ((*words)[i].empty()) continue;  // a fault already
    const auto found =
        std::find_if(role_words.begin(), role_words.end(), [&](const auto& known) { return known.first == (*words)[i]; });
    if (found == role_words.end()) {
      body.fault("roles/" + std::to_string(i), "enum", "one of admin, operator, producer, viewer, auditor");
    } else {
      roles.add(found->second);
    }
  }
  return roles;
}

std::string clock_text(unsigned minutes) { return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60); }

/// "HH:MM", 00:00 to 24:00, as minutes of the day.
std::optional<std::uint16_t> parse_clock(const std::string& text) {
  const auto digit = [&text](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours * 60 + minutes > 24 * 60) return std::nullopt;
  return static_cast<std::uint16_t>(hours * 60 + minutes);
}

/// `{"from": "08:00", "to": "18:00"}`, UTC; a range that ends before it begins goes over midnight.
std::optional<std::pair<std::uint16_t, std::uint16_t>> read_hours(object_input& body) {
  const auto hours = body.object("allowedHours");
  if (!hours) return std::nullopt;
  faults inner;
  object_input range{*hours, "", inner};
  const auto bound = [&](std::string_view name) -> std::uint16_t {
    range.require(name);
    const auto text = range.text(name);
    const auto minutes = text ? parse_clock(*text) : std::nullopt;
    if (text && !minutes) range.fault(std::string{name}, "format", "a time of the day in UTC such as 08:30");
    return minutes.value_or(0);
  };
  const std::pair out{bound("from"), bound("to")};
  range.finish();
  for (auto& fault : inner) body.fault("allowedHours" + fault.pointer, std::move(fault.rule), std::move(fault.message));
  return out;
}

json texts_of(const std::vector<core::destination_id>& ids) {
  json out = json::array();
  for (const auto& id : ids) out.push_back(id.to_string());
  return out;
}

}  // namespace

std::string key_text(const core::api_key& key, const std::string& secret) {
  json document{{"id", key.id.to_string()},
                {"organizationId", key.organization.to_string()},
                {"name", key.name},
                {"roles", roles_json(key.roles)},
                {"destinations", texts_of(key.only_destinations)},
                {"allowedIpRanges", key.allowed_ip_ranges},
                {"allowedHours", nullptr},
                {"expiresAt", time_or_null(key.expires_at)},
                {"lastUsedAt", time_or_null(key.last_used_at)},
                {"revokedAt", time_or_null(key.revoked_at)},
                {"createdAt", core::to_rfc3339(key.created_at)}};
  if (key.allowed_hours)
    document["allowedHours"] = {{"from", clock_text(key.allowed_hours->first)}, {"to", clock_text(key.allowed_hours->second)}};
  if (!secret.empty()) document["secret"] = secret;
  return to_text(document);
}

core::key_input read_key(object_input& body) {
  core::key_input input;
  body.require("name");
  input.name = body.text("name", any_text).value_or("");
  input.roles = read_roles(body);
  input.only_destinations =
      body.ids<core::destination_id>("destinations", max_list).value_or(std::vector<core::destination_id>{});
  input.allowed_ip_ranges = body.texts("allowedIpRanges", max_list, {1, 64}).value_or(std::vector<std::string>{});
  input.allowed_hours = read_hours(body);
  input.expires_at = body.time("expiresAt");
  return input;
}

std::string organization_text(const core::organization& o) {
  json document{{"id", o.id.to_string()},
                {"name", o.name},
                {"policy", core::to_json(o.policy)},
                {"createdAt", core::to_rfc3339(o.created_at)},
                {"updatedAt", core::to_rfc3339(o.updated_at)},
                {"version", o.version}};
  if (document["policy"].is_null()) document["policy"] = json::object();
  return to_text(document);
}

core::organization_input read_organization(object_input& body, organization_body kind) {
  core::organization_input input;
  if (kind == organization_body::create) body.require("name");
  input.name = body.text("name", any_text);
  const auto* policy = body.find("policy");
  if (kind == organization_body::patch && policy && policy->is_null()) {
    input.policy = json::object();
  } else {
    input.policy = body.object("policy");
  }
  return input;
}

}  // namespace waybill::api
