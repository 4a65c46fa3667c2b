// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/config_writer.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core::sqlite {
namespace {

using nlohmann::json;

/// Whatever bytes a text holds, the store gets valid JSON.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

result<void> as_void(const result<std::int64_t>& done) {
  if (!done) return fail(done.error());
  return {};
}

tl::unexpected<error> stale() {
  return fail(error_code::precondition_failed, "It was changed in the meantime: read it again and repeat the change.");
}

/// A broken key on insert: the id is taken, or the row it refers to is not there.
error name_conflict(error e, const error& missing) {
  if (e.code == error_code::conflict && e.message.find("FOREIGN KEY") != std::string::npos) return missing;
  return e;
}

std::optional<std::int64_t> minute(const api_key& k, bool first) {
  if (!k.allowed_hours) return std::nullopt;
  return first ? k.allowed_hours->first : k.allowed_hours->second;
}

}  // namespace

config_writer::config_writer(database& db, config_reader& reader)
    : reader_(reader),
      create_destination_(
          db,
          "INSERT INTO delivery_destinations (id, organization_id, type, label, config, policy, tags, metadata, "
          "state, disabled_reason, disabled_at, created_at, updated_at, version) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"),
      create_health_(db, "INSERT INTO destination_health (destination_id) VALUES (?1)"),
      update_destination_(db,
                          "UPDATE delivery_destinations SET type = ?2, label = ?3, config = ?4, policy = ?5, tags = ?6, "
                          "metadata = ?7, updated_at = ?8, version = version + 1 WHERE id = ?1"),
      delete_destination_(db, "DELETE FROM delivery_destinations WHERE id = ?1"),
      set_state_(db,
                 "UPDATE delivery_destinations SET state = ?3, disabled_reason = ?4, disabled_at = ?5, updated_at = ?6, "
                 "version = version + 1 WHERE id = ?1 AND organization_id = ?2"),
      reset_health_(db,
                    "UPDATE destination_health SET consecutive_failures = 0, breaker = 1, breaker_opened_at = NULL, "
                    "breaker_next_attempt_at = NULL, breaker_openings = 0 WHERE destination_id = ?1"),
      add_secret_(db,
                  "INSERT INTO webhook_secrets (id, destination_id, algorithm, secret, customer_supplied, expires_at, "
                  "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
      expire_secret_(db, "UPDATE webhook_secrets SET expires_at = ?3 WHERE id = ?1 AND destination_id = ?2"),
      put_state_(db, "INSERT OR REPLACE INTO handler_state (destination_id, key, value) VALUES (?1, ?2, ?3)"),
      put_key_check_(db, "INSERT OR REPLACE INTO key_check (one, sealed) VALUES (1, ?1)"),
      create_organization_(db,
                           "INSERT INTO organizations (id, name, policy, created_at, updated_at, version) "
                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
      update_organization_(db,
                           "UPDATE organizations SET name = ?2, policy = ?3, updated_at = ?4, version = version + 1 "
                           "WHERE id = ?1 AND (?5 = 0 OR version = ?5)"),
      create_key_(db,
                  "INSERT INTO api_keys (id, organization_id, name, roles, secret_hash, only_destinations, allowed_ip_ranges, "
                  "allowed_from, allowed_to, expires_at, last_used_at, revoked_at, created_at) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"),
      revoke_key_(db, "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE id = ?1 AND organization_id = ?2"),
      touch_key_(db, "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1"),
      sweep_(db,
             "DELETE FROM idempotency_keys WHERE (organization_id, route, key) IN "
             "(SELECT organization_id, route, key FROM idempotency_keys WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)") {
}

result<void> config_writer::create_destination(const destination& d, const std::vector<signing_secret>& secrets) {
  auto made = create_destination_.run(d.id, d.organization, d.type, d.label, dump(d.config), dump(to_json(d.policy)),
                                      dump(d.tags), dump(d.metadata), d.state, text_or_null{d.disabled_reason}, d.disabled_at,
                                      d.created_at, d.updated_at, d.version);
  if (!made) return fail(name_conflict(made.error(), no_such_organization().value()));
  if (auto health = create_health_.run(d.id); !health) return fail(health.error());
  for (const auto& secret : secrets)
    if (auto added = add_signing_secret(secret); !added) return added;
  return {};
}

result<void> config_writer::check_version(organization_id org, destination_id id, std::uint64_t expected_version) {
  auto found = reader_.get_destination(org, id);
  if (!found) return fail(found.error());
  if (expected_version != 0 && found->version != expected_version) return stale();
  return {};
}

result<void> config_writer::update_destination(const destination& d, std::uint64_t expected_version) {
  if (auto allowed = check_version(d.organization, d.id, expected_version); !allowed) return allowed;
  return as_void(update_destination_.run(d.id, d.type, d.label, dump(d.config), dump(to_json(d.policy)), dump(d.tags),
                                         dump(d.metadata), d.updated_at));
}

result<void> config_writer::delete_destination(destination_id id) { return as_void(delete_destination_.run(id)); }

result<destination> config_writer::set_destination_state(organization_id org, destination_id id, destination_state state,
                                                         const std::string& reason, utc_time now) {
  const bool disable = state == destination_state::disabled;
  const auto disabled_at = disable ? std::optional(now) : std::nullopt;
  auto set =
      set_state_.run(id, org, state, text_or_null{disable ? std::string_view(reason) : std::string_view()}, disabled_at, now);
  if (!set) return fail(set.error());
  if (*set == 0) return no_such_destination();
  if (!disable)
    if (auto reset = reset_health_.run(id); !reset) return fail(reset.error());
  return reader_.get_destination(org, id);
}

result<void> config_writer::add_signing_secret(const signing_secret& s) {
  auto added = add_secret_.run(s.id, s.destination, s.algorithm, s.secret, s.customer_supplied, s.expires_at, s.created_at);
  if (!added) return fail(name_conflict(added.error(), no_such_destination().value()));
  return {};
}

result<void> config_writer::expire_signing_secret(destination_id id, secret_id secret, utc_time at) {
  auto set = expire_secret_.run(secret, id, at);
  if (!set) return fail(set.error());
  if (*set == 0) return fail(error_code::secret_not_found, "The destination has no such secret.");
  return {};
}

result<void> config_writer::put_handler_state(destination_id id, std::string_view key, std::string_view value) {
  auto put = put_state_.run(id, key, blob_view(value));
  if (!put) return fail(name_conflict(put.error(), no_such_destination().value()));
  return {};
}

result<void> config_writer::put_key_check(std::string_view sealed) { return as_void(put_key_check_.run(sealed)); }

result<void> config_writer::create_organization(const organization& o) {
  return as_void(create_organization_.run(o.id, o.name, dump(to_json(o.policy)), o.created_at, o.updated_at, o.version));
}

result<void> config_writer::update_organization(const organization& o, std::uint64_t expected_version) {
  auto set = update_organization_.run(o.id, o.name, dump(to_json(o.policy)), o.updated_at, expected_version);
  if (!set) return fail(set.error());
  if (*set > 0) return {};
  if (auto found = reader_.get_organization(o.id); !found) return fail(found.error());
  return stale();
}

result<void> config_writer::create_key(const api_key& k) {
  const auto only = pack_ids(k.only_destinations);
  auto made = create_key_.run(k.id, k.organization, k.name, k.roles.bits(), k.secret_hash, blob_view(only),
                              texts_to_json(k.allowed_ip_ranges), minute(k, true), minute(k, false), k.expires_at,
                              k.last_used_at, k.revoked_at, k.created_at);
  if (!made) return fail(name_conflict(made.error(), no_such_organization().value()));
  return {};
}

result<void> config_writer::revoke_key(organization_id org, key_id id, utc_time now) {
  auto set = revoke_key_.run(id, org, now);
  if (!set) return fail(set.error());
  if (*set == 0) return fail(error_code::key_not_found, "There is no such key.");
  return {};
}

result<void> config_writer::touch_keys(const std::vector<std::pair<key_id, utc_time>>& used) {
  for (const auto& [id, at] : used)
    if (auto done = touch_key_.run(id, at); !done) return fail(done.error());
  return {};
}

result<std::uint64_t> config_writer::sweep_idempotency(utc_time now, std::uint32_t limit) {
  auto swept = sweep_.run(now, limit);
  if (!swept) return fail(swept.error());
  return static_cast<std::uint64_t>(*swept);
}

}  // namespace waybill::core::sqlite
