// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "plugins/email/template_text.hpp"
#include "tests/plugins/email/corpus.hpp"

using namespace waybill::email;
using nlohmann::json;

namespace {

std::string rendered(const std::string& text, const json& values, escaping how = escaping::none) {
  const template_text one{text, how};
  REQUIRE(one.fault().empty());
  return one.render(template_values{values}).value_or("(nothing)");
}

}  // namespace

TEST_CASE("templates show values, sections and lists") {
  const json values =
      json::parse(R"({"a":"<b>","n":3,"f":1.5,"yes":true,"no":false,"null":null,"o":{"p":"q"},"l":[{"x":1},{"x":2}],"e":[]})");
  CHECK(rendered("{{a}} {{n}} {{f}} {{o.p}} {{missing}}!", values) == "<b> 3 1.5 q !");
  CHECK(rendered("{{a}} {{{a}}} {{&a}}", values, escaping::html) == "&lt;b&gt; <b> <b>");
  CHECK(rendered("{{#l}}{{x}};{{/l}}{{^e}}none{{/e}}{{#no}}no{{/no}}{{#null}}no{{/null}}{{#yes}}yes{{/yes}}", values) ==
        "1;2;noneyes");
  CHECK(rendered("no tag", values) == "no tag");
  CHECK(rendered("{{s}}", {{"s", "a\"\\\n\x01"}}, escaping::json) == "a\\\"\\\\\\n\\u0001");
  CHECK(rendered("{{s}}", {{"s", "a b&c=ü"}}, escaping::form) == "a%20b%26c%3D%C3%BC");
}

TEST_CASE("a value is never a template") { CHECK(rendered("{{a}} {{>a}}", {{"a", "{{b}}"}, {"b", "secret"}}) == "{{b}} "); }

TEST_CASE("what cannot be used as a template is found when it is read") {
  for (const auto* text : {"{{", "{{a", "{{#a}}", "{{/a}}", "{{#a}}{{/b}}", "{{=<% %>=}}<%a%>"})
    CHECK_FALSE(template_text{text}.fault().empty());
  std::string deep;
  for (int i = 0; i < 100; ++i) deep.append("{{#a}}");
  for (int i = 0; i < 100; ++i) deep.append("{{/a}}");
  CHECK_FALSE(template_text{deep}.fault().empty());
}

TEST_CASE("rendering ends, whatever the template and the values") {
  json list = json::array();
  for (int i = 0; i < 1'000; ++i) list.push_back(i);
  std::string open, close;
  for (int i = 0; i < 6; ++i) {
    open += "{{#a}}";
    close += "{{/a}}";
  }
  const template_values values{json{{"a", list}, {"long", std::string(60'000, 'x')}}};
  CHECK_FALSE(template_text{open + close}.render(values).has_value());
  CHECK_FALSE(template_text{open + "text" + close}.render(values).has_value());
  CHECK_FALSE(template_text{"{{#a}}{{#a}}{{long}}{{/a}}{{/a}}"}.render(values).has_value());
  CHECK_FALSE(template_text{"{{long}}"}.render(values, 1'000).has_value());
}

TEST_CASE("a template knows which names it mentions") {
  const template_text one{"data {{ metadata.a }} {{#link}}x{{/link}}"};
  CHECK(one.mentions("metadata"));
  CHECK(one.mentions("link"));
  CHECK_FALSE(one.mentions("filename"));
}

extern "C" int waybill_fuzz_email_template(const std::uint8_t* data, std::size_t size);
TEST_CASE("the corpus of templates holds") { CHECK(replay("email_template", waybill_fuzz_email_template) >= 5); }
