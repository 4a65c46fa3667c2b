// SPDX-License-Identifier: Apache-2.0
// A store, as a backup and as a store of the other engine, is the same store.
#include <fstream>
#include <set>

#include "core/store/backup/backup_file.hpp"
#include "tests/store/backup/row_streams.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

/// Every pair of engines, each with itself as well.
std::vector<std::pair<const engine*, const engine*>> ways() {
  std::vector<std::pair<const engine*, const engine*>> out;
  for (const auto& from : engines())
    for (const auto& to : engines()) out.emplace_back(&from, &to);
  return out;
}

memory_store exported(const std::string& url) {
  memory_store out;
  must(pour(url, out));
  return out;
}

std::string file_in(const scratch_folder& folder) { return (folder.path() / "store.backup").string(); }

void back_up(const std::string& url, const std::string& file) {
  auto sink = must(make_backup(file));
  must(pour(url, *sink));
}

}  // namespace

TEST_CASE("every table comes through a backup into either engine as it was") {
  for (const auto& [from, to] : ways()) {
    INFO(from->name << " to " << to->name);
    const scratch_folder first;
    const scratch_folder second;
    const auto schema = schemas_of(*from).back();
    auto rows = rows_in_every_table(tables_at(*from, schema, first.path()), schema);
    const auto source = empty_place(*from, first.path());
    const auto target = empty_place(*to, second.path());
    must(pour(rows, source));
    const auto before = exported(source);
    CHECK(before.sorted() == rows.sorted());
    CHECK(before.head.engine == from->name);
    back_up(source, file_in(first));
    must(pour(*must(open_backup(file_in(first))), target));
    CHECK(exported(target).sorted() == rows.sorted());
  }
}

TEST_CASE("a store that worked goes on working in the other engine: nothing is lost, and the counts agree") {
  for (const auto& [from, to] : ways()) {
    INFO(from->name << " to " << to->name);
    store_fixture s(*from);
    const auto quiet = s.add_destination(s.org, "quiet");
    const auto waiting = s.accept({{s.hook}});
    const auto ordered = s.accept({{s.hook}, at(0), 5, 1, std::nullopt, "{\"a\":2}", "key"});
    const auto held = s.accept({{s.hook}, at(0), 5, 1, std::nullopt, "{\"a\":3}", "key"});
    const auto dead = s.dead_letter({{quiet}});
    const auto done = s.accept({{s.hook, quiet}});
    for (const auto& task : done.tasks) s.record(make_outcome(task));
    auto retried = make_outcome(waiting.tasks.at(0), task_status::retrying);
    retried.due_at = at(50);
    s.record(retried);
    const auto seen = s.view(waiting, true);
    const auto counted = must(s.reader().reconcile());

    const scratch_folder folder;
    const scratch_folder second;
    back_up(s.url(), file_in(folder));
    const auto target = empty_place(*to, second.path());
    must(pour(*must(open_backup(file_in(folder))), target));
    auto store = must(open_store(target));
    auto writer = must(store->open_writer());
    CHECK(must(writer->reconcile()).difference() == 0);
    CHECK(must(writer->reconcile()).accepted == counted.accepted);
    const auto again = must(writer->get_delivery(s.org, waiting.content->id, true));
    REQUIRE(again.tasks.at(0).attempt_log.size() == 1);
    CHECK(again.tasks.at(0).attempt_log[0].id == seen.tasks.at(0).attempt_log.at(0).id);
    CHECK(must(writer->get_delivery(s.org, done.content->id, true)).status == delivery_status::completed);
    CHECK(must(writer->list_dead_letters(s.org, {}, {10, {}})).items.size() == 1);
    CHECK(must(writer->content(s.org, held.content->id))->content == "{\"a\":3}");
    CHECK(must(writer->get_delivery(s.org, dead.content->id, false)).status == delivery_status::failed);

    // A node takes over: claims, in order, and what it records is found behind what was restored.
    must(writer->begin());
    const auto epoch = must(writer->take_over_shards("node", at(60)));
    auto claimed = must(writer->claim(s.hook, epoch, at(60), milliseconds{0}, 10, {}));
    REQUIRE(claimed.tasks.size() == 2);  // one that is retried, and the first of its key
    for (auto& task : claimed.tasks)
      if (task.state.delivery == waiting.content->id)
        REQUIRE(must(writer->record({make_outcome(task.state)}, at(61))).at(0) == record_result::recorded);
    must(writer->commit());
    CHECK(must(writer->get_delivery(s.org, waiting.content->id, true)).tasks.at(0).attempt_log.size() == 2);
    CHECK(must(writer->reconcile()).difference() == 0);
    (void)ordered;
  }
}

TEST_CASE("what is accepted after a restore is numbered after what was restored") {
  for (const auto& which : engines()) {
    INFO(which.name);
    store_fixture s(which);
    for (int i = 0; i < 3; ++i) s.accept({{s.hook}, at(0), 5, 1, std::nullopt, "{}", "key"});
    const scratch_folder folder;
    const scratch_folder second;
    back_up(s.url(), file_in(folder));
    const auto target = empty_place(which, second.path());
    must(pour(*must(open_backup(file_in(folder))), target));
    auto store = must(open_store(target));
    auto writer = must(store->open_writer());
    must(writer->begin());
    const auto later = make_request(s.org, {{s.hook}, at(1), 5, 1, std::nullopt, "{}", "key"});
    REQUIRE(must(writer->accept({later}, at(1))).size() == 1);
    must(writer->commit());
    CHECK(must(writer->reconcile()).difference() == 0);
    memory_store rows;
    writer.reset();
    store.reset();
    must(pour(target, rows));
    std::set<std::int64_t> numbers;
    for (const auto& row : rows.sorted().at("deliveries")) numbers.insert(row.at("number").number);
    CHECK(numbers.size() == 4);
  }
}

TEST_CASE("a restore into a store with rows is refused and changes nothing") {
  for (const auto& which : engines()) {
    INFO(which.name);
    store_fixture s(which);
    const scratch_folder folder;
    back_up(s.url(), file_in(folder));
    const auto before = exported(s.url());
    s.close();
    const auto done = pour(*must(open_backup(file_in(folder))), s.url());
    REQUIRE_FALSE(done);
    CHECK(done.error().code == error_code::conflict);
    CHECK(done.error().message.find("not empty") != std::string::npos);
    CHECK(exported(s.url()).sorted() == before.sorted());
  }
}

TEST_CASE("a store that is in use is neither restored into nor moved away, but it is backed up") {
  for (const auto& which : engines()) {
    INFO(which.name);
    store_fixture s(which);
    s.accept({{s.hook}});
    memory_store copy;
    must(pour(s.url(), copy));
    CHECK(copy.sorted().at("deliveries").size() == 1);
    memory_store none;
    const auto moved = pour(s.url(), none, source_use::exclusive);
    REQUIRE_FALSE(moved);
    CHECK(moved.error().message.find("in use") != std::string::npos);
    CHECK_FALSE(open_target(s.url(), {}));
    CHECK(must(s.reader().reconcile()).difference() == 0);
    s.close();
    must(pour(s.url(), none, source_use::exclusive));
    CHECK(none.sorted().at("deliveries").size() == 1);
  }
}

TEST_CASE("a restore that breaks off leaves an empty place") {
  for (const auto& which : engines()) {
    INFO(which.name);
    const scratch_folder folder;
    const auto schema = schemas_of(which).back();
    auto rows = rows_in_every_table(tables_at(which, schema, folder.path()), schema);
    const scratch_folder second;
    const auto place = empty_place(which, second.path());
    rows.add({"organizations", {{"id", cell_kind::bytes}}}, {});  // a second time, and without its columns
    CHECK_FALSE(pour(rows, place));
    if (which.name == "sqlite") {
      for (const auto& left : std::filesystem::directory_iterator(second.path())) FAIL_CHECK(left.path().string());
    }
    auto good = rows_in_every_table(tables_at(which, schema, folder.path()), schema);
    must(pour(good, place));
    CHECK(exported(place).sorted() == good.sorted());
  }
}

TEST_CASE("what a restore that was killed left behind is in nobody's way") {
  const scratch_folder first;
  const scratch_folder folder;
  const auto& which = engines().front();
  if (which.name != "sqlite") return;
  const auto schema = schemas_of(which).back();
  auto rows = rows_in_every_table(tables_at(which, schema, first.path()), schema);
  for (const auto* left : {"store.db.restoring", "store.db.restoring-wal", "store.db-wal"})
    std::ofstream{folder.path() / left} << "half a store";
  must(pour(rows, empty_place(which, folder.path())));
  CHECK(exported(which.url(folder.path())).sorted() == rows.sorted());
}

TEST_CASE("rows that refer to none are refused") {
  for (const auto& which : engines()) {
    INFO(which.name);
    const scratch_folder folder;
    const scratch_folder second;
    const auto schema = schemas_of(which).back();
    const auto tables = tables_at(which, schema, folder.path());
    memory_store rows;
    rows.head.schema = schema;
    for (const auto& table : tables) {
      if (table.name == "organizations") continue;
      named_row row;
      for (const auto& column : table.columns)
        row[column.name] = column.kind == cell_kind::integer ? whole(1)
                           : column.kind == cell_kind::text  ? text("t")
                                                             : bytes(id_of(1));
      rows.add(table, {row});
    }
    const auto place = empty_place(which, second.path());
    CHECK_FALSE(pour(rows, place));
  }
}

TEST_CASE("a backup of a newer schema is refused by its number") {
  for (const auto& which : engines()) {
    const scratch_folder folder;
    memory_store rows;
    rows.head.schema = 900;
    const auto done = pour(rows, empty_place(which, folder.path()));
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("schema 900") != std::string::npos);
  }
}

TEST_CASE("a place without a store cannot be backed up") {
  memory_store none;
  for (const auto& which : engines()) {
    const scratch_folder folder;
    CHECK_FALSE(pour(empty_place(which, folder.path()), none));
  }
  CHECK_FALSE(pour("mysql://x", none));
  CHECK_FALSE(open_target("mysql://x", {}));
}
