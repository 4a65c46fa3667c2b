// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/server_url.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include <libpq-fe.h>

namespace waybill::core::postgres {
namespace {

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

result<std::string> read_password(const std::string& path) {
  std::ifstream file(path);
  std::string password;
  if (!std::getline(file, password) || password.empty())
    return fail(error_code::validation_error, "store.passwordFile: " + path + " cannot be read or is empty");
  if (password.back() == '\r') password.pop_back();
  return password;
}

/// libpq's own reading of it, so that nothing is left to be found out when connecting. Its message may repeat a part of the
/// URL, so it is not passed on.
result<void> check(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(url.c_str(), &message),
                                                                            PQconninfoFree);
  PQfreemem(message);
  if (parsed) return {};
  return fail(error_code::validation_error, "store.url cannot be read: it must be postgresql://USER@HOST:PORT/DATABASE?…");
}

}  // namespace

bool is_server_url(std::string_view url) { return starts_with(url, "postgresql://") || starts_with(url, "postgres://"); }

result<connection_settings> connection_settings_of(std::string_view url, const server_settings& settings) {
  const std::string text(url);
  if (auto right = check(text); !right) return fail(right.error());
  const auto seconds = std::max<std::int64_t>(2, (settings.connect_timeout.count() + 999) / 1'000);
  connection_settings made;
  made.statement_timeout = settings.statement_timeout;
  made.parameters = {
      {"target_session_attrs", "read-write"},
      {"fallback_application_name", "waybill"},
      {"client_encoding", "UTF8"},
      {"connect_timeout", std::to_string(seconds)},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "20000"},
      {"dbname", text},
  };
  const auto put = [&](const char* keyword, const std::string& value) {
    if (!value.empty()) made.parameters.emplace_back(keyword, value);
  };
  put("sslmode", settings.tls_mode);
  put("sslrootcert", settings.tls_ca);
  put("sslcert", settings.tls_certificate);
  put("sslkey", settings.tls_key);
  if (settings.password_file.empty()) return made;
  auto password = read_password(settings.password_file);
  if (!password) return fail(password.error());
  put("password", *password);
  return made;
}

}  // namespace waybill::core::postgres
