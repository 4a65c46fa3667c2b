// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/unnested.hpp"

namespace waybill::core::postgres {

std::string unnest_each(std::string_view names, int first) {
  std::string sql;
  while (!names.empty()) {
    const auto end = names.find(',');
    auto name = names.substr(0, end);
    name.remove_prefix(name.find_first_not_of(' '));
    sql += "unnest($" + std::to_string(first++) + ") AS " + std::string(name);
    names.remove_prefix(end == std::string_view::npos ? names.size() : end + 1);
    if (!names.empty()) sql += ", ";
  }
  return sql;
}

std::string unnested(std::string_view names, int first) { return "(SELECT " + unnest_each(names, first) + ") AS u"; }

}  // namespace waybill::core::postgres
