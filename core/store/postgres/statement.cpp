// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/statement.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <libpq-fe.h>

#include "core/store/postgres/wire.hpp"

namespace waybill::core::postgres {

rows::rows(result_ptr all) : all_(std::move(all)), count_(PQntuples(all_.get())) {}

error rows::failure() const {
  return failure_.value_or(error{error_code::internal_error, "postgresql: a row is missing in the store", {}, {}});
}

std::int64_t rows::changed() const {
  const std::string_view text = all_ ? PQcmdTuples(all_.get()) : "";
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

bool rows::is_null(int column) const { return PQgetisnull(all_.get(), row_, column) != 0; }

std::int64_t rows::integer(int column) const {
  return is_null(column) ? 0 : read_integer(PQgetvalue(all_.get(), row_, column), PQgetlength(all_.get(), row_, column));
}

std::string_view rows::bytes(int column) const {
  return {PQgetvalue(all_.get(), row_, column), static_cast<std::size_t>(PQgetlength(all_.get(), row_, column))};
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

statement::statement(connection& db, std::string sql, statement_life life)
    : db_(&db), sql_(std::move(sql)), life_(life), number_(db.new_statement_number()) {}

void statement::send_bound(answer_use use) {
  db_->make_ready();
  const bool kept = life_ == statement_life::kept;
  const bool must_prepare = kept && era_ != db_->era();
  if (must_prepare) {
    era_ = db_->era();
    name_ = "s" + std::to_string(number_) + "_" + std::to_string(era_);
  }
  db_->send(name_, sql_, must_prepare, bound_, use);
  replaced_.clear();
}

rows statement::receive() {
  auto answers = db_->collect();
  if (!answers) return rows(std::move(answers.error()));
  if (answers->empty()) return rows(error{error_code::internal_error, "postgresql: an answer is missing", {}, {}});
  return rows(std::move(answers->back()));
}

rows statement::query_bound() {
  send_bound();
  return receive();
}

void statement::bind_integer(std::int64_t value) {
  auto& bytes = small_.emplace_back();
  write_int64(bytes.data(), value);
  bound_.push_back({oid::bigint, bytes.data(), 8});
}

void statement::bind_bool(bool value) {
  auto& bytes = small_.emplace_back();
  bytes[0] = value ? '\1' : '\0';
  bound_.push_back({oid::boolean, bytes.data(), 1});
}

// A null pointer would be NULL and not an empty value.
void statement::bind_view(std::uint32_t type, std::string_view value) {
  bound_.push_back({type, value.data() ? value.data() : "", static_cast<int>(value.size())});
}

void statement::bind_text(std::string_view value) {
  if (auto right = storable_text(value)) {
    replaced_.push_back(std::make_unique<std::string>(std::move(*right)));
    value = *replaced_.back();
  }
  bind_view(oid::text, value);
}

}  // namespace waybill::core::postgres
