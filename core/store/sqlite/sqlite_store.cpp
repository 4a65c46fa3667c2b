// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/sqlite_store.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/store/sqlite/compaction.hpp"
#include "core/store/sqlite/migration.hpp"

namespace waybill::core::sqlite {
namespace {

constexpr mode_t owner_only = 0600;

/// An open file; closing it gives its lock back.
class owned_file {
public:
  explicit owned_file(const std::string& path, int flags = 0)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | flags, owner_only)) {}
  ~owned_file() {
    if (fd_ >= 0) ::close(fd_);
  }
  owned_file(const owned_file&) = delete;
  owned_file& operator=(const owned_file&) = delete;

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] bool try_lock() const { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0; }

private:
  int fd_;
};

tl::unexpected<error> system_failure(const std::string& what) {
  return fail(error_code::store_unavailable, what + ": " + std::strerror(errno));
}

/// The right to write, and one of the two owners of the checkpointer (its header). Goes after the writer's connection.
struct writer_claim {
  writer_claim(const std::string& lock_path, std::shared_ptr<checkpointer> file_care)
      : lock(lock_path), care(std::move(file_care)) {}

  owned_file lock;
  std::shared_ptr<checkpointer> care;
};

}  // namespace

result<std::unique_ptr<store>> sqlite_store::open(const std::string& path) {
  // SQLite would make the file readable by everybody; its log and index files take over the mode of this one. A file that is
  // there is not touched: closing any descriptor of it would drop the POSIX locks of this process's other connections.
  if (!owned_file(path, O_EXCL).is_open() && errno != EEXIST) return system_failure("cannot open " + path);
  auto care = [&]() -> result<std::shared_ptr<checkpointer>> {
    auto db = database::open(path, connection_kind::writer);
    if (!db) return fail(db.error());
    if (auto migrated = migrate(*db); !migrated) return fail(migrated.error().code, path + ": " + migrated.error().message);
    return checkpointer::start(path);
  }();
  if (!care) return fail(care.error());
  std::unique_ptr<store> opened(new sqlite_store(path, std::move(*care)));
  return opened;
}

result<std::unique_ptr<write_session>> sqlite_store::open_writer() {
  auto claim = std::make_shared<writer_claim>(path_ + ".lock", care_);
  if (!claim->lock.is_open()) return system_failure("cannot open " + path_ + ".lock");
  if (!claim->lock.try_lock())
    return fail(error_code::store_unavailable, path_ + " is in use: another node, or another writer of this one, has it open");
  auto db = database::open(path_, connection_kind::writer);
  if (!db) return fail(db.error());
  return make_writer(std::move(*db), *care_, std::move(claim));
}

result<bool> sqlite_store::compact(std::uint64_t most_bytes) { return sqlite::compact(path_, most_bytes); }

result<std::unique_ptr<read_session>> sqlite_store::open_reader() {
  auto db = database::open(path_, connection_kind::reader);
  if (!db) return fail(db.error());
  return make_reader(std::move(*db));
}

}  // namespace waybill::core::sqlite
