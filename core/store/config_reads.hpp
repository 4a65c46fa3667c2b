// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/paging.hpp"
#include "core/store/records.hpp"
#include "core/store/row_codec.hpp"
#include "core/store/stored_task.hpp"

namespace waybill::core {

/// The statements of config_reads in an engine's SQL. Parameters are numbered in the order of the calls below.
struct config_reads_sql {
  std::string destination, destination_list, destination_all, owner, health, secrets;
  std::string state, key_check, organization, organization_list, key_list, key_all;
};

/// Reads what people configured: organizations, keys, destinations with their secrets, health and handler state. One
/// statement each, so none needs a snapshot. Lists go by id upwards, the oldest first. `Engine` names the engine's
/// connection, statement, rows and text_or_null; its config_reader derives from this and gives the SQL.
template <class Engine>
class config_reads {
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;
  using text_or_null = typename Engine::text_or_null;

public:
  result<destination> load_destination(destination_id id) {
    auto found = destination_.query(id);
    if (found.next()) return destination_from(found);
    if (found.failed()) return fail(found.failure());
    return no_such_destination();
  }

  result<destination> get_destination(organization_id org, destination_id id) {
    auto found = load_destination(id);
    if (found && found->organization != org) return no_such_destination();
    return found;
  }

  result<page<destination>> list_destinations(organization_id org, const destination_filter& filter,
                                              const page_request& request) {
    const auto after = read_cursor_or(cursor_kind::destinations, request.cursor, lowest_id);
    if (!after) return fail(after.error());
    const auto label = filter.label.empty() ? std::string() : contains_pattern(filter.label);
    return paginate<destination>(
        destination_list_.query(org, *after, request.limit + 1, text_or_null{filter.type}, text_or_null{label},
                                text_or_null{filter.tag}, filter.state, filter.health),
        cursor_kind::destinations, request.limit, destination_with_health_from<rows>);
  }

  result<page<destination>> all_destinations(const page_request& request) {
    const auto after = read_cursor_or(cursor_kind::destinations, request.cursor, lowest_id);
    if (!after) return fail(after.error());
    return paginate<destination>(destination_all_.query(*after, request.limit + 1), cursor_kind::destinations, request.limit,
                                 destination_from<rows>);
  }

  result<std::optional<organization_id>> owner_of(destination_id id) {
    auto found = owner_.query(id);
    if (found.next()) return std::optional<organization_id>{found.template id<organization_id>(0)};
    if (found.failed()) return fail(found.failure());
    return std::optional<organization_id>{};
  }

  result<destination_health> get_health(destination_id id) {
    auto found = health_.query(id);
    if (found.next()) return health_from(found);
    if (found.failed()) return fail(found.failure());
    return no_such_destination();
  }

  result<std::vector<signing_secret>> signing_secrets(destination_id id, utc_time now) {
    std::vector<signing_secret> all;
    auto found = secrets_.query(id, now);
    while (found.next()) {
      signing_secret s;
      s.id = found.template id<secret_id>(0);
      s.destination = found.template id<destination_id>(1);
      s.algorithm = found.text(2);
      s.secret = found.text(3);
      s.customer_supplied = found.integer(4) != 0;
      s.expires_at = found.maybe_time(5);
      s.created_at = found.time(6);
      all.push_back(std::move(s));
    }
    if (found.failed()) return fail(found.failure());
    return all;
  }

  result<std::string> handler_state(destination_id id, std::string_view key) {
    auto found = state_.query(id, key);
    if (found.next()) return found.text(0);
    if (found.failed()) return fail(found.failure());
    return fail(error_code::not_found, "The handler has stored nothing under this key.");
  }

  result<std::string> key_check() {
    auto found = key_check_.query();
    if (found.next()) return found.text(0);
    if (found.failed()) return fail(found.failure());
    return std::string();
  }

  result<organization> get_organization(organization_id id) {
    auto found = organization_.query(id);
    if (found.next()) return organization_from(found);
    if (found.failed()) return fail(found.failure());
    return no_such_organization();
  }

  result<page<organization>> list_organizations(const page_request& request) {
    const auto after = read_cursor_or(cursor_kind::organizations, request.cursor, lowest_id);
    if (!after) return fail(after.error());
    return paginate<organization>(organization_list_.query(*after, request.limit + 1), cursor_kind::organizations,
                                  request.limit, organization_from<rows>);
  }

  result<page<api_key>> list_keys(organization_id org, const page_request& request) {
    const auto after = read_cursor_or(cursor_kind::keys, request.cursor, lowest_id);
    if (!after) return fail(after.error());
    return paginate<api_key>(key_list_.query(org, *after, request.limit + 1), cursor_kind::keys, request.limit, key_from<rows>);
  }

  result<std::vector<api_key>> all_keys() {
    std::vector<api_key> all;
    auto found = key_all_.query();
    while (found.next()) all.push_back(key_from(found));
    if (found.failed()) return fail(found.failure());
    return all;
  }

protected:
  config_reads(typename Engine::connection& db, config_reads_sql sql)
      : destination_(db, std::move(sql.destination)),
        destination_list_(db, std::move(sql.destination_list)),
        destination_all_(db, std::move(sql.destination_all)),
        owner_(db, std::move(sql.owner)),
        health_(db, std::move(sql.health)),
        secrets_(db, std::move(sql.secrets)),
        state_(db, std::move(sql.state)),
        key_check_(db, std::move(sql.key_check)),
        organization_(db, std::move(sql.organization)),
        organization_list_(db, std::move(sql.organization_list)),
        key_list_(db, std::move(sql.key_list)),
        key_all_(db, std::move(sql.key_all)) {}

private:
  statement destination_;
  statement destination_list_;
  statement destination_all_;
  statement owner_;
  statement health_;
  statement secrets_;
  statement state_;
  statement key_check_;
  statement organization_;
  statement organization_list_;
  statement key_list_;
  statement key_all_;
};

}  // namespace waybill::core
