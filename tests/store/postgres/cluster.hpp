// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace waybill::core::test {

/// A private PostgreSQL server, reached by a socket in its folder. The shared one is made when a case first asks for it and
/// ends with the program, however that ends; a server that cannot be started fails the case. Under ctest all cases use
/// one server that ctest starts and stops, and WAYBILL_TEST_POSTGRES names its folder.
class postgres_cluster {
public:
  /// A server of one's own, with lines for postgresql.conf.
  explicit postgres_cluster(const std::vector<std::string>& settings = {});
  ~postgres_cluster();
  postgres_cluster(const postgres_cluster&) = delete;
  postgres_cluster& operator=(const postgres_cluster&) = delete;

  static postgres_cluster& shared();

  /// The URL of an empty store that lives as long as `folder`: its database is a copy of one that was migrated once, and is
  /// dropped when a later case finds the folder gone. The same folder gives the same store.
  [[nodiscard]] std::string store_for(const std::filesystem::path& folder);
  /// The URL of a database, as the role that owns it and no other right.
  [[nodiscard]] std::string url(const std::string& database) const;
  /// The first column of the rows, as the superuser.
  std::vector<std::string> query(const std::string& sql, const std::string& database = "postgres");
  /// Nothing if the server refused it.
  std::optional<std::vector<std::string>> try_query(const std::string& sql, const std::string& database = "postgres");

  void stop(const char* mode);  ///< pg_ctl's: fast, immediate
  void start();

private:
  explicit postgres_cluster(std::filesystem::path running);
  void make_template();
  void drop_abandoned();
  [[nodiscard]] bool answers() const;

  std::filesystem::path folder_;
  std::string failure_;
  pid_t server_ = -1;  ///< ours to end
  pid_t owner_ = -1;   ///< a forked child must not end it
};

}  // namespace waybill::core::test
