// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "sdk/check/config_variants.hpp"
#include "sdk/check/exported_symbols.hpp"
#include "sdk/check/suite.hpp"
#include "tests/sdk/opened.hpp"

using namespace waybill::sdk::check;
using namespace waybill::tests;
using Catch::Matchers::Contains;
using json = nlohmann::json;

namespace {

options settings_for(const std::string& path, json config = json::object()) {
  options o;
  o.library = path;
  o.config = std::move(config);
  o.settle = std::chrono::milliseconds{1};
  return o;
}

/// What is bad is mostly found by waiting in vain: not for long.
options hasty(options o) {
  o.patience = std::chrono::milliseconds{150};
  o.grace = std::chrono::milliseconds{150};
  return o;
}

report checked(const std::string& name, json config = json::object()) {
  return run_suite(hasty(settings_for(bad_plugin(name), std::move(config))));
}

/// The first failed finding of a check, in words; empty if there is none.
std::string failure(const report& of, const std::string& check) {
  for (const auto& f : of.findings)
    if (f.check == check && f.outcome == verdict::failed) return f.text;
  return {};
}

struct ended {
  int code = -1;
  std::string output;
};

/// Runs the program with a configuration in a file of its own.
ended run_program(const std::string& arguments, const json& config) {
  const auto file = std::filesystem::temp_directory_path() / ("waybill-check-" + std::to_string(getpid()) + ".json");
  std::ofstream{file} << config.dump();
  const auto command = std::string{WAYBILL_PLUGIN_CHECK} + " --config " + file.string() + " " + arguments + " 2>/dev/null";
  ended out;
  auto* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.output.append(buffer.data(), n);
  const int status = pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::filesystem::remove(file);
  return out;
}

}  // namespace

TEST_CASE("The suite passes a plugin that does everything right") {
  for (const auto& path : {bad_plugin("sound"), std::string{WAYBILL_C_PLUGIN}}) {
    const auto r = run_suite(settings_for(path));
    INFO(to_text(r));
    CHECK(r.is_good());
    CHECK(r.count(verdict::passed) >= 12);
  }
  const auto kept = run_suite(settings_for(WAYBILL_V1_PLUGIN, {{"name", "kept"}}));
  CHECK(failure(kept, "config").empty());
}

TEST_CASE("The suite says why a plugin does not load") {
  CHECK_THAT(failure(checked("wrong_major"), "load"), Contains("the plugin speaks ABI 2.1, this engine speaks 1.1"));
  CHECK_THAT(failure(checked("null_slot"), "load"), Contains("`deliver` is NULL") && Contains("`close` is NULL"));
  CHECK(checked("no_entry").findings.size() == 1);
}

TEST_CASE("The suite finds a second completion") {
  CHECK_THAT(failure(checked("completes_twice"), "deliver"), Contains("completions of calls that had ended already"));
}

TEST_CASE("The suite finds calls that are never completed") {
  const auto r = checked("never_completes");
  CHECK_THAT(failure(r, "deliver"), Contains("was not completed within"));
  CHECK_THAT(failure(r, "cancel"), Contains("a cancelled delivery was not completed"));
  CHECK_THAT(failure(r, "drain"), Contains("not completed after drain"));
}

TEST_CASE("The suite finds batches that are not answered one by one") {
  CHECK_THAT(failure(checked("batch_forgets_one"), "batch"), Contains("1 deliveries of a batch of 1 were not completed"));
  CHECK_THAT(failure(checked("batch_completes_one_twice"), "batch"), Contains("completions of calls that had ended already"));
  CHECK_THAT(failure(checked("batch_completes_too_many"), "batch"), Contains("completions of calls that had ended already"));
  CHECK_THAT(failure(checked("batch_refuses_late"), "batch"), Contains("the contract was broken"));
  CHECK_THAT(failure(checked("batch_without_slot"), "load"), Contains("its slot `deliver_batch` is NULL"));
}

TEST_CASE("The suite finds a deadline that is not kept") {
  CHECK_THAT(failure(checked("completes_late"), "deadline"), Contains("was not completed"));
}

TEST_CASE("The suite finds exceptions, refusals and garbage") {
  CHECK_THAT(failure(checked("throws"), "deliver"), Contains("the contract was broken"));
  CHECK_THAT(failure(checked("refuses"), "deliver"), Contains("the contract was broken"));
  CHECK_THAT(failure(checked("garbage_action"), "deliver"), Contains("the contract was broken"));
  CHECK_THAT(failure(checked("bad_texts"), "deliver"), Contains("the contract was broken"));
  CHECK_THAT(failure(checked("releases_too_often"), "deliver"), Contains("the contract was broken"));
}

TEST_CASE("The suite finds deliveries, threads and files that are left behind") {
  CHECK_THAT(failure(checked("spawns_threads"), "leaks"), Contains("threads"));
  CHECK_THAT(failure(checked("leaks"), "leaks"), Contains("still retained"));
}

TEST_CASE("The suite finds secrets where they should not be, and does not show them") {
  const auto r = checked("tells_secrets", {{"password", "correct horse"}});
  CHECK_THAT(failure(r, "secrets"), Contains("a secret was seen in: {\"password\":\""));
  CHECK_THAT(to_text(r), !Contains("correct horse"));
}

TEST_CASE("The suite misses titles and the mark of a secret") {
  const auto r = checked("unmarked_secret");
  CHECK(r.is_good());
  std::string warnings;
  for (const auto& f : r.findings)
    if (f.outcome == verdict::warned) warnings += f.text + "\n";
  CHECK_THAT(warnings, Contains("without x-secret, though the name sounds like one: /password\n"));
  CHECK_THAT(warnings, Contains("without title or description: ") && Contains("/tokenUrl"));
}

TEST_CASE("The suite finds a validate that stops at the first fault") {
  CHECK_THAT(failure(checked("reports_one_fault", {{"a", "good"}, {"b", "good"}}), "faults"), Contains("never reports both"));
}

TEST_CASE("The suite finds a refusal without a fault and an open that does not agree with validate") {
  const auto r = checked("open_refuses");
  CHECK_THAT(failure(r, "config"), Contains("does not say why"));
  CHECK_THAT(failure(r, "open"), Contains("There is no such place."));
}

TEST_CASE("With a target a delivery must succeed") {
  auto o = hasty(settings_for(bad_plugin("completes_late")));
  o.has_target = true;
  CHECK_FALSE(run_suite(o).is_good());
}

TEST_CASE("The program's exit code and report tell good from bad") {
  const auto good = run_program(WAYBILL_C_PLUGIN, json::object());
  INFO(good.output);
  CHECK(good.code == 0);
  CHECK_THAT(good.output, Contains("c_counter \"Byte counter\" 1.0.0") && Contains("0 failed"));
  const auto bad = run_program(bad_plugin("wrong_major") + " --json", json::object());
  CHECK(bad.code == 1);
  const auto as_json = json::parse(bad.output);
  CHECK(as_json["failed"] == 1);
  CHECK(as_json["findings"][0]["check"] == "load");
  CHECK(run_program("", json::object()).code == 2);
  CHECK(run_program(std::string{WAYBILL_C_PLUGIN} + " --target nonsense", json::object()).code == 2);
  CHECK(run_program(WAYBILL_C_PLUGIN, json::array()).code == 2);
  CHECK(run_program(std::string{WAYBILL_C_PLUGIN} + " --live", json::object()).code == 0);
  CHECK(run_program("--help", json::object()).code == 0);
}

TEST_CASE("A plugin that crashes costs a line of the report") {
  const auto r = run_program(bad_plugin("crashes") + " --json", json::object());
  INFO(r.output);
  CHECK(r.code == 1);
  const auto last = json::parse(r.output)["findings"].back();
  CHECK(last["check"] == "deliver");
  CHECK_THAT(last["text"].get<std::string>(),
             Contains("the plugin took the process down") || Contains("the plugin ended the process"));
}

TEST_CASE("Changes to try on a configuration come from its schema") {
  const auto schema = json::parse(R"({"type":"object","properties":{
    "url":{"type":"string"},"auth":{"type":"object","properties":{"token":{"type":"string","x-secret":true}}},
    "unset":{"type":"integer"}}})");
  const json config{{"url", "https://a"}, {"auth", {{"token", "0123456789"}}}};
  CHECK(members_of(schema).size() == 4);
  CHECK(secrets_of(schema, config) == std::vector<std::string>{"0123456789"});
  const auto changes = variants_of(schema, config);
  CHECK(changes.size() > 10);
  for (const auto& change : changes) {
    CHECK(with_change(config, change) != config);
    CHECK(change.at.to_string() != "/unset");
  }
}

TEST_CASE("A target replaces a member of the configuration") {
  json config{{"url", "https://a"}, {"auth", {{"user", "u"}}}};
  CHECK(redirect(config, "/url=http://127.0.0.1:9/x?a=b"));
  CHECK(redirect(config, "/auth/port=25"));
  CHECK(config == json{{"url", "http://127.0.0.1:9/x?a=b"}, {"auth", {{"user", "u"}, {"port", 25}}}});
  CHECK_FALSE(redirect(config, "url=x"));
  CHECK_FALSE(redirect(config, "/url"));
  CHECK_FALSE(redirect(config, "/url/deeper=1"));
  CHECK_FALSE(redirect(config, "=x"));
}

TEST_CASE("Exported symbols are read from the file") {
  CHECK(exported_symbols(bad_plugin("sound")) == std::vector<std::string>{"waybill_plugin_entry"});
  CHECK(exported_symbols(bad_plugin("no_entry")) == std::vector<std::string>{"some_other_entry"});
  CHECK(exported_symbols(__FILE__).empty());
  CHECK(exported_symbols("/nowhere").empty());
}
