// SPDX-License-Identifier: Apache-2.0
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "config.hpp"

namespace waybill::database {
namespace {

struct options_free {
  void operator()(PQconninfoOption* list) const { PQconninfoFree(list); }
};

// Harmless, or what this handler decides itself.
constexpr std::array<std::string_view, 14> passed_over{
    "application_name", "fallback_application_name", "client_encoding",      "connect_timeout",         "keepalives",
    "keepalives_idle",  "keepalives_interval",       "keepalives_count",     "tcp_user_timeout",        "sslsni",
    "gssencmode",       "channel_binding",           "target_session_attrs", "ssl_min_protocol_version"};

std::string take_mode(std::string_view value, tls_mode& into) {
  if (value == "verify-full")
    into = tls_mode::verify_full;
  else if (value == "verify-ca")
    into = tls_mode::verify_ca;
  else if (value == "require")
    into = tls_mode::require;
  else if (value == "disable")
    into = tls_mode::disable;
  else
    return "has an sslmode that may fall back to no encryption: verify-full, verify-ca, require and disable are the choices";
  return {};
}

std::string take(std::string_view name, const std::string& value, server_settings& into) {
  if (name == "host") {
    into.host = value;
  } else if (name == "port") {
    const auto* const end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, into.port);
    if (error != std::errc{} || rest != end || into.port == 0) return "has a port that is none";
  } else if (name == "dbname") {
    into.database = value;
  } else if (name == "user") {
    into.username = value;
  } else if (name == "password") {
    into.password = value;
  } else if (name == "options") {
    into.options = value;
  } else if (name == "sslmode") {
    return take_mode(value, into.mode);
  } else if (std::find(passed_over.begin(), passed_over.end(), name) == passed_over.end()) {
    return "has " + std::string{name} + ", which is not supported here; certificates go into tls";
  }
  return {};
}

}  // namespace

std::string read_connection_string(const std::string& text, server_settings& into) {
  if (text.find('\0') != std::string::npos) return "has a NUL character";
  char* raw_error = nullptr;
  const std::unique_ptr<PQconninfoOption, options_free> list{PQconninfoParse(text.c_str(), &raw_error)};
  // Its message quotes the text, and with it perhaps a password.
  if (raw_error != nullptr) PQfreemem(raw_error);
  if (!list) return "is no connection string: postgresql://user@host/database, or keywords and values";
  for (const auto* one = list.get(); one->keyword != nullptr; ++one) {
    if (one->val == nullptr || *one->val == '\0') continue;
    if (auto why = take(one->keyword, one->val, into); !why.empty()) return why;
  }
  return {};
}

}  // namespace waybill::database
