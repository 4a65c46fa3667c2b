// SPDX-License-Identifier: Apache-2.0
#include "cli/table.hpp"

#include <algorithm>
#include <ostream>

namespace waybill::cli {
namespace {

bool holds_status(const std::string& head) {
  return head == "STATUS" || head == "STATE" || head == "HEALTH" || head == "BREAKER" || head == "OUTCOME";
}

}  // namespace

void table::add(std::vector<std::string> row) {
  row.resize(head_.size());
  for (auto& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

void table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < head_.size(); ++i) {
    widths.push_back(columns_of(head_[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  print_row(out, head_, widths, true);
  for (const auto& row : rows_) print_row(out, row, widths, false);
}

void table::print_row(std::ostream& out, const std::vector<std::string>& row, const std::vector<std::size_t>& widths,
                      bool is_head) const {
  for (std::size_t i = 0; i < row.size(); ++i) {
    out << (is_head ? screen_.paint(color::bold, row[i]) : holds_status(head_[i]) ? screen_.paint_status(row[i]) : row[i]);
    if (i + 1 < row.size()) out << std::string(widths[i] - columns_of(row[i]) + 2, ' ');
  }
  out << '\n';
}

}  // namespace waybill::cli
