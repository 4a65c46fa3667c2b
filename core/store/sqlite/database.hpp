// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/model/error.hpp"

struct sqlite3;

namespace waybill::core::sqlite {

/// What a connection is for; decides its cache and whether it may write.
enum class connection_kind : std::uint8_t { writer = 1, reader, checkpointer };

/// One connection to the file. Used by one thread at a time; SQLite's own mutexes are off. Moves, never copies.
class database {
public:
  /// WAL, synchronous=FULL, foreign keys, busy timeout. store_unavailable with SQLite's reason.
  [[nodiscard]] static result<database> open(const std::string& path, connection_kind kind);

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  /// Runs statements without parameters or rows.
  [[nodiscard]] result<void> execute(const char* sql);
  /// The last failure of this connection as an error: store_unavailable for what may pass (disk, lock), conflict for a
  /// broken key, internal_error for what is our mistake. The text is SQLite's and holds no values.
  [[nodiscard]] error failure() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] std::int64_t last_row() const;
  [[nodiscard]] std::int64_t changes() const;  ///< rows the last statement changed

private:
  struct closer {
    void operator()(sqlite3* handle) const;
  };
  explicit database(sqlite3* handle) : handle_(handle) {}

  std::unique_ptr<sqlite3, closer> handle_;
};

/// A read transaction for a call of several statements; nothing inside a transaction that is open already.
class snapshot {
public:
  explicit snapshot(database& db);
  ~snapshot();
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  database& db_;
  bool own_ = false;
};

}  // namespace waybill::core::sqlite
