// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>
#include <waybill/transfer/pem.hpp>

namespace waybill::database {
namespace {

using nlohmann::json;
constexpr std::size_t longest_identifier = 63;  // NAMEDATALEN - 1: a longer one would be cut silently

/// An object of the configuration and where it stands; reads members and reports what has a wrong type.
class reader {
public:
  reader(const json& object, std::string pointer, sdk::fault_sink& faults)
      : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

  [[nodiscard]] const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void text(const char* name, std::string& into) const {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) return fault(name, "type", "must be a text");
    into = value->get<std::string>();
    if (into.find('\0') != std::string::npos) fault(name, "text", "must not contain a NUL character");
  }
  void identifier(const char* name, std::string& into, bool required) const {
    text(name, into);
    if (into.size() > longest_identifier) fault(name, "maxLength", "is longer than an identifier can be: 63 bytes");
    if (into.empty() && (required || find(name) != nullptr)) fault(name, "required", "is required");
  }
  void boolean(const char* name, bool& into) const {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fault(name, "type", "must be true or false");
    into = value->get<bool>();
  }
  template <class Number>
  void number(const char* name, Number& into, std::int64_t least, std::int64_t most) const {
    const auto* value = find(name);
    if (value == nullptr) return;
    const bool good = value->is_number_integer() && value->get<double>() >= static_cast<double>(least) &&
                      value->get<double>() <= static_cast<double>(most);
    if (!good) return fault(name, "range", "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    into = static_cast<Number>(value->get<std::int64_t>());
  }
  void duration(const char* name, std::chrono::milliseconds& into, std::int64_t least, std::int64_t most) const {
    auto count = into.count();
    number(name, count, least, most);
    into = std::chrono::milliseconds{count};
  }
  [[nodiscard]] std::optional<reader> object(const char* name) const {
    const auto* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_object()) return inside(name, *value);
    fault(name, "type", "must be an object");
    return std::nullopt;
  }
  [[nodiscard]] reader inside(const std::string& name, const json& value) const {
    return {value, pointer_ + "/" + name, faults_};
  }
  void fault(std::string_view name, std::string_view rule, std::string_view message) const {
    faults_(pointer_ + "/" + std::string{name}, rule, message);
  }

private:
  const json& object_;
  std::string pointer_;
  sdk::fault_sink& faults_;
};

void read_tls(const reader& from, server_settings& into) {
  const auto tls = from.object("tls");
  if (!tls) return;
  std::string mode;
  tls->text("mode", mode);
  server_settings named;
  if (!mode.empty()) {
    if (!read_connection_string("sslmode='" + std::string{mode.find('\'') == std::string::npos ? mode : "?"} + "'", named)
             .empty())
      tls->fault("mode", "enum", "is not one of the known values");
    into.mode = named.mode;
  }
  auto& options = into.tls;
  tls->text("caPem", options.ca_pem);
  tls->text("clientCertificatePem", options.client_certificate_pem);
  tls->text("clientKeyPem", options.client_key_pem);
  tls->text("clientKeyPassword", options.client_key_password);
  if (!options.ca_pem.empty() && transfer::count_certificates(options.ca_pem) == 0)
    tls->fault("caPem", "pem", "holds no certificate in PEM");
  if (options.client_certificate_pem.empty() && options.client_key_pem.empty()) return;
  if (options.client_certificate_pem.empty())
    return tls->fault("clientCertificatePem", "required", "the client key has no certificate");
  if (options.client_key_pem.empty()) return tls->fault("clientKeyPem", "required", "the client certificate has no key");
  const bool has_certificate = transfer::count_certificates(options.client_certificate_pem) > 0;
  const auto key = transfer::read_private_key(options.client_key_pem, options.client_key_password);
  if (!has_certificate) tls->fault("clientCertificatePem", "pem", "holds no certificate in PEM");
  if (!key) tls->fault("clientKeyPem", "pem", "holds no private key in PEM that the password opens");
  if (has_certificate && key && !transfer::belongs_to(*key, options.client_certificate_pem))
    tls->fault("clientKeyPem", "mismatch", "is not the key of the client certificate");
}

void read_server(const reader& from, server_settings& into) {
  std::string text;
  from.text("connectionString", text);
  const bool as_string = from.find("connectionString") != nullptr;
  if (as_string) {
    if (const auto why = text.empty() ? "must not be empty" : read_connection_string(text, into); !why.empty())
      return from.fault("connectionString", "connectionString", why);
    for (const auto* part : {"host", "port", "database", "username", "password"})
      if (from.find(part) != nullptr) from.fault(part, "conflict", "is for a destination without a connection string");
  } else {
    from.text("host", into.host);
    from.number("port", into.port, 1, 65'535);
    from.text("database", into.database);
    from.text("username", into.username);
    from.text("password", into.password);
  }
  const auto required = [&](const char* part, const std::string& value) {
    if (value.empty()) from.fault(as_string ? "connectionString" : part, "required", "names no " + std::string{part});
  };
  required("host", into.host);
  required("database", into.database);
  required("username", into.username);
  // A slash or an @ would make libpq take a socket of this machine.
  if (into.host.find_first_of("/@, \t\r\n") != std::string::npos)
    from.fault(as_string ? "connectionString" : "host", "host", "must be one name or address");
  read_tls(from, into);
}

void read_columns(const reader& from, table_settings& into) {
  std::vector<column_source> columns;
  std::string document;
  from.identifier("documentColumn", document, false);
  if (!document.empty()) columns.push_back({document, "/data", true});
  std::set<std::string> seen{into.key_column, document};
  if (const auto* list = from.find("columns")) {
    if (!list->is_array()) return from.fault("columns", "type", "must be an array");
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto at = "columns/" + std::to_string(i);
      if (!(*list)[i].is_object()) {
        from.fault(at, "type", "must be an object");
        continue;
      }
      const auto one = from.inside(at, (*list)[i]);
      column_source source;
      one.identifier("column", source.column, true);
      one.text("pointer", source.pointer);
      one.boolean("required", source.required);
      if (const auto why = why_unusable(source.pointer); !why.empty()) one.fault("pointer", "pointer", why);
      if (!source.column.empty() && !seen.insert(source.column).second)
        one.fault("column", "duplicate", "gets a value already");
      columns.push_back(std::move(source));
    }
  }
  if (columns.empty()) from.fault("columns", "required", "name columns, or a documentColumn: the rows would be empty");
  into.values = mapping{std::move(columns)};
}

void read_table(const reader& from, table_settings& into) {
  from.identifier("schema", into.schema, false);
  from.identifier("table", into.table, true);
  from.identifier("idempotencyColumn", into.key_column, false);
  from.identifier("referenceColumn", into.reference_column, false);
  read_columns(from, into);
}

}  // namespace

std::optional<config> parse_config(std::string_view text, sdk::fault_sink& faults) {
  const auto read = json::parse(text, nullptr, false);
  if (!read.is_object()) {
    faults("", "type", "must be a JSON object");
    return std::nullopt;
  }
  const auto before = faults.count();
  const reader from{read, "", faults};
  config out;
  read_server(from, out.server);
  read_table(from, out.table);
  from.number("maxPayloadBytes", out.max_payload, 1'024, 67'108'864);
  from.number("maxConnections", out.max_connections, 1, 16);
  from.duration("connectTimeoutMs", out.connect_timeout, 100, 120'000);
  from.duration("timeoutMs", out.timeout, 100, 600'000);
  from.duration("idleTimeoutMs", out.idle_timeout, 0, 600'000);
  if (faults.count() != before) return std::nullopt;
  return out;
}

}  // namespace waybill::database
