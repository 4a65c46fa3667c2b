// SPDX-License-Identifier: Apache-2.0
#include "tests/store/postgres/cluster.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/store/store_fixture.hpp"

extern char** environ;

namespace waybill::core::test {
namespace {

constexpr const char* template_name = "template_store";
constexpr auto start_deadline = std::chrono::seconds{60};
constexpr auto look_again = std::chrono::milliseconds{10};

pid_t spawn(std::vector<std::string> arguments, const std::filesystem::path& log) {
  arguments.insert(arguments.begin(), WAYBILL_POSTGRES_CLUSTER);
  std::vector<char*> raw;
  for (auto& one : arguments) raw.push_back(one.data());
  raw.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = -1;
  const int failed = posix_spawn(&child, WAYBILL_POSTGRES_CLUSTER, &files, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) FAIL("cannot run " << WAYBILL_POSTGRES_CLUSTER);
  return child;
}

void run(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  const auto child = spawn(arguments, log);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) FAIL("postgres-cluster " << arguments.front() << " failed; see " << log);
}

/// The folder, and the name of the database that stands for it, have the same random end.
std::string database_name(const std::filesystem::path& folder) {
  std::string name = "s";
  for (const char c : folder.filename().string())
    name += c >= 'a' && c <= 'z' ? std::string(1, c) : "_" + std::to_string(static_cast<unsigned char>(c));
  return name;
}

}  // namespace

postgres_cluster::postgres_cluster(const std::vector<std::string>& settings) : owner_(::getpid()) {
  auto name = (std::filesystem::temp_directory_path() / "waybill-pg-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) FAIL("cannot make " << name);
  folder_ = name;
  std::vector<std::string> arguments{"init", name};
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  run(arguments, name + ".log");
  start();
  query("CREATE ROLE waybill LOGIN");
}

postgres_cluster::postgres_cluster(std::filesystem::path running) : folder_(std::move(running)) {}

postgres_cluster::~postgres_cluster() {
  if (owner_ != ::getpid()) return;
  if (server_ > 0) stop("immediate");
  std::error_code ignored;  // a folder left in /tmp is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::remove(folder_.string() + ".log", ignored);
}

postgres_cluster& postgres_cluster::shared() {
  const char* running = std::getenv("WAYBILL_TEST_POSTGRES");
  static const std::unique_ptr<postgres_cluster> one(running ? new postgres_cluster(std::filesystem::path(running))
                                                             : new postgres_cluster());
  return *one;
}

void postgres_cluster::start() {
  server_ = spawn({"run", folder_.string()}, folder_.string() + ".log");
  const auto deadline = std::chrono::steady_clock::now() + start_deadline;
  while (!answers()) {
    if (::waitpid(server_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > deadline)
      FAIL("PostgreSQL did not start; see " << folder_.string() << ".log");
    std::this_thread::sleep_for(look_again);
  }
}

void postgres_cluster::stop(const char* mode) {
  run({"ctl", folder_.string(), "stop", "-W", "-m", mode}, folder_.string() + ".log");
  ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

bool postgres_cluster::answers() const {
  return PQping(("host=" + folder_.string() + " user=postgres dbname=postgres").c_str()) == PQPING_OK;
}

std::optional<std::vector<std::string>> postgres_cluster::try_query(const std::string& sql, const std::string& database) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> db(
      PQconnectdb(("host=" + folder_.string() + " user=postgres dbname=" + database).c_str()), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(db.get(), sql.c_str()), PQclear);
  const auto status = PQresultStatus(answer.get());
  failure_ = PQerrorMessage(db.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return std::nullopt;
  std::vector<std::string> first;
  for (int row = 0; row < PQntuples(answer.get()); ++row) first.emplace_back(PQgetvalue(answer.get(), row, 0));
  return first;
}

std::vector<std::string> postgres_cluster::query(const std::string& sql, const std::string& database) {
  auto answer = try_query(sql, database);
  if (!answer) FAIL("PostgreSQL of the tests: " << sql << ": " << failure_);
  return *answer;
}

std::string postgres_cluster::url(const std::string& database) const {
  std::string host;
  for (const char c : folder_.string()) host += c == '/' ? std::string("%2F") : std::string(1, c);
  return "postgresql://waybill@/" + database + "?host=" + host;
}

std::string postgres_cluster::store_for(const std::filesystem::path& folder) {
  const auto name = database_name(folder);
  if (!query("SELECT 1 FROM pg_database WHERE datname = '" + name + "'").empty()) return url(name);
  make_template();
  drop_abandoned();
  query("CREATE DATABASE " + name + " OWNER waybill TEMPLATE " + template_name + " STRATEGY file_copy");
  query("COMMENT ON DATABASE " + name + " IS '" + folder.string() + "'");
  return url(name);
}

/// Several programs may make it at the same time: the first to finish gives it its name, the others drop theirs. Nobody may be
/// connected to it while it is copied.
void postgres_cluster::make_template() {
  if (!query("SELECT 1 FROM pg_database WHERE datname = '" + std::string(template_name) + "'").empty()) return;
  const auto mine = "template_" + std::to_string(::getpid());
  query("CREATE DATABASE " + mine + " OWNER waybill");
  must(open_store(url(mine)));
  // The server ends a session a moment after its client has gone.
  query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" + mine + "'");
  if (!try_query("ALTER DATABASE " + mine + " RENAME TO " + template_name)) query("DROP DATABASE " + mine);
}

void postgres_cluster::drop_abandoned() {
  for (const auto& folder : query("SELECT description FROM pg_shdescription WHERE description LIKE '%waybill-store-%'"))
    if (!std::filesystem::exists(folder))
      static_cast<void>(try_query("DROP DATABASE " + database_name(folder) + " WITH (FORCE)"));
}

}  // namespace waybill::core::test
