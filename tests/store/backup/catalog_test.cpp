// SPDX-License-Identifier: Apache-2.0
// Nothing may be left out of a backup by being forgotten: the list of tables against what the engines really have.
#include <set>

#include "tests/store/backup/row_streams.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::set<std::string> described(const std::vector<table_head>& tables) {
  std::set<std::string> out;
  for (const auto& table : tables)
    for (const auto& column : table.columns)
      out.insert(table.name + "." + column.name + " " + std::to_string(static_cast<int>(column.kind)));
  return out;
}

}  // namespace

TEST_CASE("an export has every table of the schema") {
  for (const auto& which : engines()) {
    INFO(which.name);
    const scratch_folder folder;
    const auto tables = tables_at(which, schemas_of(which).back(), folder.path());
    std::set<std::string> exported;
    for (const auto& table : tables) exported.insert(table.name);
    for (const auto& known : portable_tables()) {
      INFO(known.name);
      CHECK(exported.count(std::string(known.name)) == 1);
    }
  }
}

TEST_CASE("both engines have the same tables and columns, but for their own") {
  std::vector<std::set<std::string>> all;
  for (const auto& which : engines()) {
    const scratch_folder folder;
    all.push_back(described(tables_at(which, schemas_of(which).back(), folder.path())));
  }
  for (const auto& one : all) CHECK(one == all.front());
}

TEST_CASE("a table that backups do not know stops an export and names itself") {
  const std::vector<catalog_table> catalog{{"organizations", {{"id", cell_kind::bytes}}},
                                           {"novelties", {{"id", cell_kind::bytes}}}};
  const auto planned = plan_export(catalog, &portable_table::sqlite_only);
  REQUIRE_FALSE(planned);
  CHECK(planned.error().code == error_code::internal_error);
  CHECK(planned.error().message.find("novelties") != std::string::npos);
}

TEST_CASE("a column of a type that no cell can hold stops an export and names itself") {
  const std::vector<catalog_table> catalog{{"organizations", {{"born", cell_kind::null}}}};
  const auto planned = plan_export(catalog, &portable_table::sqlite_only);
  REQUIRE_FALSE(planned);
  CHECK(planned.error().message.find("organizations.born") != std::string::npos);
}

TEST_CASE("a stream that does not fit a store is refused by what does not fit") {
  const std::vector<catalog_table> catalog{{"organizations", {{"id", cell_kind::bytes}, {"name", cell_kind::text}}},
                                           {"delivery_attempts", {{"row", cell_kind::integer}, {"id", cell_kind::bytes}}}};
  const auto why = [&](table_head incoming) {
    const auto planned = plan_import(catalog, incoming, &portable_table::sqlite_only);
    return planned ? std::string{} : planned.error().message;
  };
  CHECK(why({"organizations", {{"name", cell_kind::text}, {"id", cell_kind::bytes}}}).empty());
  CHECK(why({"delivery_attempts", {{"id", cell_kind::bytes}}}).empty());
  CHECK(why({"delivery_attempts", {{"id", cell_kind::bytes}, {"row", cell_kind::integer}}}).find("column") !=
        std::string::npos);
  CHECK(why({"organizations", {{"id", cell_kind::bytes}}}).find("no column organizations.name") != std::string::npos);
  CHECK(why({"organizations", {{"id", cell_kind::bytes}, {"name", cell_kind::integer}}}).find("another type") !=
        std::string::npos);
  CHECK(why({"organizations", {{"id", cell_kind::bytes}, {"id", cell_kind::bytes}, {"name", cell_kind::text}}}).find("twice") !=
        std::string::npos);
  CHECK(why({"jobs", {{"id", cell_kind::bytes}}}).find("table jobs") != std::string::npos);
  CHECK(why({"a\"; DROP TABLE x; --", {{"id", cell_kind::bytes}}}).find("it has a table") != std::string::npos);
}
