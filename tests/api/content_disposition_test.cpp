// SPDX-License-Identifier: Apache-2.0
#include "api/content_disposition.hpp"

#include <catch2/catch.hpp>

using waybill::api::attachment_named;

TEST_CASE("a plain name is quoted, any other is said in the extended notation as well") {
  CHECK(attachment_named("report.pdf") == "attachment; filename=\"report.pdf\"");
  CHECK(attachment_named("Q1 report_2.pdf") == "attachment; filename=\"Q1 report_2.pdf\"");
  CHECK(attachment_named("q1 \xC3\xBC.json") == "attachment; filename=\"q1 _.json\"; filename*=UTF-8''q1%20%C3%BC.json");
  CHECK(attachment_named("").compare("attachment") == 0);
}

TEST_CASE("no name ends the value, starts a header or leaves the folder") {
  CHECK(attachment_named("a\"; x=\"b") == "attachment; filename=\"a__ x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b");
  CHECK(attachment_named("a\r\nSet-Cookie: x") == "attachment; filename=\"aSet-Cookie: x\"");
  CHECK(attachment_named("../../etc/passwd") == "attachment; filename=\"passwd\"");
  CHECK(attachment_named("C:\\windows\\x.ini") == "attachment; filename=\"x.ini\"");
  CHECK(attachment_named("..") == "attachment");
  CHECK(attachment_named("a/") == "attachment");
  CHECK(attachment_named(".htaccess") == "attachment; filename=\"htaccess\"");
  CHECK(attachment_named("100%25.txt") == "attachment; filename=\"100_25.txt\"; filename*=UTF-8''100%2525.txt");
  const auto cut = attachment_named(std::string(254, 'a') + "\xC3\xBC" + "x");
  CHECK(cut == "attachment; filename=\"" + std::string(254, 'a') + "\"");
}
