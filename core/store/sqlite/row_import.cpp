// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/row_import.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "core/store/backup/newest_schema.hpp"
#include "core/store/sqlite/catalog.hpp"
#include "core/store/sqlite/migration.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {
namespace {

namespace files = std::filesystem;

constexpr const char* unfinished_suffix = ".restoring";

// The file is nobody's before it has its name, and is thrown away if anything fails: no log, no waiting for the disk.
constexpr const char* building_settings =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA locking_mode=EXCLUSIVE; "
    "PRAGMA cache_size=-65536;";

// The chain of each task's attempts: the last from the queue or the log, from each the one before.
constexpr const char* chain_attempts =
    "CREATE INDEX attempts_to_chain ON delivery_attempts (task_id, number);"
    "UPDATE delivery_attempts SET previous = (SELECT p.row FROM delivery_attempts p WHERE p.task_id = "
    "delivery_attempts.task_id AND p.number < delivery_attempts.number ORDER BY p.number DESC LIMIT 1);"
    "UPDATE delivery_queue SET last_attempt = (SELECT a.row FROM delivery_attempts a WHERE a.task_id = "
    "delivery_queue.task_id ORDER BY a.number DESC LIMIT 1) WHERE total_attempts > 0;"
    "UPDATE delivery_logs SET last_attempt = (SELECT a.row FROM delivery_attempts a WHERE a.task_id = "
    "delivery_logs.task_id ORDER BY a.number DESC LIMIT 1) WHERE total_attempts > 0;"
    "DROP INDEX attempts_to_chain;";

tl::unexpected<error> unusable(const std::string& what, const std::string& path) {
  return fail(error_code::store_unavailable, what + " " + path + ": " + std::strerror(errno));
}

void remove_with_log(const std::string& path) {
  for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
}

result<void> sync(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return unusable("cannot open", path);
  const bool kept = ::fsync(file) == 0;
  ::close(file);
  if (!kept) return unusable("cannot write", path);
  return {};
}

class row_import final : public row_sink {
public:
  explicit row_import(std::string path) : path_(std::move(path)) {}
  ~row_import() override {
    insert_.reset();
    db_.reset();
    if (!finished_) remove_with_log(unfinished());
  }

  result<void> begin(const store_head& head) override;
  result<void> begin_table(const table_head& table) override;
  result<void> row(const std::vector<cell>& cells) override;
  result<void> end_table() override {
    insert_.reset();
    return {};
  }
  result<void> finish() override;

private:
  [[nodiscard]] std::string unfinished() const { return path_ + unfinished_suffix; }
  result<void> check_references();

  const std::string path_;
  std::optional<database> db_;
  std::vector<catalog_table> catalog_;
  std::optional<statement> insert_;
  bool finished_ = false;
};

result<void> row_import::begin(const store_head& head) {
  if (head.schema > newest_schema_known())
    return fail(error_code::conflict, "the backup has schema " + std::to_string(head.schema) + ", this program knows up to " +
                                          std::to_string(newest_schema_known()) +
                                          ": it was made by a newer version of Waybill");
  remove_with_log(unfinished());
  const int made = ::open(unfinished().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return unusable("cannot make", unfinished());
  ::close(made);
  auto db = database::open(unfinished(), connection_kind::checkpointer);
  if (!db) return fail(db.error());
  db_.emplace(std::move(*db));
  if (auto set = db_->execute(building_settings); !set) return set;
  if (auto done = migrate(*db_, head.schema); !done) return done;
  auto catalog = read_catalog(*db_);
  if (!catalog) return fail(catalog.error());
  catalog_ = std::move(*catalog);
  if (auto begun = db_->execute("BEGIN"); !begun) return begun;
  for (const auto& table : catalog_) {
    const auto* known = find_portable_table(table.name);
    if (known == nullptr || !known->is_seeded) continue;
    if (auto done = db_->execute(("DELETE FROM " + table.name).c_str()); !done) return done;
  }
  return {};
}

result<void> row_import::begin_table(const table_head& table) {
  const auto plan = plan_import(catalog_, table, &portable_table::sqlite_only);
  if (!plan) return fail(plan.error());
  std::string places;
  for (std::size_t i = 0; i < table.columns.size(); ++i) places += i == 0 ? "?" : ", ?";
  insert_.emplace(*db_,
                  "INSERT INTO \"" + table.name + "\" (" + list_columns(plan->columns.columns) + ") VALUES (" + places + ")");
  return {};
}

result<void> row_import::row(const std::vector<cell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const int index = static_cast<int>(i) + 1;
    const auto& value = cells[i];
    if (value.kind == cell_kind::null) insert_->bind_at(index, nullptr);
    if (value.kind == cell_kind::integer) insert_->bind_at(index, value.number);
    if (value.kind == cell_kind::text) insert_->bind_at(index, value.bytes);
    if (value.kind == cell_kind::bytes) insert_->bind_at(index, blob_view(value.bytes));
  }
  auto done = insert_->query_bound();
  while (done.next()) {}
  if (done.failed()) return fail(done.failure());
  return {};
}

result<void> row_import::check_references() {
  statement read(*db_, "SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1");
  auto found = read.query();
  if (found.next())
    return fail(error_code::conflict,
                "the rows do not fit together: one of " + found.text(0) + " refers to none of " + found.text(1));
  if (found.failed()) return fail(found.failure());
  return {};
}

result<void> row_import::finish() {
  if (auto done = db_->execute(chain_attempts); !done) return done;
  if (auto done = check_references(); !done) return done;
  if (auto done = db_->execute("COMMIT"); !done) return done;
  if (auto done = migrate(*db_); !done) return done;
  db_.reset();
  if (auto done = sync(unfinished(), O_RDWR); !done) return done;
  // Of an empty store, as open_import has seen: its log must not be taken for that of the new one.
  for (const auto* suffix : {"-wal", "-shm"}) ::unlink((path_ + suffix).c_str());
  if (::rename(unfinished().c_str(), path_.c_str()) != 0) return unusable("cannot make", path_);
  finished_ = true;
  return sync(files::absolute(path_).parent_path().string(), O_RDONLY | O_DIRECTORY);
}

/// What is there is either no store, or one that nothing has been put into and nobody uses.
result<void> check_place(const std::string& path) {
  std::error_code ignored;  // what cannot be looked at cannot be opened either, and that says why
  if (!files::exists(path, ignored) || files::file_size(path, ignored) == 0) return {};
  auto db = database::open(path, connection_kind::checkpointer);
  if (!db) return fail(db.error());
  if (!db->execute("PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT"))
    return fail(error_code::conflict, "the store " + path + " is in use: stop its node first");
  const auto catalog = read_catalog(*db);
  if (!catalog) return fail(catalog.error());
  for (const auto& table : *catalog) {
    const auto* known = find_portable_table(table.name);
    if (known != nullptr && known->is_seeded) continue;
    statement read(*db, "SELECT 1 FROM \"" + table.name + "\" LIMIT 1");
    auto found = read.query();
    if (found.next())
      return fail(error_code::conflict,
                  "the store " + path + " is not empty (" + table.name + " has rows): a restore needs a place of its own");
    if (found.failed()) return fail(found.failure());
  }
  return {};
}

}  // namespace

result<std::unique_ptr<row_sink>> open_import(const std::string& path) {
  if (auto free = check_place(path); !free) return fail(free.error());
  return std::unique_ptr<row_sink>(std::make_unique<row_import>(path));
}

}  // namespace waybill::core::sqlite
