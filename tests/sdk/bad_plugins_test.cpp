// SPDX-License-Identifier: Apache-2.0
// What the engine makes of every fault a plugin can have, short of taking the process with it.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "core/plugin_host/delivery_block.hpp"
#include "core/plugin_host/dynamic_plugin_host.hpp"
#include "tests/sdk/opened.hpp"

using namespace waybill::core;
using namespace waybill::tests;
using Catch::Matchers::Contains;
using json = nlohmann::json;

namespace {

/// Why loading this file is refused.
std::string refusal(const std::string& path) {
  system_clock time;
  dynamic_plugin_host host{time, {}};
  const auto loaded = host.load(path);
  REQUIRE_FALSE(loaded);
  CHECK(host.types().empty());
  CHECK_THAT(loaded.error().message, Contains(path + " is no plugin for this engine: "));
  return loaded.error().message;
}

std::string refusal_of(const std::string& name) { return refusal(bad_plugin(name)); }

}  // namespace

TEST_CASE("A sound plugin is loaded, opened and delivers") {
  opened p{bad_plugin("sound")};
  CHECK(p.type->type() == "sound");
  CHECK(p.type->title() == "A test plugin");
  CHECK(p.type->version() == "1.0.0");
  CHECK(p.type->path() == bad_plugin("sound"));
  CHECK(p.type->feature_names().empty());
  CHECK(p.host.find("sound") == p.type);
  CHECK(p.host.find("other") == nullptr);
  CHECK(p.deliver().action == attempt_action::delivered);
  CHECK(p.test_connection().action == attempt_action::delivered);
  CHECK(p.host.stats().completions == 2);
  CHECK(p.host.stats().plugin_faults == 0);
}

TEST_CASE("A file that is missing or no library is refused in the linker's own words") {
  CHECK_THAT(refusal("/nowhere/none.so"), Contains("there is no such file"));
  CHECK_THAT(refusal(WAYBILL_BAD_PLUGINS), Contains("it is not a file"));
  CHECK_THAT(refusal(__FILE__), Contains("invalid ELF header"));
  CHECK_THAT(refusal_of("unresolved"), Contains("undefined symbol: waybill_tests_function_that_is_nowhere"));
}

TEST_CASE("A library without the entry is refused") {
  CHECK_THAT(refusal_of("no_entry"), Contains("it exports no `waybill_plugin_entry`"));
}

TEST_CASE("An entry that refuses, throws or overruns its room is refused") {
  CHECK_THAT(refusal_of("entry_refuses"), Contains("its entry refused this engine, ABI 1.1, with 3"));
  CHECK_THAT(refusal_of("entry_throws"), Contains("its entry threw"));
  CHECK_THAT(refusal_of("overruns_table"), Contains("wrote past the"));
}

TEST_CASE("An entry that hangs is refused after its time") {
  system_clock time;
  dynamic_plugin_host host{time, {1, milliseconds{50}}};
  const auto loaded = host.load(bad_plugin("hangs_in_entry"));
  REQUIRE_FALSE(loaded);
  CHECK_THAT(loaded.error().message, Contains("its entry did not return within 50 ms"));
}

TEST_CASE("A plugin of another version is refused in words that name both") {
  CHECK_THAT(refusal_of("wrong_major"), Contains("the plugin speaks ABI 2.1, this engine speaks 1.1"));
  CHECK_THAT(refusal_of("newer_minor"), Contains("the plugin needs an engine of ABI 1.2 or newer, this engine speaks 1.1"));
}

TEST_CASE("A table that is short, unsized or lacks slots is refused by what it lacks") {
  const auto short_struct = refusal_of("short_struct");
  for (const auto* slot : {"`open`", "`test_connection`", "`deliver`", "`close`"}) CHECK_THAT(short_struct, Contains(slot));
  CHECK_THAT(refusal_of("size_unset"), Contains("its table says it has 0 bytes"));
  const auto null_slot = refusal_of("null_slot");
  CHECK_THAT(null_slot, Contains("`deliver` is NULL") && Contains("`close` is NULL"));
}

TEST_CASE("A bad type name or schema is refused") {
  CHECK_THAT(refusal_of("bad_type_name"), Contains("its type `Bad Type` is not of the form"));
  CHECK_THAT(refusal_of("schema_not_json"), Contains("its config_schema is not JSON"));
  CHECK_THAT(refusal_of("bad_schema"), Contains("its config_schema is not usable"));
}

TEST_CASE("The second plugin of a type is refused and names the first") {
  opened p{bad_plugin("sound")};
  const auto second = p.host.load(bad_plugin("duplicate_type"));
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, Contains("its type `sound` is loaded already, from " + bad_plugin("sound")));
  CHECK(p.deliver().action == attempt_action::delivered);
}

TEST_CASE("A folder is loaded by name, with every refusal reported") {
  system_clock time;
  dynamic_plugin_host host{time, {2, milliseconds{500}}};
  const auto refused = host.load_folder(WAYBILL_BAD_PLUGINS);
  CHECK(refused.size() >= 12);
  CHECK(host.types().size() >= 12);
  CHECK(host.find("sound") != nullptr);
  CHECK(std::is_sorted(refused.begin(), refused.end(), [](const auto& a, const auto& b) { return a.path < b.path; }));
  CHECK(host.load_folder("/nowhere").size() == 1);
}

TEST_CASE("A second completion is counted and dropped") {
  opened p{bad_plugin("completes_twice")};
  CHECK(p.deliver().action == attempt_action::delivered);
  CHECK(p.host.stats().completions == 1);
  CHECK(p.host.stats().unknown_completions == 1);
}

TEST_CASE("Each task of a batch ends by itself, whatever a plugin makes of the others") {
  SECTION("one is completed twice: the first counts") {
    opened p{bad_plugin("batch_completes_one_twice")};
    for (const auto& r : p.deliver_batch(3)) CHECK(r->action == attempt_action::delivered);
    CHECK(p.host.stats().unknown_completions == 1);
  }
  SECTION("one too many is completed: it reaches nobody") {
    opened p{bad_plugin("batch_completes_too_many")};
    for (const auto& r : p.deliver_batch(3)) CHECK(r->action == attempt_action::delivered);
    CHECK(p.host.stats().unknown_completions == 1);
  }
  SECTION("one is forgotten: it stays outstanding") {
    opened p{bad_plugin("batch_forgets_one")};
    const auto results = p.deliver_batch(3);
    CHECK(results[1]->action == attempt_action::delivered);
    CHECK_FALSE(results[2].has_value());
    CHECK(p.handler->outstanding() == 1);
  }
  SECTION("it is refused after one was completed: that one keeps its outcome") {
    opened p{bad_plugin("batch_refuses_late")};
    const auto results = p.deliver_batch(3);
    CHECK(results[0]->action == attempt_action::delivered);
    CHECK(results[1]->action == attempt_action::retry);
    CHECK(results[2]->category == failure_category::system);
    CHECK(p.handler->outstanding() == 0);
  }
}

TEST_CASE("A plugin that says it takes batches and has no slot for them is refused") {
  CHECK_THAT(refusal_of("batch_without_slot"), Contains("its slot `deliver_batch` is NULL"));
}

TEST_CASE("A call that is never completed stays outstanding, and its handler is not closed") {
  opened p{bad_plugin("never_completes")};
  std::atomic<int> answers{0};
  const auto token = p.handler->deliver(make_call(), [&](attempt_result) { ++answers; });
  CHECK(p.handler->outstanding() == 1);
  p.handler->cancel(token);
  CHECK(p.handler->outstanding() == 1);
  CHECK(answers == 0);
}

TEST_CASE("A completion after cancel is counted as late and reaches nobody") {
  opened p{bad_plugin("completes_late")};
  std::atomic<int> answers{0};
  const auto token = p.handler->deliver(make_call(), [&](attempt_result) { ++answers; });
  p.handler->cancel(token);
  CHECK(answers == 0);
  CHECK(p.host.stats().late_completions == 1);
  CHECK(p.handler->outstanding() == 0);
}

TEST_CASE("Whatever a hook throws stays on its side") {
  opened p{bad_plugin("throws")};
  const auto delivered = p.deliver();
  CHECK(delivered.action == attempt_action::retry);
  CHECK(delivered.category == failure_category::system);
  CHECK(delivered.detail == "the plugin's deliver threw: boom in deliver");
  CHECK(p.test_connection().detail == "the plugin's test_connection threw: boom in test_connection");

  const auto faults = p.type->validate(json{{"where", "validate"}});
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0].message, Contains("boom in validate"));
  const auto not_opened = p.type->open(json{{"where", "open"}}, destination_id::make(), p.services);
  REQUIRE_FALSE(not_opened);
  CHECK_THAT(not_opened.error().message, Contains("boom in open"));
  p.handler.reset();  // close throws too
  CHECK(p.host.stats().plugin_faults == 5);
}

TEST_CASE("Exceptions of cancel, drain and close are counted and nothing else") {
  opened p{bad_plugin("throws_late")};
  const auto token = p.handler->deliver(make_call(), [](attempt_result) {});
  p.handler->cancel(token);
  CHECK(p.host.stats().plugin_faults == 1);
  (void)p.handler->deliver(make_call(), [](attempt_result) {});
  p.handler.reset();  // one call is outstanding: drain, and no close
  CHECK(eventually([&] { return p.host.stats().plugin_faults == 2; }));
  CHECK(p.services->metric("throws_late.closed") == 0);
}

TEST_CASE("An open that hangs is given up after its time, and closed should it return") {
  system_clock time;
  dynamic_plugin_host host{time, {1, milliseconds{50}}};
  const auto loaded = host.load(bad_plugin("hangs_in_open"));
  REQUIRE(loaded);
  auto services = std::make_shared<fake_services>();
  const auto config = json::object();
  const auto id = destination_id::make();
  for (int i = 0; i < 2; ++i) {
    const auto opening = (*loaded)->open(config, id, services);
    REQUIRE_FALSE(opening);
    CHECK_THAT(opening.error().message, Contains("did not return from open within 50 ms"));
  }
  const auto third = (*loaded)->open(config, id, services);
  REQUIRE_FALSE(third);
  CHECK_THAT(third.error().message, Contains("did not return from an earlier call"));
  REQUIRE(services->state_put(id, "go", "1"));
  CHECK(eventually([&] { return services->metric("hangs_in_open.closed") == 2; }));
  CHECK(eventually([&] { return (*loaded)->open(config, id, services).has_value(); }));
}

TEST_CASE("An open that refuses says why, with every fault") {
  system_clock time;
  dynamic_plugin_host host{time, {}};
  const auto loaded = host.load(bad_plugin("open_refuses"));
  REQUIRE(loaded);
  const auto opening = (*loaded)->open(json::object(), destination_id::make(), std::make_shared<fake_services>());
  REQUIRE_FALSE(opening);
  CHECK(opening.error().code == error_code::validation_error);
  REQUIRE(opening.error().fields.size() == 2);
  CHECK(opening.error().fields[0].pointer == "/where");
  CHECK(opening.error().fields[0].rule == "reachable");
  CHECK(opening.error().fields[1].message == "Not today.");
  const auto faults = (*loaded)->validate(json::object());
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0].message, Contains("does not say why"));
}

TEST_CASE("An open without a handler is an error") {
  system_clock time;
  dynamic_plugin_host host{time, {}};
  const auto loaded = host.load(bad_plugin("open_without_handler"));
  REQUIRE(loaded);
  const auto opening = (*loaded)->open(json::object(), destination_id::make(), std::make_shared<fake_services>());
  REQUIRE_FALSE(opening);
  CHECK_THAT(opening.error().message, Contains("gave no handler"));
}

TEST_CASE("A configuration that the schema refuses never reaches the plugin") {
  opened p{bad_plugin("throws")};
  const auto faults = p.type->validate(json{{"where", 5}, {"validate", "this word would make the plugin throw"}});
  REQUIRE_FALSE(faults.empty());
  CHECK(faults[0].pointer == "/where");
  CHECK(p.host.stats().plugin_faults == 0);
}

TEST_CASE("A delivery the plugin refuses is retried") {
  opened p{bad_plugin("refuses")};
  const auto r = p.deliver();
  CHECK(r.action == attempt_action::retry);
  CHECK(r.category == failure_category::system);
  CHECK(p.handler->outstanding() == 0);
}

TEST_CASE("Garbage in a result is retried and counted") {
  opened p{bad_plugin("garbage_action")};
  const auto r = p.deliver();
  CHECK(r.action == attempt_action::retry);
  CHECK(r.category == failure_category::system);
  CHECK_THAT(r.detail, Contains("action 4711"));
  CHECK_THAT(p.test_connection().detail, Contains("without a result"));
  CHECK(p.host.stats().plugin_faults == 2);
}

TEST_CASE("Records and texts without measure are cut") {
  opened p{bad_plugin("oversize_records")};
  const auto r = p.deliver();
  CHECK(r.action == attempt_action::delivered);
  CHECK(r.detail.size() <= 4'096);
  CHECK(r.message.size() <= 1'024);
  CHECK(r.external_reference.size() <= 1'024);
  CHECK(json::parse(r.request)["bytes"] == 200'000);
  CHECK(json::parse(r.response)["bytes"] == 200'000);
}

TEST_CASE("Texts that are none are made such, records that are none are left out") {
  opened p{bad_plugin("bad_texts")};
  const auto r = p.deliver();
  CHECK(r.action == attempt_action::reject);
  CHECK(r.detail == "caf\xEF\xBF\xBD");
  CHECK(r.message == " [31mred");
  CHECK(json::parse(r.request)["omitted"] == "not a JSON object");
  CHECK(json::parse(r.response)["omitted"] == "not a JSON object");
  CHECK(p.host.stats().plugin_faults == 1);
}

TEST_CASE("A plugin that blocks and says so does not block the caller") {
  opened p{bad_plugin("blocks")};
  CHECK(p.type->feature_names() == std::vector<std::string>{"blocking"});
  const auto id = destination_id::make();
  auto handler = p.type->open(json::object(), id, p.services);
  REQUIRE(handler);
  std::atomic<int> answers{0};
  for (int i = 0; i < 3; ++i) (*handler)->deliver(make_call(), [&](attempt_result) { ++answers; });
  CHECK(eventually([&] { return p.services->metric("blocks.entered") == 1; }));
  CHECK(answers == 0);
  REQUIRE(p.services->state_put(id, "go", "1"));
  CHECK(eventually([&] { return answers == 3; }));
}

TEST_CASE("Deliveries that are kept for ever are seen") {
  const auto before = delivery_block::alive();
  opened p{bad_plugin("leaks")};
  CHECK(p.deliver().action == attempt_action::delivered);
  p.handler.reset();
  CHECK(delivery_block::alive() == before + 1);
}

TEST_CASE("A release too many frees nothing and is counted") {
  opened p{bad_plugin("releases_too_often")};
  CHECK(p.deliver().action == attempt_action::delivered);
  CHECK(p.host.stats().plugin_faults == 1);
}
