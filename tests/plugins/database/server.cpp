// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace waybill::testing {
namespace {

postgres_server* made = nullptr;

}  // namespace

// At exit, but not by destructors that a plugin's threads could meet.
void end_postgres() { delete made; }

const loaded_plugin& database() {
  static const loaded_plugin plugin{WAYBILL_DATABASE};
  return plugin;
}

postgres_server& postgres_server::instance() {
  if (made == nullptr) {
    made = new postgres_server;
    std::atexit(&end_postgres);
  }
  return *made;
}

postgres_server::postgres_server() : port_(free_port()) {
  const auto f = folder_.path() + "/cluster";
  const auto log = folder_.path() + "/log";
  // The server does not run as root and must find its way in.
  std::filesystem::permissions(folder_.path(), std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  REQUIRE(
      run({WAYBILL_POSTGRES_CLUSTER, "init", f, "listen_addresses = '127.0.0.1,127.0.0.2'", "port = " + std::to_string(port_),
           "ssl = on", "ssl_cert_file = '../server.pem'", "ssl_key_file = '../server.key'", "ssl_ca_file = '../ca.pem'"},
          log) == 0);
  for (const auto* name : {"server.pem", "server.key", "ca.pem"}) {
    std::filesystem::copy(tls_.folder.path() + "/" + name, f + "/" + name);
    std::filesystem::permissions(f + "/" + std::string{name}, std::filesystem::perms::owner_read);
    // It wants its key for itself.
    REQUIRE(run({"chown", "--reference=" + f + "/data", f + "/" + name}, log) == 0);
  }
  std::ofstream{f + "/data/pg_hba.conf"} << "local all postgres trust\nhostssl all certified 127.0.0.1/32 cert map=tests\n"
                                            "hostnossl all clear 127.0.0.1/32 scram-sha-256\nhostssl all clear 127.0.0.1/32 "
                                            "reject\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
  // The certificate of the tests is for "client".
  std::ofstream{f + "/data/pg_ident.conf"} << "tests client certified\n";
  process_ = std::make_unique<child_process>(std::vector<std::string>{WAYBILL_POSTGRES_CLUSTER, "run", f}, log);
  const std::vector<std::string> ask{"psql", "-XqAt", "-h", f, "-p", std::to_string(port_), "-U", "postgres", "-c", "SELECT 1"};
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (run(ask, folder_.path() + "/ask") != 0 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  sql("CREATE ROLE writer LOGIN PASSWORD 's3cret'; CREATE ROLE client LOGIN; CREATE ROLE clear LOGIN PASSWORD 's3cret'; "
      "CREATE ROLE certified LOGIN; GRANT client TO certified;");
}

postgres_server::~postgres_server() {
  // A server that is only told to end would wait for its sessions.
  run({WAYBILL_POSTGRES_CLUSTER, "ctl", folder_.path() + "/cluster", "stop", "-W", "-m", "immediate"}, folder_.path() + "/log");
}

std::string postgres_server::sql(const std::string& statements) {
  const temporary_folder out;
  const auto status = run({"psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", folder_.path() + "/cluster", "-p",
                           std::to_string(port_), "-U", "postgres", "-c", statements},
                          out.path() + "/rows");
  auto rows = out.read("rows");
  INFO(statements << "\n" << rows << folder_.read("log"));
  REQUIRE(status == 0);
  if (!rows.empty() && rows.back() == '\n') rows.pop_back();
  return rows;
}

std::string postgres_server::superuser() const {
  return "host=" + folder_.path() + "/cluster port=" + std::to_string(port_) + " user=postgres";
}

void postgres_server::make_table(const std::string& name, const std::string& further_columns) {
  sql("DROP TABLE IF EXISTS " + name + "; CREATE TABLE " + name +
      " (id bigint GENERATED ALWAYS AS IDENTITY, idempotency_key text UNIQUE, payload jsonb" + further_columns +
      "); GRANT SELECT, INSERT ON " + name + " TO writer, client, certified, clear;");
}

nlohmann::json postgres_server::config(const std::string& table) const {
  return {{"host", "localhost"},    {"port", port_},
          {"database", "postgres"}, {"username", "writer"},
          {"password", "s3cret"},   {"tls", {{"mode", "verify-full"}, {"caPem", tls_.folder.read("ca.pem")}}},
          {"table", table},         {"documentColumn", "payload"}};
}

}  // namespace waybill::testing
