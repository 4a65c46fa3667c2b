// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/store/config_reads.hpp"

namespace waybill::core {

/// The statements of config_writes in an engine's SQL. Parameters are numbered in the order of the calls below.
struct config_writes_sql {
  std::string create_destination, create_health, update_destination, delete_destination, set_state, reset_health;
  std::string add_secret, expire_secret, put_state, put_key_check, create_organization;
  std::string update_organization, create_key, revoke_key, sweep;
};

/// Whatever bytes a text holds, the store gets valid JSON.
[[nodiscard]] std::string storable_json(const nlohmann::json& value);
[[nodiscard]] result<void> config_write_done(const result<std::int64_t>& changed);
/// precondition_failed
[[nodiscard]] tl::unexpected<error> changed_meanwhile();
/// A broken key on insert: the id is taken, or the row it refers to is not there; then `missing`.
[[nodiscard]] error missing_or_conflict(error e, const error& missing);
[[nodiscard]] std::optional<std::int64_t> allowed_minute(const api_key& key, bool first);

/// Writes what people configure. Runs inside the writer's transaction. Unknown and foreign ids are *_not_found. `Engine` as
/// in config_reads.
template <class Engine>
class config_writes {
protected:
  using statement = typename Engine::statement;

private:
  using text_or_null = typename Engine::text_or_null;
  using blob_view = typename Engine::blob_view;

public:
  result<void> create_destination(const destination& d, const std::vector<signing_secret>& secrets) {
    auto made =
        create_destination_.run(d.id, d.organization, d.type, d.label, storable_json(d.config),
                                storable_json(to_json(d.policy)), storable_json(d.tags), storable_json(d.metadata), d.state,
                                text_or_null{d.disabled_reason}, d.disabled_at, d.created_at, d.updated_at, d.version);
    if (!made) return fail(missing_or_conflict(made.error(), no_such_organization().value()));
    if (auto health = create_health_.run(d.id); !health) return fail(health.error());
    for (const auto& secret : secrets)
      if (auto added = add_signing_secret(secret); !added) return added;
    return {};
  }

  /// destination_not_found, precondition_failed or nothing: may it be changed by who knows this version?
  result<void> check_version(organization_id org, destination_id id, std::uint64_t expected_version) {
    auto found = reader_.get_destination(org, id);
    if (!found) return fail(found.error());
    if (expected_version != 0 && found->version != expected_version) return changed_meanwhile();
    return {};
  }

  result<void> update_destination(const destination& d, std::uint64_t expected_version) {
    if (auto allowed = check_version(d.organization, d.id, expected_version); !allowed) return allowed;
    return config_write_done(update_destination_.run(d.id, d.type, d.label, storable_json(d.config),
                                                     storable_json(to_json(d.policy)), storable_json(d.tags),
                                                     storable_json(d.metadata), d.updated_at));
  }

  /// The row and what hangs on it; its tasks are the caller's to cancel first.
  result<void> delete_destination(destination_id id) { return config_write_done(delete_destination_.run(id)); }

  result<destination> set_destination_state(organization_id org, destination_id id, destination_state state,
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

  result<void> add_signing_secret(const signing_secret& s) {
    auto added = add_secret_.run(s.id, s.destination, s.algorithm, s.secret, s.customer_supplied, s.expires_at, s.created_at);
    if (!added) return fail(missing_or_conflict(added.error(), no_such_destination().value()));
    return {};
  }

  result<void> expire_signing_secret(destination_id id, secret_id secret, utc_time at) {
    auto set = expire_secret_.run(secret, id, at);
    if (!set) return fail(set.error());
    if (*set == 0) return fail(error_code::secret_not_found, "The destination has no such secret.");
    return {};
  }

  result<void> put_handler_state(destination_id id, std::string_view key, std::string_view value) {
    auto put = put_state_.run(id, key, blob_view(value));
    if (!put) return fail(missing_or_conflict(put.error(), no_such_destination().value()));
    return {};
  }

  result<void> put_key_check(std::string_view sealed) { return config_write_done(put_key_check_.run(sealed)); }

  result<void> create_organization(const organization& o) {
    return config_write_done(
        create_organization_.run(o.id, o.name, storable_json(to_json(o.policy)), o.created_at, o.updated_at, o.version));
  }

  result<void> update_organization(const organization& o, std::uint64_t expected_version) {
    auto set = update_organization_.run(o.id, o.name, storable_json(to_json(o.policy)), o.updated_at, expected_version);
    if (!set) return fail(set.error());
    if (*set > 0) return {};
    if (auto found = reader_.get_organization(o.id); !found) return fail(found.error());
    return changed_meanwhile();
  }

  result<void> create_key(const api_key& k) {
    const auto only = pack_ids(k.only_destinations);
    auto made = create_key_.run(k.id, k.organization, k.name, k.roles.bits(), k.secret_hash, blob_view(only),
                                texts_to_json(k.allowed_ip_ranges), allowed_minute(k, true), allowed_minute(k, false),
                                k.expires_at, k.last_used_at, k.revoked_at, k.created_at);
    if (!made) return fail(missing_or_conflict(made.error(), no_such_organization().value()));
    return {};
  }

  result<void> revoke_key(organization_id org, key_id id, utc_time now) {
    auto set = revoke_key_.run(id, org, now);
    if (!set) return fail(set.error());
    if (*set == 0) return fail(error_code::key_not_found, "There is no such key.");
    return {};
  }

  result<std::uint64_t> sweep_idempotency(utc_time now, std::uint32_t limit) {
    auto swept = sweep_.run(now, limit);
    if (!swept) return fail(swept.error());
    return static_cast<std::uint64_t>(*swept);
  }

protected:
  config_writes(typename Engine::connection& db, config_reads<Engine>& reader, config_writes_sql sql)
      : reader_(reader),
        create_destination_(db, std::move(sql.create_destination)),
        create_health_(db, std::move(sql.create_health)),
        update_destination_(db, std::move(sql.update_destination)),
        delete_destination_(db, std::move(sql.delete_destination)),
        set_state_(db, std::move(sql.set_state)),
        reset_health_(db, std::move(sql.reset_health)),
        add_secret_(db, std::move(sql.add_secret)),
        expire_secret_(db, std::move(sql.expire_secret)),
        put_state_(db, std::move(sql.put_state)),
        put_key_check_(db, std::move(sql.put_key_check)),
        create_organization_(db, std::move(sql.create_organization)),
        update_organization_(db, std::move(sql.update_organization)),
        create_key_(db, std::move(sql.create_key)),
        revoke_key_(db, std::move(sql.revoke_key)),
        sweep_(db, std::move(sql.sweep)) {}

private:
  config_reads<Engine>& reader_;
  statement create_destination_;
  statement create_health_;
  statement update_destination_;
  statement delete_destination_;
  statement set_state_;
  statement reset_health_;
  statement add_secret_;
  statement expire_secret_;
  statement put_state_;
  statement put_key_check_;
  statement create_organization_;
  statement update_organization_;
  statement create_key_;
  statement revoke_key_;
  statement sweep_;
};

}  // namespace waybill::core
