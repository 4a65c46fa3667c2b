// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "../nginx_server.hpp"
#include "destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

json with(const std::string& url, const json& auth) { return {{"url", url}, {"auth", auth}}; }

json oauth2(const node_program& receiver, const char* secret = "s/ecret") {
  return {{"type", "oauth2"}, {"tokenUrl", receiver.url("/token")}, {"clientId", "id 1"}, {"clientSecret", secret}};
}

int tokens_given(const node_program& receiver) {
  destination asks{{{"url", receiver.url("/tokens")}}};
  return json::parse(json::parse(asks.deliver().response)["body"].get<std::string>())["given"].get<int>();
}

void tell(const node_program& receiver, const char* path) {
  destination tells{{{"url", receiver.url(path)}}};
  REQUIRE(tells.deliver().code == 204);
}

}  // namespace

TEST_CASE("API key, bearer and basic prove who sends, and never show in a record") {
  auto& nginx = nginx_server::instance();
  struct row {
    json config;
    const char* secret;
  };
  for (const auto& r :
       std::vector<row>{{with(nginx.http("/leak"), {{"type", "apiKey"}, {"value", "swordfish"}}), "swordfish"},
                        {with(nginx.http("/bearer"), {{"type", "bearer"}, {"token", "good-token"}}), "good-token"},
                        {with(nginx.http("/basic"), {{"type", "basic"}, {"username", "user"}, {"password", "password"}}),
                         "dXNlcjpwYXNzd29yZA"},
                        {with(nginx.http("/leak"), {{"type", "bearer"}, {"token", "good-token"}}), "good-token"}}) {
    destination d{r.config};
    const auto seen = d.deliver();
    INFO(seen.detail << seen.response);
    CHECK(seen.action == WB_ACTION_DELIVERED);
    CHECK((seen.request + seen.response + seen.detail + seen.external_reference).find(r.secret) == std::string::npos);
    CHECK((seen.request + seen.response).find("abc123") == std::string::npos);  // Set-Cookie
  }
  destination wrong{with(nginx.http("/bearer"), {{"type", "bearer"}, {"token", "bad"}})};
  CHECK(wrong.deliver().category == WB_CATEGORY_AUTHENTICATION);
  CHECK(wrong.test().category == WB_CATEGORY_AUTHENTICATION);
}

TEST_CASE("a JWT is made for each request") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{with(
      receiver.url("/what"),
      {{"type", "jwt"}, {"algorithm", "HS256"}, {"key", std::string(32, 'k')}, {"issuer", "waybill"}, {"claims", {{"r", 1}}}})};
  const auto authorization = [&] {
    const auto seen = d.deliver();
    CHECK(json::parse(seen.request)["headers"]["Authorization"] == "[redacted]");
    return json::parse(json::parse(seen.response)["body"].get<std::string>())["headers"]["authorization"].get<std::string>();
  };
  const auto first = authorization();
  CHECK(first.find("Bearer eyJ") == 0);
  CHECK(first != authorization());  // each has an id of its own
}

TEST_CASE("OAuth 2.0: one token is fetched for all who come together, and kept") {
  node_program receiver{{WAYBILL_RECEIVER}};
  for (const auto* way : {"basic", "body"}) {
    const int before = tokens_given(receiver);
    auto auth = oauth2(receiver);
    auth["clientAuthentication"] = way;
    auth["scope"] = std::string{"deliver "} + way;
    destination d{with(receiver.url("/guarded"), auth)};
    std::vector<fake_delivery> many(20);
    std::vector<wb_token> tokens;
    for (auto& what : many) tokens.push_back(d.start(what));
    for (const auto token : tokens) {
      const auto seen = fake_host::instance().wait(token);
      REQUIRE(seen);
      INFO(seen->detail);
      CHECK(seen->code == 204);
      CHECK((seen->request + seen->response).find("token-") == std::string::npos);
    }
    CHECK(d.deliver().code == 204);
    CHECK(tokens_given(receiver) == before + 1);
  }
}

TEST_CASE("OAuth 2.0: after a 401 one fresh token is fetched, and only one") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{with(receiver.url("/guarded"), oauth2(receiver))};
  CHECK(d.deliver().code == 204);
  tell(receiver, "/forget");
  CHECK(d.deliver().code == 204);
  CHECK(tokens_given(receiver) == 2);
  destination never{with(nginx_server::instance().http("/401"), oauth2(receiver))};
  const auto seen = never.deliver();
  CHECK(seen.code == 401);
  CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(tokens_given(receiver) == 4);
}

TEST_CASE("OAuth 2.0: a stored token serves after a restart, unless the settings have changed") {
  node_program receiver{{WAYBILL_RECEIVER}};
  const auto config = with(receiver.url("/guarded"), oauth2(receiver));
  std::map<std::string, std::string> state;
  {
    destination d{config};
    CHECK(d.deliver().code == 204);
    const auto limit = fake_host::monotonic_ms() + 10'000;
    while ((state = fake_host::instance().state_of(d.context)).empty() && fake_host::monotonic_ms() < limit)
      ;
    REQUIRE_FALSE(state.empty());
  }
  {
    destination d{config};
    d.context.state = state;
    CHECK(d.deliver().code == 204);
    CHECK(tokens_given(receiver) == 1);
  }
  auto changed = config;
  changed["auth"]["scope"] = "more";
  destination d{changed};
  d.context.state = state;
  CHECK(d.deliver().code == 204);
  CHECK(tokens_given(receiver) == 2);
}

TEST_CASE("OAuth 2.0: garbage in the store is not a token") {
  node_program receiver{{WAYBILL_RECEIVER}};
  for (const auto* garbage :
       {"", "{", "[]", "{\"for\":1}", "{\"token\":\"x\",\"expiresAtMs\":99999999999999,\"renewAtMs\":99999999999999}"}) {
    destination d{with(receiver.url("/guarded"), oauth2(receiver))};
    d.context.state["oauth2.token"] = garbage;
    CHECK(d.deliver().code == 204);
  }
}

TEST_CASE("OAuth 2.0: a token that is about to expire is renewed beside its use") {
  node_program receiver{{WAYBILL_RECEIVER}};
  tell(receiver, "/short");  // a second
  destination d{with(receiver.url("/what"), oauth2(receiver))};
  const auto limit = fake_host::monotonic_ms() + 10'000;
  while (tokens_given(receiver) < 2 && fake_host::monotonic_ms() < limit) CHECK(d.deliver().code == 200);
  CHECK(tokens_given(receiver) >= 2);
}

TEST_CASE("OAuth 2.0: no token is a failure that says why") {
  node_program receiver{{WAYBILL_RECEIVER}};
  struct row {
    std::string token_url;
    const char* secret;
    std::uint32_t category;
    const char* text;
  };
  auto& nginx = nginx_server::instance();
  for (const auto& r :
       std::vector<row>{{receiver.url("/token"), "wrong-secret", WB_CATEGORY_AUTHENTICATION, "401, invalid_client"},
                        {nginx.http("/500"), "s", WB_CATEGORY_REMOTE, "500"},
                        {nginx.http("/200"), "s", WB_CATEGORY_AUTHENTICATION, "holds none"},
                        {nginx.http("/close"), "s", WB_CATEGORY_NETWORK, "no OAuth 2.0 token"}}) {
    auto auth = oauth2(receiver, r.secret);
    auth["tokenUrl"] = r.token_url;
    destination d{with(receiver.url("/guarded"), auth)};
    for (const auto& seen : {d.deliver(), d.test()}) {
      INFO(seen.detail);
      CHECK(seen.action == WB_ACTION_RETRY);
      CHECK(seen.category == r.category);
      CHECK(seen.detail.find(r.text) != std::string::npos);
      CHECK(seen.detail.find("wrong-secret") == std::string::npos);
    }
  }
}

TEST_CASE("OAuth 2.0: the token URL stands behind the network guard too") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{with(receiver.url("/guarded"), oauth2(receiver))};
  d.context.guard = [](auto...) { return false; };
  const auto seen = d.deliver();
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("network guard") != std::string::npos);
}

TEST_CASE("OAuth 2.0: a delivery that waits for its token can be canceled") {
  auto auth =
      json{{"type", "oauth2"}, {"tokenUrl", nginx_server::instance().http("/soon")}, {"clientId", "i"}, {"clientSecret", "s"}};
  destination d{with(nginx_server::instance().http("/200"), auth)};
  fake_delivery what;
  const auto token = d.start(what);
  webhook()->cancel(d.handler(), token);
  CHECK(fake_host::instance().wait(token)->action == WB_ACTION_CANCELED);
}
