// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"
#include "core/store/sqlite/database.hpp"

struct sqlite3_stmt;

namespace waybill::core::sqlite {

/// Bytes for a BLOB parameter.
struct blob_view {
  const void* data = nullptr;
  std::size_t size = 0;
  blob_view(const void* bytes, std::size_t count) : data(bytes), size(count) {}
  explicit blob_view(std::string_view bytes) : data(bytes.data()), size(bytes.size()) {}
};

/// A text that is NULL in the table when it is empty.
struct text_or_null {
  std::string_view text;
};

class rows;

/// A prepared statement, prepared on first use and then kept. Parameters are always bound. Not thread-safe.
class statement {
public:
  statement(database& db, std::string sql) : db_(&db), sql_(std::move(sql)) {}

  /// Runs it to its end and gives the number of rows changed. Parameters are bound in place, not copied.
  template <class... Args>
  [[nodiscard]] result<std::int64_t> run(const Args&... args) {
    if (!prepare()) return fail(db_->failure());
    copy_ = false;
    int index = 0;
    (bind(++index, args), ...);
    return finish();
  }

  /// Starts reading. Parameters are copied, so they need not outlive the call.
  template <class... Args>
  [[nodiscard]] rows query(const Args&... args);

  /// For a list of parameters whose length is not known here; then query_bound().
  template <class Arg>
  void bind_at(int index, const Arg& arg) {
    copy_ = true;
    if (prepare()) bind(index, arg);
  }
  [[nodiscard]] rows query_bound();

private:
  friend class rows;
  struct finalizer {
    void operator()(sqlite3_stmt* handle) const;
  };

  bool prepare();
  result<std::int64_t> finish();
  void bind_null(int index);
  void bind_integer(int index, std::int64_t value);
  void bind_real(int index, double value);
  void bind_text(int index, std::string_view value);
  void bind_blob(int index, const void* data, std::size_t size);

  void bind(int index, std::string_view value) { bind_text(index, value); }
  void bind(int index, const std::string& value) { bind_text(index, value); }
  void bind(int index, const char* value) { bind_text(index, value); }
  void bind(int index, const blob_view& value) { bind_blob(index, value.data, value.size); }
  void bind(int index, const id_bytes& value) { bind_blob(index, value.data(), value.size()); }
  void bind(int index, const sha256_digest& value) { bind_blob(index, value.data(), value.size()); }
  void bind(int index, utc_time value) { bind_integer(index, to_unix_ms(value)); }
  void bind(int index, milliseconds value) { bind_integer(index, value.count()); }
  void bind(int index, std::nullptr_t) { bind_null(index); }
  void bind(int index, text_or_null value) { value.text.empty() ? bind_null(index) : bind_text(index, value.text); }
  template <class Kind>
  void bind(int index, const typed_id<Kind>& value) {
    bind(index, value.bytes());
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind_null(index);
  }
  template <class T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
  void bind(int index, T value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }

  database* db_;
  std::string sql_;
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
  bool copy_ = false;
};

/// The rows of a running statement. Views of text and blobs hold until the next row. Destroying it ends the reading.
class rows {
public:
  explicit rows(statement& from) : from_(&from) {}
  ~rows();
  rows(rows&& other) noexcept : from_(other.from_), failed_(other.failed_) { other.from_ = nullptr; }
  rows(const rows&) = delete;
  rows& operator=(const rows&) = delete;
  rows& operator=(rows&&) = delete;

  /// False at the end and on failure; failed() tells which.
  [[nodiscard]] bool next();
  [[nodiscard]] bool failed() const { return failed_; }
  /// What went wrong, once failed() is true.
  [[nodiscard]] error failure() const { return from_->db_->failure(); }

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;  ///< text or blob, as stored
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  [[nodiscard]] utc_time time(int column) const { return from_unix_ms(integer(column)); }
  [[nodiscard]] std::optional<utc_time> maybe_time(int column) const;
  [[nodiscard]] std::optional<milliseconds> maybe_duration(int column) const;
  [[nodiscard]] sha256_digest digest(int column) const;
  template <class Id>
  [[nodiscard]] Id id(int column) const {
    const auto raw = bytes(column);
    return Id::from_blob(raw.data(), raw.size()).value_or(Id{});
  }
  template <class T>
  [[nodiscard]] T number(int column) const {
    return static_cast<T>(integer(column));
  }

private:
  statement* from_;
  bool failed_ = false;
};

template <class... Args>
rows statement::query(const Args&... args) {
  copy_ = true;
  if (prepare()) {
    int index = 0;
    (bind(++index, args), ...);
  }
  return rows(*this);
}

}  // namespace waybill::core::sqlite
