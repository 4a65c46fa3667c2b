// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/path_template.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "../../plugins/fake_host.hpp"

using waybill::sdk::delivery;
using waybill::testing::fake_delivery;
using waybill::transfer::path_template;

extern "C" int waybill_fuzz_path_template(const std::uint8_t* data, std::size_t size);

namespace {

std::string expand(std::string_view text, fake_delivery what = {}) {
  std::string why;
  const auto made = path_template{text}.expand(delivery{what.fill()}, why);
  CHECK(made.has_value() == why.empty());
  return made ? *made : "! " + why;
}

}  // namespace

TEST_CASE("a path is made of what the delivery says, and of the time of its acceptance") {
  fake_delivery what;
  what.organization_id = "org_1";
  what.delivery_id = "dlv_1";
  what.filename = "report.final.pdf";
  what.created_at_ms = 1'769'850'900'123;  // 2026-01-31T09:15:00Z
  CHECK(expand("/{organizationId}/{year}/{month}/{day}/{deliveryId}", what) == "/org_1/2026/01/31/dlv_1");
  CHECK(expand("{date}/{timestamp}-{basename}.{extension}", what) == "2026-01-31/20260131T091500Z-report.final.pdf");
  CHECK(expand("{hour}{minute}{second} {time} {epochMs} {payloadType} {filename}", what) ==
        "091500 091500 1769850900123 report report.final.pdf");
  CHECK(expand("{{literal}}/x", what) == "{literal}/x");
}

TEST_CASE("a delivery without a file name gets one of its id and media type") {
  fake_delivery what;
  what.delivery_id = "dlv_1";
  what.content_type = "text/csv; charset=utf-8";
  CHECK(expand("{filename}", what) == "dlv_1.csv");
  what.content_type = "application/x-unheard-of";
  CHECK(expand("{basename}|{extension}", what) == "dlv_1|bin");
}

TEST_CASE("metadata of one level goes into paths") {
  fake_delivery what;
  what.metadata = R"({"department":"audit","n":7,"deep":{"x":1},"none":null,"yes":true})";
  CHECK(expand("{metadata.department}/{metadata.n}/{metadata.yes}", what) == "audit/7/true");
  for (const auto* name : {"{metadata.deep}", "{metadata.none}", "{metadata.missing}"})
    CHECK(expand(name, what) == "! the delivery has no value for " + std::string{name});
}

TEST_CASE("no value leaves its segment or hides") {
  fake_delivery what;
  what.metadata = R"({"a":"../../etc/passwd","b":"..","c":".hidden","d":"x\ny\\z","e":"."})";
  CHECK(expand("in/{metadata.a}", what) == "in/_._.._etc_passwd");
  CHECK(expand("in/{metadata.b}/x", what) == "in/_./x");
  CHECK(expand("{metadata.c}", what) == "_hidden");
  CHECK(expand("in/{metadata.d}", what) == "in/x_y_z");
  CHECK(expand(".{metadata.e}", what) == "! the path has a segment . or ..");
  what.filename = "../../outside.txt";
  CHECK(expand("in/{filename}", what) == "in/outside.txt");
}

TEST_CASE("a text that is no template says why") {
  const auto why = [](std::string_view text) { return path_template::why_unusable(text); };
  CHECK(why("/a/{year}").empty());
  CHECK(why("{year").find("without its }") != std::string::npos);
  CHECK(why("year}").find("without its {") != std::string::npos);
  CHECK(why("{yaer}").find("not known") != std::string::npos);
  CHECK(why("{metadata.}").find("not known") != std::string::npos);
  CHECK(why("a/../b").find("segment") != std::string::npos);
  CHECK(why("./b").find("segment") != std::string::npos);
  CHECK(why("a\\b").find("backslash") != std::string::npos);
  CHECK(why("a\nb").find("control") != std::string::npos);
}

TEST_CASE("the fixed folder is what is the same for all") {
  CHECK(path_template{"/in/reports/{year}/x"}.fixed_folder() == "/in/reports");
  CHECK(path_template{"/in/re{year}"}.fixed_folder() == "/in");
  CHECK(path_template{"/{year}"}.fixed_folder() == "/");
  CHECK(path_template{"{year}/a"}.fixed_folder().empty());
  CHECK(path_template{"in//out"}.fixed_folder() == "in/out");
}

TEST_CASE("the corpus of path templates holds") {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/path_template"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(waybill_fuzz_path_template(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
    ++replayed;
  }
  CHECK(replayed >= 5);
}
