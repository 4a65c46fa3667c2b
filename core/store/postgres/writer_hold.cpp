// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/writer_hold.hpp"

#include <chrono>
#include <thread>

#include "core/store/postgres/locks.hpp"

namespace waybill::core::postgres {
namespace {

constexpr int tries = 50;
constexpr milliseconds between_tries{100};

}  // namespace

writer_hold::writer_hold(connection& db, shard_epochs& epochs)
    : db_(db),
      epochs_(epochs),
      writer_(new_uuid7()),
      try_lock_(db, "SELECT pg_try_advisory_lock(" + lock_keys(lock_kind::writer) + ")", statement_life::once),
      // The process that had the lock, if it is the one of this session's last connection: its client is gone.
      end_predecessor_(db,
                       "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                       "WHERE l.locktype = 'advisory' AND d.datname = current_database() AND l.granted AND l.pid = $1",
                       statement_life::once),
      mark_(db,
            "UPDATE counters SET accepted = accepted + $1, delivered = delivered + $2, failed = failed + $3, "
            "cancelled = cancelled + $4, last_writer = $5, last_batch = $6 WHERE one = 1"),
      last_(db, "SELECT last_writer, last_batch FROM counters") {}

result<void> writer_hold::take() {
  if (auto opened = db_.open(); !opened) return opened;
  return lock();
}

result<void> writer_hold::lock() {
  for (int i = 0; i < tries; ++i) {
    auto locked = try_lock();
    if (!locked) return fail(locked.error());
    if (*locked) {
      if (auto loaded = epochs_.load(); !loaded) return loaded;
      generation_ = db_.generation();
      process_ = db_.server_process();
      return {};
    }
    if (i == 0) end_predecessor();
    std::this_thread::sleep_for(between_tries);
  }
  db_.close();
  return fail(error_code::store_unavailable, "the store is in use: another node, or another writer of this one, has it open");
}

result<bool> writer_hold::try_lock() {
  auto found = try_lock_.query();
  if (!found.next()) return fail(found.failure());
  return found.integer(0) != 0;
}

/// A connection that the network cut still stands on the server's side, and would keep its lock until the server finds out.
void writer_hold::end_predecessor() {
  if (process_ == 0) return;
  auto ended = end_predecessor_.query(process_);
  static_cast<void>(ended);  // another node's by now, or gone already: the lock will tell
}

result<bool> writer_hold::renew() {
  if (auto opened = db_.open(); !opened) return fail(opened.error());
  if (generation_ == db_.generation()) return false;
  if (auto locked = lock(); !locked) return fail(locked.error());
  if (own_epoch_ && epochs_.highest() > *own_epoch_) {
    db_.close();
    return fail(error_code::store_unavailable,
                "another node has taken the store over while this one could not reach it; restart this node");
  }
  return true;
}

result<bool> writer_hold::commit(const transaction_counts::sums& counts) {
  if (!db_.is_open()) return fail(error_code::store_unavailable, "postgresql: the connection was lost in the transaction");
  mark_.send_unanswered(counts.accepted, counts.delivered, counts.failed, counts.cancelled, writer_, ++batch_);
  auto done = db_.end_transaction("COMMIT");
  if (done) return true;
  if (!db_.is_open()) return false;
  return fail(done.error());
}

result<bool> writer_hold::was_committed() {
  if (auto renewed = renew(); !renewed) return fail(renewed.error());
  auto found = last_.query();
  if (!found.next()) return fail(error_code::store_unavailable, found.failure().message);
  return found.bytes(0) == std::string_view(reinterpret_cast<const char*>(writer_.data()), writer_.size()) &&
         found.integer(1) == batch_;
}

result<void> writer_hold::probe() {
  if (auto renewed = renew(); !renewed) return fail(renewed.error());
  if (auto begun = db_.begin("BEGIN"); !begun) return begun;
  auto done = commit({});
  if (!done || !*done) {
    db_.rollback();
    return done ? fail(error_code::store_unavailable, "postgresql: the connection was lost") : fail(done.error());
  }
  return {};
}

}  // namespace waybill::core::postgres
