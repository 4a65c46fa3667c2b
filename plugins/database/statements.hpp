// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config.hpp"

namespace waybill::database {

/// An identifier of SQL in quotes: whatever it holds, it is one name.
[[nodiscard]] std::string quoted(std::string_view identifier);

/// INSERT of so many rows, each with its key first, `… ON CONFLICT (key) DO NOTHING RETURNING key[, reference]`, as text. A row
/// that is there already is not returned.
[[nodiscard]] std::string insert_statement(const table_settings& table, std::size_t rows);
/// The reference of the row with a key.
[[nodiscard]] std::string reference_statement(const table_settings& table);
/// How many rows fit in one statement: the protocol counts parameters in 16 bits.
[[nodiscard]] std::size_t most_rows(const table_settings& table);

}  // namespace waybill::database
