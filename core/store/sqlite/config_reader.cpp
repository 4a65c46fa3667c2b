// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/config_reader.hpp"

#include "core/store/paging.hpp"

namespace waybill::core::sqlite {
namespace {

std::string select(const char* columns, const char* rest) { return std::string("SELECT ") + columns + " FROM " + rest; }

}  // namespace

config_reader::config_reader(database& db)
    : destination_(db, select(destination_columns, "delivery_destinations WHERE id = ?1")),
      destination_list_(db, select((qualified(destination_columns, "d") + ", " + health_status_sql).c_str(),
                                   "delivery_destinations d "
                                   "JOIN destination_health h ON h.destination_id = d.id "
                                   "WHERE d.organization_id = ?1 AND d.id > ?2 ") +
                                "AND (?4 IS NULL OR d.type = ?4) AND (?5 IS NULL OR d.label LIKE ?5 ESCAPE '\\') "
                                "AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(d.tags) WHERE value = ?6)) "
                                "AND (?7 IS NULL OR d.state = ?7) AND (?8 IS NULL OR ?8 = " +
                                health_status_sql + ") ORDER BY d.id LIMIT ?3"),
      destination_all_(db, select(destination_columns, "delivery_destinations WHERE id > ?1 ORDER BY id LIMIT ?2")),
      owner_(db, "SELECT organization_id FROM delivery_destinations WHERE id = ?1"),
      health_(db, select(health_columns,
                         "delivery_destinations d JOIN destination_health h ON h.destination_id = d.id "
                         "WHERE d.id = ?1")),
      secrets_(db,
               "SELECT id, destination_id, algorithm, secret, customer_supplied, expires_at, created_at FROM webhook_secrets "
               "WHERE destination_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY created_at DESC, id DESC"),
      state_(db, "SELECT value FROM handler_state WHERE destination_id = ?1 AND key = ?2"),
      key_check_(db, "SELECT sealed FROM key_check"),
      organization_(db, select(organization_columns, "organizations WHERE id = ?1")),
      organization_list_(db, select(organization_columns, "organizations WHERE id > ?1 ORDER BY id LIMIT ?2")),
      key_list_(db, select(key_columns, "api_keys WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3")),
      key_all_(db, select(key_columns, "api_keys ORDER BY id")) {}

result<destination> config_reader::load_destination(destination_id id) {
  auto found = destination_.query(id);
  if (found.next()) return destination_from(found);
  if (found.failed()) return fail(found.failure());
  return no_such_destination();
}

result<destination> config_reader::get_destination(organization_id org, destination_id id) {
  auto found = load_destination(id);
  if (found && found->organization != org) return no_such_destination();
  return found;
}

result<page<destination>> config_reader::list_destinations(organization_id org, const destination_filter& filter,
                                                           const page_request& request) {
  const auto after = read_cursor_or(cursor_kind::destinations, request.cursor, lowest_id);
  if (!after) return fail(after.error());
  const auto label = filter.label.empty() ? std::string() : contains_pattern(filter.label);
  return paginate<destination>(
      destination_list_.query(org, *after, request.limit + 1, text_or_null{filter.type}, text_or_null{label},
                              text_or_null{filter.tag}, filter.state, filter.health),
      cursor_kind::destinations, request.limit, destination_with_health_from<rows>);
}

result<page<destination>> config_reader::all_destinations(const page_request& request) {
  const auto after = read_cursor_or(cursor_kind::destinations, request.cursor, lowest_id);
  if (!after) return fail(after.error());
  return paginate<destination>(destination_all_.query(*after, request.limit + 1), cursor_kind::destinations, request.limit,
                               destination_from<rows>);
}

result<std::optional<organization_id>> config_reader::owner_of(destination_id id) {
  auto found = owner_.query(id);
  if (found.next()) return std::optional<organization_id>{found.id<organization_id>(0)};
  if (found.failed()) return fail(found.failure());
  return std::optional<organization_id>{};
}

result<destination_health> config_reader::get_health(destination_id id) {
  auto found = health_.query(id);
  if (found.next()) return health_from(found);
  if (found.failed()) return fail(found.failure());
  return no_such_destination();
}

result<std::vector<signing_secret>> config_reader::signing_secrets(destination_id id, utc_time now) {
  std::vector<signing_secret> all;
  auto found = secrets_.query(id, now);
  while (found.next()) {
    signing_secret s;
    s.id = found.id<secret_id>(0);
    s.destination = found.id<destination_id>(1);
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

result<std::string> config_reader::handler_state(destination_id id, std::string_view key) {
  auto found = state_.query(id, key);
  if (found.next()) return found.text(0);
  if (found.failed()) return fail(found.failure());
  return fail(error_code::not_found, "The handler has stored nothing under this key.");
}

result<std::string> config_reader::key_check() {
  auto found = key_check_.query();
  if (found.next()) return found.text(0);
  if (found.failed()) return fail(found.failure());
  return std::string();
}

result<organization> config_reader::get_organization(organization_id id) {
  auto found = organization_.query(id);
  if (found.next()) return organization_from(found);
  if (found.failed()) return fail(found.failure());
  return no_such_organization();
}

result<page<organization>> config_reader::list_organizations(const page_request& request) {
  const auto after = read_cursor_or(cursor_kind::organizations, request.cursor, lowest_id);
  if (!after) return fail(after.error());
  return paginate<organization>(organization_list_.query(*after, request.limit + 1), cursor_kind::organizations, request.limit,
                                organization_from<rows>);
}

result<page<api_key>> config_reader::list_keys(organization_id org, const page_request& request) {
  const auto after = read_cursor_or(cursor_kind::keys, request.cursor, lowest_id);
  if (!after) return fail(after.error());
  return paginate<api_key>(key_list_.query(org, *after, request.limit + 1), cursor_kind::keys, request.limit, key_from<rows>);
}

result<std::vector<api_key>> config_reader::all_keys() {
  std::vector<api_key> all;
  auto found = key_all_.query();
  while (found.next()) all.push_back(key_from(found));
  if (found.failed()) return fail(found.failure());
  return all;
}

}  // namespace waybill::core::sqlite
