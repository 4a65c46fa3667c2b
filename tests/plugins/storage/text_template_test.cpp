// SPDX-License-Identifier: Apache-2.0
#include "plugins/storage/text_template.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

using waybill::storage::template_scope;
using waybill::storage::text_template;

extern "C" int waybill_fuzz_storage_template(const std::uint8_t* data, std::size_t size);

namespace {

struct given final : waybill::storage::variables {
  std::map<std::string, std::string, std::less<>> values;
  explicit given(std::map<std::string, std::string, std::less<>> from) : values(std::move(from)) {}
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const override {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  }
};

[[nodiscard]] text_template of(std::string_view text, template_scope scope = template_scope::object) {
  std::string why;
  auto out = text_template::parse(text, scope, why);
  INFO(why);
  REQUIRE(out.has_value());
  return *out;
}

[[nodiscard]] std::string why_not(std::string_view text, template_scope scope = template_scope::object) {
  std::string why;
  CHECK_FALSE(text_template::parse(text, scope, why).has_value());
  return why;
}

}  // namespace

TEST_CASE("variables and braces are told apart") {
  const given values{{{"filename", "a.txt"}, {"metadata.x", "1"}}};
  CHECK(of("{filename}-{metadata.x}").render_path(values) == "a.txt-1");
  CHECK(of("{{{filename}}}").render_path(values) == "{a.txt}");
  CHECK(of("a{{b}}").render_path(values) == "a{b}");
}

TEST_CASE("a missing value is replaced by what the template says") {
  const given none{{}};
  CHECK(of("{filename}").render_path(none) == "_");
  CHECK(of("{filename|none}").render_path(none) == "none");
  CHECK(of("a{filename|}b").render_path(none) == "ab");
}

TEST_CASE("no value adds a folder or leaves one") {
  const given values{
      {{"filename", "../a/b\\c"}, {"basename", ".."}, {"metadata.dot", "."}, {"taskId", std::string("x\n\0y", 4)}}};
  CHECK(of("p/{filename}").render_path(values) == "p/.._a_b_c");
  CHECK(of("p/{basename}/q").render_path(values) == "p/__/q");
  CHECK(of("p/{metadata.dot}{metadata.dot}").render_path(values) == "p/__");
  CHECK(of("p/.{metadata.dot}/q").render_path(values) == "p/__/q");
  CHECK(of("{taskId}").render_path(values) == "x__y");
  CHECK(of("p/../{filename}").render_path(values) == "p/../.._a_b_c");  // the template's own dots stay
}

TEST_CASE("a long value is cut between characters") {
  const given values{{{"filename", std::string(199, 'a') + "\xc3\xa9"}}};
  CHECK(of("{filename}").render_path(values) == std::string(199, 'a'));
}

TEST_CASE("a value in a text keeps its slashes and loses its line ends") {
  const given values{{{"filename", "a/b\r\nc"}}};
  CHECK(of("{filename}").render(values) == "a/b  c");
}

TEST_CASE("the prefix ends at the first value that is not known") {
  const given values{{{"organizationId", "org_1"}}};
  CHECK(of("a/{organizationId}/b-{deliveryId}/c").path_prefix(values) == "a/org_1/b-");
  CHECK(of("{deliveryId}").path_prefix(values).empty());
}

TEST_CASE("a template with a fault is refused with its reason") {
  CHECK(why_not("{").find("not closed") != std::string::npos);
  CHECK(why_not("}").find("stands alone") != std::string::npos);
  CHECK(why_not("{nobody}").find("nobody") != std::string::npos);
  CHECK(why_not("{metadata.}").find("metadata.") != std::string::npos);
  CHECK(why_not("{deliveryId}", template_scope::batch).find("deliveryId") != std::string::npos);
  CHECK(why_not("a\nb").find("control") != std::string::npos);
}

TEST_CASE("what the fuzzer has found is rendered safely") {
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/storage_template"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    CHECK(waybill_fuzz_storage_template(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
  }
}
