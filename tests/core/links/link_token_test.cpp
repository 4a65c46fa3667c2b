// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_token.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

master_key key_of(std::uint8_t byte) {
  master_key key;
  key.fill(byte);
  return key;
}

}  // namespace

TEST_CASE("a token is the same for a link whenever it is made, and another for anything else") {
  const link_signer signer{key_of(1)}, other{key_of(2)};
  const auto org = organization_id::make();
  const auto link = link_id::make();
  const auto token = signer.token(org, link);
  CHECK(token.size() == 69);
  CHECK(token.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == std::string::npos);
  CHECK(signer.token(org, link) == token);
  CHECK(link_signer{key_of(1)}.token(org, link) == token);
  CHECK(other.token(org, link) != token);
  CHECK(signer.token(organization_id::make(), link) != token);
  CHECK(signer.token(org, link_id::make()) != token);
  CHECK(signer.fingerprint("a") != signer.fingerprint("b"));
  CHECK(signer.fingerprint("a") != other.fingerprint("a"));
}

TEST_CASE("a link is written under the node's address, and read back as its id") {
  const link_signer signer{key_of(1)};
  const auto org = organization_id::make();
  const auto link = link_id::make();
  const auto url = signer.url("https://files.example/base/", org, link);
  CHECK(url == "https://files.example/base/d/" + signer.token(org, link));
  CHECK(link_in(url) == link);
  CHECK(link_in("see " + url + "?x=1 and /d/short") == link);
  CHECK_FALSE(link_in("https://files.example/d/short"));
  CHECK_FALSE(link_in(""));
  CHECK_FALSE(link_in("s3://bucket/d/key"));
}

TEST_CASE("the secret part of every link is left out of a text") {
  const link_signer signer{key_of(1)};
  const auto org = organization_id::make();
  const auto a = signer.url("https://a", org, link_id::make()), b = signer.url("https://b", org, link_id::make());
  const auto text = without_link_secrets("first " + a + " then " + b + ".");
  CHECK(text.find(a.substr(a.size() - 43)) == std::string::npos);
  CHECK(text.find(b.substr(b.size() - 43)) == std::string::npos);
  CHECK(text.find(a.substr(0, a.size() - 43)) != std::string::npos);
  CHECK(without_link_secrets("nothing /d/ here") == "nothing /d/ here");
}
