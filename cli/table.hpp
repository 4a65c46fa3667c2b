// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace waybill::cli {

/// Rows of text in columns as wide as their widest cell, under a bold head. Texts are made printable; a column named
/// "STATUS", "STATE", "HEALTH" or "BREAKER" is coloured by its word.
class table {
public:
  table(const terminal& screen, std::vector<std::string> head) : screen_(screen), head_(std::move(head)) {}

  void add(std::vector<std::string> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  void print(std::ostream& out) const;

private:
  void print_row(std::ostream& out, const std::vector<std::string>& row, const std::vector<std::size_t>& widths,
                 bool is_head) const;

  const terminal& screen_;
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace waybill::cli
