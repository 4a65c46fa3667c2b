// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/plugins/fake_host.hpp"

using namespace waybill::testing;

namespace {

const loaded_plugin& plugin() {
  static const loaded_plugin loaded{WAYBILL_DOWNLOAD};
  return loaded;
}

/// A destination of the plugin in a fake host.
class destination {
public:
  explicit destination(std::string_view config = "{}") {
    std::vector<seen_fault> faults;
    REQUIRE(plugin()->open(to_str(config), context.raw(), &handler_, &collect_fault, &faults) == WB_OK);
  }
  ~destination() { plugin()->close(handler_); }
  destination(const destination&) = delete;
  destination& operator=(const destination&) = delete;

  seen_result deliver(fake_delivery& what) {
    auto& host = fake_host::instance();
    const auto token = host.new_token();
    REQUIRE(plugin()->deliver(handler_, what.fill(), token) == WB_OK);
    auto seen = host.wait(token);
    REQUIRE(seen);
    return *seen;
  }
  seen_result test() {
    auto& host = fake_host::instance();
    const auto token = host.new_token();
    REQUIRE(plugin()->test_connection(handler_, token, fake_host::monotonic_ms() + 10'000) == WB_OK);
    auto seen = host.wait(token);
    REQUIRE(seen);
    return *seen;
  }

  fake_context context;

private:
  wb_handler* handler_ = nullptr;
};

auto answers(std::uint32_t status, std::string link = {}) {
  return [status, link = std::move(link)](const wb_delivery*, std::string_view, std::string& out) {
    out = link;
    return status;
  };
}

}  // namespace

TEST_CASE("a delivery is delivered once its link exists, and the link is its external reference") {
  destination to{R"({"expiryHours":24,"maxAccess":3})"};
  std::string options;
  const wb_delivery* asked = nullptr;
  to.context.link_create = [&](const wb_delivery* what, std::string_view said, std::string& link) {
    asked = what;
    options = said;
    link = "https://files.example/d/0123";
    return static_cast<std::uint32_t>(WB_OK);
  };
  fake_delivery what;
  const auto seen = to.deliver(what);
  CHECK(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.external_reference == "https://files.example/d/0123");
  CHECK(asked == &what.block.raw);
  CHECK(options == R"({"expiryHours":24,"maxAccess":3})");
  // The link is a secret: nowhere else.
  for (const auto* text : {&seen.detail, &seen.message, &seen.request, &seen.response}) CHECK(text->empty());
  CHECK(to.context.logs.empty());
}

TEST_CASE("a link longer than usual comes whole") {
  destination to;
  const auto link = "https://files.example/" + std::string(5'000, 'x');
  to.context.link_create = answers(WB_OK, link);
  fake_delivery what;
  CHECK(to.deliver(what).external_reference == link);
}

TEST_CASE("content that is not in memory needs not be read") {
  destination to;
  to.context.link_create = answers(WB_OK, "https://files.example/d/1");
  fake_delivery what;
  what.streamed = true;
  what.fails_at = 0;
  CHECK(to.deliver(what).action == WB_ACTION_DELIVERED);
}

TEST_CASE("options that the node refuses are the configuration's fault, and final") {
  destination to;
  to.context.link_create = answers(WB_REFUSED);
  fake_delivery what;
  const auto seen = to.deliver(what);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
  CHECK(seen.detail.find("downloads.maxExpiryHours") != std::string::npos);
  CHECK_FALSE(seen.message.empty());
  CHECK(seen.external_reference.empty());
}

TEST_CASE("a host without links is the configuration's fault, a store that is down is tried again") {
  destination to;
  fake_delivery what;
  to.context.link_create = answers(WB_NOT_FOUND);
  CHECK(to.deliver(what).category == WB_CATEGORY_CONFIGURATION);
  to.context.link_create = answers(WB_FAILED);
  const auto seen = to.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_SYSTEM);
}

TEST_CASE("a connection test asks whether there could be a link, and makes none") {
  destination to{R"({"maxAccess":1})"};
  to.context.link_create = [](const wb_delivery* what, std::string_view options, std::string&) {
    return static_cast<std::uint32_t>(what == nullptr && options == R"({"maxAccess":1})" ? WB_OK : WB_FAILED);
  };
  CHECK(to.test().action == WB_ACTION_DELIVERED);
  to.context.link_create = answers(WB_NOT_FOUND);
  const auto seen = to.test();
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
}

TEST_CASE("a configuration with a fault opens nothing") {
  fake_context context;
  wb_handler* handler = nullptr;
  std::vector<seen_fault> faults;
  CHECK(plugin()->open(to_str(R"({"passwordMode":"shared"})"), context.raw(), &handler, &collect_fault, &faults) == WB_REFUSED);
  CHECK(handler == nullptr);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].pointer == "/password");
}
