// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "../handler_box.hpp"
#include "../nginx_server.hpp"

namespace waybill::testing {

/// The built database plugin, loaded once.
[[nodiscard]] const loaded_plugin& database();

/// A PostgreSQL server in a folder of its own (tests/peers/postgres-cluster), with TLS. Roles: "writer" with the password
/// "s3cret" (SCRAM), "certified" by client certificate, "clear" with that password and without TLS only. One for the process,
/// started at first use.
class postgres_server {
public:
  static postgres_server& instance();
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// Runs statements as the superuser; the rows as text. Fails the test if it fails.
  std::string sql(const std::string& statements);
  /// A table of the name with an idempotency key and a jsonb payload, that writer may insert into.
  void make_table(const std::string& name, const std::string& further_columns = {});
  /// A configuration that works, by password, into the table's column "payload".
  [[nodiscard]] nlohmann::json config(const std::string& table) const;
  [[nodiscard]] const certificates& tls() const { return tls_; }
  /// For psql.
  [[nodiscard]] std::string superuser() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }

private:
  postgres_server();
  friend void end_postgres();
  temporary_folder folder_;
  certificates tls_;
  std::uint16_t port_ = 0;
  std::unique_ptr<child_process> process_;
};

}  // namespace waybill::testing
