// SPDX-License-Identifier: Apache-2.0
// The service's part for API keys and organizations.
#include "actors/caf_compat.hpp"
#include "actors/engine_service.hpp"
#include "actors/messages.hpp"
#include "core/security/api_key.hpp"
#include "core/security/network_guard.hpp"

namespace waybill::actors {
namespace {

constexpr std::size_t max_name = 200;

core::error invalid(std::vector<core::field_fault> faults) {
  return {core::error_code::validation_error, "the request is not valid", std::move(faults), std::nullopt};
}

std::vector<core::field_fault> faults_of(const core::caller& who, const core::key_input& input, core::utc_time now) {
  std::vector<core::field_fault> faults;
  if (input.name.empty() || input.name.size() > max_name) faults.push_back({"/name", "length", "name takes 1 to 200 bytes"});
  if (input.roles.empty()) faults.push_back({"/roles", "minItems", "a key needs at least one role"});
  if (input.roles.has(core::role::engine) && !who.roles.has(core::role::engine))
    faults.push_back({"/roles", "enum", "only the engine's operator key can make another one"});
  for (std::size_t i = 0; i < input.allowed_ip_ranges.size(); ++i)
    if (auto range = core::ip_range::parse(input.allowed_ip_ranges[i]); !range)
      faults.push_back({"/allowedIpRanges/" + std::to_string(i), "format", range.error().message});
  if (input.expires_at && *input.expires_at <= now) faults.push_back({"/expiresAt", "future", "expiresAt lies in the past"});
  return faults;
}

core::result<core::policy_overrides> policy_of(const core::organization_input& input, core::policy_overrides otherwise) {
  if (!input.policy) return otherwise;
  return core::policy_from_json(*input.policy, "/policy");
}

core::result<void> check_name(const std::optional<std::string>& name, bool required) {
  if (!name && !required) return {};
  if (!name) return core::fail(invalid({{"/name", "required", "name is missing"}}));
  if (name->empty() || name->size() > max_name) return core::fail(invalid({{"/name", "length", "name takes 1 to 200 bytes"}}));
  return {};
}

/// Which key it is and what it may do; never its secret.
audit_note note_of(const core::api_key& key) {
  return {key.id.to_string(), {{"roles", key.roles.bits()}, {"destinations", key.only_destinations.size()}}};
}

nlohmann::json changed_of(const core::organization_input& input) {
  auto changed = nlohmann::json::array();
  if (input.name) changed.push_back("name");
  if (input.policy) changed.push_back("policy");
  return changed;
}

}  // namespace

void engine_service::list_keys(const core::caller& who, core::page_request page, core::reply<core::page<core::api_key>> reply) {
  read(who, allow::administer, std::move(reply),
       [org = who.organization, page = std::move(page)](core::read_session& session) { return session.list_keys(org, page); });
}

void engine_service::create_key(const core::caller& who, core::key_input input, core::reply<core::created_key> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (!who.only_destinations.empty())
    return reply(core::fail(core::error_code::forbidden, "a narrowed key cannot make other keys"));
  const auto now = context_.time.now();
  if (auto faults = faults_of(who, input, now); !faults.empty()) return reply(core::fail(invalid(std::move(faults))));
  core::created_key made;
  auto& key = made.resource;
  key.id = core::key_id::make();
  key.organization = who.organization;
  key.name = std::move(input.name);
  key.roles = input.roles;
  key.only_destinations = std::move(input.only_destinations);
  key.allowed_ip_ranges = std::move(input.allowed_ip_ranges);
  key.allowed_hours = input.allowed_hours;
  key.expires_at = input.expires_at;
  key.created_at = now;
  auto secret = core::make_key_text(key.id);
  key.secret_hash = secret.secret_hash;
  made.secret = std::move(secret.text);
  write_once<core::created_key>(
      who, std::move(reply),
      audited<core::created_key>(
          who, "key.created", [](const core::created_key& k) { return note_of(k.resource); },
          [this, who, made = std::move(made)](core::write_session& session) -> core::result<core::created_key> {
            std::vector<core::field_fault> unknown;
            const auto& only = made.resource.only_destinations;
            for (std::size_t i = 0; i < only.size(); ++i)
              if (auto own = own_destination(who, session, only[i]); !own)
                unknown.push_back(
                    {"/destinations/" + std::to_string(i), "exists", "no such destination: " + only[i].to_string()});
            if (!unknown.empty()) return core::fail(invalid(std::move(unknown)));
            if (auto done = session.create_key(made.resource); !done) return core::fail(done.error());
            return made;
          }),
      [this](const core::created_key& created) { keys_.put(created.resource); });
}

void engine_service::revoke_key(const core::caller& who, core::key_id id, core::reply<void> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (id == who.key) return reply(core::fail(core::error_code::conflict, "a key cannot revoke itself"));
  write<bool>(
      [reply](core::result<bool> done) {
        if (!done) return reply(core::fail(done.error()));
        reply({});
      },
      audited<bool>(
          who, "key.revoked", [id](bool) { return audit_note{id.to_string()}; },
          [this, org = who.organization, id](core::write_session& session) -> core::result<bool> {
            if (auto done = session.revoke_key(org, id, context_.time.now()); !done) return core::fail(done.error());
            return true;
          }),
      [this, id](bool) { keys_.revoke(id, context_.time.now()); });
}

void engine_service::list_organizations(const core::caller& who, core::page_request page,
                                        core::reply<core::page<core::organization>> reply) {
  read(who, allow::engine_only, std::move(reply),
       [page = std::move(page)](core::read_session& session) { return session.list_organizations(page); });
}

void engine_service::create_organization(const core::caller& who, core::organization_input input,
                                         core::reply<core::organization> reply) {
  if (auto allowed = require(who, allow::engine_only); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (auto fine = check_name(input.name, true); !fine) return reply(core::fail(fine.error()));
  auto policy = policy_of(input, {});
  if (!policy) return reply(core::fail(policy.error()));
  core::organization o;
  o.id = core::organization_id::make();
  o.name = *input.name;
  o.policy = *std::move(policy);
  o.created_at = o.updated_at = context_.time.now();
  auto in_engine_chain = who;
  in_engine_chain.organization = core::engine_chain;
  write_once<core::organization>(who, std::move(reply),
                                 audited<core::organization>(
                                     in_engine_chain, "organization.created",
                                     [](const core::organization& made) { return audit_note{made.id.to_string()}; },
                                     [o = std::move(o)](core::write_session& session) -> core::result<core::organization> {
                                       if (auto done = session.create_organization(o); !done) return core::fail(done.error());
                                       return o;
                                     }),
                                 [this](const core::organization& made) {
                                   context_.directory.put(made.id);
                                   context_.ledger.set_limit(made.id, made.policy.share().max_waiting);
                                 });
}

void engine_service::get_organization(const core::caller& who, core::organization_id id,
                                      core::reply<core::organization> reply) {
  const bool own = id == who.organization;
  if (!own && !who.roles.has(core::role::engine)) {
    report_foreign(who, "organization", id.to_string());
    return reply(core::fail(core::error_code::organization_not_found, "no such organization"));
  }
  read(who, allow::administer, std::move(reply), [id](core::read_session& session) { return session.get_organization(id); });
}

void engine_service::update_organization(const core::caller& who, core::organization_id id, core::organization_input input,
                                         std::uint64_t expected_version, core::reply<core::organization> reply) {
  if (auto allowed = require(who, allow::engine_only); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (auto fine = check_name(input.name, false); !fine) return reply(core::fail(fine.error()));
  auto in_its_chain = who;
  in_its_chain.organization = id;
  auto note = audit_note{id.to_string(), {{"changed", changed_of(input)}}};
  write<core::organization>(std::move(reply),
                            audited<core::organization>(
                                in_its_chain, "organization.changed", [note](const core::organization&) { return note; },
                                [this, id, input = std::move(input),
                                 expected_version](core::write_session& session) -> core::result<core::organization> {
                                  auto stored = session.get_organization(id);
                                  if (!stored) return stored;
                                  auto policy = policy_of(input, stored->policy);
                                  if (!policy) return core::fail(policy.error());
                                  stored->policy = *std::move(policy);
                                  if (input.name) stored->name = *input.name;
                                  stored->updated_at = context_.time.now();
                                  if (auto done = session.update_organization(*stored, expected_version); !done)
                                    return core::fail(done.error());
                                  return session.get_organization(id);
                                }),
                            [this](core::organization& changed) {
                              const auto share = changed.policy.share();
                              context_.ledger.set_limit(changed.id, share.max_waiting);
                              context_.places.set_weight(changed.id, share.weight);
                              caf::anon_send(registry_, policy_changed{changed.id});
                            });
}

}  // namespace waybill::actors
