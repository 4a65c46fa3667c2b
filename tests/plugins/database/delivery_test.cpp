// SPDX-License-Identifier: Apache-2.0
// Deliveries through the built plugin to a real PostgreSQL.
#include <catch2/catch.hpp>

#include <thread>

#include "server.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

postgres_server& server() { return postgres_server::instance(); }

fake_delivery row(const std::string& key, std::string content = R"({"n":1})") {
  fake_delivery what;
  what.idempotency_key = key;
  what.delivery_id = "dlv_" + key;
  what.content = std::move(content);
  return what;
}

json with_columns(const std::string& table, const json& columns) {
  auto config = server().config(table);
  config.erase("documentColumn");
  config["columns"] = columns;
  return config;
}

}  // namespace

TEST_CASE("a delivery becomes a row, and a repeat writes nothing") {
  server().make_table("plain");
  auto config = server().config("plain");
  config["referenceColumn"] = "id";
  handler_box d{database(), config};
  auto what = row("k1", R"({"name":"Ann","n":12345678901234567890.123})");
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.external_reference == "1");
  CHECK(json::parse(seen.response)["inserted"] == true);
  CHECK(server().sql("SELECT idempotency_key, payload->>'n' FROM plain") == "k1|12345678901234567890.123");
  const auto again = d.deliver(what);
  REQUIRE(again.action == WB_ACTION_DELIVERED);
  CHECK(again.external_reference == "1");
  CHECK(json::parse(again.response)["inserted"] == false);
  CHECK(server().sql("SELECT count(*) FROM plain") == "1");
}

TEST_CASE("columns take what their pointers find") {
  server().make_table(
      "mapped",
      ", name text, amount numeric, at timestamptz, tags text[], deep jsonb, raw bytea, flag boolean, dept text, none text");
  handler_box d{database(), with_columns("mapped", {{{"column", "name"}, {"pointer", "/data/customer/na~1me"}},
                                                    {{"column", "amount"}, {"pointer", "/data/items/1/amount"}},
                                                    {{"column", "at"}, {"pointer", "/createdAt"}},
                                                    {{"column", "deep"}, {"pointer", "/data/customer"}},
                                                    {{"column", "raw"}, {"pointer", "/content"}},
                                                    {{"column", "flag"}, {"pointer", "/data/flag"}},
                                                    {{"column", "dept"}, {"pointer", "/metadata/department"}},
                                                    {{"column", "tags"}, {"pointer", "/data/tags"}},
                                                    {{"column", "none"}, {"pointer", "/data/missing/deep"}}})};
  auto what = row(
      "k",
      R"({"customer":{"na/me":"O'Neill \"x\" \u00e9; DROP TABLE mapped"},"items":[1,{"amount": 10.50 }],"flag":false,"tags":"{a,b}"})");
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(server().sql("SELECT name, amount, at AT TIME ZONE 'UTC', tags[2], deep->>'na/me' = name, length(raw), flag, dept, "
                     "none IS NULL FROM mapped") ==
        "O'Neill \"x\" \u00e9; DROP TABLE mapped|10.50|2026-01-31 09:15:00.123|b|t|" + std::to_string(what.content.size()) +
            "|f|audit|t");
}

TEST_CASE("identifiers are names, whatever they hold") {
  const std::string name = R"(we"ird; DROP TABLE x; --)";
  server().sql(R"(CREATE SCHEMA IF NOT EXISTS "Ünï"; DROP TABLE IF EXISTS "Ünï"."we""ird; DROP TABLE x; --"; )"
               R"(CREATE TABLE "Ünï"."we""ird; DROP TABLE x; --" ("the key" text PRIMARY KEY, "a ""b""" jsonb); )"
               R"(GRANT USAGE ON SCHEMA "Ünï" TO writer; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA "Ünï" TO writer)");
  auto config = server().config(name);
  config["schema"] = "Ünï";
  config["idempotencyColumn"] = "the key";
  config["documentColumn"] = R"(a "b")";
  handler_box d{database(), config};
  auto what = row("k");
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(server().sql(R"(SELECT "the key" FROM "Ünï"."we""ird; DROP TABLE x; --")") == "k");
}

TEST_CASE("content that is not JSON becomes base64 in a document, and bytes in a bytea") {
  server().make_table("binary_content", ", raw bytea");
  auto config = server().config("binary_content");
  config["columns"] = {{{"column", "raw"}, {"pointer", "/content"}}};
  handler_box d{database(), config};
  auto what = row("k", std::string("\x00\xff\x10", 3));
  what.content_type = "application/octet-stream";
  REQUIRE(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(server().sql("SELECT payload#>>'{}', encode(raw, 'hex') FROM binary_content") == "AP8Q|00ff10");
}

TEST_CASE("a payload that streams is gathered, up to the configured size") {
  server().make_table("streamed");
  auto config = server().config("streamed");
  config["maxPayloadBytes"] = 1'000'000;
  handler_box d{database(), config};
  auto what = row("k", "\"" + std::string(900'000, 'x') + "\"");
  what.streamed = true;
  REQUIRE(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(server().sql("SELECT length(payload#>>'{}') FROM streamed") == "900000");
  auto larger = row("l", "\"" + std::string(1'000'000, 'x') + "\"");
  larger.streamed = true;
  const auto seen = d.deliver(larger);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_VALIDATION);
  auto torn = row("m", "\"" + std::string(500'000, 'x') + "\"");
  torn.streamed = true;
  torn.fails_at = 100'000;
  CHECK(d.deliver(torn).category == WB_CATEGORY_SYSTEM);
}

TEST_CASE("what is missing or wrong in the database is a fault of the configuration, in a test as in a delivery") {
  server().make_table("good");
  server().sql(
      "DROP TABLE IF EXISTS no_index; CREATE TABLE no_index (idempotency_key text, payload jsonb); GRANT ALL ON no_index TO "
      "writer; "
      "DROP TABLE IF EXISTS forbidden; CREATE TABLE forbidden (idempotency_key text UNIQUE, payload jsonb)");
  struct row_of {
    json config;
    const char* sqlstate;
  };
  auto other_column = server().config("good");
  other_column["documentColumn"] = "no_such_column";
  auto other_schema = server().config("good");
  other_schema["schema"] = "no_such_schema";
  auto other_database = server().config("good");
  other_database["database"] = "no_such_database";
  auto other_reference = server().config("good");
  other_reference["referenceColumn"] = "nothing";
  const std::vector<row_of> table{{server().config("no_such_table"), "42P01"},
                                  {other_column, "42703"},
                                  {other_schema, "42P01"},
                                  {other_database, "3D000"},
                                  {server().config("no_index"), "42P10"},
                                  {server().config("forbidden"), "42501"},
                                  {other_reference, "42703"}};
  for (const auto& [config, sqlstate] : table) {
    handler_box d{database(), config};
    const auto seen = d.deliver();
    INFO(sqlstate << " " << seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
    CHECK(json::parse(seen.response)["sqlstate"] == sqlstate);
    CHECK(d.test().category == WB_CATEGORY_CONFIGURATION);
  }
}

TEST_CASE("values that the table does not take reject the delivery") {
  server().sql("DROP TABLE IF EXISTS strict; DROP TABLE IF EXISTS parents; CREATE TABLE parents (id integer PRIMARY KEY)");
  server().make_table("strict", ", n integer CHECK (n > 0), other integer UNIQUE, parent integer REFERENCES parents");
  auto config = server().config("strict");
  config["columns"] = {{{"column", "n"}, {"pointer", "/data/n"}},
                       {{"column", "other"}, {"pointer", "/data/other"}},
                       {{"column", "parent"}, {"pointer", "/data/parent"}}};
  handler_box d{database(), config};
  auto first = row("first", R"({"n":1,"other":1})");
  REQUIRE(d.deliver(first).action == WB_ACTION_DELIVERED);
  for (const auto* content : {R"({"n":"x"})", R"({"n":0})", R"({"other":1})", R"({"n":1e99})", R"({"n":1,"text":"\u0000"})"}) {
    auto what = row("bad", content);
    const auto seen = d.deliver(what);
    INFO(content << " " << seen.detail);
    CHECK(seen.action == WB_ACTION_REJECT);
    CHECK(seen.category == WB_CATEGORY_VALIDATION);
    CHECK(seen.detail.find("Failing row") == std::string::npos);
  }
  auto orphan = row("orphan", R"({"n":1,"parent":7})");
  const auto seen = d.deliver(orphan);
  CHECK(seen.action == WB_ACTION_RETRY);  // what it refers to may be on its way
  CHECK(seen.category == WB_CATEGORY_REMOTE);
}

TEST_CASE("a value that is required and missing rejects the delivery before the database is asked") {
  handler_box d{database(), with_columns("nowhere", {{{"column", "n"}, {"pointer", "/data/n"}, {"required", true}}})};
  auto what = row("k", "{}");
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.message.find("/data/n") != std::string::npos);
}

TEST_CASE("the connection test leaves no trace and consumes no number") {
  server().make_table("tested");
  handler_box d{database(), server().config("tested")};
  const auto seen = d.test();
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(server().sql("SELECT count(*) FROM tested") == "0");
  auto what = row("k");
  REQUIRE(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(server().sql("SELECT id FROM tested") == "1");
}

TEST_CASE("a batch is one statement, and each row has its own outcome") {
  server().make_table("batched", ", n integer NOT NULL");
  auto config = server().config("batched");
  config["columns"] = {{{"column", "n"}, {"pointer", "/data/n"}}};
  config["referenceColumn"] = "n";
  handler_box d{database(), config};
  std::vector<fake_delivery> what;
  for (int i = 0; i < 100; ++i) what.push_back(row("b" + std::to_string(i), R"({"n":)" + std::to_string(i) + "}"));
  for (const auto& seen : d.deliver_batch(what)) {
    CHECK(seen.action == WB_ACTION_DELIVERED);
    CHECK(json::parse(seen.request)["rowsInStatement"] == 100);
  }
  CHECK(server().sql("SELECT count(*), count(DISTINCT xmin::text) FROM batched") == "100|1");
  what[10].content = R"({"n":"ten"})";  // no integer
  what[20].content = R"({"other":1})";  // NULL
  what[30].content = R"({"n":99999999999})";
  for (auto& one : what) one.idempotency_key += "-again";
  what[40].idempotency_key = "b40";  // there already
  what[41].idempotency_key = what[42].idempotency_key;
  const auto seen = d.deliver_batch(what);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    INFO(i << " " << seen[i].detail);
    const bool bad = i == 10 || i == 20 || i == 30;
    CHECK(seen[i].action == (bad ? WB_ACTION_REJECT : WB_ACTION_DELIVERED));
    if (bad) CHECK(seen[i].category == WB_CATEGORY_VALIDATION);
    if (!bad && i != 42) CHECK(seen[i].external_reference == std::to_string(i));
  }
  // Twice the same key in one statement: the first of them is the row.
  CHECK(seen[42].external_reference == "41");
  CHECK(json::parse(seen[42].response)["inserted"] == false);
  CHECK(server().sql("SELECT count(*) FROM batched") == "195");
}

TEST_CASE("many deliveries at once share connections and statements") {
  server().make_table("shared");
  auto config = server().config("shared");
  config["maxConnections"] = 2;
  handler_box d{database(), config};
  std::vector<fake_delivery> what;
  for (int i = 0; i < 500; ++i) what.push_back(row("s" + std::to_string(i)));
  std::vector<wb_token> tokens;
  for (auto& one : what) tokens.push_back(d.start(one));
  for (const auto token : tokens) CHECK(d.finish(token).action == WB_ACTION_DELIVERED);
  CHECK(server().sql("SELECT count(*) FROM shared") == "500");
  CHECK(std::stoi(server().sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waybill' AND query LIKE "
                               "'%\"shared\"%'")) <= 2);
}

TEST_CASE("a kept connection that the server has ended is replaced unseen") {
  server().make_table("replaced");
  handler_box d{database(), server().config("replaced")};
  auto first = row("a");
  auto second = row("b");
  REQUIRE(d.deliver(first).action == WB_ACTION_DELIVERED);
  server().sql("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = 'waybill'");
  CHECK(d.deliver(second).action == WB_ACTION_DELIVERED);
}

namespace {

/// Holds a lock on a table in a session of its own, until its end.
class table_lock {
public:
  explicit table_lock(const std::string& table) {
    holder_ = std::make_unique<child_process>(
        std::vector<std::string>{"psql", "-Xq", server().superuser(), "-c",
                                 "BEGIN; LOCK TABLE " + table + "; SELECT pg_sleep(60) /* holds " + table + " */"},
        out_.path() + "/out");
    wait_for(
        "SELECT count(*) FROM pg_locks WHERE relation = '" + table + "'::regclass AND mode = 'AccessExclusiveLock' AND granted",
        "1");
  }
  ~table_lock() {
    server().sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%holds%' AND pid <> pg_backend_pid()");
  }
  static void wait_for(const std::string& question, const std::string& answer) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (server().sql(question) != answer && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    CHECK(server().sql(question) == answer);
  }

private:
  temporary_folder out_;
  std::unique_ptr<child_process> holder_;
};

constexpr const char* waiting =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waybill' AND wait_event_type = 'Lock'";

}  // namespace

TEST_CASE("a delivery that waits for a lock ends at its deadline, and the server is told to give up") {
  server().make_table("held");
  handler_box d{database(), server().config("held")};
  const table_lock lock{"held"};
  auto what = row("k");
  what.timeout_ms = 300;
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_TIMEOUT);
  table_lock::wait_for(waiting, "0");
}

TEST_CASE("a statement has the configured time, and the server is told to give it up") {
  server().make_table("slow");
  auto config = server().config("slow");
  config["timeoutMs"] = 200;
  handler_box d{database(), config};
  const table_lock lock{"slow"};
  CHECK(d.deliver().category == WB_CATEGORY_TIMEOUT);
  table_lock::wait_for(waiting, "0");
}

TEST_CASE("a delivery that is canceled ends at once, in the queue and under way") {
  server().make_table("canceled");
  auto config = server().config("canceled");
  config["maxConnections"] = 1;
  handler_box d{database(), config};
  const table_lock lock{"canceled"};
  auto first = row("a");
  auto second = row("b");
  first.timeout_ms = second.timeout_ms = 60'000;
  const auto running = d.start(first);
  table_lock::wait_for(waiting, "1");
  const auto queued = d.start(second);
  d.cancel(queued);
  CHECK(d.finish(queued).action == WB_ACTION_CANCELED);
  d.cancel(running);
  CHECK(d.finish(running).action == WB_ACTION_CANCELED);
  table_lock::wait_for(waiting, "0");
}

TEST_CASE("a server that is not there is the network's fault, and so is what the guard refuses") {
  auto config = server().config("plain");
  config["port"] = free_port();
  handler_box d{database(), config};
  CHECK(d.deliver().category == WB_CATEGORY_NETWORK);
  handler_box guarded{database(), server().config("plain")};
  std::string asked;
  guarded.context.guard = [&](const std::uint8_t* address, std::uint32_t size, std::uint32_t port) {
    if (size == 4) asked = std::to_string(address[0]) + ":" + std::to_string(port);
    return false;
  };
  const auto seen = guarded.deliver();
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
  CHECK(asked == "127:" + std::to_string(server().port()));
  CHECK(guarded.test().category == WB_CATEGORY_NETWORK);
}

TEST_CASE("a standby or a read-only server is seen by the test") {
  server().make_table("read_only");
  auto config = server().config("read_only");
  config["connectionString"] = "host=localhost port=" + std::to_string(server().port()) +
                               " dbname=postgres user=writer password=s3cret options='-c default_transaction_read_only=on'";
  for (const auto* part : {"host", "port", "database", "username", "password"}) config.erase(part);
  handler_box d{database(), config};
  const auto seen = d.test();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_REMOTE);
  CHECK(d.deliver().category == WB_CATEGORY_REMOTE);
}
