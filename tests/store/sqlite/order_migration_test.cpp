// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/database.hpp"
#include "core/store/sqlite/migration.hpp"
#include "core/store/sqlite/statement.hpp"
#include "tests/store/ordering_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

/// A store as the first schema had it, with its queue ordered by priority.
class first_schema {
public:
  first_schema() : db_(must(sqlite::database::open(path(), sqlite::connection_kind::writer))) {
    must(db_.execute("BEGIN"));
    must(db_.execute(std::string(sqlite::all_migrations().front().sql).c_str()));
    must(db_.execute("PRAGMA user_version=1; PRAGMA application_id=1463900482; COMMIT"));
    insert("INSERT INTO organizations VALUES (?1, 'o', '{}', 0, 0, 1)", org);
    insert("INSERT INTO delivery_destinations VALUES (?1, ?2, 'webhook', 'a', '{}', '{}', '[]', '{}', 1, NULL, NULL, 0, 0, 1)",
           hook, org);
    insert("INSERT INTO destination_health (destination_id) VALUES (?1)", hook);
  }

  /// A delivery and its one task in the queue.
  task add(std::int64_t created, int priority, const std::string& key = {}, std::int64_t due = -1, int state = 1) {
    task t;
    t.id = task_id::make();
    t.delivery = delivery_id::make();
    const bool deferred = due >= 0;
    insert(
        "INSERT INTO deliveries (id, organization_id, created_by, created_at, priority, metadata, tasks, size, sha256, "
        "content, "
        "ordering_key) VALUES (?1, ?2, ?1, ?3, ?4, '{}', ?5, 2, zeroblob(32), x'7b7d', ?6)",
        t.delivery, org, at(created), priority, pair(t), sqlite::text_or_null{key});
    insert("INSERT INTO delivery_queue VALUES (?1, ?2, ?3, ?4, ?5, ?6, 7, ?7, ?8, ?9, ?9, 3, ?10, NULL, NULL, ?11)", hook,
           deferred, priority, t.delivery, t.id, org, state, at(deferred ? due : created), state - 1, at(created),
           sqlite::text_or_null{key});
    insert("UPDATE counters SET accepted = accepted + 1");
    return t;
  }
  std::unique_ptr<store> open() {
    db_ = must(sqlite::database::open(path() + ".closed", sqlite::connection_kind::writer));
    return must(open_store("sqlite://" + path()));
  }

  const organization_id org = organization_id::make();
  const destination_id hook = destination_id::make();

private:
  std::string path() const { return (folder_.path() / "store.db").string(); }
  sqlite::blob_view pair(const task& t) {
    packed_.assign(reinterpret_cast<const char*>(t.id.bytes().data()), 16);
    packed_.append(reinterpret_cast<const char*>(hook.bytes().data()), 16);
    return sqlite::blob_view(packed_);
  }
  template <class... Values>
  void insert(const char* sql, const Values&... values) {
    sqlite::statement into(db_, sql);
    must(into.run(values...));
  }

  scratch_folder folder_;
  std::string packed_;
  sqlite::database db_;
};

}  // namespace

TEST_CASE("a queue of the first schema goes on in order of rank, each key from its first on") {
  first_schema old;
  const auto low = old.add(1, 0), high = old.add(2, 10), retry = old.add(3, 5, {}, 900, 2), scheduled = old.add(4, 5, {}, 800);
  const auto first = old.add(6, 5, "k"), second = old.add(5, 10, "k", 700, 2), other = old.add(7, 5, "x", 850, 2);
  const auto storage = old.open();
  const auto writer = must(storage->open_writer());
  must(writer->begin());
  const auto epoch = must(writer->take_over_shards("node", at(0)));
  const auto claimed = must(writer->claim(old.hook, epoch, at(1'000), milliseconds{0}, 100, {}));
  must(writer->commit());
  std::vector<task_id> order;
  for (const auto& one : claimed.tasks) order.push_back(one.state.id);
  CHECK(order == std::vector<task_id>{high.id, first.id, scheduled.id, other.id, retry.id, low.id});
  CHECK(must(writer->reconcile()).difference() == 0);

  for (const auto& one : claimed.tasks) {
    auto outcome = make_outcome(one.state);
    outcome.ordering_key = one.content->ordering_key;
    must(writer->begin());
    CHECK(must(writer->record({outcome}, at(2'000))).front() == record_result::recorded);
    must(writer->commit());
    const auto changes = writer->take_order_changes();
    CHECK(changes.released.size() == (one.state.id == first.id ? 1u : 0u));
    if (!changes.released.empty()) {
      CHECK(changes.released[0].state.id == second.id);
      CHECK(changes.released[0].state.attempts == 1);
    }
  }
  CHECK(must(writer->get_delivery(old.org, low.delivery, false)).status == delivery_status::completed);
  CHECK(must(writer->get_delivery(old.org, second.delivery, false)).tasks.at(0).status == task_status::retrying);
}

TEST_CASE("tasks of a former ageing step are found, cancelled and recorded like any other") {
  ON_EVERY_ENGINE(s);
  request_options options;
  options.to = {s.hook};
  options.ageing = milliseconds{7'000};
  const auto former = s.accept(options), cancelled = s.accept(options);
  options.ageing = milliseconds{3'000};
  const auto present = s.accept(options);
  CHECK(s.view(former).tasks.at(0).status == task_status::pending);
  CHECK(cancel_all(s, cancelled).size() == 1);
  CHECK(s.record(make_outcome(task_of(former), task_status::failed)) == record_result::recorded);
  CHECK(redrive(s, former).size() == 1);
  CHECK(s.view(former).tasks.at(0).status == task_status::pending);
  CHECK(s.view(present).tasks.at(0).status == task_status::pending);
  CHECK(s.claim(s.hook, 1, at(100)).tasks.size() == 2);
}
