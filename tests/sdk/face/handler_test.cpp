// SPDX-License-Identifier: Apache-2.0
// The C++ face, used as a plugin uses it, with the entry in this very program.
#include <waybill/handler.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <vector>

#include "../../plugins/fake_host.hpp"

using namespace waybill::testing;
namespace sdk = waybill::sdk;

namespace {

struct scripted final : sdk::handler {
  static sdk::plugin_info info() { return {"scripted", "Scripted", "1", "{}", WB_FEATURE_STREAMING, 0}; }
  static void validate(std::string_view config, sdk::fault_sink& faults) {
    if (config == "throws") throw std::runtime_error("validate threw");
    if (config == "two") {
      faults("/a", "rule", "one");
      faults("/b", "rule", "two");
    }
  }
  static std::unique_ptr<scripted> open(std::string_view config, sdk::handler_context context, sdk::fault_sink& faults) {
    validate(config, faults);
    if (config == "null") return nullptr;
    auto made = std::make_unique<scripted>();
    made->context = context;
    return made;
  }
  void test_connection(std::int64_t, sdk::completion&& done) override { done(sdk::result::delivered(204)); }
  void deliver(const sdk::delivery& what, sdk::completion&& done) override {
    const auto script = what.content();
    if (script == "throws") throw std::runtime_error("deliver threw");
    if (script == "throws something else") throw 7;
    if (script == "drops") return;
    if (script == "takes and throws") {
      const sdk::completion taken = std::move(done);
      throw std::runtime_error("too late to tell");
    }
    if (script == "twice") done(sdk::result::delivered());
    if (script == "keeps") kept.emplace_back(what);
    done(sdk::result::throttled(5, "detail", 429));
  }
  void cancel(wb_token) override { throw std::runtime_error("cancel threw"); }

  sdk::handler_context context;
  std::vector<sdk::retained_delivery> kept;
};

/// The table, filled by the entry.
wb_plugin entered() {
  wb_plugin table{};
  table.struct_size = sizeof table;
  REQUIRE(sdk::enter<scripted>(fake_host::instance().table(), &table) == 0);
  return table;
}

seen_result deliver(const wb_plugin& table, wb_handler* handler, fake_delivery& what) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(table.deliver(handler, what.fill(), token) == WB_OK);
  REQUIRE(fake_host::instance().completions(token) == 1);
  return *fake_host::instance().wait(token);
}

wb_handler* opened(const wb_plugin& table, fake_context& context) {
  wb_handler* handler = nullptr;
  REQUIRE(table.open(to_str("{}"), context.raw(), &handler, nullptr, nullptr) == WB_OK);
  return handler;
}

}  // namespace

TEST_CASE("the entry fills the table with what the plugin says of itself") {
  const auto table = entered();
  CHECK(table.struct_size == sizeof table);
  CHECK(table.abi_major == WB_ABI_MAJOR);
  CHECK(to_view(table.type) == "scripted");
  CHECK(table.features == WB_FEATURE_STREAMING);
}

TEST_CASE("the entry refuses a host that it cannot work with, and still says its version") {
  wb_plugin table{};
  table.struct_size = sizeof table;
  auto host = *fake_host::instance().table();
  host.abi_major = WB_ABI_MAJOR + 1;
  CHECK(sdk::enter<scripted>(&host, &table) != 0);
  CHECK(table.abi_major == WB_ABI_MAJOR);
  host = *fake_host::instance().table();
  host.complete = nullptr;
  CHECK(sdk::enter<scripted>(&host, &table) != 0);
  CHECK(sdk::enter<scripted>(nullptr, &table) != 0);
  table.struct_size = 8;
  CHECK(sdk::enter<scripted>(fake_host::instance().table(), &table) != 0);
}

TEST_CASE("a slot that lies beyond the host's size is not used") {
  auto host = *fake_host::instance().table();
  host.struct_size = offsetof(wb_host, random);
  wb_plugin table{};
  table.struct_size = sizeof table;
  REQUIRE(sdk::enter<scripted>(&host, &table) == 0);
  std::uint8_t byte = 0;
  CHECK_FALSE(sdk::random_bytes(&byte, 1));
  entered();
  CHECK(sdk::random_bytes(&byte, 1));
}

TEST_CASE("every outcome of deliver is one completion, an exception retry and system") {
  const auto table = entered();
  fake_context context;
  auto* const handler = opened(table, context);
  fake_delivery what;
  for (const auto& [script, text] :
       std::vector<std::pair<const char*, const char*>>{{"throws", "deliver threw"},
                                                        {"throws something else", "unknown exception"},
                                                        {"drops", "gave up"},
                                                        {"takes and throws", "gave up"}}) {
    what.content = script;
    const auto seen = deliver(table, handler, what);
    INFO(script << ": " << seen.detail);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_SYSTEM);
    CHECK(seen.detail.find(text) != std::string::npos);
  }
  what.content = "twice";
  CHECK(deliver(table, handler, what).action == WB_ACTION_DELIVERED);
  what.content = "";
  const auto seen = deliver(table, handler, what);
  CHECK(seen.action == WB_ACTION_THROTTLED);
  CHECK(seen.retry_after_ms == 5);
  CHECK(seen.code == 429);
  table.cancel(handler, 1);
  table.drain(handler, 0);
  table.close(handler);
}

TEST_CASE("a retained delivery is released with its handler at the latest") {
  const auto table = entered();
  fake_context context;
  auto* const handler = opened(table, context);
  fake_delivery what;
  what.content = "keeps";
  deliver(table, handler, what);
  CHECK(fake_host::instance().retained(what) == 1);
  table.close(handler);
  CHECK(fake_host::instance().retained(what) == 0);
}

TEST_CASE("validate and open report faults, an exception as one") {
  const auto table = entered();
  std::vector<seen_fault> faults;
  CHECK(table.validate(to_str("two"), &collect_fault, &faults) == WB_REFUSED);
  REQUIRE(faults.size() == 2);
  CHECK(faults[1].pointer == "/b");
  faults.clear();
  CHECK(table.validate(to_str("throws"), &collect_fault, &faults) == WB_REFUSED);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].message == "validate threw");
  CHECK(table.validate(to_str("{}"), &collect_fault, &faults) == WB_OK);
  fake_context context;
  wb_handler* handler = nullptr;
  CHECK(table.open(to_str("null"), context.raw(), &handler, &collect_fault, &faults) == WB_FAILED);
  CHECK(table.open(to_str("throws"), context.raw(), &handler, &collect_fault, &faults) == WB_REFUSED);
  CHECK(handler == nullptr);
}

TEST_CASE("state is read whole, however large, and a missing key is not found") {
  entered();
  fake_context context;
  const sdk::handler_context host{context.raw()};
  std::string value;
  CHECK(host.state_get("none", value) == WB_NOT_FOUND);
  CHECK(value.empty());
  CHECK(host.state_put("key", std::string(60'000, 's')) == WB_OK);
  CHECK(host.state_get("key", value) == WB_OK);
  CHECK(value == std::string(60'000, 's'));
}

TEST_CASE("a delivery whose record is too short is refused") {
  const auto table = entered();
  fake_context context;
  auto* const handler = opened(table, context);
  wb_delivery shorter{};
  shorter.struct_size = 16;
  CHECK(table.deliver(handler, &shorter, 1) == WB_REFUSED);
  CHECK(table.deliver(handler, nullptr, 1) == WB_REFUSED);
  table.close(handler);
}

namespace {

/// Takes batches: by its own deliver_batch, or, left as it is, one by one.
struct batching : sdk::handler {
  static sdk::plugin_info info() { return {"batching", "Batching", "1", "{}", WB_FEATURE_BATCH, 0}; }
  static void validate(std::string_view, sdk::fault_sink&) {}
  static std::unique_ptr<sdk::handler> open(std::string_view config, sdk::handler_context, sdk::fault_sink&);
  void test_connection(std::int64_t, sdk::completion&& done) override { done(sdk::result::delivered()); }
  void deliver(const sdk::delivery& what, sdk::completion&& done) override {
    if (what.content() == "throws") throw std::runtime_error("one of a batch threw");
    done(sdk::result::delivered(static_cast<std::int32_t>(what.size())));
  }
};
struct batching_its_own_way final : batching {
  void deliver_batch(std::vector<sdk::batch_item> items) override {
    items.back().done(sdk::result::delivered(200));
    throw std::runtime_error("deliver_batch threw");
  }
};
std::unique_ptr<sdk::handler> batching::open(std::string_view config, sdk::handler_context, sdk::fault_sink&) {
  if (config == "own") return std::make_unique<batching_its_own_way>();
  return std::make_unique<batching>();
}

/// Delivers these contents in one call; every outcome came on its stack, once.
std::vector<seen_result> deliver_batch(std::string_view config, std::vector<std::string> contents) {
  wb_plugin table{};
  table.struct_size = sizeof table;
  REQUIRE(sdk::enter<batching>(fake_host::instance().table(), &table) == 0);
  fake_context context;
  wb_handler* handler = nullptr;
  REQUIRE(table.open(to_str(config), context.raw(), &handler, nullptr, nullptr) == WB_OK);
  std::vector<fake_delivery> deliveries(contents.size());
  std::vector<const wb_delivery*> views;
  std::vector<wb_token> tokens;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    deliveries[i].content = contents[i];
    views.push_back(deliveries[i].fill());
    tokens.push_back(fake_host::instance().new_token());
  }
  REQUIRE(table.deliver_batch(handler, views.data(), tokens.data(), tokens.size()) == WB_OK);
  std::vector<seen_result> out;
  for (const auto token : tokens) {
    CHECK(fake_host::instance().completions(token) == 1);
    out.push_back(*fake_host::instance().wait(token));
  }
  table.close(handler);
  return out;
}

}  // namespace

TEST_CASE("a handler without a way of its own delivers a batch one by one, and an exception ends what is left") {
  const auto fine = deliver_batch("one by one", {"1", "22"});
  CHECK(fine[0].code == 1);
  CHECK(fine[1].code == 2);
  const auto thrown = deliver_batch("one by one", {"1", "throws", "333"});
  CHECK(thrown[0].action == WB_ACTION_DELIVERED);
  CHECK(thrown[1].category == WB_CATEGORY_SYSTEM);
  CHECK(thrown[2].action == WB_ACTION_RETRY);
}

TEST_CASE("an item of a batch that is dropped answers for itself") {
  const auto seen = deliver_batch("own", {"1", "2", "3"});
  CHECK(seen[0].action == WB_ACTION_RETRY);
  CHECK(seen[1].detail.find("gave up") != std::string::npos);
  CHECK(seen[2].action == WB_ACTION_DELIVERED);
}

TEST_CASE("a batch with a record too short, or without arrays, is refused as a whole") {
  wb_plugin table{};
  table.struct_size = sizeof table;
  REQUIRE(sdk::enter<batching>(fake_host::instance().table(), &table) == 0);
  fake_context context;
  wb_handler* handler = nullptr;
  REQUIRE(table.open(to_str("{}"), context.raw(), &handler, nullptr, nullptr) == WB_OK);
  fake_delivery whole;
  wb_delivery shorter{};
  shorter.struct_size = 16;
  const wb_delivery* const deliveries[] = {whole.fill(), &shorter};
  const wb_token tokens[] = {1, 2};
  CHECK(table.deliver_batch(handler, deliveries, tokens, 2) == WB_REFUSED);
  CHECK(table.deliver_batch(handler, nullptr, tokens, 2) == WB_REFUSED);
  CHECK(table.deliver_batch(handler, deliveries, nullptr, 2) == WB_REFUSED);
  table.close(handler);
}

TEST_CASE("a table of ABI 1.0 is filled as far as it goes, and a plugin without batches has no slot for them") {
  wb_plugin table{};
  table.struct_size = offsetof(wb_plugin, deliver_batch);
  REQUIRE(sdk::enter<batching>(fake_host::instance().table(), &table) == 0);
  CHECK(table.struct_size == offsetof(wb_plugin, deliver_batch));
  CHECK(table.deliver_batch == nullptr);
  CHECK(entered().deliver_batch == nullptr);
}
