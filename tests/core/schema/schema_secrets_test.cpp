// SPDX-License-Identifier: Apache-2.0
#include "core/schema/config_schema.hpp"
#include "tests/core/faults.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;
using namespace waybill::core::tests;
using nlohmann::json;

namespace {

/// A secret in every place where one may lie.
config_schema every_place() {
  auto made = config_schema::compile(R"({
    "type": "object",
    "properties": {
      "user": { "type": "string" },
      "password": { "type": "string", "x-secret": true },
      "headers": { "type": "object", "properties": { "Accept": { "type": "string" } },
                   "additionalProperties": { "type": "string", "x-secret": true } },
      "account": { "type": "object", "x-secret": true, "properties": { "key": { "type": "string", "x-secret": true } } },
      "hooks": { "type": "array", "items": { "type": "object", "properties": {
        "url": { "type": "string" }, "token": { "type": "string", "x-secret": true } } } },
      "pair": { "type": "array", "items": [ { "type": "string" }, { "type": "string", "x-secret": true } ] },
      "pin": { "type": "integer", "x-secret": true }
    },
    "patternProperties": { "^secret_": { "x-secret": true } },
    "allOf": [ { "properties": { "inAll": { "x-secret": true } } } ],
    "anyOf": [ { "properties": { "inAny": { "x-secret": true } } }, { "properties": { "inAny": { "type": "string" } } } ],
    "oneOf": [ { "properties": { "inOne": { "x-secret": true } } } ],
    "if": { "required": ["user"] }, "then": { "properties": { "inThen": { "x-secret": true } } },
    "else": { "properties": { "inElse": { "x-secret": true } } },
    "dependencies": { "user": { "properties": { "inDependency": { "x-secret": true } } } }
  })"_json);
  REQUIRE(made);
  return std::move(*made);
}

const json full = R"({
  "user": "u", "password": "clear-1", "headers": { "Accept": "a", "X-Key": "clear-2", "X/Key": "clear-3" },
  "account": { "key": "clear-4", "name": "clear-5" }, "hooks": [ { "url": "h1", "token": "clear-6" }, { "url": "h2" } ],
  "pair": [ "open", "clear-7" ], "pin": 1234, "secret_a": { "deep": ["clear-8"] }, "inAll": "clear-9", "inAny": "clear-10",
  "inOne": "clear-11", "inThen": "clear-12", "inElse": "clear-13", "inDependency": "clear-14" })"_json;

secret_box box() { return secret_box{master_key{}}; }

}  // namespace

TEST_CASE("every secret is sealed, nothing else is, and all comes back", "[schema][secrets]") {
  const auto schema = every_place();
  const auto sealed = schema.seal(full, box(), "org/dst");
  const auto text = sealed.dump();
  CHECK(text.find("clear-") == std::string::npos);
  CHECK(text.find("1234") == std::string::npos);
  CHECK(sealed["user"] == "u");
  CHECK(sealed["headers"]["Accept"] == "a");
  CHECK(sealed["hooks"][0]["url"] == "h1");
  CHECK(sealed["pair"][0] == "open");
  CHECK(secret_box::is_sealed(sealed["account"].get<std::string>()));  // an object is sealed as a whole
  const auto opened = schema.unseal(sealed, box(), "org/dst");
  REQUIRE(opened);
  CHECK(*opened == full);
}

TEST_CASE("a sealed configuration does not open for another owner", "[schema][secrets]") {
  const auto schema = every_place();
  const auto sealed = schema.seal(full, box(), "org/dst");
  CHECK_FALSE(schema.unseal(sealed, box(), "org/other"));
}

TEST_CASE("a secret that looks sealed already is sealed all the same", "[schema][secrets]") {
  const auto schema = every_place();
  const auto config = json{{"password", "sealed:v1:AAAA"}};
  const auto sealed = schema.seal(config, box(), "c");
  CHECK(sealed["password"] != "sealed:v1:AAAA");
  CHECK(schema.unseal(sealed, box(), "c") == config);
}

TEST_CASE("what was stored in clear, before the schema called it secret, is read as it is", "[schema][secrets]") {
  const auto schema = every_place();
  const auto config = json{{"password", "old"}, {"pin", 5}};
  CHECK(schema.unseal(config, box(), "c") == config);
}

TEST_CASE("an answer shows that there is a secret and nothing of it", "[schema][secrets]") {
  const auto schema = every_place();
  for (const auto& config : {full, schema.seal(full, box(), "c")}) {
    const auto shown = schema.redact(config);
    CHECK(shown.dump().find("clear-") == std::string::npos);
    CHECK(shown.dump().find("sealed:") == std::string::npos);
    CHECK(shown["password"] == redacted_mark);
    CHECK(shown["account"] == redacted_mark);
    CHECK(shown["pin"] == redacted_mark);
    CHECK(shown["hooks"] == R"([{"url":"h1","token":"••••"},{"url":"h2"}])"_json);
    CHECK(shown["user"] == "u");
  }
  CHECK(schema.redact(json{{"password", nullptr}}) == json{{"password", nullptr}});
}

TEST_CASE("an answer sent back keeps every secret that was not changed", "[schema][secrets]") {
  const auto schema = every_place();
  auto incoming = schema.redact(full);
  CHECK(schema.keep_redacted(incoming, full) == full);
  incoming["password"] = "new";
  incoming["user"] = "v";
  incoming.erase("pin");
  const auto kept = schema.keep_redacted(incoming, full);
  CHECK(kept["password"] == "new");
  CHECK(kept["user"] == "v");
  CHECK_FALSE(kept.contains("pin"));
  CHECK(kept["account"] == full["account"]);
  CHECK(kept["headers"]["X/Key"] == "clear-3");
}

TEST_CASE("the secret of a list's entry goes where the entry goes", "[schema][secrets]") {
  const auto schema = every_place();
  const auto stored = R"({"hooks":[{"url":"a","token":"ta"},{"url":"b","token":"tb"},{"url":"c","token":"tc"}]})"_json;
  const auto mark = std::string{redacted_mark};
  const auto hook = [&](const char* url) { return json{{"url", url}, {"token", mark}}; };
  CHECK(schema.keep_redacted({{"hooks", {hook("c"), hook("a")}}}, stored) ==
        R"({"hooks":[{"url":"c","token":"tc"},{"url":"a","token":"ta"}]})"_json);
  // One was added and one is unknown: nobody knows whose secret it should have.
  const auto kept = schema.keep_redacted({{"hooks", {hook("x"), hook("a"), hook("b"), hook("c")}}}, stored);
  CHECK(kept["hooks"][0]["token"] == mark);
  CHECK(kept["hooks"][3]["token"] == "tc");
  CHECK(brief(schema.validate(kept)) == std::vector<std::string>{"/hooks/0/token redacted"});
}

TEST_CASE("the mark itself is no secret to store", "[schema][secrets]") {
  const auto schema = every_place();
  const auto faults = schema.validate({{"password", std::string{redacted_mark}}});
  CHECK(brief(faults) == std::vector<std::string>{"/password redacted"});
  CHECK(schema.validate({{"user", std::string{redacted_mark}}}).empty());
}
