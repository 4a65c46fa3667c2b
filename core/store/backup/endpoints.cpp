// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/endpoints.hpp"

#include <string>

#include "core/store/postgres/row_export.hpp"
#include "core/store/postgres/row_import.hpp"
#include "core/store/postgres/server_url.hpp"
#include "core/store/sqlite/row_export.hpp"
#include "core/store/sqlite/row_import.hpp"

namespace waybill::core {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite://";

bool is_file_url(std::string_view url) {
  return url.substr(0, sqlite_scheme.size()) == sqlite_scheme && url.size() > sqlite_scheme.size();
}

tl::unexpected<error> unknown() {
  // The URL itself is not repeated: it may hold a password.
  return fail(error_code::validation_error, "A store's URL must be sqlite://PATH or postgresql://….");
}

}  // namespace

result<std::unique_ptr<row_source>> open_source(std::string_view url, const server_settings& settings, source_use use) {
  if (is_file_url(url)) return sqlite::open_export(std::string(url.substr(sqlite_scheme.size())), use);
  if (!postgres::is_server_url(url)) return unknown();
  auto parameters = postgres::connection_settings_of(url, settings);
  if (!parameters) return fail(parameters.error());
  return postgres::open_export(std::move(*parameters), use);
}

result<std::unique_ptr<row_sink>> open_target(std::string_view url, const server_settings& settings) {
  if (is_file_url(url)) return sqlite::open_import(std::string(url.substr(sqlite_scheme.size())));
  if (!postgres::is_server_url(url)) return unknown();
  auto parameters = postgres::connection_settings_of(url, settings);
  if (!parameters) return fail(parameters.error());
  return postgres::open_import(std::move(*parameters));
}

}  // namespace waybill::core
