// SPDX-License-Identifier: Apache-2.0
// A store of every older schema, with rows in it, is brought to today's and goes on working.
#include <set>

#include "tests/store/backup/row_streams.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

constexpr std::uint8_t org = 1, hook = 2, waiting = 3, done = 4, dead = 5;

value id(std::uint8_t number) { return bytes(id_of(number)); }
value task_of(std::uint8_t delivery) { return id(static_cast<std::uint8_t>(delivery + 10)); }
value created() { return whole(to_unix_ms(at(0))); }

named_row delivery_row(std::uint8_t number) {
  return {{"number", whole(number)},
          {"id", id(number)},
          {"organization_id", id(org)},
          {"created_by", id(9)},
          {"created_at", created()},
          {"priority", whole(5)},
          {"payload_type", text("report")},
          {"content_type", text("application/json")},
          {"metadata", text("{}")},
          {"tasks", bytes(task_of(number).bytes + id_of(hook))},
          {"size", whole(7)},
          {"sha256", bytes(std::string(32, 's'))},
          {"content", bytes("{\"a\":1}")}};
}

named_row log_row(std::uint8_t delivery, int status) {
  return {{"destination_id", id(hook)},
          {"delivery_id", id(delivery)},
          {"task_id", task_of(delivery)},
          {"organization_id", id(org)},
          {"status", whole(status)},
          {"attempts", whole(1)},
          {"total_attempts", whole(1)},
          {"created_at", created()},
          {"finished_at", whole(to_unix_ms(at(9)))},
          {"category", whole(status == 4 ? 1 : 7)},
          {"payload_size", whole(7)},
          {"payload_sha256", bytes(std::string(32, 's'))}};
}

named_row attempt_row(std::uint8_t delivery, int action) {
  return {{"id", id(static_cast<std::uint8_t>(delivery + 20))},
          {"task_id", task_of(delivery)},
          {"number", whole(1)},
          {"started_at", whole(to_unix_ms(at(8)))},
          {"duration_ms", whole(3)},
          {"action", whole(action)},
          {"category", whole(action == 1 ? 1 : 7)},
          {"code", whole(action == 1 ? 200 : 503)},
          {"bytes_sent", whole(7)},
          {"disable_destination", whole(0)}};
}

/// What a store with one destination and three deliveries holds: one waits, one arrived, one is a dead letter. A column that is
/// not named is NULL; one that a schema does not have is left out.
std::map<std::string, std::vector<named_row>> working_store() {
  std::map<std::string, std::vector<named_row>> rows;
  rows["organizations"] = {{{"id", id(org)},
                            {"name", text("first")},
                            {"policy", text("{}")},
                            {"created_at", created()},
                            {"updated_at", created()},
                            {"version", whole(1)}}};
  rows["delivery_destinations"] = {{{"id", id(hook)},
                                    {"organization_id", id(org)},
                                    {"type", text("webhook")},
                                    {"label", text("a")},
                                    {"config", text("{\"url\":\"https://example.org/\"}")},
                                    {"policy", text("{}")},
                                    {"tags", text("[]")},
                                    {"metadata", text("{}")},
                                    {"state", whole(1)},
                                    {"created_at", created()},
                                    {"updated_at", created()},
                                    {"version", whole(1)}}};
  rows["destination_health"] = {{{"destination_id", id(hook)},
                                 {"consecutive_failures", whole(1)},
                                 {"total_failures", whole(1)},
                                 {"total_deliveries", whole(1)},
                                 {"breaker", whole(1)},
                                 {"breaker_openings", whole(0)}}};
  rows["deliveries"] = {delivery_row(waiting), delivery_row(done), delivery_row(dead)};
  rows["delivery_queue"] = {{{"destination_id", id(hook)},
                             {"deferred", whole(0)},
                             {"priority", whole(5)},
                             {"rank", whole(to_unix_ms(at(0)) - 5 * 60'000)},
                             {"delivery_id", id(waiting)},
                             {"task_id", task_of(waiting)},
                             {"organization_id", id(org)},
                             {"shard", whole(0)},
                             {"state", whole(1)},
                             {"due_at", created()},
                             {"attempts", whole(0)},
                             {"total_attempts", whole(0)},
                             {"owner_epoch", whole(0)},
                             {"created_at", created()}}};
  rows["delivery_logs"] = {log_row(done, 4), log_row(dead, 5)};
  rows["delivery_attempts"] = {attempt_row(done, 1), attempt_row(dead, 2)};
  rows["counters"] = {
      {{"one", whole(1)}, {"accepted", whole(3)}, {"delivered", whole(1)}, {"failed", whole(1)}, {"cancelled", whole(0)}}};
  rows["store_facts"] = {{{"name", text("id_clock_skew_ms")}, {"value", whole(9'000'000'000'000)}}};
  rows["queue_ageing"] = {{{"number", whole(1)}, {"step_ms", whole(60'000)}}};
  rows["key_check"] = {{{"one", whole(1)}, {"sealed", text("sealed")}}};
  for (int shard = 0; shard < 1'024; ++shard) rows["shards"].push_back({{"shard", whole(shard)}, {"epoch", whole(0)}});
  return rows;
}

memory_store at_schema(const engine& which, std::uint32_t schema) {
  const scratch_folder folder;
  memory_store made;
  made.head.schema = schema;
  const auto content = working_store();
  for (const auto& table : tables_at(which, schema, folder.path())) {
    std::vector<named_row> rows;
    if (const auto found = content.find(table.name); found != content.end()) {
      for (const auto& given : found->second) {
        named_row row;
        for (const auto& column : table.columns) {
          const auto value_of = given.find(column.name);
          row[column.name] = value_of == given.end() ? value{} : value_of->second;
        }
        rows.push_back(std::move(row));
      }
    }
    made.add(table, std::move(rows));
  }
  return made;
}

template <class Id>
Id typed(std::uint8_t number) {
  const auto raw = id_of(number);
  return *Id::from_blob(raw.data(), raw.size());
}

}  // namespace

TEST_CASE("a store of every older schema is brought to the newest with its rows, and goes on working") {
  for (const auto& which : engines()) {
    for (const auto schema : schemas_of(which)) {
      INFO(which.name << " from schema " << schema);
      auto old = at_schema(which, schema);
      const scratch_folder folder;
      const auto place = empty_place(which, folder.path());
      must(pour(old, place));

      auto store = must(open_store(place));
      auto writer = must(store->open_writer());
      const auto tenant = typed<organization_id>(org);
      CHECK(must(writer->get_organization(tenant)).name == "first");
      CHECK(must(writer->get_destination(tenant, typed<destination_id>(hook))).label == "a");
      CHECK(must(writer->key_check()) == "sealed");
      const auto arrived = must(writer->get_delivery(tenant, typed<delivery_id>(done), true));
      CHECK(arrived.status == delivery_status::completed);
      REQUIRE(arrived.tasks.at(0).attempt_log.size() == 1);
      CHECK(arrived.tasks.at(0).attempt_log[0].result.code == 200);
      CHECK(must(writer->list_dead_letters(tenant, {}, {10, {}})).items.size() == 1);
      CHECK(must(writer->content(tenant, typed<delivery_id>(waiting)))->content == "{\"a\":1}");
      CHECK(must(writer->reconcile()).difference() == 0);

      must(writer->begin());
      const auto epoch = must(writer->take_over_shards("node", at(60)));
      const auto claimed = must(writer->claim(typed<destination_id>(hook), epoch, at(60), milliseconds{0}, 10, {}));
      REQUIRE(claimed.tasks.size() == 1);
      CHECK(must(writer->record({make_outcome(claimed.tasks[0].state)}, at(61))).at(0) == record_result::recorded);
      must(writer->commit());
      CHECK(must(writer->get_delivery(tenant, typed<delivery_id>(waiting), false)).status == delivery_status::completed);
      CHECK(must(writer->reconcile()).difference() == 0);
    }
  }
}

TEST_CASE("rows in every table of every older schema survive the way to the newest") {
  for (const auto& which : engines()) {
    for (const auto schema : schemas_of(which)) {
      INFO(which.name << " from schema " << schema);
      const scratch_folder first;
      const scratch_folder folder;
      auto old = rows_in_every_table(tables_at(which, schema, first.path()), schema);
      const auto place = empty_place(which, folder.path());
      must(pour(old, place));
      memory_store now;
      must(pour(place, now));
      const auto after = now.sorted();
      for (const auto& [table, rows] : old.sorted()) {
        INFO(table);
        REQUIRE(after.count(table) == 1);
        CHECK(after.at(table).size() == rows.size());
      }
    }
  }
}
