// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace waybill::core::postgres {

/// "unnest($first) AS name, …" for a comma-separated list of names: columns of a batch, for a select list.
[[nodiscard]] std::string unnest_each(std::string_view names, int first = 1);

/// The arrays of a batch as rows: "(SELECT unnest($first) AS name, …) AS u". In a select list the server walks all of them at
/// once; unnest(…) in FROM first copies each column to a store of its own, which costs more than to insert the row. NULL
/// instead of an array is a column of NULLs, as long as another one has all the rows.
[[nodiscard]] std::string unnested(std::string_view names, int first = 1);

}  // namespace waybill::core::postgres
