// SPDX-License-Identifier: Apache-2.0
// Mail servers that do what they should not.
#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "../node_program.hpp"
#include "destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

class faulty_server {
public:
  explicit faulty_server(const std::string& fault) : program_({WAYBILL_SMTP_FAULTS, fault}) {}
  [[nodiscard]] json config() const {
    const auto url = program_.url("");
    return {
        {"provider",
         {{"type", "smtp"}, {"host", "127.0.0.1"}, {"port", std::stoi(url.substr(url.rfind(':') + 1))}, {"security", "none"}}},
        {"from", "reports@example.com"},
        {"to", {"a@example.com"}},
        {"subject", "s"},
        {"timeoutMs", 5'000}};
  }

private:
  node_program program_;
};

}  // namespace

TEST_CASE("each fault of a server becomes its outcome") {
  struct row {
    const char* fault;
    std::uint32_t action, category;
    std::int32_t code;
  };
  for (const auto& r : std::vector<row>{{"none", WB_ACTION_DELIVERED, 0, 250},
                                        {"no-pipelining", WB_ACTION_DELIVERED, 0, 250},
                                        {"nonsense", WB_ACTION_RETRY, WB_CATEGORY_NETWORK, 0},
                                        {"endless", WB_ACTION_RETRY, WB_CATEGORY_NETWORK, 0},
                                        {"turned-away", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 554},
                                        {"busy", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 421},
                                        {"nonsense-ehlo", WB_ACTION_RETRY, WB_CATEGORY_NETWORK, 0},
                                        {"no-ehlo", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 502},
                                        {"refuses-sender", WB_ACTION_REJECT, WB_CATEGORY_VALIDATION, 553},
                                        {"rate", WB_ACTION_THROTTLED, WB_CATEGORY_RATE_LIMIT, 450},
                                        {"drops-at-recipient", WB_ACTION_RETRY, WB_CATEGORY_NETWORK, 0},
                                        {"goes-ahead", WB_ACTION_REJECT, WB_CATEGORY_VALIDATION, 550},
                                        {"no-data", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 452},
                                        {"drops-at-end", WB_ACTION_RETRY, WB_CATEGORY_NETWORK, 0},
                                        {"small", WB_ACTION_REJECT, WB_CATEGORY_VALIDATION, 0}}) {
    const faulty_server server{r.fault};
    const auto seen = destination{server.config()}.deliver();
    INFO(r.fault << ": " << seen.detail);
    CHECK(seen.action == r.action);
    CHECK(seen.category == r.category);
    CHECK(seen.code == r.code);
    CHECK((r.action == WB_ACTION_DELIVERED || !seen.detail.empty()));
  }
}

TEST_CASE("a server that falls silent costs one mail its time, and no other mail anything") {
  const faulty_server silent{"silent-end"};
  const faulty_server good{"none"};
  destination slow{silent.config()};
  destination fast{good.config()};
  fake_delivery waits, goes;
  waits.timeout_ms = 2'500;
  const auto token = slow.start(waits);
  for (int i = 0; i < 20; ++i) REQUIRE(fast.deliver(goes).action == WB_ACTION_DELIVERED);
  CHECK(fake_host::instance().completions(token) == 0);
  const auto seen = slow.wait(token, waits);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_TIMEOUT);
}

TEST_CASE("what is canceled ends at once") {
  for (const auto* fault : {"silent", "silent-end"}) {
    const faulty_server server{fault};
    destination d{server.config()};
    fake_delivery what;
    const auto token = d.start(what);
    email_plugin()->cancel(d.handler(), token);
    const auto seen = d.wait(token, what);
    CHECK(seen.action == WB_ACTION_CANCELED);
  }
}

TEST_CASE("connections are used again, and a stale one is replaced within the attempt") {
  const auto text_of = [](const seen_result& r) { return json::parse(r.response).value("text", ""); };
  {
    const faulty_server server{"none"};
    auto config = server.config();
    config["provider"]["maxMessagesPerConnection"] = 2;
    destination d{config};
    CHECK(text_of(d.deliver()) == "connection 1 mail 1");
    CHECK(text_of(d.deliver()) == "connection 1 mail 2");
    CHECK(text_of(d.deliver()) == "connection 2 mail 1");
  }
  for (const auto* fault : {"closes-second", "421-second"}) {
    const faulty_server server{fault};
    destination d{server.config()};
    CHECK(text_of(d.deliver()) == "connection 1 mail 1");
    CHECK(text_of(d.deliver()) == "connection 2 mail 1");
  }
}

TEST_CASE("STARTTLS is not done without, and nothing said in clear before it counts") {
  const faulty_server without{"none"};
  auto config = without.config();
  config["provider"]["security"] = "starttls";
  const auto missing = destination{config}.deliver();
  CHECK(missing.category == WB_CATEGORY_NETWORK);
  CHECK(missing.detail.find("does not offer STARTTLS") != std::string::npos);
  const faulty_server injected{"starttls-injected"};
  config = injected.config();
  config["provider"]["security"] = "starttls";
  const auto refused = destination{config}.deliver();
  CHECK(refused.category == WB_CATEGORY_NETWORK);
  CHECK(refused.detail.find("in clear after") != std::string::npos);
}

TEST_CASE("a server without the mechanism gets no password") {
  const faulty_server server{"none"};
  auto config = server.config();
  config["provider"]["auth"] = {{"type", "password"}, {"username", "u"}, {"password", "p"}};
  const auto seen = destination{config}.deliver();
  CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(seen.detail.find("no mechanism") != std::string::npos);
}

TEST_CASE("a large mail that is refused early is refused, not broken") {
  const faulty_server server{"early-refusal"};
  fake_delivery what;
  what.size = 20 * 1'048'576;
  what.generated = [](std::uint64_t) { return 'x'; };
  const auto seen = destination{server.config()}.deliver(what);
  INFO(seen.detail);
  // Whether the reply survives the reset is the kernel's affair.
  CHECK((seen.code == 552 || seen.category == WB_CATEGORY_NETWORK));
}
