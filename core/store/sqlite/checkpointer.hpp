// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/store/sqlite/sessions.hpp"

namespace waybill::core::sqlite {

/// Carries the write-ahead log over into the database file, so that the log stays small and commits never wait for it.
/// Every few megabytes its own thread, with its own connection, copies what has been committed meanwhile. SQLite starts the
/// log again from its beginning only when all of it has been copied at the moment of a commit, which a thread beside a busy
/// writer never reaches; so once the log is large and nearly all is copied, the writer itself copies the few pages left
/// (under a millisecond). Owned by the store and by the open writer session, whichever lives longer.
class checkpointer final : public commit_listener {
public:
  [[nodiscard]] static result<std::shared_ptr<checkpointer>> start(const std::string& path);
  ~checkpointer() override;

  void attach(database& writer) override;
  void on_commit(database& writer) override;
  /// Not while a large log is being copied: it could never start again, and grow until the writer had to wait.
  [[nodiscard]] bool takes_bulk() const override;

private:
  explicit checkpointer(database connection) : db_(std::move(connection)) {}
  void work();
  void copy_pages();

  database db_;  ///< the thread's own
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;  ///< busy_ became false
  bool requested_ = false;
  bool stopping_ = false;
  std::thread thread_;
  std::atomic<bool> busy_{false};
  std::atomic<int> copied_{0};  ///< pages of the log that are in the file already

  // The writer's thread only.
  int in_log_ = 0;    ///< pages in the log after the last commit
  int asked_at_ = 0;  ///< in_log_ when the thread was last woken
};

}  // namespace waybill::core::sqlite
