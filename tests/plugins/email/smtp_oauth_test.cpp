// SPDX-License-Identifier: Apache-2.0
// Mails to Dovecot, which verifies the access tokens that a token endpoint made.
#include <catch2/catch.hpp>

#include "../node_program.hpp"
#include "destination.hpp"
#include "mail_servers.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

json config_for(const node_program& tokens, const std::string& path, const char* mechanism = "auto") {
  return {{"provider",
           {{"type", "smtp"},
            {"host", "localhost"},
            {"port", dovecot_server::instance().port()},
            {"auth",
             {{"type", "oauth2"},
              {"username", "reports@sender.test"},
              {"mechanism", mechanism},
              {"grant", "refreshToken"},
              {"tokenUrl", tokens.url(path)},
              {"clientId", "client-1"},
              {"clientSecret", "client-secret"},
              {"refreshToken", "refresh-0"}}}}},
          {"from", "reports@sender.test"},
          {"to", {"anna@example.com"}},
          {"subject", "Hello"},
          {"tls", {{"caPem", mail_tls().folder.read("ca.pem")}}}};
}

struct token_endpoint {
  temporary_folder folder;
  node_program program;
  token_endpoint() : folder(), program({WAYBILL_MAIL_TOKENS, key_file()}) {}
  std::string key_file() const {
    folder.write("key", dovecot_server::instance().key());
    return folder.path() + "/key";
  }
};

}  // namespace

TEST_CASE("XOAUTH2 and OAUTHBEARER send with a fetched token") {
  const token_endpoint tokens;
  for (const auto* mechanism : {"auto", "XOAUTH2", "OAUTHBEARER"}) {
    destination d{config_for(tokens.program, "/token", mechanism)};
    const auto seen = d.deliver();
    INFO(mechanism << " " << seen.detail);
    CHECK(seen.action == WB_ACTION_DELIVERED);
    CHECK(d.test().action == WB_ACTION_DELIVERED);
    const auto state = fake_host::instance().state_of(d.context);
    CHECK(state.size() == 1);  // the token survives a restart
  }
}

TEST_CASE("a token that the server refuses is fetched anew within the attempt") {
  const token_endpoint tokens;
  // The first token has expired, the second is good.
  destination d{config_for(tokens.program, "/expired-first")};
  const auto seen = d.deliver();
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
}

TEST_CASE("a token that stays refused, or cannot be had, is an authentication failure without secrets") {
  const token_endpoint tokens;
  for (const auto* path : {"/other-key", "/other-user", "/other-issuer", "/expired", "/refused"}) {
    for (const auto* mechanism : {"XOAUTH2", "OAUTHBEARER"}) {
      destination d{config_for(tokens.program, path, mechanism)};
      const auto seen = d.deliver();
      INFO(path << " " << mechanism << " " << seen.detail);
      CHECK(seen.action == WB_ACTION_RETRY);
      CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
      const auto all = seen.request + seen.response + seen.detail + seen.message;
      for (const auto* secret : {"eyJ", "client-secret", "refresh-0"}) CHECK(all.find(secret) == std::string::npos);
    }
  }
}
