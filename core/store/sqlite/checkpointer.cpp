// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/checkpointer.hpp"

#include <sqlite3.h>

#include "core/telemetry/thread_name.hpp"

namespace waybill::core::sqlite {
namespace {

// In pages of 8 KiB.
constexpr int pages_between_copies = 512;  // 4 MiB
constexpr int large_log = 4'096;           // 32 MiB: now it should start again
constexpr int huge_log = 4 * large_log;    // 128 MiB: it must, whatever the commit at hand has to wait
constexpr int quick_remainder = 96;        // 768 KiB: what the writer copies by itself in well under a millisecond
constexpr int most_passes = 4;

int remember_size(void* size, sqlite3*, const char*, int pages) {
  *static_cast<int*>(size) = pages;
  return SQLITE_OK;
}

/// PASSIVE: never waits for a lock. Pages copied, or -1 when somebody else is copying or the disk refuses; it is tried again.
int copy_log(sqlite3* handle, int& in_log) {
  int copied = -1;
  const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  return code == SQLITE_OK ? copied : -1;
}

}  // namespace

result<std::shared_ptr<checkpointer>> checkpointer::start(const std::string& path) {
  auto connection = database::open(path, connection_kind::checkpointer);
  if (!connection) return fail(connection.error());
  std::shared_ptr<checkpointer> made(new checkpointer(std::move(*connection)));
  made->thread_ = std::thread([raw = made.get()] {
    name_this_thread("checkpointer");
    raw->work();
  });
  return made;
}

checkpointer::~checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void checkpointer::attach(database& writer) { sqlite3_wal_hook(writer.handle(), remember_size, &in_log_); }

void checkpointer::on_commit(database& writer) {
  if (in_log_ < asked_at_) {  // it has started again
    asked_at_ = 0;
    copied_ = 0;
  }
  if (busy_ && in_log_ < huge_log) return;
  if (busy_) {  // beyond the bound the writer waits: a slow disk must not let the log grow without end
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return !busy_ || stopping_; });
  }
  const int left = in_log_ - copied_;
  if (in_log_ >= huge_log || (in_log_ >= large_log && left <= quick_remainder)) {
    int in_log = 0;
    const int copied = copy_log(writer.handle(), in_log);
    if (copied >= 0) copied_ = copied;
    return;
  }
  if (in_log_ - asked_at_ < pages_between_copies) return;
  asked_at_ = in_log_;
  busy_ = true;
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
  }
  wake_.notify_one();
}

bool checkpointer::takes_bulk() const { return in_log_ < large_log || !busy_; }

void checkpointer::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return requested_ || stopping_; });
    if (stopping_) return;
    requested_ = false;
    lock.unlock();
    copy_pages();
    lock.lock();
    busy_ = false;
    idle_.notify_all();
  }
}

/// Each pass leaves only what was committed while it ran, so the next is shorter.
void checkpointer::copy_pages() {
  for (int pass = 0; pass < most_passes; ++pass) {
    int in_log = 0;
    const int copied = copy_log(db_.handle(), in_log);
    if (copied < 0) return;
    copied_ = copied;
    if (in_log - copied <= quick_remainder / 2) return;
  }
}

}  // namespace waybill::core::sqlite
