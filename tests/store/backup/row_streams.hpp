// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/store/backup/endpoints.hpp"
#include "core/store/backup/record_parser.hpp"
#include "core/store/backup/rows.hpp"
#include "core/store/backup/table_plan.hpp"
#include "tests/store/store_fixture.hpp"

namespace waybill::core::test {

/// A value that owns what it holds.
struct value {
  cell_kind kind = cell_kind::null;
  std::int64_t number = 0;
  std::string bytes;
  bool operator==(const value& o) const { return kind == o.kind && number == o.number && bytes == o.bytes; }
  bool operator<(const value& o) const { return std::tie(kind, number, bytes) < std::tie(o.kind, o.number, o.bytes); }
};
/// A row by the names of its columns.
using named_row = std::map<std::string, value>;

[[nodiscard]] value whole(std::int64_t number);
[[nodiscard]] value text(std::string text);
[[nodiscard]] value bytes(std::string bytes);
/// Sixteen bytes that are one for each number.
[[nodiscard]] std::string id_of(std::uint8_t number);

/// A store in memory: what was poured into it, and what can be poured out of it. Whether it was finished shows.
class memory_store final : public row_sink, public row_source {
public:
  result<void> begin(const store_head& given) override;
  result<void> begin_table(const table_head& table) override;
  result<void> row(const std::vector<cell>& cells) override;
  result<void> end_table() override { return {}; }
  result<void> finish() override;
  result<void> pour_into(row_sink& sink) override;

  void add(const table_head& table, std::vector<named_row> rows);
  /// Rows of each table in no particular order, and columns by their names.
  [[nodiscard]] std::map<std::string, std::vector<named_row>> sorted() const;

  store_head head{"sqlite", "0.0-test", 1, at(0)};
  bool is_finished = false;

private:
  struct content {
    table_head head;
    std::vector<named_row> rows;
  };
  std::vector<content> tables_;
};

/// Text from memory.
class memory_bytes final : public byte_source {
public:
  explicit memory_bytes(std::string_view bytes) : left_(bytes) {}
  [[nodiscard]] result<std::size_t> read(char* to, std::size_t room) override;

private:
  std::string_view left_;
};

/// The tables of a store at a schema: a place for one is made in `folder`.
[[nodiscard]] std::vector<table_head> tables_at(const engine& which, std::uint32_t schema, const std::filesystem::path& folder);
/// The URL of a place without any store in it.
[[nodiscard]] std::string empty_place(const engine& which, const std::filesystem::path& folder);
/// Every number of a schema that a store of this engine can have, oldest first.
[[nodiscard]] std::vector<std::uint32_t> schemas_of(const engine& which);

/// Three rows in every table, whatever its columns are: ids of one number belong together, so that every reference is met.
[[nodiscard]] memory_store rows_in_every_table(const std::vector<table_head>& tables, std::uint32_t schema);

[[nodiscard]] result<void> pour(const std::string& from, row_sink& to, source_use use = source_use::shared);
[[nodiscard]] result<void> pour(row_source& from, const std::string& to);

}  // namespace waybill::core::test
