// SPDX-License-Identifier: Apache-2.0
#include "actors/engine_service.hpp"

#include <algorithm>

#include "core/telemetry/log.hpp"

namespace waybill::actors {

void engine_service::connect(caf::actor intake, caf::actor registry, caf::actor jobs, caf::actor erasures) {
  intake_ = std::move(intake);
  registry_ = std::move(registry);
  jobs_ = std::move(jobs);
  erasures_ = std::move(erasures);
}

void engine_service::disconnect() {
  intake_ = nullptr;
  registry_ = nullptr;
  jobs_ = nullptr;
  erasures_ = nullptr;
}

core::result<core::caller> engine_service::authenticate(std::string_view presented, std::string_view acting_for,
                                                        std::string_view remote_address) {
  std::optional<core::organization_id> organization;
  if (!acting_for.empty()) {
    organization = core::organization_id::parse(acting_for);
    if (!organization)
      return core::fail({core::error_code::validation_error,
                         "X-Organization-Id is not an organization's id",
                         {{"X-Organization-Id", "format", "expected org_ and 26 characters"}},
                         std::nullopt});
  }
  auto who = keys_.authenticate(presented, organization, remote_address);
  if (who && !context_.directory.knows(who->organization))
    return core::fail(core::error_code::organization_not_found, "no such organization: " + who->organization.to_string());
  return who;
}

void engine_service::find_answer(const core::caller& who, const core::once_claim& claim,
                                 core::reply<std::optional<core::kept_answer>> reply) {
  context_.readers.run([this, org = who.organization, claim, reply = std::move(reply)](core::read_session* session) mutable {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    reply(earlier_answer(context_, *session, org, claim));
  });
}

core::result<void> engine_service::require(const core::caller& who, std::uint8_t roles) const {
  if (who.roles.has(core::role::engine) || who.roles.any(roles)) return {};
  return core::fail(core::error_code::forbidden, "the key's roles do not allow this");
}

bool engine_service::in_reach(const core::caller& who, core::destination_id id) {
  const auto& only = who.only_destinations;
  return only.empty() || std::find(only.begin(), only.end(), id) != only.end();
}

core::result<core::destination> engine_service::own_destination(const core::caller& who, core::read_session& session,
                                                                core::destination_id id) const {
  if (!in_reach(who, id)) return core::fail(core::error_code::destination_not_found, "no such destination");
  auto found = session.get_destination(who.organization, id);
  if (!found && found.error().code == core::error_code::destination_not_found) {
    auto owner = session.owner_of(id);
    if (owner && *owner && **owner != who.organization) report_foreign(who, "destination", id.to_string());
  }
  return found;
}

void engine_service::report_foreign(const core::caller& who, std::string_view what, const std::string& id) const {
  context_.figures.security_event(std::string("foreign_") + std::string(what));
  context_.denied.foreign_access(who, what, id);
  core::log(core::log_level::warning, "security.foreign_id", "Something of another organization was asked for",
            {{"organizationId", who.organization.to_string()},
             {"keyId", who.key.to_string()},
             {"what", std::string(what)},
             {"id", id},
             {"remoteAddress", who.remote_address},
             {"requestId", who.request_id}});
}

core::destination engine_service::shown(core::destination d) const {
  auto schema = context_.schemas.find(d.type);
  if (schema != context_.schemas.end()) {
    d.config = schema->second.redact(std::move(d.config));
  } else {
    // Without its plugin nobody knows which member is a secret: all of them might be.
    for (auto& member : d.config) member = std::string(core::redacted_mark);
  }
  return d;
}

}  // namespace waybill::actors
