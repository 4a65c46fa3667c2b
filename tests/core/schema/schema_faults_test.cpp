// SPDX-License-Identifier: Apache-2.0
#include "core/schema/config_schema.hpp"
#include "tests/core/faults.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;
using namespace waybill::core::tests;
using nlohmann::json;
using names = std::vector<std::string>;

namespace {

config_schema compiled(const json& document) {
  auto made = config_schema::compile(document);
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

const json webhook_schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "required": ["url"],
  "additionalProperties": false,
  "properties": {
    "url": { "type": "string", "pattern": "^https?://", "minLength": 1 },
    "method": { "enum": ["POST", "PUT", "PATCH"], "default": "POST" },
    "timeoutMs": { "type": "integer", "minimum": 100, "maximum": 60000, "default": 30000 },
    "headers": { "type": "object", "additionalProperties": { "type": "string", "x-secret": true } },
    "recipients": { "type": "array", "items": { "type": "string", "minLength": 3 }, "maxItems": 2, "uniqueItems": true },
    "password": { "type": "string", "x-secret": true, "maxLength": 10 }
  }
})"_json;

std::string refusal(const json& document) {
  auto made = config_schema::compile(document);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == error_code::validation_error);
  return made.error().message;
}

}  // namespace

TEST_CASE("a right configuration has no fault", "[schema]") {
  const auto schema = compiled(webhook_schema);
  CHECK(schema.validate(R"({"url":"https://example.com"})"_json).empty());
  CHECK(schema.validate(R"({"url":"https://example.com","method":"PUT","timeoutMs":100,"headers":{"X-A":"b"}})"_json).empty());
  CHECK(schema.document() == webhook_schema);
}

TEST_CASE("every fault of a configuration is told at once", "[schema]") {
  const auto faults = compiled(webhook_schema).validate(R"({
    "url": "ftp://example.com", "method": "GET", "timeoutMs": 5, "headers": {"X-A": 7, "X/B": null},
    "recipients": ["ab", "abc", "abc"], "pasword": "hunter2", "colour": 1 })"_json);
  CHECK(brief(faults) == names{"/colour additionalProperties", "/headers/X-A type", "/headers/X~1B type", "/method enum",
                               "/pasword additionalProperties", "/recipients maxItems", "/recipients uniqueItems",
                               "/recipients/0 minLength", "/timeoutMs minimum", "/url pattern"});
  CHECK(message_at(faults, "/method") == R"(Must be one of "POST", "PUT", "PATCH".)");
  CHECK(message_at(faults, "/timeoutMs") == "Must be at least 100.");
  CHECK(message_at(faults, "/pasword") == "There is no such member. Did you mean \"password\"?");
  CHECK(message_at(faults, "/headers/X-A") == "Must be text.");
}

TEST_CASE("a missing member is told at its own place", "[schema]") {
  const auto faults = compiled(webhook_schema).validate(json::object());
  CHECK(brief(faults) == names{"/url required"});
}

TEST_CASE("a configuration that is no object is one fault", "[schema]") {
  const auto schema = compiled(webhook_schema);
  for (const auto& config : {json::array(), json("text"), json(5), json(nullptr)}) {
    const auto faults = schema.validate(config);
    CHECK(brief(faults) == names{" type"});
    CHECK(message_at(faults, "") == "Must be an object.");
  }
}

TEST_CASE("the value of a secret is never quoted", "[schema]") {
  const auto faults = compiled(webhook_schema).validate(R"({"url":"https://x","password":"hunter2-is-too-long"})"_json);
  CHECK(brief(faults) == names{"/password maxLength"});
  CHECK_FALSE(mentions(faults, "hunter2"));
}

TEST_CASE("of one of several forms only the one that was meant is talked about", "[schema]") {
  const auto schema = compiled(R"({
    "type": "object",
    "required": ["provider"],
    "oneOf": [
      { "required": ["bucket"], "properties": { "provider": { "const": "s3" }, "bucket": { "type": "string" } } },
      { "required": ["container", "account"],
        "properties": { "provider": { "const": "azure" }, "container": { "type": "string" }, "account": { "type": "string" } } },
      { "required": ["path"], "properties": { "provider": { "const": "local" }, "path": { "type": "string" } } }
    ] })"_json);
  CHECK(schema.validate(R"({"provider":"s3","bucket":"b"})"_json).empty());
  CHECK(brief(schema.validate(R"({"provider":"s3"})"_json)) == names{"/bucket required"});
  CHECK(brief(schema.validate(R"({"provider":"azure","container":5})"_json)) == names{"/account required", "/container type"});
  CHECK(brief(schema.validate(R"({"provider":"ftp"})"_json)) == names{" oneOf"});
}

TEST_CASE("forms that differ in type are told as a whole", "[schema]") {
  const auto schema = compiled(R"({"type":"object","properties":{"to":{"anyOf":[{"type":"string"},{"type":"array"}]}}})"_json);
  CHECK(schema.validate(R"({"to":"a"})"_json).empty());
  CHECK(brief(schema.validate(R"({"to":5})"_json)) == names{"/to anyOf"});
}

TEST_CASE("if and then tell what the chosen form lacks", "[schema]") {
  const auto schema = compiled(R"({
    "type": "object", "properties": { "auth": { "enum": ["none", "basic"] }, "user": { "type": "string" } },
    "if": { "properties": { "auth": { "const": "basic" } }, "required": ["auth"] }, "then": { "required": ["user"] } })"_json);
  CHECK(schema.validate(R"({"auth":"none"})"_json).empty());
  CHECK(brief(schema.validate(R"({"auth":"basic"})"_json)) == names{"/user required"});
}

TEST_CASE("a long text is refused before a regular expression sees it", "[schema]") {
  const auto schema =
      compiled(R"({"type":"object","properties":{"a":{"type":"string","pattern":"^(a|b)*$"},"b":{"type":"string"}}})"_json);
  CHECK(schema.validate({{"a", std::string(2'048, 'a')}}).empty());
  CHECK(brief(schema.validate({{"a", std::string(1'000'000, 'a')}})) == names{"/a maxLength"});
  CHECK(schema.validate({{"b", std::string(1'000'000, 'a')}}).empty());
  const auto by_name = compiled(R"({"type":"object","patternProperties":{"^(x|y)*$":{"type":"string"}}})"_json);
  CHECK(brief(by_name.validate({{std::string(100'000, 'x'), "a"}})) == names{" maxLength"});
}

TEST_CASE("names that propertyNames refuses are a fault although valijson says nothing of it", "[schema]") {
  const auto schema = compiled(R"({"type":"object","propertyNames":{"maxLength":2}})"_json);
  CHECK(schema.validate(R"({"ab":1})"_json).empty());
  CHECK(schema.validate(R"({"abc":1})"_json).size() == 1);
}

TEST_CASE("defaults are filled in where a member is missing, also below", "[schema]") {
  const auto schema = compiled(R"({
    "type": "object",
    "definitions": { "retry": { "type": "object", "properties": { "max": { "type": "integer", "default": 3 } } } },
    "properties": {
      "method": { "type": "string", "default": "POST" },
      "retry": { "$ref": "#/definitions/retry" },
      "tls": { "type": "object", "default": {}, "properties": { "verify": { "type": "boolean", "default": true } } }
    },
    "allOf": [ { "properties": { "timeoutMs": { "default": 5 } } } ] })"_json);
  CHECK(schema.with_defaults(json::object()) == R"({"method":"POST","timeoutMs":5,"tls":{"verify":true}})"_json);
  CHECK(schema.with_defaults(R"({"method":"PUT","retry":{},"tls":{"verify":false}})"_json) ==
        R"({"method":"PUT","retry":{"max":3},"timeoutMs":5,"tls":{"verify":false}})"_json);
  CHECK(schema.with_defaults(json("text")) == json("text"));
}

TEST_CASE("references within the document are followed, also those that lead round", "[schema]") {
  const auto schema = compiled(R"({
    "type": "object",
    "definitions": { "node": { "type": "object", "properties": {
      "name": { "type": "string" }, "password": { "type": "string", "x-secret": true }, "next": { "$ref": "#/definitions/node" } } } },
    "properties": { "first": { "$ref": "#/definitions/node" } } })"_json);
  const auto config = R"({"first":{"name":"a","next":{"next":{"password":"hunter2"}}}})"_json;
  CHECK(schema.validate(config).empty());
  CHECK(schema.redact(config) == R"({"first":{"name":"a","next":{"next":{"password":"••••"}}}})"_json);
  CHECK(brief(schema.validate(R"({"first":{"next":{"name":5}}})"_json)) == names{"/first/next/name type"});
}

TEST_CASE("a document that is no usable schema is refused with the reason", "[schema]") {
  CHECK(refusal(json::array()).find("object") != std::string::npos);
  CHECK(refusal(R"({"type":"string"})"_json).find("object") != std::string::npos);
  CHECK(refusal(R"({"type":"object","$schema":"https://json-schema.org/draft/2020-12/schema"})"_json).find("draft-07") !=
        std::string::npos);
  CHECK(refusal(R"({"type":"object","required":"url"})"_json).find("draft 7") != std::string::npos);
  CHECK(refusal(R"({"type":"object","properties":{"a":{"pattern":"("}}})"_json).find("regular expression") !=
        std::string::npos);
  CHECK(refusal(R"({"type":"object","properties":{"a":{"$ref":"#/definitions/b"}}})"_json).find("#/definitions/b") !=
        std::string::npos);
  CHECK(refusal(R"({"type":"object","properties":{"a":{"$ref":"http://127.0.0.1/x"}}})"_json).find("leads nowhere") !=
        std::string::npos);
  CHECK(refusal(R"({"type":"object","properties":{"a":{"x-secret":"yes"}}})"_json).find("x-secret") != std::string::npos);
}
