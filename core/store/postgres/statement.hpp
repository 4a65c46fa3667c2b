// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"
#include "core/store/postgres/array_parameter.hpp"
#include "core/store/postgres/connection.hpp"

namespace waybill::core::postgres {

/// Bytes for a bytea parameter.
struct blob_view {
  std::string_view bytes;
  explicit blob_view(std::string_view b) : bytes(b) {}
};

/// A text that is NULL in the table when it is empty.
struct text_or_null {
  std::string_view text;
};

/// The rows a statement answered, all in memory. Views of text and blobs hold as long as it does.
class rows {
public:
  explicit rows(result_ptr all);
  explicit rows(error why) : failure_(std::move(why)) {}

  /// False at the end and on failure; failed() tells which.
  [[nodiscard]] bool next() { return ++row_ < count_; }
  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  /// What went wrong, once failed() is true; otherwise that a row was missing which must be there.
  [[nodiscard]] error failure() const;
  [[nodiscard]] int size() const { return count_; }
  /// Rows that an INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changed() const;

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;    ///< smallint, integer, bigint or boolean; 0 for NULL
  [[nodiscard]] std::string_view bytes(int column) const;  ///< text or bytea, as stored; empty for NULL
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
  result_ptr all_;
  std::optional<error> failure_;
  int row_ = -1;
  int count_ = 0;
};

/// once: its text differs from call to call (a filter), so it is not worth preparing.
enum class statement_life : std::uint8_t { kept = 1, once };

/// A statement with parameters $1, $2, …; prepared on first use of each connection and then kept by the server. Parameters
/// are always bound, in the binary format, with the type their C++ value has: whole numbers and times are bigint, bool is
/// boolean, ids are uuid, blobs and digests are bytea. Not thread-safe.
class statement {
public:
  statement(connection& db, std::string sql, statement_life life = statement_life::kept);

  /// Runs it and gives the number of rows changed.
  template <class... Args>
  [[nodiscard]] result<std::int64_t> run(const Args&... args) {
    send(args...);
    auto answer = receive();
    if (answer.failed()) return fail(answer.failure());
    return answer.changed();
  }

  template <class... Args>
  [[nodiscard]] rows query(const Args&... args) {
    send(args...);
    return receive();
  }

  /// Queues it; the connection's collect() brings the answers of all that were queued. Arguments need not outlive the call.
  template <class... Args>
  void send(const Args&... args) {
    bind_all(args...);
    send_bound();
  }
  /// The same for a statement whose rows nobody wants; collect() does not bring them.
  template <class... Args>
  void send_unanswered(const Args&... args) {
    send_for(answer_use::unwanted, args...);
  }
  template <class... Args>
  void send_for(answer_use use, const Args&... args) {
    bind_all(args...);
    send_bound(use);
  }

  /// For a list of parameters whose length is not known here, in order from 1; then query_bound().
  template <class Arg>
  void bind_at(int index, const Arg& arg);
  [[nodiscard]] rows query_bound();

private:
  using small = std::array<char, 8>;

  template <class... Args>
  void bind_all(const Args&... args) {
    bound_.clear();
    small_.clear();
    small_.reserve(sizeof...(args));
    (bind(args), ...);
  }
  void send_bound(answer_use use = answer_use::wanted);
  [[nodiscard]] rows receive();
  void bind_integer(std::int64_t value);
  void bind_bool(bool value);
  void bind_view(std::uint32_t type, std::string_view value);
  void bind_text(std::string_view value);
  void bind_null(std::uint32_t type) { bound_.push_back({type, nullptr, 0}); }

  void bind(std::string_view value) { bind_text(value); }
  void bind(const std::string& value) { bind_text(value); }
  void bind(const char* value) { bind_text(value); }
  void bind(const blob_view& value) { bind_view(oid::bytea, value.bytes); }
  void bind(const id_bytes& value) { bind_view(oid::uuid, {reinterpret_cast<const char*>(value.data()), value.size()}); }
  void bind(const sha256_digest& value) { bind_view(oid::bytea, {reinterpret_cast<const char*>(value.data()), value.size()}); }
  void bind(utc_time value) { bind_integer(to_unix_ms(value)); }
  void bind(milliseconds value) { bind_integer(value.count()); }
  void bind(std::nullptr_t) { bind_null(0); }
  void bind(text_or_null value) { value.text.empty() ? bind_null(oid::text) : bind_text(value.text); }
  void bind(const array_parameter& value) {
    value.only_nulls() ? bind_null(value.type()) : bind_view(value.type(), value.bytes());
  }
  void bind(bool value) { bind_bool(value); }
  template <class Kind>
  void bind(const typed_id<Kind>& value) {
    bind(value.bytes());
  }
  template <class T>
  void bind(const std::optional<T>& value) {
    if (value) return bind(*value);
    bind(T{});
    bound_.back().data = nullptr;
  }
  template <class T, std::enable_if_t<(std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_enum_v<T>, int> = 0>
  void bind(T value) {
    bind_integer(static_cast<std::int64_t>(value));
  }

  connection* db_;
  std::string sql_;
  statement_life life_;
  std::uint64_t number_;
  std::uint64_t era_ = 0;  ///< of the connection, when it was prepared there
  std::string name_;
  std::vector<parameter> bound_;
  std::vector<small> small_;                            ///< numbers that bound_ points at
  std::vector<std::unique_ptr<std::string>> replaced_;  ///< texts that had to be changed
  std::vector<std::unique_ptr<std::string>> kept_;      ///< of bind_at
};

template <class Arg>
void statement::bind_at(int index, const Arg& arg) {
  if (index == 1) {
    bound_.clear();
    small_.clear();
    kept_.clear();
  }
  small_.clear();
  small_.reserve(1);
  bind(arg);
  auto& last = bound_.back();
  if (!last.data) return;
  kept_.push_back(std::make_unique<std::string>(last.data, static_cast<std::size_t>(last.size)));
  last.data = kept_.back()->data();
}

}  // namespace waybill::core::postgres
