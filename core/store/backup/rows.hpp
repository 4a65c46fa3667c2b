// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// What a cell may hold. An engine's own types map onto these: truth values are integers, ids are bytes.
enum class cell_kind : std::uint8_t { null = 1, integer, text, bytes };

/// One value of a row. A view: it holds until the call that got it returns.
struct cell {
  cell_kind kind = cell_kind::null;
  std::int64_t number = 0;
  std::string_view bytes;
};

struct table_column {
  std::string name;
  cell_kind kind = cell_kind::integer;
};
struct table_head {
  std::string name;
  std::vector<table_column> columns;
};

/// What a stream of rows is of.
struct store_head {
  std::string engine;        ///< "sqlite" or "postgresql": where it comes from; any engine takes it
  std::string program;       ///< the version of Waybill that made it
  std::uint32_t schema = 0;  ///< the newest migration of the store, by the numbers that all engines share
  utc_time taken_at{};       ///< when the snapshot was taken
};

/// Takes a whole store, table by table. Calls come in this order: begin, then for each table begin_table, row…, end_table, and
/// finish at the end. Nothing of it counts before finish has returned well; destroyed without, everything is taken back.
class row_sink {
public:
  virtual ~row_sink() = default;
  virtual result<void> begin(const store_head& head) = 0;
  virtual result<void> begin_table(const table_head& table) = 0;
  virtual result<void> row(const std::vector<cell>& cells) = 0;  ///< in the order of the table's columns
  virtual result<void> end_table() = 0;
  virtual result<void> finish() = 0;
};

/// Gives a whole store, from one snapshot, in memory that does not grow with it.
class row_source {
public:
  virtual ~row_source() = default;
  virtual result<void> pour_into(row_sink& sink) = 0;
};

/// How much went through.
struct row_totals {
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
};

/// Counts what it passes on.
class counting_sink final : public row_sink {
public:
  explicit counting_sink(row_sink& to) : to_(to) {}
  result<void> begin(const store_head& head) override {
    head_ = head;
    return to_.begin(head);
  }
  result<void> begin_table(const table_head& table) override { return ++totals_.tables, to_.begin_table(table); }
  result<void> row(const std::vector<cell>& cells) override { return ++totals_.rows, to_.row(cells); }
  result<void> end_table() override { return to_.end_table(); }
  result<void> finish() override { return to_.finish(); }
  [[nodiscard]] const row_totals& totals() const { return totals_; }
  [[nodiscard]] const store_head& head() const { return head_; }

private:
  row_sink& to_;
  row_totals totals_;
  store_head head_;
};

}  // namespace waybill::core
