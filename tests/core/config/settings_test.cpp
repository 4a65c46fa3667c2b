// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/config/config_printer.hpp"
#include "core/config/setting.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("every setting has a key, a variable and a meaning of its own", "[settings]") {
  std::set<std::string> keys, variables;
  for (const auto& s : all_settings()) {
    INFO(s.key);
    CHECK(keys.insert(std::string{s.key}).second);
    CHECK(variables.insert(s.variable()).second);
    for (const auto seed : s.seed_names) CHECK(variables.insert(std::string{seed}).second);
    CHECK_FALSE(s.help.empty());
    CHECK(find_setting(s.key) == &s);
  }
  CHECK(find_setting("server.listen")->variable() == "WAYBILL_SERVER_LISTEN");
  CHECK(find_setting("queue.drainTimeoutMs")->variable() == "WAYBILL_QUEUE_DRAIN_TIMEOUT_MS");
  CHECK(find_setting("dataDir")->variable() == "WAYBILL_DATA_DIR");
  CHECK(find_setting("nothing") == nullptr);
}

TEST_CASE("settings of one table stand together", "[settings]") {
  std::set<std::string_view> closed;
  std::string_view open;
  for (const auto& s : all_settings()) {
    if (s.table() == open) continue;
    CHECK(closed.insert(open).second);
    CHECK(closed.count(s.table()) == 0);
    open = s.table();
  }
}

TEST_CASE("every default passes its own check and survives being set", "[settings]") {
  const config defaults;
  for (const auto& s : all_settings()) {
    INFO(s.key);
    const auto value = s.get(defaults);
    CHECK_FALSE(s.check(value));
    config changed;
    s.set(changed, value);
    CHECK(s.get(changed) == value);
  }
}

TEST_CASE("both ends of every range are allowed and nothing beyond", "[settings]") {
  for (const auto& s : all_settings()) {
    INFO(s.key);
    if (s.kind == setting_kind::whole) {
      const auto least = static_cast<std::int64_t>(s.least), most = static_cast<std::int64_t>(s.most);
      CHECK(least < most);
      CHECK_FALSE(s.check(least));
      CHECK_FALSE(s.check(most));
      CHECK(s.check(least - 1));
      CHECK(s.check(most + 1));
      config changed;
      s.set(changed, most);
      CHECK(s.get(changed) == setting_value{most});  // the member is wide enough
    }
    if (s.kind == setting_kind::real) {
      CHECK_FALSE(s.check(s.least));
      CHECK_FALSE(s.check(s.most));
      CHECK(s.check(s.least - 0.001));
      CHECK(s.check(s.most + 1));
      CHECK(s.check(std::numeric_limits<double>::quiet_NaN()));
    }
  }
}

TEST_CASE("the reference names every key and variable", "[settings]") {
  const auto page = settings_reference();
  for (const auto& s : all_settings()) {
    CHECK(page.find("| `" + std::string{s.key} + "` |") != std::string::npos);
    CHECK(page.find("`" + s.variable() + "`") != std::string::npos);
  }
}
