// SPDX-License-Identifier: Apache-2.0
#include "pg_link.hpp"

#include <openssl/x509.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "memory_file.hpp"

namespace waybill::database {
namespace {

constexpr Oid bytea_oid = 17;
// A path that never exists, for what libpq would otherwise look for in the home folder.
constexpr const char* no_file = "/dev/null/none";

const char* name_of(tls_mode mode) {
  switch (mode) {
    case tls_mode::verify_full:
      return "verify-full";
    case tls_mode::verify_ca:
      return "verify-ca";
    case tls_mode::require:
      return "require";
    case tls_mode::disable:
      break;
  }
  return "disable";
}

/// The bundle of the system: libpq before 16 does not know where it is.
std::string system_authorities() {
  for (const auto* path :
       {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"})
    if (access(path, R_OK) == 0) return path;
  return no_file;
}

std::string one_line(std::string_view text) {
  std::string out{text.substr(0, 500)};
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Without the names that libpq puts in front, which are the destination's and might hold anything.
std::string_view without_names(std::string_view text) {
  constexpr std::string_view sign = " failed: ";
  const auto at = text.find(sign);
  return at == std::string_view::npos ? text : text.substr(at + sign.size());
}

/// What a failed connection means. libpq 15 gives no code before the session stands, only its text, English as long as the
/// process sets no locale, and the server's in the server's language; what is not recognized is the network's.
failure connection_failure(const std::string& whole) {
  const auto detail = "no connection: " + one_line(whole);
  const auto text = without_names(whole);
  const auto says = [&](std::string_view sign) { return contains(text, sign); };
  // OpenSSL's words for a connection that was cut in its handshake.
  if (says("unexpected eof")) return {trouble::network, detail, {}};
  if (says("database \"") && says("does not exist")) return {trouble::server, detail, "3D000"};
  if (says("permission denied for database")) return {trouble::server, detail, "42501"};
  if (says("role \"") && says("does not exist")) return {trouble::authentication, detail, {}};
  for (const auto* sign :
       {"password authentication failed", "no password supplied", "pg_hba.conf", "authentication", "certificate", "SSL error",
        "server does not support SSL", "SCRAM", "does not match host name", "channel binding"})
    if (says(sign)) return {trouble::authentication, detail, {}};
  if (says("too many connections") || says("too many clients") || says("remaining connection slots"))
    return {trouble::server, detail, "53300"};
  return {trouble::network, detail, {}};
}

}  // namespace

pg_link::~pg_link() { PQfinish(connection_); }

result<std::unique_ptr<pg_link>> pg_link::open(const server_settings& settings, const std::string& address,
                                               const limits& until) {
  std::unique_ptr<pg_link> self{new pg_link{address}};
  const auto connected = self->connect(settings, until);
  if (!connected) return fail(connected.error());
  return self;
}

result<void> pg_link::connect(const server_settings& settings, const limits& until) {
  const memory_file authorities{settings.tls.ca_pem};
  const memory_file certificate{settings.tls.client_certificate_pem};
  const memory_file key{settings.tls.client_key_pem};
  const auto needs = [](const std::string& content, const memory_file& file) {
    return !content.empty() && file.path().empty();
  };
  if (needs(settings.tls.ca_pem, authorities) || needs(settings.tls.client_certificate_pem, certificate) ||
      needs(settings.tls.client_key_pem, key))
    return fail(trouble::content, "no memory for the certificates");
  const bool verifies = settings.mode == tls_mode::verify_full || settings.mode == tls_mode::verify_ca;
  const auto port = std::to_string(settings.port);
  const auto root = !verifies ? std::string{no_file} : settings.tls.ca_pem.empty() ? system_authorities() : authorities.path();
  const auto or_none = [](const std::string& path) { return path.empty() ? no_file : path.c_str(); };
  // What is left out libpq would take from the environment or the home folder of the node.
  const std::array<std::pair<const char*, const char*>, 22> parameters{{
      {"host", settings.host.c_str()},
      {"hostaddr", address_.c_str()},
      {"port", port.c_str()},
      {"dbname", settings.database.c_str()},
      {"user", settings.username.c_str()},
      {"password", settings.password.empty() ? "none" : settings.password.c_str()},
      {"passfile", no_file},
      {"sslmode", name_of(settings.mode)},
      {"sslrootcert", root.c_str()},
      {"sslcert", or_none(certificate.path())},
      {"sslkey", or_none(key.path())},
      {"sslpassword", settings.tls.client_key_password.c_str()},
      {"sslcrl", no_file},
      {"ssl_min_protocol_version", "TLSv1.2"},
      {"ssl_max_protocol_version", "TLSv1.3"},
      {"sslsni", "1"},
      {"channel_binding", "prefer"},
      {"gssencmode", "disable"},
      {"application_name", "waybill"},
      {"client_encoding", "UTF8"},
      {"target_session_attrs", "any"},
      {"options", settings.options.c_str()},
  }};
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(names.data(), values.data(), 0);
  if (connection_ == nullptr) return fail(trouble::network, "libpq made no connection");
  // The server's notices are nobody's here, and its default would print them.
  PQsetNoticeReceiver(
      connection_, [](void*, const PGresult*) {}, nullptr);
  auto next = PGRES_POLLING_WRITING;
  while (PQstatus(connection_) != CONNECTION_BAD && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
    if (auto ready = wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until); !ready) return ready;
    next = PQconnectPoll(connection_);
  }
  if (PQstatus(connection_) != CONNECTION_OK) return fail(connection_failure(PQerrorMessage(connection_)));
  if (PQsetnonblocking(connection_, 1) != 0) return fail(broken());
  return {};
}

failure pg_link::broken() const {
  return {trouble::network, "the connection broke: " + one_line(PQerrorMessage(connection_)), {}};
}

result<void> pg_link::wait(short events, const limits& until) const {
  switch (transfer::wait_for(PQsocket(connection_), events, until.deadline, until.stop)) {
    case transfer::waited::stopped:
      return fail(trouble::canceled, "canceled");
    case transfer::waited::timed_out:
      return fail(trouble::timeout, "the server did not answer in time");
    case transfer::waited::ready:
      break;
  }
  return {};
}

bool pg_link::is_alive() { return PQconsumeInput(connection_) == 1 && PQstatus(connection_) == CONNECTION_OK; }

result<query_result> pg_link::run(const std::string& sql, const std::vector<bound>& values, const limits& until) {
  std::vector<Oid> types;
  std::vector<const char*> bytes;
  std::vector<int> sizes;
  std::vector<int> formats;
  for (const auto& one : values) {
    types.push_back(one.binary ? bytea_oid : 0);  // 0: the column's own
    bytes.push_back(one.null ? nullptr : one.bytes.c_str());
    sizes.push_back(static_cast<int>(one.bytes.size()));
    formats.push_back(one.binary ? 1 : 0);
  }
  // Never a prepared statement: behind a pooler the next statement may meet another session.
  if (PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), types.data(), bytes.data(), sizes.data(),
                        formats.data(), 0) != 1)
    return fail(broken());
  return flush(until).and_then([&] { return take_answer(until); });
}

result<void> pg_link::flush(const limits& until) {
  for (;;) {
    const int status = PQflush(connection_);
    if (status < 0) return fail(broken());
    if (status == 0) return {};
    if (auto ready = wait(POLLIN | POLLOUT, until); !ready) return ready;
    // Else both sides might wait for each other to read.
    if (PQconsumeInput(connection_) != 1) return fail(broken());
  }
}

result<query_result> pg_link::take_answer(const limits& until) {
  query_result first;
  for (;;) {
    while (PQisBusy(connection_) == 1) {
      if (auto ready = wait(POLLIN, until); !ready) return fail(ready.error());
      if (PQconsumeInput(connection_) != 1) return fail(broken());
    }
    query_result next{PQgetResult(connection_)};
    if (!next) break;
    if (!first) first = std::move(next);
  }
  if (!first) return fail(broken());
  const auto status = PQresultStatus(first.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
    answered_ = true;
    return first;
  }
  const auto* const state = PQresultErrorField(first.get(), PG_DIAG_SQLSTATE);
  const auto* const words = PQresultErrorField(first.get(), PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr || PQstatus(connection_) != CONNECTION_OK) return fail(broken());
  answered_ = true;
  // Without the server's DETAIL: it quotes the row.
  return fail(trouble::server, std::string{state} + ": " + one_line(words == nullptr ? "" : words), state);
}

}  // namespace waybill::database
