// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/store/backup/rows.hpp"

/// The records of a backup, as they stand in its plain bytes. One byte says what comes:
///   'H' engine, program (texts), schema (number), time (signed number): once, first
///   'T' name (text), how many columns (number), for each its name (text) and kind (byte)
///   'R' for each column a cell: its kind (byte), then nothing, a signed number, or a text
///   'E' how many rows the table had (number)
///   'Z' how many tables there were (number): once, last
/// A number is a LEB128 of at most ten bytes, a signed one zigzagged first; a text is its size and its bytes.
namespace waybill::core::backup_records {

enum class tag : char { head = 'H', table = 'T', row = 'R', end_of_table = 'E', end = 'Z' };

inline constexpr std::size_t longest_name = 200;
inline constexpr std::size_t most_columns = 200;
inline constexpr std::uint64_t longest_cell = std::uint64_t{1} << 31;

void append_number(std::string& to, std::uint64_t value);
void append_signed(std::string& to, std::int64_t value);
void append_text(std::string& to, std::string_view text);
void append_head(std::string& to, const store_head& head);
void append_table(std::string& to, const table_head& table);
void append_row(std::string& to, const std::vector<cell>& cells);

}  // namespace waybill::core::backup_records
