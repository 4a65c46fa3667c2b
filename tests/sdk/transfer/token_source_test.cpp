// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/token_source.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <future>
#include <memory>
#include <string>

#include "../../plugins/fake_host.hpp"
#include "../../plugins/nginx_server.hpp"
#include "../../plugins/node_program.hpp"
#include "exchange_box.hpp"

using namespace waybill::testing;
using namespace waybill::transfer;
using nlohmann::json;

namespace {

/// The token endpoint, and the key its assertions are signed with.
struct token_server {
  token_server() {
    REQUIRE(waybill::sdk::adopt_host(fake_host::instance().table()));
    const auto key = folder.path() + "/key.pem";
    REQUIRE(run({"openssl", "genrsa", "-out", key, "2048"}, folder.path() + "/openssl.out") == 0);
    REQUIRE(run({"openssl", "pkey", "-in", key, "-pubout", "-out", folder.path() + "/public.pem"},
                folder.path() + "/openssl.out") == 0);
    program = std::make_unique<node_program>(std::vector<std::string>{WAYBILL_TOKEN_SERVER, folder.path() + "/public.pem"});
  }
  static token_server& instance() {
    static token_server server;
    return server;
  }
  [[nodiscard]] oauth2_settings settings(grant_type grant) const {
    oauth2_settings s;
    s.grant = grant;
    s.token_url = program->url(grant == grant_type::metadata_server ? "/metadata" : "/token");
    s.client = client_authentication::none;
    s.assertion.algorithm = "RS256";
    s.assertion.key = folder.read("key.pem");
    return s;
  }
  temporary_folder folder;
  std::unique_ptr<node_program> program;
};

token_server& server() { return token_server::instance(); }

/// A source and the host's side of its handler; the reactor of all.
struct source {
  explicit source(oauth2_settings settings, fake_context& context)
      : gate(std::make_shared<waybill::sdk::host_gate>(waybill::sdk::handler_context{context.raw()})),
        tokens(std::make_shared<token_source>(std::move(settings), options_for(""), std::chrono::seconds{5}, loop(), gate)) {}
  ~source() { gate->close(); }
  static reactor& loop() {
    static auto* const r = new reactor;
    return *r;
  }
  struct answer {
    std::string token;
    token_failure why;
  };
  answer fetch(const std::string& refused = {}) {
    auto promise = std::make_shared<std::promise<answer>>();
    auto came = promise->get_future();
    tokens->fetch(refused, [promise](const std::string& token, const token_failure& why) { promise->set_value({token, why}); });
    return came.get();
  }
  /// After what the worker has been asked to store before.
  void settled() {
    std::promise<void> done;
    loop().offload([&] { done.set_value(); });
    done.get_future().wait();
  }
  std::shared_ptr<waybill::sdk::host_gate> gate;
  std::shared_ptr<token_source> tokens;
};

}  // namespace

TEST_CASE("a signed assertion is exchanged for a token, each with an id of its own") {
  auto settings = server().settings(grant_type::jwt_bearer);
  settings.assertion.issuer = "robot@example.com";
  settings.assertion.audience = settings.token_url;
  settings.assertion.claims = "\"scope\":\"write\",";
  fake_context context;
  source s{settings, context};
  CHECK(s.tokens->current().empty());
  const auto first = s.fetch();
  INFO(first.why.detail);
  CHECK(first.token.find("token-") == 0);
  CHECK(s.tokens->current() == first.token);
  CHECK(s.fetch(first.token).token != first.token);

  settings.assertion.issuer = "stranger@example.com";
  fake_context other;
  source stranger{settings, other};
  const auto refused = stranger.fetch();
  CHECK(refused.token.empty());
  CHECK(refused.why.why == waybill::sdk::category::authentication);
  CHECK(refused.why.error == "invalid_grant");
}

TEST_CASE("a client proves itself with a signed assertion") {
  auto settings = server().settings(grant_type::client_credentials);
  settings.client = client_authentication::signed_assertion;
  settings.client_id = settings.assertion.issuer = settings.assertion.subject = "client-1";
  settings.assertion.header_members = "\"x5t\":\"thumb\",";
  fake_context context;
  CHECK(source(settings, context).fetch().token.find("token-") == 0);
}

TEST_CASE("a refresh token that an answer replaced is the one that is used, also after a restart") {
  auto settings = server().settings(grant_type::refresh_token);
  settings.client_id = "app";
  settings.refresh_token = "first-refresh";
  settings.fields = {{"resource", "short"}};
  fake_context context;
  {
    source s{settings, context};
    REQUIRE_FALSE(s.fetch().token.empty());
    REQUIRE_FALSE(s.fetch().token.empty());
    s.settled();
  }
  const auto state = json::parse(fake_host::instance().state_of(context).at("oauth2.token"));
  const auto next = state["refreshToken"].get<std::string>();
  CHECK(next != "first-refresh");
  source restarted{settings, context};
  REQUIRE_FALSE(restarted.fetch().token.empty());
  const auto seen =
      json::parse(perform(source::loop(), make_exchange(options_for(server().program->url("/seen"), "GET"))).body);
  CHECK(seen.back() ==
        json{{"grant_type", "refresh_token"}, {"client_id", "app"}, {"refresh_token", next}, {"resource", "short"}});
}

TEST_CASE("the configured refresh token is tried again when the one that replaced it is refused") {
  auto settings = server().settings(grant_type::refresh_token);
  settings.refresh_token = "first-refresh";
  settings.scope = "dies";
  fake_context context;
  source s{settings, context};
  const auto first = s.fetch();
  const auto second = s.fetch(first.token);
  INFO(second.why.detail);
  CHECK_FALSE(second.token.empty());
  CHECK(second.token != first.token);
  settings.refresh_token = "unknown";
  fake_context other;
  CHECK(source(settings, other).fetch().why.error == "invalid_grant");
}

TEST_CASE("a metadata server's token is fetched with its header and not stored") {
  auto settings = server().settings(grant_type::metadata_server);
  settings.headers = {{"Metadata-Flavor", "Google"}};
  fake_context context;
  source s{settings, context};
  const auto first = s.fetch();
  INFO(first.why.detail);
  CHECK(first.token.find("token-") == 0);
  s.settled();
  CHECK(fake_host::instance().state_of(context).empty());
  settings.headers.clear();
  CHECK(source(settings, context).fetch().why.code == 403);
}

TEST_CASE("a stored token serves a restart with the same settings, and no other") {
  auto settings = server().settings(grant_type::refresh_token);
  settings.refresh_token = "first-refresh";
  fake_context context;
  std::string token;
  {
    source s{settings, context};
    token = s.fetch().token;
    s.settled();
  }
  CHECK(source(settings, context).fetch().token == token);
  settings.client_id = "another";
  CHECK(source(settings, context).fetch().token != token);
}
