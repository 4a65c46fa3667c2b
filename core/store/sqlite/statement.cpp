// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/statement.hpp"

#include <algorithm>
#include <cstring>

#include <sqlite3.h>

namespace waybill::core::sqlite {

void statement::finalizer::operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }

bool statement::prepare() {
  if (handle_) return true;
  sqlite3_stmt* raw = nullptr;
  const auto size = static_cast<int>(sql_.size()) + 1;  // with the terminating zero SQLite need not copy the text
  if (sqlite3_prepare_v3(db_->handle(), sql_.c_str(), size, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
    return false;
  handle_.reset(raw);
  return true;
}

result<std::int64_t> statement::finish() {
  const int code = sqlite3_step(handle_.get());
  const auto changed = code == SQLITE_DONE ? db_->changes() : 0;
  // The reset repeats the code of the step, so one look at the connection's error is enough.
  if (sqlite3_reset(handle_.get()) != SQLITE_OK || code != SQLITE_DONE) return fail(db_->failure());
  return changed;
}

rows statement::query_bound() { return rows(*this); }

void statement::bind_null(int index) { sqlite3_bind_null(handle_.get(), index); }

void statement::bind_integer(int index, std::int64_t value) { sqlite3_bind_int64(handle_.get(), index, value); }

void statement::bind_real(int index, double value) { sqlite3_bind_double(handle_.get(), index, value); }

void statement::bind_text(int index, std::string_view value) {
  sqlite3_bind_text64(handle_.get(), index, value.data() ? value.data() : "", value.size(),
                      copy_ ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
}

void statement::bind_blob(int index, const void* data, std::size_t size) {
  // A null pointer would be NULL and not an empty blob.
  sqlite3_bind_blob64(handle_.get(), index, data ? data : "", size, copy_ ? SQLITE_TRANSIENT : SQLITE_STATIC);
}

rows::~rows() {
  if (from_ && from_->handle_) sqlite3_reset(from_->handle_.get());
}

bool rows::next() {
  const int code = from_->handle_ ? sqlite3_step(from_->handle_.get()) : SQLITE_ERROR;
  failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
  return code == SQLITE_ROW;
}

bool rows::is_null(int column) const { return sqlite3_column_type(from_->handle_.get(), column) == SQLITE_NULL; }

std::int64_t rows::integer(int column) const { return sqlite3_column_int64(from_->handle_.get(), column); }

std::string_view rows::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(from_->handle_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(from_->handle_.get(), column))};
}

std::optional<utc_time> rows::maybe_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<milliseconds> rows::maybe_duration(int column) const {
  if (is_null(column)) return std::nullopt;
  return milliseconds{integer(column)};
}

sha256_digest rows::digest(int column) const {
  sha256_digest value{};
  const auto raw = bytes(column);
  std::copy_n(raw.begin(), std::min(raw.size(), value.size()), value.begin());
  return value;
}

}  // namespace waybill::core::sqlite
