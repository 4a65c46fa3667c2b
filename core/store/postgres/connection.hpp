// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/error.hpp"
#include "core/store/postgres/backoff.hpp"

struct pg_conn;
struct pg_result;

namespace waybill::core::postgres {

struct result_deleter {
  void operator()(pg_result* raw) const;
};
/// What the server answered to one statement.
using result_ptr = std::unique_ptr<pg_result, result_deleter>;

/// How to reach the server: parameters of libpq (keyword, value) in the order in which a later one overrides an earlier one.
struct connection_settings {
  std::vector<std::pair<std::string, std::string>> parameters;
  milliseconds statement_timeout{30'000};
  /// How much later than the statement timeout a server that says nothing is given up: its host may be gone.
  milliseconds answer_grace{5'000};
};

/// What a connection is for; decides how its statements are planned and whether they may write.
enum class connection_kind : std::uint8_t { writer = 1, reader };

/// unwanted: only that it succeeds matters, and that may come out with a later statement of the transaction.
enum class answer_use : std::uint8_t { wanted = 1, unwanted };

/// One parameter of a statement, in the binary format. The view must hold until the statement has been sent.
struct parameter {
  std::uint32_t type = 0;  ///< the type's OID; 0: the server decides
  const char* data = nullptr;
  int size = 0;
};

/// One connection to the server, always in libpq's pipeline mode: statements are sent as they come and answered together, so
/// a whole batch costs one round trip. Used by one thread at a time.
/// It repairs itself: a connection that was lost is opened again (to the primary, should that be another host by now) when
/// the next transaction begins, with growing pauses; a lost transaction is never continued on a new connection. Whoever keeps
/// something of the server's session compares `generation()`.
class connection {
public:
  connection(connection_settings settings, connection_kind kind);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Connects unless it is connected. store_unavailable with the reason; at once while the pause after a failure lasts.
  [[nodiscard]] result<void> open();
  void close();
  /// Counts the connections made; prepared statements, locks and settings belong to one of them.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// Changes with every connection, and whenever it is not known which of the statements sent were prepared.
  [[nodiscard]] std::uint64_t era() const { return era_; }
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }
  [[nodiscard]] int server_process() const;
  [[nodiscard]] std::chrono::steady_clock::duration age() const { return std::chrono::steady_clock::now() - opened_at_; }

  /// Opens the connection if need be, and a transaction with the next statement that is sent: it costs no round trip.
  [[nodiscard]] result<void> begin(std::string_view sql);
  /// SQL without parameters or rows that goes out in front of the next statement.
  void lead_with(std::string sql);
  /// Takes back what lead_with was given last, if it has not been sent: false when it has.
  bool take_back(std::string_view sql);
  /// Runs `sql` at once, together with what leads.
  [[nodiscard]] result<void> execute(std::string_view sql);
  /// The same for what ends a transaction (COMMIT); it is over whatever the answer is.
  [[nodiscard]] result<void> end_transaction(std::string_view sql);
  /// Ends the transaction, without saving anything. A connection that cannot do it is closed.
  void rollback();
  /// Several statements in one text, without parameters or rows: settings, migrations. Nothing may be queued. `patience`: after
  /// which a server that says nothing is given up; as with any other statement unless told.
  [[nodiscard]] result<void> execute_script(const std::string& sql) {
    return execute_script(sql, settings_.statement_timeout + settings_.answer_grace);
  }
  [[nodiscard]] result<void> execute_script(const std::string& sql, std::chrono::steady_clock::duration patience);

  /// Outside a transaction: opens the connection if need be. To be called ahead of the first `send`; a failure shows there.
  void make_ready();
  /// Queues a statement, prepared under `name` first if it must be (empty: not prepared at all); `collect` brings the answer.
  void send(std::string_view name, const std::string& sql, bool must_prepare, const std::vector<parameter>& given,
            answer_use use = answer_use::wanted);
  /// Sends what is queued and waits for the wanted answers of every `send` since the last call, in order. The first failure of
  /// any of them is the answer; then the server did nothing of what came after it, and the transaction can only be undone.
  [[nodiscard]] result<std::vector<result_ptr>> collect();

  /// Something was sent whose answer has not been collected.
  [[nodiscard]] bool awaits_answers() const { return !awaited_.empty(); }
  [[nodiscard]] bool in_transaction() const { return in_transaction_; }
  [[nodiscard]] std::uint64_t new_statement_number() { return ++statements_; }

private:
  enum class answer_kind : std::uint8_t { lead = 1, commit, prepare, rows };

  [[nodiscard]] result<void> connect();
  [[nodiscard]] bool is_alive();
  void send_leads();
  void send_plain(const std::string& sql);
  [[nodiscard]] bool wait_for_result(std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] error lost(const char* what);

  const connection_settings settings_;
  const connection_kind kind_;
  pg_conn* handle_ = nullptr;
  backoff pause_;
  std::uint64_t generation_ = 0;
  std::uint64_t era_ = 0;
  std::chrono::steady_clock::time_point opened_at_{};
  std::uint64_t statements_ = 0;
  std::vector<std::string> leads_;
  std::vector<answer_kind> awaited_;
  bool in_transaction_ = false;  ///< stays true when the connection is lost in it, until it is ended
  bool send_failed_ = false;
  std::string last_failure_;
  std::vector<std::uint32_t> types_;
  std::vector<const char*> values_;
  std::vector<int> sizes_;
  std::vector<int> formats_;
};

/// A read transaction for a call of several statements; nothing inside a transaction that is open already.
class snapshot {
public:
  explicit snapshot(connection& db);
  ~snapshot();
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  connection& db_;
  bool own_ = false;
};

/// The failure as an error: store_unavailable for what may pass (connection, disk, lock, timeout, read-only server), conflict
/// for a broken key, validation_error for a text the server cannot hold, internal_error for what is our mistake. The text is
/// the server's and holds no values.
[[nodiscard]] error error_of(const pg_result* failed);

}  // namespace waybill::core::postgres
