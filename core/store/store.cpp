// SPDX-License-Identifier: Apache-2.0
#include "core/store/store.hpp"

#include "core/store/postgres/postgres_store.hpp"
#include "core/store/postgres/server_url.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace waybill::core {

result<std::unique_ptr<store>> open_store(std::string_view url, const server_settings& settings) {
  constexpr std::string_view sqlite_scheme = "sqlite://";
  if (url.substr(0, sqlite_scheme.size()) == sqlite_scheme && url.size() > sqlite_scheme.size())
    return sqlite::sqlite_store::open(std::string(url.substr(sqlite_scheme.size())));
  if (postgres::is_server_url(url)) return postgres::postgres_store::open(url, settings);
  // The URL itself is not repeated: another engine's may hold a password.
  return fail(error_code::validation_error, "The store's URL must be sqlite://PATH or postgresql://USER@HOST/DATABASE.");
}

}  // namespace waybill::core
