// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/store/postgres/connection.hpp"
#include "core/store/postgres/shard_epochs.hpp"
#include "core/store/postgres/statement.hpp"
#include "core/store/postgres/transaction_counts.hpp"

namespace waybill::core::postgres {

/// The right of a connection to write, and what became of a COMMIT that it did not hear the end of. Owned by the writer
/// session, on its thread.
///
/// What always holds: 1. A transaction begins only while this connection has the advisory lock of the writer, which the server
/// gives back when the session ends, after that session's last COMMIT has ended one way or the other. 2. Every transaction that
/// wrote leaves its writer's and its own number in the row of counters. By (1) and (2) whoever has the lock reads there whether
/// the transaction before was carried out: the row says so on a server that has taken over as well. 3. Nothing is written once
/// another node has raised the epochs: this one must not go on as if it were the owner.
class writer_hold {
public:
  writer_hold(connection& db, shard_epochs& epochs);

  /// The first time: waits a moment for the lock, which a process that was killed leaves behind for as long as the server needs
  /// to notice. store_unavailable: another node has it.
  [[nodiscard]] result<void> take();
  /// Before every transaction: nothing to do while the connection is the one of the last time. True: it is a new one.
  [[nodiscard]] result<bool> renew();
  /// The epochs were raised by this session.
  void owns(std::uint64_t epoch) { own_epoch_ = epoch; }

  /// Ends the transaction with its numbers. False: the connection broke, so that it is not known.
  [[nodiscard]] result<bool> commit(const transaction_counts::sums& counts);
  /// Of a commit that ended with false. store_unavailable: not to be found out yet.
  [[nodiscard]] result<bool> was_committed();
  /// Proves that the store takes writes.
  [[nodiscard]] result<void> probe();

private:
  [[nodiscard]] result<void> lock();
  [[nodiscard]] result<bool> try_lock();
  void end_predecessor();

  connection& db_;
  shard_epochs& epochs_;
  const id_bytes writer_;
  statement try_lock_;
  statement end_predecessor_;
  statement mark_;
  statement last_;
  std::uint64_t generation_ = 0;
  int process_ = 0;  ///< the server's, of the last connection that had the lock
  std::int64_t batch_ = 0;
  std::optional<std::uint64_t> own_epoch_;
};

}  // namespace waybill::core::postgres
